/**
 * A simulated netmap port: its memory, laid out as the kernel does, its rings, and the syncs.
 *
 *     0 │ 1024 struct netmap_if │ rings, a page aligned each │ buffers │
 *
 * The memory is a file without a name, so that another process can map it. The other end of the
 * rings is `onTransmit` and `deliver`.
 *
 * @module
 */
import { O_CLOEXEC, O_RDWR } from "../../../ffi/abi/file.ts";
import { NETMAP_IF, NETMAP_RING, NETMAP_SLOT } from "../../../ffi/abi/netmap.ts";
import { Arena } from "../../../ffi/arena.ts";
import { check } from "../../../ffi/errno.ts";
import { cString, libc } from "../../../ffi/libc.ts";
import { SimRing } from "./sim_ring.ts";

export const SIM_IF_OFF = 1024;
const PAGE = 4096;

export interface SimOptions {
  rings: number;
  slots: number;
  bufSize: number;
  /** At most so many TX slots come back in one sync (a slow card). */
  completions: number;
}

export const SIM_DEFAULTS: SimOptions = { rings: 1, slots: 512, bufSize: 2048, completions: 512 };

export class SimPort {
  readonly memoryFd: number;
  readonly memoryLen: number;
  readonly tx: SimRing[];
  readonly rx: SimRing[];
  /** Bytes of virtio-net header before each frame. */
  vnetLen = 0;
  /** A frame that the user has sent, header included. */
  onTransmit: (frame: Uint8Array) => void = () => {};
  /** There is something to read. */
  onReadable: () => void = () => {};
  dropped = 0;
  readonly #waiting: Uint8Array[] = [];
  readonly #completions: number;
  readonly #slots: number;

  constructor(options: Partial<SimOptions> = {}) {
    const { rings, slots, bufSize, completions } = { ...SIM_DEFAULTS, ...options };
    const ringLen = pages(NETMAP_RING.LEN + slots * NETMAP_SLOT.LEN);
    const bufBase = PAGE + 2 * rings * ringLen;
    // Buffers 0 and 1 belong to nobody, as in the kernel.
    this.memoryLen = pages(bufBase + (2 + 2 * rings * slots) * bufSize);
    this.memoryFd = makeMemory(this.memoryLen);
    const arena = Arena.map(2 ** Math.ceil(Math.log2(this.memoryLen)));
    const mapped = libc().mapShared(this.memoryFd, arena.base, 0, this.memoryLen);
    check(mapped, "mmap", "cannot map the simulator's memory");
    const { dv, u8 } = arena;
    const ring = (i: number, isTx: boolean) =>
      new SimRing(
        ...[dv, u8, PAGE + i * ringLen, slots, bufSize, bufBase, 2 + i * slots, isTx] as const,
      );
    this.tx = Array.from({ length: rings }, (_, i) => ring(i, true));
    this.rx = Array.from({ length: rings }, (_, i) => ring(rings + i, false));
    for (const off of [NETMAP_IF.TX_RINGS, NETMAP_IF.RX_RINGS]) {
      dv.setUint32(SIM_IF_OFF + off, rings, true);
    }
    for (const off of [NETMAP_IF.HOST_TX_RINGS, NETMAP_IF.HOST_RX_RINGS]) {
      dv.setUint32(SIM_IF_OFF + off, 1, true);
    }
    [...this.tx, null, ...this.rx, null].forEach((ring, i) => {
      const value = ring === null ? 0 : ring.off - SIM_IF_OFF;
      dv.setBigInt64(SIM_IF_OFF + NETMAP_IF.RING_OFS + 8 * i, BigInt(value), true);
    });
    this.#completions = completions;
    this.#slots = slots;
  }

  txsync(): void {
    for (const ring of this.tx) {
      const head = ring.prologue();
      if (head < 0) continue;
      while (ring.hwcur !== head) {
        const { frame, slots } = ring.read(ring.hwcur, head);
        ring.hwcur = (ring.hwcur + slots) % ring.slotCount;
        this.onTransmit(frame);
      }
      const done = ring.distance(ring.hwtail, (ring.hwcur + ring.slotCount - 1) % ring.slotCount);
      ring.hwtail = (ring.hwtail + Math.min(done, this.#completions)) % ring.slotCount;
      ring.finalize();
    }
  }

  rxsync(): void {
    for (const ring of this.rx) {
      const head = ring.prologue();
      if (head >= 0) ring.hwcur = head;
    }
    while (this.#waiting.length > 0 && this.#ringFor(this.#waiting[0]).put(this.#waiting[0])) {
      this.#waiting.shift();
    }
    for (const ring of this.rx) ring.finalize();
  }

  /** A frame for the user, its virtio-net header included. What does not fit the queue is lost. */
  deliver(frame: Uint8Array): void {
    if (this.#waiting.length >= this.#slots) this.dropped++;
    else this.#waiting.push(frame);
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
    libc().close(this.memoryFd);
  }
}

function pages(n: number): number {
  return Math.ceil(n / PAGE) * PAGE;
}

function makeMemory(lenBytes: number): number {
  const path = Deno.makeTempFileSync({ dir: "/dev/shm", prefix: "nuse-netmap-" });
  try {
    Deno.truncateSync(path, lenBytes);
    return check(libc().open(cString(path), O_RDWR | O_CLOEXEC, 0), "open", `cannot open ${path}`);
  } finally {
    Deno.removeSync(path);
  }
}
