import { assertEquals } from "@std/assert";
import { RecordEnds } from "../../../../io/app/endpoint/record_ends.ts";

Deno.test("record ends: where each is, as bytes are read", () => {
  const ends = new RecordEnds();
  assertEquals([ends.nextBytes, ends.pass(10)], [Infinity, false]);
  ends.add(5);
  ends.add(12);
  assertEquals([ends.nextBytes, ends.pass(3), ends.nextBytes], [5, false, 2]);
  assertEquals([ends.pass(2), ends.nextBytes], [true, 7]);
  assertEquals([ends.pass(7), ends.nextBytes], [true, Infinity]);
});

Deno.test("record ends: no more than 64 are remembered", () => {
  const ends = new RecordEnds();
  for (let i = 1; i <= 100; i++) ends.add(i);
  let count = 0;
  while (ends.nextBytes !== Infinity) {
    ends.pass(1);
    count++;
  }
  assertEquals(count, 64);
});
