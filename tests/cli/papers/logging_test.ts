import { assert, assertEquals } from "@std/assert";
import { eventsTable } from "../../../cli/papers/logging.ts";
import { CATEGORIES, LEVELS } from "../../../io/log/levels.ts";
import { OWN_EVENTS } from "../../../io/log/own_events.ts";
import { STACK_EVENTS } from "../../../io/log/stack_events.ts";

Deno.test("the table has every event, and its category, level and values", () => {
  const rows = eventsTable().split("\n").slice(2);
  const all = [...Object.values(STACK_EVENTS), ...Object.values(OWN_EVENTS)];
  assertEquals(rows.length, all.length);
  for (const { name, level, fields } of all) {
    const row = rows.find((line) => line.includes(`\`${name}\``));
    assert(row !== undefined && row.includes(` ${level} `), name);
    for (const field of fields) assert(row.includes(`\`${field}\``), `${name}: ${field}`);
  }
});

Deno.test("docs/logging.md names every category and every level", () => {
  const page = Deno.readTextFileSync(new URL("../../../docs/logging.md", import.meta.url));
  for (const name of [...CATEGORIES, ...LEVELS, "off"]) assert(page.includes(`\`${name}\``), name);
});
