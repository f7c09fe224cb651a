/**
 * The receive window: how much of the buffer is offered to the peer (RFC 9293 3.8.6, silly window
 * avoidance of 3.8.6.2.2, scaling of RFC 7323 section 2), and the auto-tuning of the buffer
 * (dynamic right-sizing).
 *
 * The buffer is what SO_RCVBUF means on Linux: memory, of which data takes a part only. How large a
 * part depends on the peer's segments; until one has been seen, it is half of it.
 *
 *     SO_RCVBUF 4096 ──doubled──► 8192 ──× rcvScalingRatio 128 of 256──► window 4096
 *                                                                 less what is in the ring
 *                                                                 less what was handed over unread
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { seqDiff } from "../base/seq.ts";
import { type Segment, WINDOW_FIELD_MAX } from "../base/segment.ts";
import { ringMaxBytes } from "../tcb/receive_buffer.ts";
import type { Tcb } from "../tcb/tcb.ts";

const WINDOW_SHIFT_MAX = 14;
/** What the kernel charges for each piece besides its data (SKB_TRUESIZE), in the pair too. */
const PIECE_OVERHEAD_BYTES = 768;

/** The shift for windows up to `bytes` (RFC 7323 2.3). */
export function windowShiftFor(bytes: number): number {
  let shift = 0;
  while (shift < WINDOW_SHIFT_MAX && (bytes >> shift) > WINDOW_FIELD_MAX) shift++;
  return shift;
}

/** The largest window that the receive buffer may ever grow to. */
export function maxReceiveWindow(tcb: Tcb): number {
  const { options, rcvBufBytes } = tcb;
  const max = options.isRcvBufLocked
    ? rcvBufBytes
    : Math.max(rcvBufBytes, tcb.layer.config.rcvBufMaxBytes);
  return options.windowClamp > 0 ? Math.min(max, options.windowClamp) : max;
}

/** The largest window that we would offer as things are, were nothing unread. */
export function fullWindow(tcb: Tcb): number {
  const { windowClamp } = tcb.options;
  const spaceBytes = Math.floor((tcb.rcvBufBytes * tcb.rcvScalingRatio) / 256);
  const max = Math.min(spaceBytes, ringMaxBytes(tcb.layer.memory));
  return windowClamp > 0 ? Math.min(max, windowClamp) : max;
}

/**
 * What `lenBytes` of data, received at once, take of the buffer: the larger the pieces, the better
 * the use, of 256 (Linux's scaling_ratio, tcp_measure_rcv_mss).
 */
export function scalingRatio(lenBytes: number): number {
  return Math.max(1, Math.floor((256 * lenBytes) / (lenBytes + PIECE_OVERHEAD_BYTES)));
}

/** RCV.WND that we would offer now: never less than was offered before. */
function selectWindow(tcb: Tcb): number {
  const current = tcb.rcvWnd;
  const limit = fullWindow(tcb);
  const granule = 1 << tcb.rcvWindShift;
  const unread = tcb.rcvRing.usedBytes + tcb.rcvHandedBytes;
  const free = Math.min(limit - unread, WINDOW_FIELD_MAX * granule);
  const step = Math.min(limit >> 1, tcb.rcvMss);
  // Too little more to move the right edge; rounding up keeps it where it was (RFC 7323 2.4).
  if (free - current < step) return Math.ceil(current / granule) * granule;
  return free - free % granule;
}

/**
 * Moves the advertised edge to what the next segment will say; returns RCV.WND, a multiple of
 * 2^shift.
 */
export function advertiseWindow(tcb: Tcb): number {
  // What the last segment has said, of which the peer may have used up some (or all)
  const previous = seqDiff(tcb.rcvAdv, tcb.lastAckSent);
  const window = selectWindow(tcb);
  tcb.rcvAdv = (tcb.rcvNxt + window) | 0;
  if (window === 0 && previous > 0) {
    tcb.layer.counters.tcp.toZeroWindowAdv++;
    tell(tcb, LogEvent.TCP_OWN_WINDOW_CLOSED, tcb.rcvRing.usedBytes);
  } else if (window > 0 && previous === 0) {
    tcb.layer.counters.tcp.fromZeroWindowAdv++;
    tell(tcb, LogEvent.TCP_OWN_WINDOW_OPEN, window);
  }
  return window;
}

/** The program has taken bytes: true when the peer should hear of the larger window at once. */
export function isWindowUpdateDue(tcb: Tcb): boolean {
  // A SYN's data has hardly used what was offered, and what follows will bring the larger window
  if (tcb.isSynDataAcked && tcb.dataSegsIn <= 1) return false;
  const current = tcb.rcvWnd;
  const window = selectWindow(tcb);
  if (window === current) return false;
  return window >= 2 * current &&
    window - current >= Math.min(2 * tcb.rcvMss, fullWindow(tcb) >> 1);
}

/** A data segment has arrived: the round trip as the receiver sees it. */
export function measureReceiverRtt(tcb: Tcb, seg: Segment, tsNow: number): void {
  if (tcb.hasTimestamps) {
    if (seg.options.tsEcr === 0 || seg.gsoSize < tcb.rcvMss) return;
    const ms = seqDiff(tsNow, seg.options.tsEcr);
    if (ms >= 0 && ms < 100_000) updateReceiverRtt(tcb, Math.max(1, ms) * 1000);
    return;
  }
  // The time that one window takes to arrive is at least a round trip.
  if (tcb.rcvRttAtUs > 0 && seqDiff(tcb.rcvNxt, tcb.rcvRttSeq) < 0) return;
  if (tcb.rcvRttAtUs > 0) updateReceiverRtt(tcb, Math.max(1, seg.nowUs - tcb.rcvRttAtUs));
  tcb.rcvRttSeq = (tcb.rcvNxt + tcb.rcvWnd) | 0;
  tcb.rcvRttAtUs = seg.nowUs;
}

/** The minimum rises slowly, falls at once. */
function updateReceiverRtt(tcb: Tcb, rttUs: number): void {
  if (tcb.rcvRttUs === 0 || rttUs < tcb.rcvRttUs) tcb.rcvRttUs = rttUs;
  else tcb.rcvRttUs += (rttUs - tcb.rcvRttUs) / 8;
}

/**
 * The program has taken `n` bytes. Once a round trip, the buffer becomes large enough for twice
 * what it took in the last one, and more while that grows, so that the sender's slow start is never
 * the smaller.
 */
export function autotuneReceiveBuffer(tcb: Tcb, n: number, nowUs: number): void {
  tcb.rcvCopiedBytes += n;
  if (tcb.rcvRttUs === 0 || nowUs - tcb.rcvSpaceAtUs < tcb.rcvRttUs) return;
  const copied = tcb.rcvCopiedBytes;
  if (copied > tcb.rcvSpaceBytes && !tcb.options.isRcvBufLocked) {
    const growth = Math.floor((2 * copied * (copied - tcb.rcvSpaceBytes)) / tcb.rcvSpaceBytes);
    const wanted = 2 * copied + 16 * tcb.rcvMss + growth;
    const max = tcb.layer.config.rcvBufMaxBytes;
    const wantedBytes = Math.ceil((wanted * 256) / tcb.rcvScalingRatio);
    tcb.rcvBufBytes = Math.max(tcb.rcvBufBytes, Math.min(wantedBytes, max));
  }
  if (copied > tcb.rcvSpaceBytes) tcb.rcvSpaceBytes = copied;
  tcb.rcvCopiedBytes = 0;
  tcb.rcvSpaceAtUs = nowUs;
}
