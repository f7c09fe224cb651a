/** @module */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { machineId, machineSecret, ownMac } from "../../../../io/devices/base/mac.ts";

Deno.test("ownMac: stable, locally administered unicast, different for what differs", () => {
  const mac = ownMac("machine", "eth0", "198.18.0.2");
  assertEquals(mac, ownMac("machine", "eth0", "198.18.0.2"));
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const one = ownMac("machine", `eth${i % 10}`, `198.18.0.${i}`);
    assertEquals(one[0] & 3, 2);
    seen.add(one.join());
  }
  assertEquals(seen.size, 2000);
  assertNotEquals(mac, ownMac("other", "eth0", "198.18.0.2"));
  // The parts cannot run into each other.
  assertNotEquals(ownMac("m", "eth0", "1"), ownMac("m", "eth", "01"));
});

Deno.test("machineId: is not empty", () => {
  assert(machineId().length > 0);
});

Deno.test("machineSecret: 128 bits, or nothing", () => {
  assertEquals(
    machineSecret("00112233445566778899aabbccddeeff"),
    "0011:2233:4455:6677:8899:aabb:ccdd:eeff",
  );
  for (const none of ["", "box", "00112233445566778899aabbccddeeff0", "0".repeat(31) + "G"]) {
    assertEquals(machineSecret(none), "");
  }
});
