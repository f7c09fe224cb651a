import { assertEquals } from "@std/assert";
import { allocMessage, cutReport, type ReportForm } from "../../../stack/igmp/report_cutter.ts";
import { emitIgmpRecord, IGMP_RECORD_LEN } from "../../../stack/wire/igmp.ts";
import { Host } from "../net_fixture.ts";

const FORM: ReportForm<number> = {
  headLen: 8,
  recordLen: IGMP_RECORD_LEN,
  sourceLen: 4,
  emitRecord: emitIgmpRecord,
};

/** The messages of at most `maxLen` bytes that records of `counts` sources become. */
function messages(maxLen: number, type: number, counts: number[]): [len: number, n: number][] {
  const { memory } = new Host().stack;
  const sent: [number, number][] = [];
  cutReport(memory, FORM, maxLen, (sink) => {
    for (const count of counts) sink(type, 7, Array.from({ length: count }, (_, i) => i));
  }, (_off, len, records) => sent.push([len, records]));
  return sent;
}

Deno.test("report cutter: a record goes whole into a message, begins the next, or is cut", () => {
  assertEquals(messages(48, 5, []), []);
  assertEquals(messages(48, 5, [0]), [[16, 1]]);
  assertEquals(messages(48, 5, [2, 3]), [[44, 2]]);
  assertEquals(messages(48, 5, [2, 5]), [[24, 1], [36, 1]]);
  assertEquals(messages(48, 5, [10]), [[48, 1], [24, 1]]);
});

Deno.test("report cutter: of an EXCLUDE list what does not fit is left out", () => {
  assertEquals(messages(48, 2, [10]), [[48, 1]]);
  assertEquals(messages(48, 4, [10]), [[48, 1]]);
});

Deno.test("report cutter: a message is given back with the next flush", () => {
  const { memory } = new Host().stack;
  const before = memory.usedBytes;
  assertEquals(allocMessage(memory, 48) >= 0, true);
  assertEquals(memory.usedBytes, before + 64);
  memory.releaseDeferred();
  assertEquals(memory.usedBytes, before);
  assertEquals(allocMessage(memory, 2 * memory.sizeBytes), -1);
});
