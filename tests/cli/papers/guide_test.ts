import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  EXIT_NOT_EXECUTABLE,
  EXIT_NOT_FOUND,
  EXIT_SIGNAL_BASE,
  EXIT_SOFTWARE,
  EXIT_USAGE,
} from "../../../cli/base/failure.ts";
import { exitStatusTable, replaceMarked, settingsTable } from "../../../cli/papers/guide.ts";
import { allForms, MACHINERY } from "../../../cli/options.ts";

Deno.test("guide: a row for every form, columns of one width", () => {
  const lines = settingsTable().split("\n");
  assertEquals(lines.length, 2 + allForms().length + MACHINERY.length);
  assertEquals(new Set(lines.map((line) => [...line].length)).size, 1);
});

Deno.test("guide: what stands between the marks is replaced, as often as one likes", () => {
  const page = "before\n<!-- x -->\nold\n<!-- end of x -->\nafter\n";
  const made = "before\n<!-- x -->\n\nnew\n\n<!-- end of x -->\nafter\n";
  assertEquals(replaceMarked(page, "x", "new"), made);
  assertEquals(replaceMarked(made, "x", "new"), made);
  assertThrows(() => replaceMarked("<!-- end of x --><!-- x -->", "x", "new"), Error, "no <!-- x");
});

Deno.test("guide: the exit statuses of the code are in its table", () => {
  const table = exitStatusTable();
  for (const status of [EXIT_USAGE, EXIT_SOFTWARE, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND]) {
    assertMatch(table, new RegExp(`^\\| ${status} +\\|`, "m"));
  }
  assertMatch(table, new RegExp(`^\\| ${EXIT_SIGNAL_BASE}\\+n +\\|`, "m"));
});
