import { assertEquals } from "@std/assert";
import type { LogEntry } from "../../../io/log/event.ts";
import { thresholdsOf } from "../../../io/log/levels.ts";
import { openLogtape } from "../../../io/log/logtape.ts";
import { OWN_EVENTS, OwnEvent } from "../../../io/log/own_events.ts";

function entryOf(event: OwnEvent, message: string): LogEntry {
  return { info: OWN_EVENTS[event], timeSec: 1, subject: {}, values: {}, message };
}

Deno.test("the logger passes on what its category's threshold lets through", async () => {
  const lines: string[] = [];
  const thresholds = thresholdsOf((c) => c === "cli" ? "info" : c === "device" ? "error" : "off");
  const write = await openLogtape({ thresholds, format: "text" }, (line) => lines.push(line));
  write(entryOf(OwnEvent.CLI_STARTED, "info of cli"));
  write(entryOf(OwnEvent.CLI_SIGNAL, "debug of cli"));
  write(entryOf(OwnEvent.DEVICE_OPENED, "info of device"));
  write(entryOf(OwnEvent.DEVICE_FAILED, "error of device"));
  write(entryOf(OwnEvent.SERVICE_FULL, "service is off"));
  assertEquals(lines.map((line) => line.split("  ").at(-1)!.trim()), [
    "info of cli",
    "error of device",
  ]);
});

Deno.test("a message with braces or percent signs stays as it is", async () => {
  const lines: string[] = [];
  const thresholds = thresholdsOf(() => "trace");
  const write = await openLogtape({ thresholds, format: "json" }, (line) => lines.push(line));
  write(entryOf(OwnEvent.CLI_STARTED, "{program} %s {{x}}"));
  assertEquals(JSON.parse(lines[0]).message, "{program} %s {{x}}");
});
