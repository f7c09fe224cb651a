import { assertEquals } from "@std/assert";
import { PortTable } from "../../../stack/storage/port_table.ts";

Deno.test("PortTable: any port, any value, removal", () => {
  const table = new PortTable();
  for (const port of [0, 1, 255, 256, 8080, 65535]) {
    assertEquals(table.get(port), -1);
    table.set(port, -1);
    table.set(port, 0);
    assertEquals(table.get(port), 0);
    table.set(port, port + 7);
    assertEquals(table.get(port), port + 7);
  }
  assertEquals([table.count, table.get(2), table.get(65534)], [6, -1, -1]);
  table.set(256, -1);
  table.set(256, -1);
  assertEquals([table.count, table.get(256), table.get(255)], [5, -1, 262]);
});
