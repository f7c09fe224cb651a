/**
 * TCP_NOTSENT_LOWAT: what a program has written and TCP has not sent lies in two places, the send
 * ring and the pair.
 *
 *     program ──► pair ──► send ring: unsent │ sent, not acknowledged ──► peer
 *                  │◄────── the mark ──────►│
 *
 * Linux shows a socket as writable while less than half of the mark is unsent, and takes bytes up
 * to the mark. So we read from the pair while less than half of the mark is unsent in the ring. The
 * program's end shows that by itself: what is left in the pair makes it unwritable as soon as it
 * takes a quarter of SO_SNDBUF, which is made so small that half of the mark would fill it.
 *
 * What differs from Linux: while half of the mark is unsent and the pair empty, it is writable, for
 * one more write. In all the mark is kept, or a segment and 4,480 bytes, which is what the smallest
 * pair takes, if that is more.
 *
 * A program that sets SO_SNDBUF bounds both places likewise: the ring by what was set, the pair by
 * a half of it.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import {
  NUSE_PAIR_SNDBUF,
  NUSE_STATE_INQ,
  NUSE_STATE_PAIR_SIZED,
} from "../../../ffi/shim/protocol.ts";
import { NO_LOWAT, type StreamSocket } from "../../../stack/mod.ts";
import { setPairBuffer } from "./pair.ts";

/** SO_SNDBUF, which the kernel doubles: its least. */
const LEAST_SNDBUF = 2304;
/** Part of the mark that the pair takes; its last message may go beyond by half. */
const PAIR_SHIFT = 3;
/** Part of an SO_SNDBUF that was set; the kernel doubles it, the rest is the send ring's. */
const FIXED_SHIFT = 2;

/** Bytes that may be taken from the pair now; 0: EVENT_WRITABLE will tell. */
export function roomForUnsent(socket: StreamSocket): number {
  const { notsentLowat, smss, unsentBytes } = socket;
  if (notsentLowat === NO_LOWAT) return Infinity;
  const room = Math.max(notsentLowat >>> 1, smss) - unsentBytes;
  if (room > 0) return room;
  socket.holdWriter();
  return 0;
}

/** SO_SNDBUF argument of the program's end. */
export function pairSendBuffer({ notsentLowat, fixedSendBuffer }: StreamSocket): number {
  const byMark = notsentLowat === NO_LOWAT ? NUSE_PAIR_SNDBUF : notsentLowat >>> PAIR_SHIFT;
  const bySize = fixedSendBuffer === 0 ? NUSE_PAIR_SNDBUF : fixedSendBuffer >>> FIXED_SHIFT;
  return Math.max(Math.min(byMark, bySize, NUSE_PAIR_SNDBUF), LEAST_SNDBUF);
}

function isSized({ notsentLowat, fixedSendBuffer }: StreamSocket): boolean {
  return notsentLowat !== NO_LOWAT || fixedSendBuffer !== 0;
}

/** Makes the program's end of a fresh pair as small as its options want it. */
export function sizeForUnsent(sys: Libc, programFd: number, socket: StreamSocket): void {
  if (isSized(socket)) setPairBuffer(sys, programFd, pairSendBuffer(socket));
}

/** NUSE_STATE_* bits of TCP's own options. */
export function streamOptionState(socket: StreamSocket): number {
  return (isSized(socket) ? NUSE_STATE_PAIR_SIZED : 0) | (socket.wantsInq ? NUSE_STATE_INQ : 0);
}
