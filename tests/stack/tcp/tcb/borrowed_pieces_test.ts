import { assertEquals } from "@std/assert";
import { Span } from "../../../../stack/base/span.ts";
import { BuddyMemory } from "../../../../stack/storage/arena_memory.ts";
import { ByteRing } from "../../../../stack/storage/ring.ts";
import { BorrowedPieces } from "../../../../stack/tcp/tcb/borrowed_pieces.ts";

const LEN = 100;

Deno.test("borrowed pieces: read two at a time, taken from the front, the rest copied", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16));
  const ring = new ByteRing(memory, 1024);
  const borrowed = new BorrowedPieces();
  const offs = [1, 2, 3].map((value) => {
    const off = memory.alloc(LEN);
    memory.u8.fill(value, off, off + LEN);
    borrowed.add(off, LEN);
    return off;
  });
  assertEquals([borrowed.bytes, borrowed.isFull], [3 * LEN, false]);
  const span = new Span();
  assertEquals(borrowed.readableSpan(150, span), 150);
  assertEquals([span.off0, span.len0, span.off1, span.len1], [offs[0], 100, offs[1], 50]);
  borrowed.consume(150);
  assertEquals([borrowed.bytes, borrowed.readableSpan(1000, span)], [150, 150]);
  borrowed.moveTo(ring);
  assertEquals([borrowed.bytes, ring.readableSpan(0, 1000, span)], [0, 150]);
  const bytes = memory.u8.slice(span.off0, span.off0 + span.len0);
  assertEquals(bytes, Uint8Array.from({ length: 150 }, (_, i) => (i < 50 ? 2 : 3)));
});

Deno.test("borrowed pieces: eight at most, and as many again when they are gone", () => {
  const borrowed = new BorrowedPieces();
  for (let round = 0; round < 2; round++) {
    let count = 0;
    for (; !borrowed.isFull; count++) borrowed.add(64 * count, 10);
    assertEquals([count, borrowed.bytes], [8, 80]);
    borrowed.consume(80);
  }
  borrowed.add(0, 10);
  borrowed.clear();
  assertEquals(borrowed.bytes, 0);
});
