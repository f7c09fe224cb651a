/**
 * Which name servers the program's resolver asks (resolv.conf(5)): those of the configuration, of
 * DHCP and routers, or of the host. Whatever resolver it is (glibc's, musl's, Go's), it reads
 * /etc/resolv.conf and asks through the stack; where that names somebody else, the program gets a
 * file of its own in its place (host/child.c). A server on a loopback address of the host
 * (127.0.0.53) cannot be asked from here: those that systemd-resolved asks itself take its place.
 *
 * @module
 */
import { IpAddress } from "../stack/base/ip_address.ts";

export const RESOLV_CONF = "/etc/resolv.conf";
/** What systemd-resolved asks. */
const UPSTREAM = "/run/systemd/resolve/resolv.conf";
/** As in glibc: MAXNS. */
const SERVERS_MAX = 3;

export interface NamesSources {
  /** Of the configuration, which goes before all others. */
  readonly configured: readonly string[];
  /** Domains of the configuration; none: those learnt with servers, or the host's. */
  readonly search: readonly string[];
  /** Of DHCP, and of routers. */
  readonly leased: readonly string[];
  readonly leasedSearch: readonly string[];
  /** The text of a file of the host; null: there is none. */
  readonly read: (path: string) => string | null;
}

export interface NamesPlan {
  /** What the program is to find as /etc/resolv.conf; null: the host's will do. */
  readonly text: string | null;
  /** For -v. */
  readonly fact: string;
}

/** The addresses that a file names, in its order. */
export function serversIn(text: string): string[] {
  const words = [...text.matchAll(/^nameserver[ \t]+([^ \t\n]+)/gm)].map(([, word]) => word);
  return words.filter((word) => IpAddress.parse(word) !== null);
}

function isLoopback(server: string): boolean {
  return server.startsWith("127.") || server === "::1";
}

/** The lines that are not about servers, with `search`, if there is one, instead of the host's. */
function otherLines(text: string, search: readonly string[]): string[] {
  const lines = text.split("\n").filter((line) => /^(search|domain|options|sortlist)\b/.test(line));
  if (search.length === 0) return lines;
  return [`search ${search.join(" ")}`, ...lines.filter((line) => !/^(search|domain)/.test(line))];
}

export function planNames(sources: NamesSources): NamesPlan {
  const { configured, leased, leasedSearch, read } = sources;
  const search = sources.search.length > 0 ? sources.search : leasedSearch;
  const host = read(RESOLV_CONF);
  if (host === null) return { text: null, fact: `names: there is no ${RESOLV_CONF}` };
  const hosts = serversIn(host);
  const own = configured.length > 0 ? configured : leased;
  const reachable = hosts.filter((server) => !isLoopback(server));
  if (own.length === 0 && search.length === 0 && reachable.length === hosts.length) {
    return { text: null, fact: factOf(hosts, "as the host") };
  }
  const upstream = reachable.length > 0 ? reachable : upstreamServers(read);
  const servers = (own.length > 0 ? own : upstream).slice(0, SERVERS_MAX);
  const lines = [...servers.map((server) => `nameserver ${server}`), ...otherLines(host, search)];
  const instead = own.length > 0 ? "for the program alone" : `instead of ${hosts.join(" ")}`;
  return { text: `${lines.join("\n")}\n`, fact: factOf(servers, instead) };
}

function upstreamServers(read: NamesSources["read"]): string[] {
  return serversIn(read(UPSTREAM) ?? "").filter((server) => !isLoopback(server));
}

function factOf(servers: readonly string[], how: string): string {
  const asked = servers.length === 0 ? "nobody" : servers.join(" ");
  return `names: the program asks ${asked}, ${how}, through the stack`;
}
