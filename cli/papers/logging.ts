/**
 * The table in docs/logging.md: every event that the log can tell.
 *
 * @module
 */
import { categoryOf, type EventInfo } from "../../io/log/event.ts";
import { CATEGORIES } from "../../io/log/levels.ts";
import { OWN_EVENTS } from "../../io/log/own_events.ts";
import { STACK_EVENTS } from "../../io/log/stack_events.ts";
import { markdownTable } from "./guide.ts";

const HEAD: readonly string[] = ["event", "level", "what it says", "values"];

function cells({ name, level, message, fields }: EventInfo): string[] {
  const text = message.replaceAll("{", "_").replaceAll("}", "_");
  return [`\`${name}\``, level, text, fields.map((field) => `\`${field}\``).join(" ")];
}

/** All events, category by category. */
export function eventsTable(): string {
  const all = [...Object.values(STACK_EVENTS), ...Object.values(OWN_EVENTS)];
  const sorted = CATEGORIES.flatMap((c) => all.filter((info) => categoryOf(info) === c));
  return markdownTable(HEAD, sorted.map(cells));
}
