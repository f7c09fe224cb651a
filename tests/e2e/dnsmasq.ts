/**
 * Debian's dnsmasq as the peer's name server, for names below `test`.
 *
 * @module
 */
import { type Fixture, PEER, until } from "./fixture.ts";

/** TAP: the peer's address comes with nuse. */
export async function allowAbsentAddress(f: Fixture): Promise<void> {
  const key = `net.ipv${f.family}.ip_nonlocal_bind=1`;
  if (f.vif === "TAP") await f.b.run(["sysctl", "-q", key]);
}

/** Runs `use` while the peer answers; `records` are options of dnsmasq. */
export async function withDnsmasq(
  f: Fixture,
  records: readonly string[],
  use: () => Promise<void>,
): Promise<void> {
  await allowAbsentAddress(f);
  const server = f.peer([
    ...["dnsmasq", "-k", "-C", "/dev/null", "-R", "-h", "-p", "53", "--bind-interfaces"],
    ...["-a", PEER, "--local=/test/", "-u", "root", ...records],
  ]);
  try {
    const isListening = async () => (await f.b.run(["ss", "-lnu"])).stdout.includes(`${PEER}:53`);
    await until("dnsmasq listens", isListening);
    await use();
  } finally {
    server.kill();
    await server.done;
  }
}
