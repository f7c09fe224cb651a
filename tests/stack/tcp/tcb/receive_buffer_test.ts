import { assert, assertEquals } from "@std/assert";
import { Span } from "../../../../stack/base/span.ts";
import { BuddyMemory } from "../../../../stack/storage/arena_memory.ts";
import { ReceiveBuffer, ringMaxBytes } from "../../../../stack/tcp/tcb/receive_buffer.ts";

const PIECE = 4096;
/** What can be borrowed at a time. */
const PIECES = 8;

/** A buffer, and pieces of device memory that tell their number. */
function setUp(pieces: number): { buffer: ReceiveBuffer; offs: number[]; memory: BuddyMemory } {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 20));
  const offs = Array.from({ length: pieces }, (_, i) => {
    const off = memory.alloc(PIECE);
    memory.u8.fill(i + 1, off, off + PIECE);
    return off;
  });
  return { buffer: new ReceiveBuffer(memory), offs, memory };
}

/** Takes everything, by spans; the bytes. */
function readAll(memory: BuddyMemory, buffer: ReceiveBuffer): Uint8Array {
  const bytes = new Uint8Array(buffer.usedBytes);
  const span = new Span();
  for (let done = 0; done < bytes.length;) {
    const n = buffer.readableSpan(bytes.length, span);
    const { off0, len0, off1, len1 } = span;
    bytes.set(memory.u8.subarray(off0, off0 + len0), done);
    bytes.set(memory.u8.subarray(off1, off1 + len1), done + len0);
    buffer.consume(n);
    done += n;
  }
  return bytes;
}

/** The bytes of pieces `from` to `to`, both ends included. */
function pieces(from: number, to: number): Uint8Array {
  return Uint8Array.from(
    { length: (to - from + 1) * PIECE },
    (_, i) => from + Math.floor(i / PIECE),
  );
}

Deno.test("receive buffer: more pieces than can be borrowed are copied, in their order", () => {
  const { buffer, offs, memory } = setUp(PIECES + 2);
  for (let i = 0; i < PIECES; i++) assertEquals(buffer.borrow(offs[i], PIECE), true, `${i}`);
  assertEquals(buffer.borrow(offs[PIECES], PIECE), false);
  for (let i = PIECES; i < PIECES + 2; i++) {
    assertEquals(buffer.append(offs[i], PIECE), PIECE);
  }
  assertEquals(readAll(memory, buffer), pieces(1, PIECES + 2));
});

Deno.test("receive buffer: borrowed pieces are read in place, two at a time", () => {
  const { buffer, offs, memory } = setUp(3);
  for (const off of offs) buffer.borrow(off, PIECE);
  const span = new Span();
  assertEquals(buffer.readableSpan(1 << 20, span), 2 * PIECE);
  assertEquals([span.off0, span.off1], [offs[0], offs[1]]);
  buffer.consume(PIECE + 100);
  assertEquals(buffer.readableSpan(1 << 20, span), 2 * PIECE - 100);
  assertEquals([span.off0, span.off1], [offs[1] + 100, offs[2]]);
  assertEquals(buffer.readableSpan(10, span), 10);
  assertEquals(readAll(memory, buffer), pieces(2, 3).slice(100));
  assertEquals([buffer.isBorrowed, buffer.usedBytes, buffer.chargedBytes], [false, 0, 0]);
});

Deno.test("receive buffer: what is not taken of borrowed pieces is copied, and only that", () => {
  const { buffer, offs, memory } = setUp(4);
  for (const off of offs) buffer.borrow(off, PIECE);
  buffer.consume(2 * PIECE + 100);
  buffer.copyBorrowed();
  assertEquals(buffer.isBorrowed, false);
  // The device's memory is used for other frames now
  for (const off of offs) memory.u8.fill(0xdd, off, off + PIECE);
  assertEquals(readAll(memory, buffer), pieces(3, 4).slice(100));
});

Deno.test("receive buffer: short text, and any behind text in the ring, is not borrowed", () => {
  const { buffer, offs } = setUp(1);
  assertEquals(buffer.borrow(offs[0], PIECE - 1), false);
  assertEquals(buffer.append(offs[0], 10), 10);
  assertEquals(buffer.borrow(offs[0], PIECE), false);
});

Deno.test("receive buffer: what lay out of order follows what is in order", () => {
  const { buffer, offs, memory } = setUp(3);
  assert(buffer.addOutOfOrder(PIECE, offs[1], PIECE, 1 << 20));
  assert(buffer.addOutOfOrder(2 * PIECE, offs[2], PIECE, 1 << 20));
  assertEquals(buffer.append(offs[0], PIECE), PIECE);
  assertEquals(buffer.join(PIECE, 3 * PIECE), 3 * PIECE);
  assertEquals(buffer.outOfOrder, null);
  assertEquals(readAll(memory, buffer), pieces(1, 3));
});

Deno.test("receive buffer: without memory for all that is in order, as much as there is", () => {
  const { buffer, offs, memory } = setUp(8);
  for (let i = 1; i < 8; i++) assert(buffer.addOutOfOrder(i * PIECE, offs[i], PIECE, 1 << 20));
  const hog = [];
  while (memory.usedBytes < 0.8 * memory.sizeBytes) hog.push(memory.alloc(1 << 12));
  assertEquals(ringMaxBytes(memory), 16384);
  assertEquals(buffer.append(offs[0], PIECE), PIECE);
  assertEquals(buffer.join(PIECE, 8 * PIECE), 4 * PIECE);
  assertEquals(buffer.outOfOrder, null);
  assertEquals(buffer.append(offs[0], PIECE), 0);
  assertEquals(readAll(memory, buffer), pieces(1, 4));
  for (const off of hog) memory.free(off, 1 << 12);
  assertEquals([buffer.chargedBytes, memory.badFrees], [0, 0]);
});

Deno.test("receive buffer: the fuller the memory the smaller a ring, a small one always is", () => {
  const { buffer, offs, memory } = setUp(1);
  const charged = (share: number) => {
    const hog = [];
    while (memory.usedBytes < share * memory.sizeBytes) hog.push(memory.alloc(1 << 10));
    let taken = 0;
    for (let n = PIECE; n === PIECE && taken < 1 << 17; taken += n) {
      n = buffer.append(offs[0], PIECE);
    }
    const { chargedBytes } = buffer;
    buffer.free();
    memory.releaseDeferred();
    for (const off of hog) memory.free(off, 1 << 10);
    return [chargedBytes, taken];
  };
  assertEquals(charged(0), [1 << 17, 1 << 17]);
  assertEquals(charged(0.76), [16384, 16384]);
  assertEquals(charged(0.9), [4096, 4096]);
});

Deno.test("receive buffer: a ring that has been emptied, and one that holds little, shrink", () => {
  const { buffer, offs, memory } = setUp(1);
  for (let i = 0; i < 32; i++) buffer.append(offs[0], PIECE);
  buffer.consume(31 * PIECE);
  assertEquals(buffer.chargedBytes, 1 << 17);
  buffer.shrink();
  assertEquals(buffer.chargedBytes, 16384);
  assertEquals(readAll(memory, buffer), pieces(1, 1));
  buffer.shrink();
  assertEquals(buffer.chargedBytes, 0);
  memory.releaseDeferred();
  assertEquals([memory.usedBytes, memory.badFrees], [PIECE, 0]);
});
