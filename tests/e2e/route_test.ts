import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, Fixture, PEER } from "./fixture.ts";
import { Netns, veth } from "../lab/netns.ts";

const e2e = e2eWith("ping", "iperf3", "nc", "sysctl");

const FAR = "198.18.9.9";

/** A third namespace behind the peer, which becomes a router. */
async function behindRouter(f: Fixture): Promise<Netns> {
  const far = await Netns.create("e2c");
  await veth(f.b, "vr", "198.18.9.1/24", far, "vf", `${FAR}/24`);
  await far.ip("route add default via 198.18.9.1");
  await f.b.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
  return far;
}

e2e("DEFAULTROUTE reaches a host behind a router", async (f) => {
  await using far = await behindRouter(f);
  const r = await f.nuse(["ping", "-c", "2", "-i", "0.2", FAR], { env: { DEFAULTROUTE: PEER } })
    .done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertStringIncludes(r.stdout, "ttl=63");
  const server = far.start(["iperf3", "-s", "-1", "--forceflush"]);
  await server.waitFor("listening");
  const tcp = await f.nuse(["iperf3", "-c", FAR, "-t", "1"], { env: { DEFAULTROUTE: PEER } }).done;
  assertEquals(tcp.code, 0, tcp.stdout + tcp.stderr);
  await server.done;
});

e2e("time exceeded comes from the router", async (f) => {
  await using _far = await behindRouter(f);
  const r = await f.nuse(["ping", "-c", "1", "-t", "1", FAR], { env: { DEFAULTROUTE: PEER } }).done;
  assertEquals(r.code, 1, r.stdout + r.stderr);
  assertStringIncludes(r.stdout, `From ${PEER} icmp_seq=1 Time to live exceeded`);
});

e2e("without it, off-subnet addresses fail with ENETUNREACH", async (f) => {
  const r = await f.nuse(["ping", "-c", "1", FAR]).done;
  assertEquals(r.code, 2, r.stdout + r.stderr);
  assertStringIncludes(r.stderr, "Network is unreachable");
  const tcp = await f.nuse(["nc", "-v", "-w", "5", FAR, "80"], { limitSec: 8 }).done;
  assertStringIncludes(tcp.stderr, "Network is unreachable");
});
