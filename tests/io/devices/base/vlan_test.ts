import { assertEquals } from "@std/assert";
import { parseVlanName } from "../../../../io/devices/base/vlan.ts";

Deno.test("the name of a VLAN: an interface, a dot, 1 to 4094", () => {
  assertEquals(parseVlanName("eth0.100"), { below: "eth0", id: 100 });
  assertEquals(parseVlanName("eth0.5.4094"), { below: "eth0.5", id: 4094 });
  for (const other of ["eth0", "eth0.", "eth0.0", "eth0.4095", "eth0.0100", ".7", "eth0.1a"]) {
    assertEquals(parseVlanName(other), null, other);
  }
});
