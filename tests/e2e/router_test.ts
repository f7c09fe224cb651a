/**
 * nuse as a router, between two hosts of the kernel's, in both families:
 *
 *     ns a 198.18.0.1 ── veth ── 198.18.0.2 [ nuse, in r ] 198.18.1.2 ── veth ── 198.18.1.1 ns b
 *          2001:db8::1           2001:db8::2               2001:db8:1::2         2001:db8:1::1
 *
 * The kernel of r has no address and forwards nothing.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { addAddress6, allowIpv6, whyNoFamily } from "../lab/ipv6.ts";
import { canMakeNetns, Netns, type Running, veth } from "../lab/netns.ts";
import { isInstalled } from "../lab/setup.ts";
import type { Family } from "../support/families.ts";
import { NUSE } from "./fixture.ts";

/** What is where, and what ping calls it. */
interface Plan {
  readonly family: Family;
  readonly near: string;
  readonly nearOurs: string;
  readonly far: string;
  readonly farOurs: string;
  readonly prefixLen: number;
  readonly sysctl: string;
  readonly nowhere: string;
  readonly noHopsLeft: string;
  readonly noRoute: string;
  /** Least that a link may carry, and how ping tells of it. */
  readonly narrowMtu: number;
  readonly tooBig: RegExp;
}

const PLANS: readonly Plan[] = [
  {
    family: 4,
    near: "198.18.0.1",
    nearOurs: "198.18.0.2",
    far: "198.18.1.1",
    farOurs: "198.18.1.2",
    prefixLen: 24,
    sysctl: "net.ipv4.ip_forward=1",
    nowhere: "203.0.113.1",
    noHopsLeft: "Time to live exceeded",
    noRoute: "Destination Net Unreachable",
    narrowMtu: 1000,
    tooBig: /Frag needed and DF set \(mtu = 1000\)/,
  },
  {
    family: 6,
    near: "2001:db8::1",
    nearOurs: "2001:db8::2",
    far: "2001:db8:1::1",
    farOurs: "2001:db8:1::2",
    prefixLen: 64,
    sysctl: "net.ipv6.conf.all.forwarding=1",
    nowhere: "2001:db8:ffff::1",
    noHopsLeft: "Time exceeded: Hop limit",
    noRoute: "Destination unreachable: No route",
    narrowMtu: 1300,
    tooBig: /Packet too big: mtu=1300/,
  },
];

interface Net extends Plan {
  readonly a: Netns;
  readonly b: Netns;
  readonly router: Running;
}

async function address(ns: Netns, device: string, addr: string, { family, prefixLen }: Plan) {
  if (family === 6) await addAddress6(ns, device, `${addr}/${prefixLen}`);
  else await ns.ip(`addr add ${addr}/${prefixLen} dev ${device}`);
}

/** `isNarrow`: the link to b is. */
async function routed(plan: Plan, isNarrow: boolean, body: (net: Net) => Promise<void>) {
  await using a = await Netns.create("e2a");
  await using r = await Netns.create("e2r");
  await using b = await Netns.create("e2b");
  if (plan.family === 6) { for (const ns of [a, b]) await allowIpv6(ns); }
  await veth(r, "ra", null, a, "va", null);
  await veth(r, "rb", null, b, "vb", null);
  await address(a, "va", plan.near, plan);
  await address(b, "vb", plan.far, plan);
  const farMtu = isNarrow ? plan.narrowMtu : 1500;
  await r.ip(`link set rb mtu ${farMtu}`);
  await b.ip(`link set vb mtu ${farMtu}`);
  await a.ip(`-${plan.family} route add default via ${plan.nearOurs}`);
  await b.ip(`-${plan.family} route add default via ${plan.farOurs}`);
  const { nearOurs, farOurs, prefixLen, sysctl } = plan;
  const devices = ["--dev", `ra=${nearOurs}/${prefixLen}`, "--dev", `rb=${farOurs}/${prefixLen}`];
  const program = ["sh", "-c", "echo up; sleep 600"];
  const router = r.start([NUSE, ...devices, "--sysctl", sysctl, ...program], { limitSec: 90 });
  await router.waitFor("up", 20);
  await body({ ...plan, a, b, router });
  router.kill();
  await router.done;
}

interface Wanted {
  readonly program?: string;
  readonly isNarrow?: boolean;
  readonly families?: readonly Family[];
}

function test(
  name: string,
  body: (net: Net) => Promise<void>,
  { program = "ping", isNarrow = false, families = [4, 6] }: Wanted = {},
): void {
  for (const plan of PLANS.filter(({ family }) => families.includes(family))) {
    const missing = isInstalled(program) ? "" : ` (left out: no ${program})`;
    const reason = canMakeNetns ? missing || whyNoFamily(plan.family) : " (left out: needs root)";
    Deno.test({
      name: `router v${plan.family}: ${name}${reason}`,
      ignore: reason !== "",
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => routed(plan, isNarrow, body),
    });
  }
}

test("ping goes through, a hop older; the last hop is told", async (net) => {
  const { a, far, nearOurs, nowhere, noHopsLeft, noRoute } = net;
  const through = await a.run(["ping", "-c", "3", "-i", "0.2", "-W", "2", far]);
  assertEquals(through.code, 0, through.stdout);
  assertStringIncludes(through.stdout, "ttl=63");
  const last = await a.run(["ping", "-c", "1", "-W", "2", "-t", "1", far]);
  assertMatch(last.stdout, new RegExp(`From ${nearOurs}:? icmp_seq=1 ${noHopsLeft}`));
  const none = await a.run(["ping", "-c", "1", "-W", "2", nowhere]);
  assertStringIncludes(none.stdout, noRoute);
});

test("it records its address and the time where a packet asks for it", async (n) => {
  const route = await n.a.run(["ping", "-n", "-R", "-c", "1", "-W", "2", n.far]);
  assertMatch(route.stdout, /RR:\s+198\.18\.0\.1\s+198\.18\.1\.2\s+198\.18\.1\.1\s/);
  const time = await n.a.run(["ping", "-n", "-T", "tsandaddr", "-c", "1", "-W", "2", n.far]);
  const [, ...stamps] = time.stdout.split("TS:")[1].split("\n\n")[0].split("\n");
  const [us] = stamps.map((line) => line.trim().split(/\s+/));
  assertEquals(us[0], "198.18.1.2");
  // ping shows how much later than the one before: the kernels' and our clock are one
  assert(Math.abs(Number(us[1])) < 5000, time.stdout);
}, { families: [4] });

test("a narrow link: its MTU is told, and packets that may come in fragments do", async (n) => {
  const refused = await n.a.run(["ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1260", n.far]);
  assertMatch(refused.stdout, n.tooBig);
  // In IPv6 the sender, which has been told, is the one that cuts
  const cut = await n.a.run(["ping", "-c", "1", "-W", "2", "-M", "dont", "-s", "1400", n.far]);
  assertEquals(cut.code, 0, cut.stdout);
}, { isNarrow: true });

test("TCP both ways, in segments as the devices make them", async ({ a, b, far }) => {
  const server = b.start(["iperf3", "-s", "-B", far, "--forceflush"]);
  await server.waitFor("Server listening");
  for (const direction of [[], ["-R"]]) {
    const r = await a.run(["iperf3", "-c", far, "-n", "50M", "-J", ...direction]);
    assertEquals(r.code, 0, r.stdout);
    const { end } = JSON.parse(r.stdout);
    assert(end.sum_received.bytes >= 30e6, r.stdout);
  }
  server.kill();
}, { program: "iperf3" });

test("TCP over a narrow link: segments are made to fit it", async ({ a, b, far }) => {
  const server = b.start(["iperf3", "-s", "-B", far, "--forceflush"]);
  await server.waitFor("Server listening");
  const r = await a.run(["iperf3", "-c", far, "-n", "20M", "-J"]);
  assertEquals(r.code, 0, r.stdout);
  // It ends when all is written; what buffers still hold is not counted
  assert(JSON.parse(r.stdout).end.sum_received.bytes >= 1e6, r.stdout);
  server.kill();
}, { program: "iperf3", isNarrow: true });

test("traceroute sees it as the first hop", async ({ a, far, nearOurs }) => {
  const { stdout } = await a.run(["traceroute", "-n", "-q", "1", "-w", "2", far]);
  assertMatch(stdout, new RegExp(`^ 1 {2}${nearOurs} .*\\n 2 {2}${far} `, "m"));
}, { program: "traceroute" });

test("its first address in each network answers, as the router that it is", async (net) => {
  for (const network of ["2001:db8::", "2001:db8:1::"]) {
    const { stdout } = await net.a.run(["ping", "-n", "-c", "1", "-W", "2", network]);
    assertMatch(stdout, /64 bytes from 2001:db8(:1)?::2/);
  }
}, { families: [6] });
