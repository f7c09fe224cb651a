import { assert, assertEquals } from "@std/assert";
import { event, type LogEntry } from "../../../io/log/event.ts";
import { formatLine, RESERVED_KEYS } from "../../../io/log/line.ts";
import { OWN_EVENTS } from "../../../io/log/own_events.ts";
import { STACK_EVENTS } from "../../../io/log/stack_events.ts";

const ENTRY: LogEntry = {
  info: event("tcp.timeout", "info", "again in {rtoUs}", "rtoUs"),
  timeSec: 3.2041174,
  subject: { interface: "va", local: "198.18.0.2:40000", remote: "198.18.0.1:80" },
  values: { rtoUs: 400_000 },
  message: "again in 400 ms",
};

Deno.test("text: time, level, category, whom it is about, what happened", () => {
  assertEquals(
    formatLine(ENTRY, "text"),
    "   3.204117 info    tcp     va 198.18.0.2:40000 198.18.0.1:80  again in 400 ms",
  );
  const bare = { ...ENTRY, subject: { address: "198.18.0.1" }, message: "198.18.0.1 is gone" };
  assertEquals(formatLine(bare, "text"), "   3.204117 info    tcp      198.18.0.1 is gone");
});

Deno.test("JSON: the same and the values as numbers", () => {
  assertEquals(JSON.parse(formatLine(ENTRY, "json")), {
    time: 3.204117,
    level: "info",
    category: "tcp",
    event: "tcp.timeout",
    interface: "va",
    local: "198.18.0.2:40000",
    remote: "198.18.0.1:80",
    rtoUs: 400_000,
    message: "again in 400 ms",
  });
});

Deno.test("an entry is one line, whatever a program is called", () => {
  const message = 'a\nb\x1b[31m "c"';
  for (const format of ["text", "json"] as const) {
    const line = formatLine({ ...ENTRY, message }, format);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f]/.test(line), line);
  }
});

Deno.test("no field hides a key that every line has", () => {
  for (const { name, fields } of [...Object.values(OWN_EVENTS), ...Object.values(STACK_EVENTS)]) {
    for (const field of fields) assert(!RESERVED_KEYS.includes(field), `${name}: ${field}`);
  }
});
