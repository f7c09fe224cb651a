/**
 * The loopback device: what is transmitted is copied into memory and waits to be received again, as
 * it was: not cut, checksums not computed. Also how our own broadcasts and multicasts come back to
 * us.
 *
 * The stack takes the frames out during flush, a bounded number at a time.
 *
 * @module
 */
import { CSUM_VALID, RxFrames, type TxFrames } from "../base/frames.ts";
import type { Counters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import { DROP_DEVICE_FULL } from "../base/drop_reason.ts";
import { LOOPBACK_INDEX } from "../base/packet.ts";
import type { DeviceCaps, LinkDevice } from "./interface.ts";

export const LOOPBACK_MTU = 65536;

export class LoopbackLink implements LinkDevice {
  readonly mtu = LOOPBACK_MTU;
  readonly caps: DeviceCaps = { csum: true, tso: true, uso: true, gsoMaxBytes: 65535 };
  /** The frame taken last, in row 0. */
  readonly rx = new RxFrames(1);
  readonly #off: Int32Array;
  readonly #len: Int32Array;
  readonly #gsoType: Uint8Array;
  readonly #gsoSize: Int32Array;
  readonly #ifIndex: Int32Array;
  #head = 0;
  #count = 0;
  #bytes = 0;

  constructor(
    readonly memory: Memory,
    readonly counters: Counters,
    readonly maxFrames: number,
    readonly maxBytes: number,
  ) {
    this.#off = new Int32Array(maxFrames);
    this.#len = new Int32Array(maxFrames);
    this.#gsoType = new Uint8Array(maxFrames);
    this.#gsoSize = new Int32Array(maxFrames);
    this.#ifIndex = new Int32Array(maxFrames);
  }

  /** Frames waiting. */
  get count(): number {
    return this.#count;
  }

  transmit(tx: TxFrames): void {
    for (let row = 0; row < tx.count; row++) this.push(tx, row, LOOPBACK_INDEX);
  }

  /** Copies one row; it will be received as if by interface `ifIndex`. */
  push(tx: TxFrames, row: number, ifIndex: number): void {
    const len = tx.frameLen(row);
    const off = this.#count < this.maxFrames && this.#bytes + len <= this.maxBytes
      ? this.memory.alloc(len)
      : -1;
    if (off < 0) {
      this.counters.drop(DROP_DEVICE_FULL);
      return;
    }
    const u8 = this.memory.u8;
    const hdrLen = tx.hdrLen[row];
    const payEnd = off + hdrLen + tx.payLen[row];
    u8.copyWithin(off, tx.hdrOff[row], tx.hdrOff[row] + hdrLen);
    u8.copyWithin(off + hdrLen, tx.payOff[row], tx.payOff[row] + tx.payLen[row]);
    if (tx.pay2Len[row] > 0) {
      u8.copyWithin(payEnd, tx.pay2Off[row], tx.pay2Off[row] + tx.pay2Len[row]);
    }
    const i = (this.#head + this.#count) % this.maxFrames;
    this.#off[i] = off;
    this.#len[i] = len;
    this.#gsoType[i] = tx.gsoType[row];
    this.#gsoSize[i] = tx.gsoSize[row];
    this.#ifIndex[i] = ifIndex;
    this.#count++;
    this.#bytes += len;
  }

  /** Moves the oldest frame into `rx`; returns its interface index, 0 when none waits. */
  take(): number {
    if (this.#count === 0) return 0;
    const i = this.#head;
    const rx = this.rx;
    rx.count = 1;
    rx.off[0] = this.#off[i];
    rx.len[0] = this.#len[i];
    rx.csum[0] = CSUM_VALID;
    rx.gsoType[0] = this.#gsoType[i];
    rx.gsoSize[0] = this.#gsoSize[i];
    this.#head = (i + 1) % this.maxFrames;
    this.#count--;
    this.#bytes -= this.#len[i];
    return this.#ifIndex[i];
  }

  /** Frees the frame taken last. */
  release(): void {
    this.memory.free(this.rx.off[0], this.rx.len[0]);
  }
}
