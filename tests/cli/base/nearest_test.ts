import { assertEquals } from "@std/assert";
import { editDistance, nearest } from "../../../cli/base/nearest.ts";

Deno.test("the distance counts insertions, deletions, replacements and swaps", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["NUSEDEV", "NUSEDEV", 0],
    ["NUSE_DEV", "NUSEDEV", 1],
    ["NUSEVIFF", "NUSEVIF", 1],
    ["nuse-ncvO", "nuse-ncv0", 1],
    ["kitten", "sitting", 3],
    ["tpc", "tcp", 1],
    ["", "abc", 3],
  ];
  for (const [a, b, distance] of cases) {
    assertEquals([editDistance(a, b), editDistance(b, a)], [distance, distance], `${a} ${b}`);
  }
});

Deno.test("the nearest name within the limit, the other case included", () => {
  const names = ["NUSEDEV", "NUSEVIF", "DEFAULTROUTE"];
  assertEquals(nearest("NUSE_DEV", names), "NUSEDEV");
  assertEquals(nearest("NUSEVIFF", names), "NUSEVIF");
  assertEquals(nearest("nusedev", names), "NUSEDEV");
  assertEquals(nearest("DEFAULT_ROUTE", names), "DEFAULTROUTE");
  assertEquals(nearest("NUSERS", names), null);
  assertEquals(nearest("NUSEDEV", []), null);
});
