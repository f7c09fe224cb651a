import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import type { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { BROKEN, Claim, SendRing } from "../../../../io/app/endpoint/send_ring.ts";

const SHIFT = P.NUSE_RING_INDEX_SHIFT;
const CAPACITY = 1 << 16;
const PINNED = {
  capacity: CAPACITY,
  usedBytes: 100,
  headIndex: 50,
  isDropped: false,
  pin: () => 4096,
  unpin: () => {},
};

class Subject {
  readonly words = new Int32Array(1024);
  readonly ring: SendRing;

  constructor(headIndex = 50) {
    const app = { words: this.words } as unknown as AppContext;
    this.ring = new SendRing(app, { ...PINNED, headIndex }, 0, 4096, 3, 0);
  }

  get word(): number {
    return this.words[P.NUSE_RING_WORD_OFF >> 2];
  }

  set word(word: number) {
    this.words[P.NUSE_RING_WORD_OFF >> 2] = word;
  }

  get index(): number {
    return this.word >>> SHIFT;
  }

  get limit(): number {
    return this.words[P.NUSE_RING_LIMIT_OFF >> 2];
  }

  put(n: number): void {
    this.word += n << SHIFT;
  }
}

Deno.test("SendRing: begins where the bytes of the pair end, with nothing granted", () => {
  const { index, limit, ring } = new Subject();
  assertEquals([index, limit, ring.published()], [150, 150, 0]);
});

Deno.test("SendRing: so much is granted, and no more is believed", () => {
  const subject = new Subject();
  const { ring } = subject;
  ring.grant(1000);
  assertEquals(subject.limit, 1150);
  subject.put(1000);
  assertEquals(ring.published(), 1000);
  subject.put(1);
  assertEquals(ring.published(), BROKEN);
  subject.put(-1);
  ring.take(1000);
  assertEquals(ring.published(), 0);
  subject.put(-1);
  assertEquals(ring.published(), BROKEN, "backwards");
});

Deno.test("SendRing: what was granted once stays granted", () => {
  const subject = new Subject();
  subject.ring.grant(1000);
  subject.ring.grant(10);
  assertEquals(subject.limit, 1150);
});

Deno.test("SendRing: the index wraps", () => {
  const subject = new Subject();
  const { ring } = subject;
  const rounds = (1 << (32 - SHIFT)) / 32_768 + 3;
  for (let i = 0; i < rounds; i++) {
    ring.grant(32_768);
    subject.put(32_768);
    assertEquals(ring.published(), 32_768);
    ring.take(32_768);
  }
  assertEquals(subject.index, 150 + 3 * 32_768);
});

Deno.test("SendRing: claimed: not while the program copies, nor before what it has put in", () => {
  const subject = new Subject();
  const { ring } = subject;
  ring.grant(1000);
  subject.word |= P.NUSE_RING_BUSY;
  assertEquals(ring.claim(5000), Claim.BUSY);
  assertEquals(ring.claim(6000), Claim.BUSY);
  assertEquals(ring.claim(6001), Claim.STUCK);
  subject.word &= ~P.NUSE_RING_BUSY;
  subject.put(7);
  assertEquals(ring.claim(6002), Claim.NEWS);
  ring.take(7);
  assertEquals(ring.claim(6003), Claim.DONE);
  assertEquals(subject.word & 15, P.NUSE_RING_CLAIMED);
  ring.release(20);
  assertEquals([subject.word & 15, subject.index, ring.published()], [0, 177, 0]);
});

Deno.test("SendRing: bytes of the pair beyond what was granted leave nothing granted", () => {
  const subject = new Subject();
  const { ring } = subject;
  ring.grant(10);
  assertEquals(ring.claim(0), Claim.DONE);
  ring.release(30);
  assertEquals([subject.index, subject.limit], [180, 180]);
});

Deno.test("SendRing: it does not sleep over bytes", () => {
  const subject = new Subject();
  const { ring } = subject;
  ring.grant(1000);
  subject.put(1);
  assertEquals([ring.sleep(), subject.word & P.NUSE_RING_ASLEEP], [false, 0]);
  ring.take(1);
  assertEquals([ring.sleep(), subject.word & P.NUSE_RING_ASLEEP], [true, P.NUSE_RING_ASLEEP]);
  ring.wake();
  assertEquals(subject.word & P.NUSE_RING_ASLEEP, 0);
});

Deno.test("SendRing: the end tells the last bytes", () => {
  const subject = new Subject();
  const { ring } = subject;
  ring.grant(1000);
  subject.put(12);
  assertEquals(ring.isQuiet, true);
  assertEquals([ring.end(), subject.word & 15], [12, P.NUSE_RING_GONE]);
  assertEquals(ring.isQuiet, false);
});
