/**
 * When the pair gets a head, by the clock; what a program sees of it: to_program_test.ts.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import type { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { ReceiveRing } from "../../../../io/app/endpoint/receive_ring.ts";
import { GIVE_UP, RingHead } from "../../../../io/app/endpoint/ring_head.ts";
import type { Unread } from "../../../../io/app/endpoint/unread.ts";
import { EPIPE } from "../../../../stack/mod.ts";

const { NUSE_RING_HEAD: HEAD, NUSE_RING_BUSY: BUSY } = P;
const CAPACITY = 1 << 16;
const OFF = 4096;
const MS = 1000;

/** A ring with 50,000 bytes whose pair is a list of what was sent. */
class Subject {
  readonly u8 = new Uint8Array(OFF + 2 * CAPACITY);
  readonly words = new Int32Array(this.u8.buffer, 0, 1024);
  readonly ring: ReceiveRing;
  readonly head: RingHead;
  readonly sent: number[] = [];
  readonly watch = { isWatchingReads: false, watchReads: (on: boolean) => this.#watch(on) };
  inPair = 0;
  result: number | null = null;

  constructor() {
    const sys = {
      send: (
        _fd: number,
        _base: unknown,
        _off0: number,
        len0: number,
        _off1: number,
        len1: number,
      ) => {
        const n = this.result ?? len0 + len1;
        if (n > 0) this.inPair += n;
        this.sent.push(n);
        return n;
      },
      ioctlInt: () => this.inPair,
    };
    const app = { words: this.words, memory: { u8: this.u8 }, sys } as unknown as AppContext;
    this.ring = new ReceiveRing(app, 0, OFF, CAPACITY, 0, 0);
    this.head = new RingHead(app, -1, this.watch, { handOver: () => false } as unknown as Unread);
    this.head.begin(0);
    this.ring.put(OFF, 50_000);
    this.ring.publish();
  }

  #watch(isOn: boolean): void {
    this.watch.isWatchingReads = isOn;
  }

  /** As a turn of the loop. */
  show(nowUs: number): number {
    return this.head.show(this.ring, this.ring.look(), nowUs);
  }

  clear(flag: number): void {
    this.words[P.NUSE_RING_WORD_OFF >> 2] &= ~flag;
  }

  set(flag: number): void {
    this.words[P.NUSE_RING_WORD_OFF >> 2] |= flag;
  }
}

Deno.test("RingHead: bytes for an empty ring are shown at once, more once a turn", () => {
  const { head, ring, sent } = new Subject();
  head.noteArrival(ring, true, 0, 5);
  head.noteArrival(ring, false, HEAD, 5);
  assertEquals(sent, [64]);
  head.noteArrival(ring, false, HEAD, 6);
  assertEquals(sent, [64, 64]);
  head.noteArrival(ring, false, 0, 7);
  assertEquals(sent, [64, 64], "the program is at work in the ring");
});

Deno.test("RingHead: what a program has left is shown when it does not come back", () => {
  const subject = new Subject();
  subject.clear(HEAD);
  subject.head.noteMoved(10 * MS);
  assertEquals(subject.show(10 * MS + 99), 10 * MS + 100);
  assertEquals(subject.sent, []);
  subject.show(10 * MS + 100);
  assertEquals(subject.sent, [64]);
});

Deno.test("RingHead: nothing is moved while a thread reads", () => {
  const subject = new Subject();
  subject.clear(HEAD);
  subject.set(BUSY);
  assertEquals(subject.show(9 * MS), 10 * MS);
  subject.head.noteArrival(subject.ring, true, 0, 9 * MS);
  assertEquals(subject.sent, []);
});

Deno.test("RingHead: an untouched head is left alone until somebody reads", () => {
  const subject = new Subject();
  subject.inPair = 64;
  assertEquals(subject.show(500), 1 * MS);
  assertEquals(subject.watch.isWatchingReads, false);
  assertEquals(subject.show(1 * MS), Infinity);
  assertEquals(subject.watch.isWatchingReads, true);
  assertEquals(subject.show(2 * MS), Infinity);
  assertEquals(subject.sent, []);
  subject.head.noteMoved(3 * MS);
  assertEquals(subject.watch.isWatchingReads, false);
});

Deno.test("RingHead: who reads past the shim gets more, and soon all by the pair", () => {
  const subject = new Subject();
  let nowUs = MS;
  for (let round = 0; round < 3; round++) {
    subject.inPair = 0;
    subject.head.noteRead();
    const againUs = subject.show(nowUs);
    assertEquals(againUs, nowUs + 200, "the shim may be about to go on");
    subject.show(nowUs + 200);
    assertEquals(subject.sent.length, round + 1);
    nowUs += MS;
  }
  assertEquals(subject.sent, [16_384, 16_384, 16_384]);
  subject.inPair = 0;
  subject.head.noteRead();
  subject.show(nowUs);
  assertEquals(subject.show(nowUs + 200), GIVE_UP);
});

Deno.test("RingHead: asked to show, it does, unless there is something already", () => {
  const subject = new Subject();
  subject.inPair = 5;
  subject.head.showNow(subject.ring, HEAD, 0);
  assertEquals(subject.sent, []);
  subject.inPair = 0;
  subject.head.showNow(subject.ring, HEAD, 0);
  subject.head.showNow(subject.ring, 0, 0);
  assertEquals(subject.sent, [64, 64]);
});

Deno.test("RingHead: a pair that takes nothing is shut, and the ring keeps what it has", () => {
  const subject = new Subject();
  subject.result = -EPIPE;
  subject.head.noteArrival(subject.ring, true, 0, 5);
  assertEquals([subject.head.isShut, subject.ring.unread], [true, 50_000]);
});
