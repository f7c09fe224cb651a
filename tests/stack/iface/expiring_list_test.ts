import { assertEquals } from "@std/assert";
import { ExpiringList } from "../../../stack/iface/expiring_list.ts";

Deno.test("expiring list: known until then, prolonged, cut short, never too much", () => {
  const list = new ExpiringList<string>(2, (a, b) => a === b);
  assertEquals(list.expiresAtUs, Infinity);
  list.set("a", 10, 0);
  list.set("b", 20, 0);
  list.set("c", 30, 0); // full
  assertEquals([list.values, list.expiresAtUs], [["a", "b"], 10]);
  list.set("a", 40, 0);
  assertEquals(list.expiresAtUs, 20);
  list.expire(20);
  assertEquals([list.values, list.expiresAtUs], [["a"], 40]);
  list.set("a", 0, 21); // a lifetime of 0
  list.set("d", 5, 21); // over already
  assertEquals(list.values, []);
  list.set("e", Infinity, 21);
  list.expire(1e15);
  assertEquals(list.values, ["e"]);
  list.clear();
  assertEquals([list.values, list.expiresAtUs], [[], Infinity]);
});
