/**
 * The kernel's side of one netmap ring in shared memory: what it believes (`hwcur`, `hwtail`, the
 * last `head` that it took and `tail` that it gave out) and the checks of netmap's txsync and
 * rxsync prologues. A ring whose head and cur are impossible is not synced; one whose numbers are
 * no slots at all is silently set anew; a tail that the user wrote is put right.
 *
 * @module
 */
import { NETMAP_RING, NETMAP_SLOT, NS_MOREFRAG } from "../../../ffi/abi/netmap.ts";

export class SimRing {
  /** First slot that the card has not seen; the first that it still has. */
  hwcur = 0;
  hwtail: number;
  resets = 0;
  /** The next sync takes the user's numbers for nonsense, whatever they are. */
  isReinitDue = false;
  /** So is the first sync after so many frames, and so on. */
  reinitEvery = Infinity;
  #framesUntilReinit = Infinity;
  readonly #isTx: boolean;
  #rhead = 0;
  #rtail: number;

  /** A TX ring begins with all slots but one free, an RX ring with none filled. */
  constructor(
    readonly dv: DataView,
    readonly u8: Uint8Array,
    readonly off: number,
    readonly slotCount: number,
    readonly bufSize: number,
    readonly bufBase: number,
    firstBuffer: number,
    isTx: boolean,
  ) {
    this.#isTx = isTx;
    this.hwtail = isTx ? slotCount - 1 : 0;
    this.#rtail = this.hwtail;
    dv.setBigInt64(off + NETMAP_RING.BUF_OFS, BigInt(bufBase - off), true);
    dv.setInt32(off + NETMAP_RING.NUM_SLOTS, slotCount, true);
    dv.setInt32(off + NETMAP_RING.BUF_SIZE, bufSize, true);
    this.#write(0);
    for (let i = 0; i < slotCount; i++) dv.setUint32(this.#slotOff(i), firstBuffer + i, true);
  }

  distance(from: number, to: number): number {
    return (to - from + this.slotCount) % this.slotCount;
  }

  next(slot: number): number {
    return (slot + 1) % this.slotCount;
  }

  /** The user's head, if head and cur are possible; else -1: there is no sync. */
  prologue(): number {
    const { head, cur, tail } = this.#read();
    const [first, last] = this.#isTx ? [this.#rhead, this.#rtail] : [this.hwcur, this.hwtail];
    const room = this.distance(first, last);
    const isSlot = head < this.slotCount && cur < this.slotCount && tail < this.slotCount;
    if (!isSlot || this.isReinitDue) {
      this.#setAnew();
      return -1;
    }
    if (this.distance(first, cur) > room) return -1;
    if (this.distance(first, head) > this.distance(first, cur)) return -1;
    if (tail !== this.#rtail) this.dv.setInt32(this.off + NETMAP_RING.TAIL, this.#rtail, true);
    this.#rhead = head;
    return head;
  }

  /** Whether the user has slots that it has not looked at. */
  get hasNews(): boolean {
    const { cur } = this.#read();
    return cur !== this.#rtail;
  }

  #read(): { head: number; cur: number; tail: number } {
    const field = (off: number) => this.dv.getUint32(this.off + off, true);
    return {
      head: field(NETMAP_RING.HEAD),
      cur: field(NETMAP_RING.CUR),
      tail: field(NETMAP_RING.TAIL),
    };
  }

  #setAnew(): void {
    this.isReinitDue = false;
    this.resets++;
    this.#rhead = this.hwcur;
    this.#rtail = this.hwtail;
    this.#write(this.hwcur);
  }

  /** Shows the user the new tail. */
  finalize(): void {
    this.#rtail = this.hwtail;
    this.dv.setInt32(this.off + NETMAP_RING.TAIL, this.hwtail, true);
  }

  #countFrame(): void {
    if (this.#framesUntilReinit === Infinity) this.#framesUntilReinit = this.reinitEvery;
    if (--this.#framesUntilReinit > 0) return;
    this.#framesUntilReinit = this.reinitEvery;
    this.isReinitDue = true;
  }

  /** The frame that begins at `slot`, and how many slots it has. */
  read(slot: number, end: number): { frame: Uint8Array; slots: number } {
    const pieces: Uint8Array[] = [];
    let slots = 0;
    for (let at = slot; at !== end; at = this.next(at)) {
      slots++;
      const off = this.#bufferOff(at);
      const len = this.dv.getUint16(this.#slotOff(at) + NETMAP_SLOT.BYTES, true);
      pieces.push(this.u8.subarray(off, off + len));
      const flags = this.dv.getUint16(this.#slotOff(at) + NETMAP_SLOT.FLAGS, true);
      if ((flags & NS_MOREFRAG) === 0) break;
    }
    const frame = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
    let filled = 0;
    for (const piece of pieces) {
      frame.set(piece, filled);
      filled += piece.length;
    }
    this.#countFrame();
    return { frame, slots };
  }

  /**
   * Puts a frame at hwtail; false: it does not fit. A switch that has made the first `madeLen`
   * bytes does not move what comes after them into the next slot: it writes over the buffer's end.
   */
  put(frame: Uint8Array, madeLen = 0): boolean {
    const slots = Math.max(1, Math.ceil((frame.length - madeLen) / this.bufSize));
    if (this.slotCount - 1 - this.distance(this.hwcur, this.hwtail) < slots) return false;
    for (let i = 0; i < slots; i++) {
      const from = i === 0 ? 0 : madeLen + i * this.bufSize;
      const piece = frame.subarray(from, madeLen + (i + 1) * this.bufSize);
      this.u8.set(piece, this.#bufferOff(this.hwtail));
      const at = this.#slotOff(this.hwtail);
      this.dv.setUint16(at + NETMAP_SLOT.BYTES, piece.length, true);
      this.dv.setUint16(at + NETMAP_SLOT.FLAGS, i + 1 < slots ? NS_MOREFRAG : 0, true);
      this.hwtail = this.next(this.hwtail);
    }
    this.#countFrame();
    return true;
  }

  #write(head: number): void {
    this.dv.setInt32(this.off + NETMAP_RING.HEAD, head, true);
    this.dv.setInt32(this.off + NETMAP_RING.CUR, head, true);
    this.dv.setInt32(this.off + NETMAP_RING.TAIL, this.hwtail, true);
  }

  #slotOff(slot: number): number {
    return this.off + NETMAP_RING.LEN + slot * NETMAP_SLOT.LEN;
  }

  #bufferOff(slot: number): number {
    return this.bufBase + this.bufSize * this.dv.getUint32(this.#slotOff(slot), true);
  }
}
