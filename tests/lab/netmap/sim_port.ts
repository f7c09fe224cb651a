/**
 * A simulated netmap port: its part of the memory, laid out as the kernel does, its rings, and the
 * syncs.
 *
 *     0 │ 1024 struct netmap_if, up to three │ rings, a page aligned each │ buffers │
 *
 * The other end of the rings is `onTransmit`, and `deliver` or `onReceive`.
 *
 * @module
 */
import { NETMAP_IF, NETMAP_RING, NETMAP_SLOT } from "../../../ffi/abi/netmap.ts";
import { PAGE_LEN } from "../../../ffi/arena.ts";
import { SimMemory, wholePages } from "./sim_memory.ts";
import { SimRing } from "./sim_ring.ts";

export const SIM_IF_OFF = 1024;
const IF_COUNT = 3;

export interface SimOptions {
  rings: number;
  slots: number;
  bufSize: number;
  /** At most so many TX slots come back in one sync (a slow card). */
  completions: number;
  /** They come back in every so-manieth sync only. */
  completeEvery: number;
  /** Each ring is set anew after so many frames. */
  reinitEvery: number;
}

export const SIM_DEFAULTS: SimOptions = {
  rings: 1,
  slots: 512,
  bufSize: 2048,
  completions: 512,
  completeEvery: 1,
  reinitEvery: Infinity,
};

/** Bytes of memory that a port takes. */
export function portLen({ rings, slots, bufSize }: SimOptions): number {
  // Buffers 0 and 1 belong to nobody, as in the kernel.
  return wholePages(PAGE_LEN + 2 * rings * ringLen(slots) + (2 + 2 * rings * slots) * bufSize);
}

function ringLen(slots: number): number {
  return wholePages(NETMAP_RING.LEN + slots * NETMAP_SLOT.LEN);
}

export class SimPort {
  readonly memory: SimMemory;
  readonly tx: SimRing[];
  readonly rx: SimRing[];
  /** Bytes of virtio-net header before each frame. */
  vnetLen = 0;
  /** A frame that the user has sent, header included. False: not now; it stays in its slots. */
  onTransmit: (frame: Uint8Array) => unknown = () => {};
  /** The next frame for the user, good until the next call; null: none. */
  onReceive: () => Uint8Array | null = () => null;
  /** There is something to read. */
  onReadable: () => void = () => {};
  dropped = 0;
  readonly #base: number;
  readonly #waiting: { frame: Uint8Array; madeLen: number }[] = [];
  readonly #completions: number;
  readonly #completeEvery: number;
  readonly #slots: number;
  #txSyncs = 0;

  /** In `memory` at `base`; without: in memory of its own. */
  constructor(options: Partial<SimOptions> = {}, memory?: SimMemory, base = 0) {
    const all = { ...SIM_DEFAULTS, ...options };
    const { rings, slots, bufSize, completions } = all;
    this.memory = memory ?? new SimMemory(portLen(all));
    this.#base = base;
    const { dv, u8 } = this.memory.arena;
    u8.fill(0, base, base + portLen(all));
    const len = ringLen(slots);
    const bufBase = base + PAGE_LEN + 2 * rings * len;
    const ring = (i: number, isTx: boolean) =>
      new SimRing(
        ...[
          dv,
          u8,
          base + PAGE_LEN + i * len,
          slots,
          bufSize,
          bufBase,
          2 + i * slots,
          isTx,
        ] as const,
      );
    this.tx = Array.from({ length: rings }, (_, i) => ring(i, true));
    this.rx = Array.from({ length: rings }, (_, i) => ring(rings + i, false));
    for (const made of [...this.tx, ...this.rx]) made.reinitEvery = all.reinitEvery;
    this.#completions = completions;
    this.#completeEvery = all.completeEvery;
    this.#slots = slots;
    this.writeInterface(0, null);
  }

  get memoryFd(): number {
    return this.memory.fd;
  }

  get memoryLen(): number {
    return this.memory.lenBytes;
  }

  /**
   * Writes the `index`-th struct netmap_if, with one ring each way or (null) with all of them.
   * Returns where it is; -1: there is no room.
   */
  writeInterface(index: number, only: number | null): number {
    if (index >= IF_COUNT) return -1;
    const { dv } = this.memory.arena;
    const at = this.#base + SIM_IF_OFF * (index + 1);
    for (const off of [NETMAP_IF.TX_RINGS, NETMAP_IF.RX_RINGS]) {
      dv.setUint32(at + off, this.tx.length, true);
    }
    for (const off of [NETMAP_IF.HOST_TX_RINGS, NETMAP_IF.HOST_RX_RINGS]) {
      dv.setUint32(at + off, 1, true);
    }
    const bound = (rings: SimRing[]) => rings.map((r, i) => only === null || i === only ? r : null);
    [...bound(this.tx), null, ...bound(this.rx), null].forEach((ring, i) => {
      const value = ring === null ? 0 : ring.off - at;
      dv.setBigInt64(at + NETMAP_IF.RING_OFS + 8 * i, BigInt(value), true);
    });
    return at;
  }

  /** Sends from ring `only`, or from all. */
  txsync(only: number | null = null): void {
    const isComplete = ++this.#txSyncs % this.#completeEvery === 0;
    for (const ring of pick(this.tx, only)) {
      const head = ring.prologue();
      if (head < 0) continue;
      while (ring.hwcur !== head) {
        const { frame, slots } = ring.read(ring.hwcur, head);
        if (this.onTransmit(frame) === false) break;
        ring.hwcur = (ring.hwcur + slots) % ring.slotCount;
      }
      if (isComplete) {
        const done = ring.distance(ring.hwtail, (ring.hwcur + ring.slotCount - 1) % ring.slotCount);
        ring.hwtail = (ring.hwtail + Math.min(done, this.#completions)) % ring.slotCount;
      }
      ring.finalize();
    }
  }

  rxsync(only: number | null = null): void {
    for (const ring of pick(this.rx, only)) {
      const head = ring.prologue();
      if (head >= 0) ring.hwcur = head;
    }
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#ringFor(next.frame).put(next.frame, next.madeLen)) break;
      this.#waiting.shift();
    }
    while (this.#waiting.length === 0) {
      const frame = this.onReceive();
      if (frame === null) break;
      if (!this.#ringFor(frame).put(frame)) {
        this.#waiting.push({ frame: frame.slice(), madeLen: 0 });
      }
    }
    for (const ring of pick(this.rx, only)) ring.finalize();
  }

  /**
   * A frame for the user, its virtio-net header included, of which a switch has made `madeLen`
   * bytes. What does not fit the queue is lost.
   */
  deliver(frame: Uint8Array, madeLen = 0): void {
    if (this.#waiting.length >= this.#slots) this.dropped++;
    else this.#waiting.push({ frame, madeLen });
    this.onReadable();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** By the last byte of the receiver's address: a test chooses; a card hashes. */
  #ringFor(frame: Uint8Array): SimRing {
    return this.rx[(frame[this.vnetLen + 5] ?? 0) % this.rx.length];
  }

  close(): void {
    this.memory.close();
  }
}

function pick(rings: SimRing[], only: number | null): SimRing[] {
  return only === null ? rings : [rings[only]];
}
