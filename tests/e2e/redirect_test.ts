/**
 * Redirects on one link, in both families: a host, a router and a better router, of which the
 * kernel has two and nuse is the third. The better one has the address that is sent to.
 *
 *     a 198.18.0.1, 2001:db8::1 ─┐
 *     nuse, in r        .2, ::2 ─┼─ br0, in m
 *     c                 .3, ::3 ─┘  203.0.113.1, 2001:db8:77::1
 *
 * IPv6's routers are known by their link-local addresses.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { addAddress6, allowIpv6, linkLocal6, whyNoFamily } from "../lab/ipv6.ts";
import { canMakeNetns, Netns, veth } from "../lab/netns.ts";
import { isInstalled } from "../lab/setup.ts";
import type { Family } from "../support/families.ts";
import { NUSE, until } from "./fixture.ts";

const BEYOND = "203.0.113.1";
const BEYOND6 = "2001:db8:77::1";

interface Link {
  readonly a: Netns;
  readonly r: Netns;
  readonly c: Netns;
}

async function linked(family: Family, body: (link: Link) => Promise<void>): Promise<void> {
  await using m = await Netns.create("e2m");
  await using a = await Netns.create("e2a");
  await using r = await Netns.create("e2r");
  await using c = await Netns.create("e2c");
  if (family === 6) { for (const ns of [a, c]) await allowIpv6(ns); }
  await m.ip("link add br0 type bridge forward_delay 0 mcast_snooping 0");
  for (const [ns, name, host] of [[a, "va", 1], [r, "vr", null], [c, "vc", 3]] as const) {
    const isV4 = family === 4 && host !== null;
    await veth(m, `m${name}`, null, ns, name, isV4 ? `198.18.0.${host}/24` : null);
    await m.ip(`link set m${name} master br0`);
    if (family === 6 && host !== null) await addAddress6(ns, name, `2001:db8::${host}/64`);
  }
  await m.ip("link set br0 up");
  await c.ip("link set lo up");
  if (family === 4) await c.ip(`addr add ${BEYOND}/32 dev lo`);
  else await addAddress6(c, "lo", `${BEYOND6}/128`);
  await body({ a, r, c });
}

function test(name: string, family: Family, body: (link: Link) => Promise<void>): void {
  const missing = isInstalled("ping") ? "" : " (left out: no ping)";
  const why = canMakeNetns ? missing || whyNoFamily(family) : " (left out: needs root)";
  Deno.test({
    name: `v${family}: ${name}${why}`,
    ignore: why !== "",
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => linked(family, body),
  });
}

/** `key`: below /proc/sys/net. */
async function sysctl(ns: Netns, key: string, value: number): Promise<void> {
  const path = `/proc/sys/net/${key}`;
  assertEquals((await ns.run(["sh", "-c", `echo ${value} > ${path}`])).stderr, "");
}

test("nuse as a router tells the kernel of a better one, which follows", 4, async ({ a, r }) => {
  await sysctl(a, "ipv4/conf/va/accept_redirects", 1);
  await a.ip("route add default via 198.18.0.2");
  const router = r.start([
    ...[NUSE, "--dev", "vr=198.18.0.2/24", "--route", "203.0.113.0/24=198.18.0.3"],
    ...["--sysctl", "net.ipv4.ip_forward=1", "sh", "-c", "echo up; sleep 600"],
  ], { limitSec: 60 });
  await router.waitFor("up");
  const ping = await a.run(["ping", "-c", "4", "-i", "0.3", "-W", "2", BEYOND]);
  assertEquals(ping.code, 0, ping.stdout);
  assertMatch(ping.stdout, /From 198\.18\.0\.2:? .*Redirect Host ?\(New nexthop: 198\.18\.0\.3\)/);
  assertStringIncludes(await a.ip(`route get ${BEYOND}`), "via 198.18.0.3");
  router.kill();
  await router.done;
});

/** The routers on a's link, by the group that they are in. */
async function routerOf(a: Netns): Promise<string> {
  let found: RegExpExecArray | null = null;
  await until("an answer of a router", async () => {
    const { stdout } = await a.run(["ping", "-n", "-c", "1", "-W", "1", "ff02::2%va"]);
    found = /from (fe80:[0-9a-f:]+)%va/.exec(stdout);
    return found !== null;
  });
  return found![1];
}

test("nuse as a router tells the kernel of a better one, which follows", 6, async (link) => {
  const { a, r, c } = link;
  const better = await linkLocal6(c, "vc");
  const router = r.start([
    ...[NUSE, "--dev", "vr=2001:db8::2/64", "--route", `2001:db8:77::/64=${better}`],
    ...["--sysctl", "net.ipv6.conf.all.forwarding=1", "sh", "-c", "echo up; sleep 600"],
  ], { limitSec: 60 });
  await router.waitFor("up", 20);
  await a.ip(`-6 route add default via ${await routerOf(a)} dev va`);
  const ping = await a.run(["ping", "-c", "4", "-i", "0.3", "-W", "2", BEYOND6]);
  assertEquals(ping.code, 0, ping.stdout);
  assertStringIncludes(await a.ip(`-6 route get ${BEYOND6}`), `via ${better}`);
  router.kill();
  await router.done;
});

/** How many of a's packets the kernel of `ns` has forwarded. */
async function forwarded(ns: Netns): Promise<number> {
  const { stdout } = await ns.run(["grep", "^Ip:", "/proc/net/snmp"]);
  const [names, values] = stdout.trim().split("\n").map((line) => line.split(" "));
  return Number(values[names.indexOf("ForwDatagrams")]);
}

async function forwarded6(ns: Netns): Promise<number> {
  const { stdout } = await ns.run(["grep", "^Ip6OutForwDatagrams", "/proc/net/snmp6"]);
  return Number(stdout.trim().split(/\s+/)[1]);
}

/** nuse pings what is beyond by a, asked to follow redirects and then not: how a had to forward. */
async function waysOf(
  { r }: Link,
  options: string[],
  acceptRedirects: string,
  beyond: string,
  count: () => Promise<number>,
): Promise<number[]> {
  const ways: number[] = [];
  // In this order: whom the kernel has told in vain it tells less and less often.
  for (const accept of [1, 0]) {
    const before = await count();
    const ping = await r.run([
      ...[NUSE, ...options, "--sysctl", `${acceptRedirects}=${accept}`],
      ...["ping", "-c", "8", "-i", "0.2", "-W", "2", beyond],
    ], { limitSec: 40 });
    assertEquals(ping.code, 0, ping.stdout + ping.stderr);
    ways.push(await count() - before);
  }
  return ways;
}

function expectFollowed(ways: number[]): void {
  assertEquals(ways[1], 8);
  assert(ways[0] <= 4, `${ways[0]} of 8 by the router that had told of a better one`);
}

test("the kernel as a router: nuse as a host follows if it was asked to", 4, async (link) => {
  const { a } = link;
  await sysctl(a, "ipv4/ip_forward", 1);
  await sysctl(a, "ipv4/conf/all/send_redirects", 1);
  await a.ip("route add 203.0.113.0/24 via 198.18.0.3");
  const options = ["--dev", "vr=198.18.0.2/24", "--route", "198.18.0.1"];
  const key = "net.ipv4.conf.all.accept_redirects";
  expectFollowed(await waysOf(link, options, key, BEYOND, () => forwarded(a)));
});

test("the kernel as a router: nuse as a host follows if it was asked to", 6, async (link) => {
  const { a, c } = link;
  await sysctl(a, "ipv6/conf/all/forwarding", 1);
  await a.ip(`-6 route add 2001:db8:77::/64 via ${await linkLocal6(c, "vc")} dev va`);
  const options = ["--dev", "vr=2001:db8::2/64", "--route", await linkLocal6(a, "va")];
  const key = "net.ipv6.conf.all.accept_redirects";
  expectFollowed(await waysOf(link, options, key, BEYOND6, () => forwarded6(a)));
});
