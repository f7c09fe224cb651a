import { assertEquals } from "@std/assert";
import type { LogEntry } from "../../../io/log/event.ts";
import { type Threshold, thresholdsOf } from "../../../io/log/levels.ts";
import { OWN_EVENTS, OwnEvent } from "../../../io/log/own_events.ts";
import { OwnLog } from "../../../io/log/own_log.ts";

function logAt(threshold: Threshold, clock = { us: 5_250_000 }, of = "cli") {
  const entries: LogEntry[] = [];
  const log = new OwnLog({
    thresholds: thresholdsOf((category) => category === of ? threshold : "off"),
    clockUs: () => clock.us,
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

Deno.test("what a program can bring about at will: ten at once, then one a second", () => {
  const clock = { us: 5_000_000 };
  const { log, entries } = logAt("warning", clock, "service");
  const take = () => entries.splice(0).map(({ message }) => message);
  const happen = (times: number) => {
    for (let i = 0; i < times; i++) log.tell(OwnEvent.SERVICE_FULL, { sockets: 5 });
  };
  const full = "a program gets no socket; open ones: 5";
  happen(1000);
  log.tell(OwnEvent.SERVICE_FAULT, { fault: "x" });
  assertEquals(take(), [
    ...Array(10).fill(full),
    "a fault of nuse's own ended one socket or process: x",
  ]);
  clock.us += 1_000_000;
  happen(3);
  const untold = (lines: number) =>
    `service.full has happened more often than it was told; left out: ${lines}`;
  assertEquals(take(), [untold(990), full]);
  clock.us += 10_000_000;
  happen(11);
  assertEquals(take(), [untold(2), ...Array(10).fill(full)]);
});
