/**
 * Whose address it is: two nuse with one address, and a host on the wire that has it already.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { canMakeNetns, must, Netns, veth } from "../lab/netns.ts";
import { e2e, NUSE, PEER, SELF } from "./fixture.ts";

const PING = ["ping", "-c", "1", "-W", "2", PEER];

e2e("two nuse with one address: the second is refused, in one line with status 2", async (f) => {
  const first = f.nuse(["sh", "-c", "echo up; sleep 600"]);
  await first.waitFor("up");
  const second = await f.nuse(PING).done;
  assertEquals(second.code, 2, second.stderr);
  assertEquals(second.stderr.trim().split("\n").length, 1, second.stderr);
  assertMatch(second.stderr, /belongs to another nuse, pid \d+/);
  const other = await f.nuse(PING, { env: { "nuse-va": "198.18.0.3" } }).done;
  assertEquals(other.code, 0, other.stdout + other.stderr);
  first.kill();
  await first.done;
}, ["RAW"]);

e2e("a host on the wire has the address: refused with its MAC before any packet", async (f) => {
  const dev = f.vif === "TAP" ? "lo" : "vb";
  await f.b.ip(`addr add ${SELF}/32 dev ${dev}`);
  const r = await f.nuse(PING).done;
  assertEquals(r.code, 2, r.stderr);
  assertMatch(r.stderr, new RegExp(`nuse: ${SELF} is in use on \\S+ by ([0-9a-f]{2}:){5}`));
  if (f.vif === "RAW") {
    // Only questions, from no address: nobody's neighbour table was touched.
    assertEquals((await f.b.ip(`neigh show ${SELF} dev vb`)).trim(), "");
    const off = await f.nuse(["true"], { env: { "nuse-va-dad": "off" } }).done;
    assertEquals(off.code, 0, off.stderr);
  }
});

e2e("a host that takes the address later is said, and told that it is taken", async (f) => {
  const idle = f.nuse(["sh", "-c", "echo up; sleep 600"]);
  await idle.waitFor("up");
  await f.b.ip(`addr add ${SELF}/32 dev vb`);
  // It asks for a neighbour, with the address as its own.
  await f.b.run(["ping", "-c", "1", "-W", "1", "-I", SELF, "198.18.0.77"]);
  idle.kill();
  const { stderr } = await idle.done;
  assertMatch(stderr, new RegExp(`address ${SELF} on va is also used by ([0-9a-f]{2}:){5}`));
}, ["RAW"]);

Deno.test({
  name: "twins on two machines of one kind, joined by a bridge: the same MAC, refused by the probe",
  ignore: !canMakeNetns,
  async fn() {
    await using a = await Netns.create("e2a");
    await using b = await Netns.create("e2b");
    await using sw = await Netns.create("e2s");
    await sw.ip("link add br0 type bridge");
    await sw.ip("link set br0 up");
    for (const [ns, port] of [[a, "pa"], [b, "pb"]] as const) {
      await veth(ns, "va", null, sw, port, null);
      await must(["ip", "-n", sw.name, "link", "set", port, "master", "br0"]);
    }
    const env = { NUSEDEV: "va", "nuse-va": SELF };
    const first = a.start([NUSE, "sh", "-c", "echo up; sleep 600"], { env });
    await first.waitFor("up");
    const mac = (await sw.run(["bridge", "fdb", "show", "dev", "pa"])).stdout;
    const second = await b.run([NUSE, "true"], { env });
    assertEquals(second.code, 2, second.stderr);
    const holder = second.stderr.match(/is in use on va by (\S+):/)?.[1] ?? "nobody";
    assertStringIncludes(mac, holder); // the first one's own MAC address
    first.kill();
    await first.done;
    assert((await b.run([NUSE, "true"], { env })).code === 0);
  },
});
