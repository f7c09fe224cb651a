/**
 * A TAP as a port of a bridge that the host has: the program is on the bridge's network.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2e, NUSE } from "./fixture.ts";

const BRIDGE = "198.18.3.1";
const ENV = { NUSEVIF: "TAP", NUSEDEV: "t", "nuse-t": "198.18.3.2/24", "nuse-t-bridge": "br0" };
const PING = ["ping", "-c", "1", "-W", "3", BRIDGE];

e2e("a TAP on a bridge; afterwards the bridge is as it was", async (f) => {
  await f.b.ip("link add br0 type bridge");
  await f.b.ip(`addr add ${BRIDGE}/24 dev br0`);
  await f.b.ip("link set br0 up");
  const r = await f.b.run([NUSE, ...PING], { env: ENV });
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assertEquals(r.stderr, "");
  assertEquals((await f.b.ip("link show master br0")).trim(), "");
}, ["TAP"]);

e2e("a bridge that is none, or not there: one line, and no TAP is left", async (f) => {
  await f.b.ip("link add dm0 type veth peer name dm1");
  for (const [name, what] of [["dm0", "dm0 is no bridge"], ["br9", "no such interface br9"]]) {
    const env = { ...ENV, "nuse-t-bridge": name };
    const r = await f.b.run([NUSE, "true"], { env });
    assertEquals(r.code, 2);
    assertStringIncludes(r.stderr, what);
    assertEquals(r.stderr.trim().split("\n").length, 1, r.stderr);
  }
  assertEquals((await f.b.run(["ip", "link", "show", "nuse-t"])).code, 1);
}, ["TAP"]);
