/**
 * The one piece of memory that the kernel sees: mapped once, alive as long as the process.
 *
 * The address of a JavaScript buffer is good only while something still refers to the buffer, and
 * the optimiser drops references early; what is mapped here never moves and is never unmapped.
 * Pages cost nothing until touched. The map is aligned to its own size, so the upper half of an
 * address is the same for every byte and writing one takes two stores and no carry.
 *
 * @module
 */
import { check } from "./errno.ts";
import { type Libc, libc } from "./libc.ts";

/** Default size: offsets stay below 2^30. */
export const ARENA_LEN = 1 << 30;

export class Arena {
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly dv: DataView<ArrayBuffer>;
  readonly #sys: Libc;
  readonly #addressLow: number;
  readonly #addressHigh: number;

  private constructor(
    readonly buffer: ArrayBuffer,
    /** First byte, as the FFI takes it. */
    readonly base: Deno.PointerObject,
    address: bigint,
    sys: Libc,
  ) {
    this.u8 = new Uint8Array(buffer);
    this.dv = new DataView(buffer);
    this.#sys = sys;
    this.#addressLow = Number(BigInt.asIntN(32, address));
    this.#addressHigh = Number(BigInt.asIntN(32, address >> 32n));
  }

  /** `sizeBytes`: a power of two, at least 2 pages and at most 2^30. Throws SysError. */
  static map(sizeBytes: number = ARENA_LEN): Arena {
    const sys = libc();
    const out = new BigUint64Array(1);
    const made = sys.mapAligned(sizeBytes, new Uint8Array(out.buffer));
    check(made, "mmap", `cannot reserve ${sizeBytes} bytes of address space`, {
      advice: "raise the limit of ulimit -v",
    });
    const base = Deno.UnsafePointer.create(out[0]) as Deno.PointerObject;
    const buffer = Deno.UnsafePointerView.getArrayBuffer(base, sizeBytes);
    return new Arena(buffer, base, out[0], sys);
  }

  /** Writes the 64-bit address of the byte at `off` to `at` (iovec tables). */
  setAddress(at: number, off: number): void {
    this.dv.setInt32(at, this.#addressLow | off, true);
    this.dv.setInt32(at + 4, this.#addressHigh, true);
  }

  /**
   * Gives the pages that lie wholly in the range back to the kernel; they read as zero afterwards.
   */
  discard(off: number, lenBytes: number): void {
    const first = (off + PAGE_LEN - 1) & -PAGE_LEN;
    const end = (off + lenBytes) & -PAGE_LEN;
    if (end > first) this.#sys.discard(this.base, first, end - first);
  }
}

export const PAGE_LEN = 4096;
