/**
 * The name servers that glibc's resolver asks (resolv.conf(5)).
 *
 * @module
 */
import { type NameServer, SERVERS_MAX } from "../ffi/network.ts";
import { IpAddress } from "../stack/base/ip_address.ts";

const FILE = "/etc/resolv.conf";

/** Those of this host, as the program sees them. */
export function nameServers(): NameServer[] {
  try {
    return parseResolvConf(Deno.readTextFileSync(FILE));
  } catch {
    return parseResolvConf("");
  }
}

/**
 * The first three, as glibc takes them; none: the one on this host. A link-local one (`%eth0`) is
 * left out: the program has no such interface.
 */
export function parseResolvConf(text: string): NameServer[] {
  const servers: NameServer[] = [];
  for (const [, word] of text.matchAll(/^nameserver[ \t]+([^ \t\n]+)/gm)) {
    const address = IpAddress.parse(word);
    if (address !== null && servers.length < SERVERS_MAX) servers.push(bytesOf(address));
  }
  return servers.length === 0 ? [Uint8Array.of(127, 0, 0, 1)] : servers;
}

function bytesOf(address: IpAddress): NameServer {
  const bytes = new Uint8Array(16);
  return bytes.subarray(0, address.writeTo(bytes, 0));
}
