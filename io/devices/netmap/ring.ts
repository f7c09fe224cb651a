/**
 * One netmap ring in shared memory.
 *
 *     slots ──────────────────────────────────────────────► (wraps at slotCount)
 *              head            cur             tail
 *     kernel's │ ours, in use  │ ours, new/free │ kernel's
 *
 * We write head and cur, the kernel writes tail, and only while it syncs (ioctl or poll). RX: slots
 * from head to tail hold frames; those before cur have been looked at and are kept. TX: they are
 * free to fill. When the kernel does not believe our numbers it sets all three anew, without an
 * error: `wasReset` tells.
 *
 * @module
 */
import { NETMAP_RING, NETMAP_SLOT } from "../../../ffi/abi/netmap.ts";

export class NetmapRing {
  readonly slotCount: number;
  readonly bufSize: number;
  /** First slot that is ours, and the next to look at or to fill. Published by `publish`. */
  head: number;
  cur: number;
  readonly #dv: DataView;
  readonly #off: number;
  readonly #bufBase: number;
  readonly #limit: number;

  /** `off`: the ring's place in `dv`. `limit`: where the mapped memory ends. */
  constructor(dv: DataView, off: number, limit: number) {
    this.#dv = dv;
    this.#off = off;
    this.#limit = limit;
    this.slotCount = dv.getInt32(off + NETMAP_RING.NUM_SLOTS, true);
    this.bufSize = dv.getInt32(off + NETMAP_RING.BUF_SIZE, true);
    this.#bufBase = off + Number(dv.getBigInt64(off + NETMAP_RING.BUF_OFS, true));
    this.head = dv.getInt32(off + NETMAP_RING.HEAD, true);
    this.cur = dv.getInt32(off + NETMAP_RING.CUR, true);
  }

  /** Whether what the kernel wrote can be a ring at all. */
  get isSound(): boolean {
    const { slotCount, bufSize } = this;
    return slotCount > 1 && bufSize >= 64 && bufSize <= 0xffff && this.#bufBase >= 0 &&
      this.#off + NETMAP_RING.LEN + slotCount * NETMAP_SLOT.LEN <= this.#limit &&
      this.head >= 0 && this.head < slotCount && this.cur >= 0 && this.cur < slotCount;
  }

  next(slot: number): number {
    return slot + 1 === this.slotCount ? 0 : slot + 1;
  }

  /** Slots from `cur` on that are ours; 0 when the kernel's `tail` is no slot. */
  get available(): number {
    const tail = this.#dv.getInt32(this.#off + NETMAP_RING.TAIL, true);
    if (tail < 0 || tail >= this.slotCount) return 0;
    const n = tail - this.cur;
    return n < 0 ? n + this.slotCount : n;
  }

  /** Where the buffer of a slot lies in the arena; -1: outside the mapped memory. */
  bufferOff(slot: number): number {
    const at = this.#slotOff(slot);
    const index = this.#dv.getUint32(at + NETMAP_SLOT.BUF_IDX, true);
    const off = this.#bufBase + index * this.bufSize;
    return off + this.bufSize <= this.#limit ? off : -1;
  }

  lenBytes(slot: number): number {
    return this.#dv.getUint16(this.#slotOff(slot) + NETMAP_SLOT.BYTES, true);
  }

  flags(slot: number): number {
    return this.#dv.getUint16(this.#slotOff(slot) + NETMAP_SLOT.FLAGS, true);
  }

  /** What is in the slot to send. */
  fill(slot: number, lenBytes: number, flags: number): void {
    const at = this.#slotOff(slot);
    this.#dv.setUint16(at + NETMAP_SLOT.BYTES, lenBytes, true);
    this.#dv.setUint16(at + NETMAP_SLOT.FLAGS, flags, true);
  }

  /** Shows the kernel `head` and `cur`; it looks at the next sync. */
  publish(): void {
    this.#dv.setInt32(this.#off + NETMAP_RING.HEAD, this.head, true);
    this.#dv.setInt32(this.#off + NETMAP_RING.CUR, this.cur, true);
  }

  /** After a sync: whether the kernel has set the ring anew; ours then follows it. */
  wasReset(): boolean {
    const head = this.#dv.getInt32(this.#off + NETMAP_RING.HEAD, true);
    const cur = this.#dv.getInt32(this.#off + NETMAP_RING.CUR, true);
    if (head === this.head && cur === this.cur) return false;
    this.head = head >= 0 && head < this.slotCount ? head : 0;
    this.cur = cur >= 0 && cur < this.slotCount ? cur : 0;
    return true;
  }

  #slotOff(slot: number): number {
    return this.#off + NETMAP_RING.LEN + slot * NETMAP_SLOT.LEN;
  }
}
