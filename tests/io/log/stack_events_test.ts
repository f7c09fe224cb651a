import { assert, assertEquals } from "@std/assert";
import { categoryOf } from "../../../io/log/event.ts";
import { CATEGORIES } from "../../../io/log/levels.ts";
import { OWN_EVENTS, OwnEvent } from "../../../io/log/own_events.ts";
import { STACK_EVENTS } from "../../../io/log/stack_events.ts";
import { DROP_EVENTS } from "../../../stack/base/log_event.ts";
import { LOG_EVENT_END, LOG_EVENTS_MAX, LogEvent } from "../../../stack/mod.ts";
import { filesOf, read } from "../../tidy/tree.ts";

const ALL = [...Object.values(STACK_EVENTS), ...Object.values(OWN_EVENTS)];

/** The codes of an enum. */
function codesOf(numbers: object): number[] {
  return Object.values(numbers).filter((code) => typeof code === "number");
}

Deno.test("every code has its row, the stack's below the others", () => {
  assertEquals(Object.keys(STACK_EVENTS).map(Number).sort(), codesOf(LogEvent).sort());
  assertEquals(Object.keys(OWN_EVENTS).map(Number).sort(), codesOf(OwnEvent).sort());
  for (const code of codesOf(OwnEvent)) assert(code >= LOG_EVENT_END && code < LOG_EVENTS_MAX);
});

Deno.test("names are unique, of known categories, and say what the code says", () => {
  const names = ALL.map(({ name }) => name);
  assertEquals(names.filter((name, i) => names.indexOf(name) !== i), []);
  for (const info of ALL) {
    assert(CATEGORIES.includes(categoryOf(info)), info.name);
    assert(/^[a-z]+\.[a-z]+(-[a-z]+)*$/.test(info.name), info.name);
  }
  for (const [code, { name }] of Object.entries(STACK_EVENTS)) {
    assertEquals(LogEvent[Number(code)].toLowerCase().split("_")[0], name.split(".")[0]);
  }
});

Deno.test("a message names only what the event has", () => {
  for (const { name, message, fields } of ALL) {
    for (const [, word] of message.matchAll(/\{(\w+)\}/g)) {
      assert([...fields, "address", "interface"].includes(word), `${name}: {${word}}`);
    }
  }
});

Deno.test("every event is told somewhere: by the stack its own, by the rest the others", () => {
  const textOf = (...folders: string[]) =>
    filesOf(new RegExp(`^(${folders.join("|")})/.*\\.ts$`))
      .filter((path) => !/log_event|_events\.ts$/.test(path)).map(read).join("\n");
  const [stack, rest] = [textOf("stack"), textOf("io", "cli")];
  const isDrop = (code: number) => DROP_EVENTS.includes(code);
  for (const code of codesOf(LogEvent).filter((code) => !isDrop(code))) {
    assert(stack.includes(`LogEvent.${LogEvent[code]}`), LogEvent[code]);
  }
  for (const code of codesOf(OwnEvent)) {
    assert(rest.includes(`OwnEvent.${OwnEvent[code]}`), OwnEvent[code]);
  }
});
