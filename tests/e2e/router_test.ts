/**
 * nuse as a router, between two hosts of the kernel's:
 *
 *     ns a 198.18.0.1 ── veth ── 198.18.0.2 [ nuse, in r ] 198.18.1.2 ── veth ── 198.18.1.1 ns b
 *
 * The kernel of r has no address and forwards nothing.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { canMakeNetns, Netns, type Running, veth } from "../lab/netns.ts";
import { isInstalled } from "../lab/setup.ts";
import { NUSE } from "./fixture.ts";

const NEAR = "198.18.0.1";
const FAR = "198.18.1.1";

interface Net {
  readonly a: Netns;
  readonly b: Netns;
  readonly router: Running;
}

/** `farMtu`: of the link to b. */
async function routed(farMtu: number, body: (net: Net) => Promise<void>): Promise<void> {
  await using a = await Netns.create("e2a");
  await using r = await Netns.create("e2r");
  await using b = await Netns.create("e2b");
  await veth(r, "ra", null, a, "va", `${NEAR}/24`);
  await veth(r, "rb", null, b, "vb", `${FAR}/24`);
  await r.ip(`link set rb mtu ${farMtu}`);
  await b.ip(`link set vb mtu ${farMtu}`);
  await a.ip("route add default via 198.18.0.2");
  await b.ip("route add default via 198.18.1.2");
  const devices = ["--dev", "ra=198.18.0.2/24", "--dev", "rb=198.18.1.2/24"];
  const forward = ["--sysctl", "net.ipv4.ip_forward=1"];
  const program = ["sh", "-c", "echo up; sleep 60"];
  const router = r.start([NUSE, ...devices, ...forward, ...program], { limitSec: 90 });
  await router.waitFor("up");
  await body({ a, b, router });
  router.kill();
  await router.done;
}

function test(name: string, farMtu: number, body: (net: Net) => Promise<void>, program = "ping") {
  const reason = !canMakeNetns ? "needs root" : isInstalled(program) ? "" : `no ${program}`;
  Deno.test({
    name: reason === "" ? name : `${name} (left out: ${reason})`,
    ignore: reason !== "",
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => routed(farMtu, body),
  });
}

test("router: ping goes through, a hop older; the last hop is told", 1500, async ({ a }) => {
  const through = await a.run(["ping", "-c", "3", "-i", "0.2", "-W", "2", FAR]);
  assertEquals(through.code, 0, through.stdout);
  assertStringIncludes(through.stdout, "ttl=63");
  const last = await a.run(["ping", "-c", "1", "-W", "2", "-t", "1", FAR]);
  assertStringIncludes(last.stdout, "From 198.18.0.2 icmp_seq=1 Time to live exceeded");
  const none = await a.run(["ping", "-c", "1", "-W", "2", "203.0.113.1"]);
  assertStringIncludes(none.stdout, "Destination Net Unreachable");
});

test("router: it records its address and the time where a packet asks for it", 1500, async (n) => {
  const route = await n.a.run(["ping", "-n", "-R", "-c", "1", "-W", "2", FAR]);
  assertMatch(route.stdout, /RR:\s+198\.18\.0\.1\s+198\.18\.1\.2\s+198\.18\.1\.1\s/);
  const time = await n.a.run(["ping", "-n", "-T", "tsandaddr", "-c", "1", "-W", "2", FAR]);
  const [, ...stamps] = time.stdout.split("TS:")[1].split("\n\n")[0].split("\n");
  const [us] = stamps.map((line) => line.trim().split(/\s+/));
  assertEquals(us[0], "198.18.1.2");
  // ping shows how much later than the one before: the kernels' and our clock are one
  assert(Math.abs(Number(us[1])) < 5000, time.stdout);
});

test(
  "router: a narrow link: its MTU is told, or the packet comes in fragments",
  1000,
  async (n) => {
    const refused = await n.a.run(["ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1200", FAR]);
    assertMatch(refused.stdout, /Frag needed and DF set \(mtu = 1000\)/);
    const cut = await n.a.run(["ping", "-c", "1", "-W", "2", "-M", "dont", "-s", "1400", FAR]);
    assertEquals(cut.code, 0, cut.stdout);
  },
);

test("router: TCP both ways, in segments as the devices make them", 1500, async ({ a, b }) => {
  const server = b.start(["iperf3", "-s", "-B", FAR, "--forceflush"]);
  await server.waitFor("Server listening");
  for (const direction of [[], ["-R"]]) {
    const r = await a.run(["iperf3", "-c", FAR, "-n", "50M", "-J", ...direction]);
    assertEquals(r.code, 0, r.stdout);
    const { end } = JSON.parse(r.stdout);
    assert(end.sum_received.bytes >= 30e6, r.stdout);
  }
  server.kill();
}, "iperf3");

test("router: traceroute sees it as the first hop", 1500, async ({ a }) => {
  const { stdout } = await a.run(["traceroute", "-n", "-q", "1", "-w", "2", FAR]);
  assertMatch(stdout, /^ 1 {2}198\.18\.0\.2 .*\n 2 {2}198\.18\.1\.1 /m);
}, "traceroute");
