import { assertEquals } from "@std/assert";
import { stackConfig } from "../../stack/mod.ts";

Deno.test("defaults are Linux's; overrides touch only what they name", () => {
  const plain = stackConfig();
  assertEquals([plain.ip.defaultTtl, plain.ip.fragmentTimeoutUs], [64, 30e6]);
  assertEquals([plain.udp.portMin, plain.udp.portMax], [32768, 60999]);
  assertEquals(plain.socket.receiveBufferBytes, 212992);
  const changed = stackConfig({ ip: { defaultTtl: 32 } });
  assertEquals(changed.ip, { ...plain.ip, defaultTtl: 32 });
  assertEquals(changed.neighbour, plain.neighbour);
});
