/**
 * ICMP redirects on one link: a host, a router and a better router, of which the kernel has two and
 * nuse is the third. The better one has the address that is sent to.
 *
 *     a 198.18.0.1 ─┐
 *     nuse, in r .2 ─┼─ br0, in m
 *     c 198.18.0.3 ─┘  203.0.113.1
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { canMakeNetns, Netns, veth } from "../lab/netns.ts";
import { isInstalled } from "../lab/setup.ts";
import { NUSE } from "./fixture.ts";

const BEYOND = "203.0.113.1";
const WHY = !canMakeNetns ? "needs root" : isInstalled("ping") ? "" : "no ping";

interface Link {
  readonly a: Netns;
  readonly r: Netns;
}

async function linked(body: (link: Link) => Promise<void>): Promise<void> {
  await using m = await Netns.create("e2m");
  await using a = await Netns.create("e2a");
  await using r = await Netns.create("e2r");
  await using c = await Netns.create("e2c");
  await m.ip("link add br0 type bridge forward_delay 0");
  for (
    const [ns, name, address] of [[a, "va", "1/24"], [r, "vr", null], [c, "vc", "3/24"]] as const
  ) {
    await veth(m, `m${name}`, null, ns, name, address === null ? null : `198.18.0.${address}`);
    await m.ip(`link set m${name} master br0`);
  }
  await m.ip("link set br0 up");
  await c.ip("link set lo up");
  await c.ip(`addr add ${BEYOND}/32 dev lo`);
  await body({ a, r });
}

function test(name: string, body: (link: Link) => Promise<void>): void {
  Deno.test({
    name: WHY === "" ? name : `${name} (left out: ${WHY})`,
    ignore: WHY !== "",
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => linked(body),
  });
}

async function sysctl(ns: Netns, key: string, value: number): Promise<void> {
  const path = `/proc/sys/net/ipv4/${key}`;
  assertEquals((await ns.run(["sh", "-c", `echo ${value} > ${path}`])).stderr, "");
}

test("nuse as a router tells the kernel of a better one, which follows", async ({ a, r }) => {
  await sysctl(a, "conf/va/accept_redirects", 1);
  await a.ip("route add default via 198.18.0.2");
  const router = r.start([
    ...[NUSE, "--dev", "vr=198.18.0.2/24", "--route", "203.0.113.0/24=198.18.0.3"],
    ...["--sysctl", "net.ipv4.ip_forward=1", "sh", "-c", "echo up; sleep 50"],
  ], { limitSec: 60 });
  await router.waitFor("up");
  const ping = await a.run(["ping", "-c", "4", "-i", "0.3", "-W", "2", BEYOND]);
  assertEquals(ping.code, 0, ping.stdout);
  assertMatch(ping.stdout, /From 198\.18\.0\.2:? .*Redirect Host ?\(New nexthop: 198\.18\.0\.3\)/);
  assertStringIncludes(await a.ip(`route get ${BEYOND}`), "via 198.18.0.3");
  router.kill();
  await router.done;
});

/** How many of a's packets the kernel of `ns` has forwarded. */
async function forwarded(ns: Netns): Promise<number> {
  const { stdout } = await ns.run(["grep", "^Ip:", "/proc/net/snmp"]);
  const [names, values] = stdout.trim().split("\n").map((line) => line.split(" "));
  return Number(values[names.indexOf("ForwDatagrams")]);
}

test("the kernel as a router: nuse as a host follows if it was asked to", async ({ a, r }) => {
  await sysctl(a, "ip_forward", 1);
  await sysctl(a, "conf/all/send_redirects", 1);
  await a.ip("route add 203.0.113.0/24 via 198.18.0.3");
  const ways: number[] = [];
  // In this order: whom the kernel has told in vain it tells less and less often.
  for (const accept of [1, 0]) {
    const before = await forwarded(a);
    const ping = await r.run([
      ...[NUSE, "--dev", "vr=198.18.0.2/24", "--route", "198.18.0.1", "--sysctl"],
      ...[`net.ipv4.conf.all.accept_redirects=${accept}`],
      ...["ping", "-c", "8", "-i", "0.2", "-W", "2", BEYOND],
    ], { limitSec: 40 });
    assertEquals(ping.code, 0, ping.stdout + ping.stderr);
    ways.push(await forwarded(a) - before);
  }
  assertEquals(ways[1], 8);
  assert(ways[0] <= 4, `${ways[0]} of 8 by the router that had told of a better one`);
});
