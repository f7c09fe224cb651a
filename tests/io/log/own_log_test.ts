import { assertEquals } from "@std/assert";
import type { LogEntry } from "../../../io/log/event.ts";
import { type Threshold, thresholdsOf } from "../../../io/log/levels.ts";
import { OWN_EVENTS, OwnEvent } from "../../../io/log/own_events.ts";
import { OwnLog } from "../../../io/log/own_log.ts";

function logAt(threshold: Threshold): { log: OwnLog; entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const log = new OwnLog({
    thresholds: thresholdsOf((category) => category === "cli" ? threshold : "off"),
    clockUs: () => 5_250_000,
    startUs: 5_000_000,
    onEntry: (entry) => entries.push(entry),
  });
  return { log, entries };
}

Deno.test("an event becomes an entry with its time since the beginning", () => {
  const { log, entries } = logAt("info");
  log.tell(OwnEvent.CLI_STARTED, { program: "/bin/true", pid: 7 }, { interface: "va" });
  assertEquals(entries, [{
    info: OWN_EVENTS[OwnEvent.CLI_STARTED],
    timeSec: 0.25,
    subject: { interface: "va" },
    values: { program: "/bin/true", pid: 7 },
    message: "/bin/true is process 7",
  }]);
});

Deno.test("below the threshold and in other categories nothing is on, nothing told", () => {
  const { log, entries } = logAt("info");
  log.tell(OwnEvent.CLI_SIGNAL, { signal: 2, pid: 1, phase: "running" });
  log.tell(OwnEvent.DEVICE_FAILED, { errno: "ENETDOWN" });
  assertEquals(entries, []);
  const on = Object.values(OwnEvent).filter((code) => typeof code === "number" && log.isOn[code]);
  for (const code of on) assertEquals(OWN_EVENTS[code as OwnEvent].name.split(".")[0], "cli");
  assertEquals(logAt("off").log.isOn.some((bit) => bit !== 0), false);
});
