import { assertEquals } from "@std/assert";
import { type GroupMembership, hearsGroup } from "../../../stack/base/group_membership.ts";

const [GROUP, OTHER_GROUP] = [0xe0000105 | 0, 0xe0000106 | 0];
const [A, B] = [0x0a000001, 0x0a000002];

function joined(isInclude: boolean, sources: number[]): GroupMembership[] {
  return [{ group: GROUP, ifIndex: 2, isInclude, sources }];
}

Deno.test("INCLUDE hears the listed sources, EXCLUDE all others", () => {
  const hears = (list: GroupMembership[]) =>
    [A, B].map((s) => hearsGroup(list, false, GROUP, 2, s));
  assertEquals(hears(joined(true, [A])), [true, false]);
  assertEquals(hears(joined(false, [A])), [false, true]);
  assertEquals(hears(joined(true, [])), [false, false]);
  assertEquals(hears(joined(false, [])), [true, true]);
});

Deno.test("a filter holds for its group and interface; elsewhere IP_MULTICAST_ALL decides", () => {
  const list = joined(true, [A]);
  for (const all of [true, false]) {
    assertEquals(hearsGroup(list, all, GROUP, 2, B), false);
    assertEquals(hearsGroup(list, all, GROUP, 3, B), all);
    assertEquals(hearsGroup(list, all, OTHER_GROUP, 2, A), all);
  }
});
