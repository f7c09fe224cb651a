import { assert, assertEquals } from "@std/assert";
import { type LogSettings, thresholdsOf } from "../../../io/log/levels.ts";
import { OwnEvent } from "../../../io/log/own_events.ts";
import { OwnLog } from "../../../io/log/own_log.ts";
import { StackLog } from "../../../io/log/stack_log.ts";
import { optionsWithTrouble, ThreadLog } from "../../../io/log/thread_log.ts";
import { IpAddress, LogEvent } from "../../../stack/mod.ts";
import { Fifo } from "./fifo.ts";

async function withLog(
  threshold: "info" | "off",
  body: (log: ThreadLog, fifo: Fifo) => void,
): Promise<void> {
  const fifo = new Fifo();
  const thresholds = thresholdsOf(() => threshold);
  const settings: LogSettings = { thresholds, format: "json", fd: fifo.writeFd, startUs: 0 };
  try {
    body(await ThreadLog.open(settings), fifo);
  } finally {
    fifo.closeReader();
    fifo.close();
  }
}

const jsonOf = (text: string) => text.trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("what is told is written by flush, by the monotonic clock", async () => {
  await withLog("info", (thread, fifo) => {
    const log = new OwnLog(thread.options);
    log.tell(OwnEvent.CLI_STARTED, { program: "a", pid: 1 });
    log.tell(OwnEvent.CLI_STARTED, { program: "b", pid: 2 });
    thread.flush();
    const [first, second] = jsonOf(fifo.read());
    assertEquals([first.program, second.program], ["a", "b"]);
    assert(first.time > 0 && second.time >= first.time);
  });
});

Deno.test("lines left out are an event of the log itself", async () => {
  await withLog("info", (thread, fifo) => {
    for (let i = 0; i < 30_000; i++) thread.output.add("x".repeat(99));
    let lines: string[] = [];
    while (!thread.output.isEmpty) {
      thread.flush();
      lines = [...lines, ...fifo.read().split("\n")];
    }
    const note = JSON.parse(lines.findLast((line) => line.startsWith("{"))!);
    assertEquals([note.event, note.level], ["cli.lines-lost", "warning"]);
    assertEquals(note.lines, 30_000 - lines.filter((line) => line.startsWith("x")).length);
  });
});

const conflict = (log: StackLog) =>
  log.address(LogEvent.ARP_CONFLICT, 0, IpAddress.parse("198.18.0.2")!, 0x020000000009);

Deno.test("without a log a person is told what matters, and nothing else is on", () => {
  const told: string[] = [];
  const log = new StackLog(optionsWithTrouble(null, (message) => told.push(message)));
  log.nameOf = () => "va";
  assertEquals(log.isOn[LogEvent.ARP_FAILED], 0);
  assertEquals(log.isOn[LogEvent.ARP_CONFLICT], 1);
  conflict(log);
  assertEquals(told, ["address 198.18.0.2 on va is also used by 02:00:00:00:00:09"]);
});

Deno.test("with a log both hear of it; with the category off the person does", async () => {
  for (const threshold of ["info", "off"] as const) {
    await withLog(threshold, (thread, fifo) => {
      const told: string[] = [];
      const log = new StackLog(optionsWithTrouble(thread, (message) => told.push(message)));
      conflict(log);
      assertEquals(told.length, 1);
      assertEquals(thread.output.isEmpty, threshold === "off");
      thread.finish();
      if (threshold === "info") assertEquals(jsonOf(fifo.read())[0].event, "arp.conflict");
    });
  }
});
