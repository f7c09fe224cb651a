/**
 * The stack's one memory: every frame, header, ring and datagram queue is an offset into it.
 *
 * On the wire it is an mmap'ed arena (`ffi/arena.ts`), so that a device can point an iovec at any
 * offset; in tests and the simulator it is a plain ArrayBuffer. Offsets and lengths are bytes,
 * below 2^30. Blocks are powers of two of at least 64 bytes, aligned to 64.
 *
 * @module
 */

/** Allocator over one buffer. No method throws; a full memory answers -1. */
export interface Memory {
  readonly u8: Uint8Array;
  readonly dv: DataView;
  /** Bytes that can be handed out in all. */
  readonly sizeBytes: number;
  /** Bytes in live blocks (rounded sizes). */
  readonly usedBytes: number;
  /** Returns the offset of a block of at least `lenBytes`, or -1. Contents are undefined. */
  alloc(lenBytes: number): number;
  /** Frees a block. `lenBytes` is what was asked of `alloc`. */
  free(off: number, lenBytes: number): void;
  /**
   * Frees a block once the frames queued now have left (`releaseDeferred`): a queued frame may
   * still point into it.
   */
  freeDeferred(off: number, lenBytes: number): void;
  /** Called by the stack at the end of every flush. */
  releaseDeferred(): void;
}
