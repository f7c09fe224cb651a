/**
 * The send buffer: how much the program may write ahead of what is acknowledged, and the ring behind it,
 * which doubles as it fills.
 *
 * @module
 */
import type { ByteRing } from "../storage/ring.ts";
import type { Tcb } from "./tcb.ts";

/** Bytes that the program may write now. */
export function sendSpace(tcb: Tcb): number {
  const space = tcb.sndBufBytes - tcb.sndRing.usedBytes;
  return space > 0 ? space : 0;
}

/** The buffer holds two windows: what is in flight, and as much waiting (Linux tcp_sndbuf_expand). */
export function autotuneSendBuffer(tcb: Tcb): void {
  if (tcb.options.isSndBufLocked) return;
  const wanted = Math.min(2 * tcb.cwnd, tcb.layer.config.sndBufMaxBytes);
  if (wanted > tcb.sndBufBytes) tcb.sndBufBytes = wanted;
}

/** Makes the ring at least twice as large as what is in it, as far as `limitBytes` asks for it. */
export function growForWriting(ring: ByteRing, limitBytes: number): void {
  if (ring.freeBytes < ring.usedBytes && ring.capacity < limitBytes) ring.grow(ring.capacity * 2);
}

/** Makes room for `needBytes` beyond what is in the ring. False: there is no memory for it. */
export function growForBytes(ring: ByteRing, needBytes: number): boolean {
  if (ring.freeBytes >= needBytes) return true;
  return ring.grow(Math.max(ring.capacity * 2, ring.usedBytes + needBytes));
}
