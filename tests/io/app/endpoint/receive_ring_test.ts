import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import type { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { ReceiveRing } from "../../../../io/app/endpoint/receive_ring.ts";

const SHIFT = P.NUSE_RING_INDEX_SHIFT;
const FLAGS = (1 << SHIFT) - 1;
const CAPACITY = 1 << 12;
const OFF = 8192;
const SOURCE = OFF + CAPACITY;

class Subject {
  readonly u8 = new Uint8Array(SOURCE + 2 * CAPACITY);
  readonly words = new Int32Array(this.u8.buffer, 0, 1024);
  readonly ring: ReceiveRing;

  constructor(pairBytes = 0) {
    const app = { words: this.words, memory: { u8: this.u8 } } as unknown as AppContext;
    this.ring = new ReceiveRing(app, 0, OFF, CAPACITY, pairBytes, 0);
    for (let i = 0; i < 2 * CAPACITY; i++) this.u8[SOURCE + i] = i * 7 & 0xff;
  }

  get word(): number {
    return this.words[P.NUSE_RING_WORD_OFF >> 2];
  }

  set word(word: number) {
    this.words[P.NUSE_RING_WORD_OFF >> 2] = word;
  }

  get flags(): number {
    return this.word & FLAGS;
  }

  get index(): number {
    return this.word >>> SHIFT;
  }

  get limit(): number {
    return this.words[P.NUSE_RING_LIMIT_OFF >> 2];
  }

  get origin(): number {
    return this.words[P.NUSE_RING_ORIGIN_OFF >> 2];
  }

  put(n: number): void {
    this.ring.put(SOURCE, n);
    this.ring.publish();
  }

  /** As the program: so many more are read. */
  take(n: number): void {
    this.word += n << SHIFT;
  }
}

Deno.test("ReceiveRing: begins empty, and the pair may hold something", () => {
  const { flags, index, limit, ring } = new Subject(77);
  assertEquals([flags, index, limit, ring.unread], [P.NUSE_RING_HEAD, 0, 0, 0]);
  assertEquals([ring.room, ring.pairBytes], [CAPACITY, 77]);
});

Deno.test("ReceiveRing: put is seen when published, and what is taken leaves room", () => {
  const subject = new Subject();
  const { ring } = subject;
  ring.put(SOURCE, 1000);
  assertEquals([subject.limit, ring.unread, ring.room], [0, 1000, CAPACITY - 1000]);
  ring.publish();
  assertEquals(subject.limit, 1000);
  subject.take(300);
  assertEquals(ring.hasNews, true);
  ring.look();
  assertEquals([ring.unread, ring.hasMoved, ring.hasNews], [700, true, false]);
  ring.look();
  assertEquals([ring.hasMoved, ring.isBroken], [false, false]);
});

Deno.test("ReceiveRing: more than was put, or backwards, is not believed", () => {
  for (const n of [1001, -1, CAPACITY + 1000]) {
    const subject = new Subject();
    subject.put(1000);
    subject.take(n);
    subject.ring.look();
    assertEquals([subject.ring.isBroken, subject.ring.unread], [true, 1000], `${n}`);
    assertEquals(subject.ring.claim(), false);
  }
});

Deno.test("ReceiveRing: bytes and indexes wrap", () => {
  const subject = new Subject();
  const { ring } = subject;
  const step = CAPACITY - 5;
  const rounds = Math.ceil((1 << (32 - SHIFT)) / step) + 2;
  for (let i = 0; i < rounds; i++) {
    subject.put(step);
    subject.take(step);
    ring.look();
  }
  assertEquals([ring.unread, ring.isBroken], [0, false]);
  assertEquals(subject.index, rounds * step - (1 << (32 - SHIFT)));
  subject.put(step);
  const first = ring.firstPiece(step);
  assertEquals(first < step, true);
  const at = ring.nextOff();
  assertEquals([subject.u8[at], subject.u8[at + first - 1]], [0, (first - 1) * 7 & 0xff]);
  assertEquals(subject.u8[OFF], first * 7 & 0xff);
});

Deno.test("ReceiveRing: an empty one starts over, but not under a reader", () => {
  const subject = new Subject();
  const { ring } = subject;
  subject.put(1000);
  subject.take(1000);
  ring.look();
  subject.word |= P.NUSE_RING_BUSY;
  ring.startOver();
  assertEquals([ring.nextOff(), subject.origin], [OFF + 1000, 0]);
  subject.word &= ~P.NUSE_RING_BUSY;
  ring.startOver();
  assertEquals([ring.nextOff(), subject.origin], [OFF, 1000]);
  assertEquals([subject.index, subject.flags], [1000, P.NUSE_RING_HEAD]);
  subject.put(5);
  assertEquals([subject.u8[OFF + 1], ring.firstPiece(5)], [7, 5]);
});

Deno.test("ReceiveRing: a head is moved while nobody reads", () => {
  const subject = new Subject();
  const { ring } = subject;
  subject.put(1000);
  subject.word |= P.NUSE_RING_BUSY;
  assertEquals(ring.claim(), false);
  subject.word &= ~(P.NUSE_RING_BUSY | P.NUSE_RING_HEAD);
  ring.look();
  assertEquals([ring.claim(), subject.flags], [true, P.NUSE_RING_CLAIMED]);
  ring.release(64);
  assertEquals([subject.flags, subject.index, ring.unread], [P.NUSE_RING_HEAD, 64, 936]);
  assertEquals(ring.pairBytes, 64);
  ring.look();
  assertEquals(ring.pairBytes, 64);
  subject.word &= ~P.NUSE_RING_HEAD;
  ring.look();
  assertEquals(ring.pairBytes, 0, "the program has seen that the pair is empty");
});

Deno.test("ReceiveRing: it sleeps only over what has been seen, and is told of half of it", () => {
  const subject = new Subject();
  const { ring } = subject;
  subject.put(1000);
  subject.take(100);
  assertEquals([ring.sleep(), subject.flags & P.NUSE_RING_ASLEEP], [false, 0]);
  ring.look();
  assertEquals([ring.sleep(), subject.flags & P.NUSE_RING_ASLEEP], [true, P.NUSE_RING_ASLEEP]);
  assertEquals(subject.words[P.NUSE_RING_WAKE_OFF >> 2], 100 + 450);
  ring.wake();
  assertEquals(subject.flags & P.NUSE_RING_ASLEEP, 0);
});

Deno.test("ReceiveRing: the end: what is left goes by the pair", () => {
  const subject = new Subject();
  const { ring } = subject;
  subject.put(1000);
  subject.take(10);
  ring.end();
  assertEquals([subject.flags & P.NUSE_RING_GONE, ring.unread], [P.NUSE_RING_GONE, 990]);
  ring.passOn(90);
  assertEquals([ring.unread, ring.nextOff()], [900, OFF + 100]);
  assertEquals(ring.claim(), false);
});
