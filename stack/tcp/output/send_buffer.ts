/**
 * The send buffer: how much the program may write ahead of what is acknowledged (SO_SNDBUF) and of
 * what has been sent (TCP_NOTSENT_LOWAT), when it is told that it may write again, and the ring
 * behind it, which doubles as it fills.
 *
 * @module
 */
import { EVENT_WRITABLE } from "../../base/events.ts";
import { GROW_SHARE, isWithin, START_SHARE } from "../../base/memory_share.ts";
import { NO_LOWAT } from "../base/config.ts";
import { maxFramePayload } from "../path/mss.ts";
import { seqDiff } from "../base/seq.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** TCP_NOTSENT_LOWAT, or tcp_notsent_lowat. */
export function notsentLowat(tcb: Tcb): number {
  return tcb.options.notsentLowatBytes || tcb.layer.config.notsentLowatBytes;
}

/** Bytes that the send buffer holds at most: SO_SNDBUF, or what a pinned ring has room for. */
export function sendLimit({ sndBufBytes, sndRing }: Tcb): number {
  return sndRing.isPinned ? Math.min(sndBufBytes, sndRing.capacity) : sndBufBytes;
}

/** What travels best as one frame: whole segments, at most half of the largest window seen. */
function frameGoal(tcb: Tcb): number {
  const { smss } = tcb;
  const most = Math.min(maxFramePayload(tcb), tcb.maxSndWnd >> 1);
  return Math.max(smss, most - most % smss);
}

/**
 * Bytes that the program may write now. The low-water mark counts where a frame begins; it may be
 * filled, or a small mark would make small frames, and less than a segment might not leave at all
 * (Nagle, TCP_CORK). Linux fills the last buffer without a look at the mark, too.
 */
export function sendSpace(tcb: Tcb): number {
  const space = sendLimit(tcb) - tcb.sndRing.usedBytes;
  if (space <= 0) return 0;
  const lowat = notsentLowat(tcb);
  if (lowat === NO_LOWAT) return space;
  const frame = frameGoal(tcb);
  const room = Math.ceil(lowat / frame) * frame - seqDiff(tcb.sndEnd, tcb.sndNxt);
  return room <= 0 ? 0 : Math.min(space, room);
}

/** What is unsent is less than half of the mark (Linux tcp_stream_memory_free), or a segment. */
function isBelowLowat(tcb: Tcb): boolean {
  return 2 * seqDiff(tcb.sndEnd, tcb.sndNxt) < Math.max(notsentLowat(tcb), 2 * tcb.smss);
}

/** Something has been sent or acknowledged: a program that waits to write may go on. */
export function tellWriter(tcb: Tcb): void {
  if (!tcb.isSndBlocked || !isBelowLowat(tcb) || !isRoomToWakeFor(tcb)) return;
  tcb.isSndBlocked = false;
  tcb.layer.raise(tcb, EVENT_WRITABLE);
}

/**
 * The program is not woken for every byte, but when a quarter of the buffer is free (Linux
 * sk_stream_write_space: a third). When there is nothing left to send less must do, or a buffer
 * that is smaller than the window would never be in flight as a whole: two segments, or of a large
 * buffer a sixteenth. Each acknowledgement of a small frame would else let the program write
 * another small frame, for ever.
 */
export function isRoomToWakeFor(tcb: Tcb): boolean {
  const limit = sendLimit(tcb);
  const freeBytes = limit - tcb.sndRing.usedBytes;
  if (freeBytes >= limit >> 2) return true;
  if (seqDiff(tcb.sndEnd, tcb.sndNxt) >= tcb.smss) return false;
  return freeBytes >= Math.max(2 * tcb.smss, limit >> 4);
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
  if (ring.isPinned) return true;
  if (!ring.isAllocated) return isWithin(memory, START_SHARE, ring.capacity);
  const isLarge = ring.freeBytes >= ring.usedBytes || ring.capacity >= tcb.sndBufBytes;
  const wanted = ring.capacity * 2;
  if (!isLarge && isWithin(memory, GROW_SHARE, wanted)) ring.grow(wanted);
  return true;
}
