import { assertEquals } from "@std/assert";
import type { SourceFilter } from "../../../stack/base/group_membership.ts";
import { GroupFilter } from "../../../stack/igmp/group_filter.ts";

const include = (...sources: number[]): SourceFilter => ({ isInclude: true, sources });
const exclude = (...sources: number[]): SourceFilter => ({ isInclude: false, sources });

/** "INCLUDE 1 2" of what these sockets want together. */
function merged(...filters: SourceFilter[]): string {
  const filter = new GroupFilter();
  for (const one of filters) filter.replace(null, one);
  return text(filter);
}

function text(filter: GroupFilter): string {
  const mode = filter.isInclude ? "INCLUDE" : "EXCLUDE";
  return [mode, ...filter.sources().sort((a, b) => a - b)].join(" ");
}

Deno.test("RFC 9776 3.2: the examples of the section", () => {
  assertEquals(merged(exclude(1, 2, 3, 4), exclude(2, 3, 4, 5), include(4, 5, 6)), "EXCLUDE 2 3");
  assertEquals(merged(include(1, 2, 3), include(2, 3, 4), include(4, 5, 6)), "INCLUDE 1 2 3 4 5 6");
});

Deno.test("nobody, and somebody who wants to hear nobody", () => {
  const filter = new GroupFilter();
  assertEquals([filter.isEmpty, filter.isInclude, filter.hears(1)], [true, true, false]);
  filter.replace(null, include());
  assertEquals(filter.isEmpty, true);
  filter.replace(include(), exclude());
  assertEquals([filter.isEmpty, filter.hears(1)], [false, true]);
});

Deno.test("what it hears is what its sources say; taken back, nothing stays", () => {
  const filter = new GroupFilter();
  const all = [exclude(1, 2), exclude(2, 3), include(3, 4)];
  for (const one of all) filter.replace(null, one);
  assertEquals(text(filter), "EXCLUDE 2");
  assertEquals([1, 2, 3, 4, 5].filter((s) => filter.hears(s)), [1, 3, 4, 5]);
  filter.replace(all[0], include(9));
  assertEquals(text(filter), "EXCLUDE 2");
  filter.replace(all[1], null);
  assertEquals(text(filter), "INCLUDE 3 4 9");
  assertEquals([2, 3, 4, 9].filter((s) => filter.hears(s)), [3, 4, 9]);
  filter.replace(include(9), null);
  filter.replace(all[2], null);
  assertEquals([filter.isEmpty, text(filter)], [true, "INCLUDE"]);
});
