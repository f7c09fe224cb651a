/**
 * The send buffer: how much the program may write ahead of what is acknowledged, and the ring
 * behind it, which doubles as it fills.
 *
 * @module
 */
import type { Tcb } from "../tcb/tcb.ts";

/** The share of the memory up to which send rings are begun, and made larger. */
const START_SHARE = 7 / 8;
const GROW_SHARE = 3 / 4;

/** Bytes that the program may write now. */
export function sendSpace(tcb: Tcb): number {
  const space = tcb.sndBufBytes - tcb.sndRing.usedBytes;
  return space > 0 ? space : 0;
}

/**
 * The buffer holds two windows: what is in flight, and as much waiting (Linux tcp_sndbuf_expand).
 */
export function autotuneSendBuffer(tcb: Tcb): void {
  if (tcb.options.isSndBufLocked) return;
  const wanted = Math.min(2 * tcb.cwnd, tcb.layer.config.sndBufMaxBytes);
  if (wanted > tcb.sndBufBytes) tcb.sndBufBytes = wanted;
}

/**
 * Prepares the ring for the program's next bytes: makes it at least twice as large as what is in
 * it, as far as the buffer's limit asks for it. False: there is no memory for a ring at all.
 *
 * Send rings leave some of the memory to receive rings, or nobody would get anything through.
 */
export function prepareForWriting(tcb: Tcb): boolean {
  const { sndRing: ring, layer: { memory } } = tcb;
  if (!ring.isAllocated) {
    return memory.usedBytes + ring.capacity <= memory.sizeBytes * START_SHARE;
  }
  const isLarge = ring.freeBytes >= ring.usedBytes || ring.capacity >= tcb.sndBufBytes;
  const wanted = ring.capacity * 2;
  if (!isLarge && memory.usedBytes + wanted <= memory.sizeBytes * GROW_SHARE) ring.grow(wanted);
  return true;
}
