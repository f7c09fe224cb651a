import { assert, assertEquals, assertFalse } from "@std/assert";
import { WriteMarks } from "../../../../stack/tcp/tcb/write_marks.ts";

Deno.test("write marks: a segment ends where its record does", () => {
  const marks = new WriteMarks();
  marks.begin(1);
  marks.onWrite(100, 101, false, true);
  marks.onWrite(200, 301, false, false);
  marks.onWrite(50, 351, false, true);
  marks.onWrite(49, 400, false, false);
  assertEquals(marks.recordLen(1, 399), 100);
  assertEquals(marks.recordLen(51, 349), 50);
  assertEquals(marks.recordLen(101, 299), 250, "a plain write joins the record behind it");
  assertEquals(marks.recordLen(351, 49), 49, "no record ends after it");
});

Deno.test("write marks: PSH with the end of a write, not in front of more", () => {
  const marks = new WriteMarks();
  marks.begin(1);
  marks.onWrite(100, 101, false, false);
  marks.onWrite(100, 201, true, false);
  assert(marks.isPush(1, 100));
  assert(marks.isPush(1, 200), "the end lies inside");
  assertFalse(marks.isPush(1, 99));
  assertFalse(marks.isPush(101, 100));
  marks.onWrite(0, 201, false, false);
  assert(marks.isPush(101, 100), "the write before was all after all");
});

Deno.test("write marks: MSG_MORE ends with a write, an ACK, or TCP_NODELAY", () => {
  const marks = new WriteMarks();
  marks.onWrite(10, 10, true, false);
  assert(marks.hasMore);
  marks.onWrite(10, 20, false, false);
  assertFalse(marks.hasMore);
  marks.onWrite(10, 30, true, false);
  marks.onAck(5);
  assertFalse(marks.hasMore);
  marks.onWrite(10, 40, true, false);
  marks.force();
  assert(marks.isPushForced && !marks.hasMore);
  marks.onWrite(10, 50, true, false);
  assertFalse(marks.isPushForced, "not what comes later");
});

Deno.test("write marks: many records are bounded, numbers wrap", () => {
  const marks = new WriteMarks();
  const start = 0x7fff_fff0;
  marks.begin(start);
  for (let i = 1; i <= 2000; i++) marks.onWrite(1, (start + i) | 0, false, true);
  assertEquals(marks.recordLen(start, 2000), 1);
  assertEquals(marks.recordLen((start + 1023) | 0, 977), 1);
  assertEquals(marks.recordLen((start + 1024) | 0, 976), 976, "the rest is one");
});
