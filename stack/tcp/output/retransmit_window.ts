/**
 * Retransmissions and the peer's window: it may have shrunk since, and a SYN's data went before it
 * was known.
 *
 * @module
 */
import { seqDiff } from "../base/seq.ts";
import { SENT_SYN, type SentSegment } from "../tcb/sent_queue.ts";
import type { Tcb } from "../tcb/tcb.ts";

/**
 * How much of a record may go again; what the window ends in becomes a record of its own. Into a
 * closed window goes one segment, the oldest: it probes (Linux __tcp_retransmit_skb). 0: none.
 */
export function fitWindow(tcb: Tcb, segment: SentSegment): number {
  const lenBytes = seqDiff(segment.end, segment.seq);
  const wndRoom = seqDiff((tcb.sndUna + tcb.sndWnd) | 0, segment.seq);
  if (lenBytes <= wndRoom || (segment.flags & SENT_SYN) !== 0) return lenBytes;
  if (wndRoom <= 0 && segment.seq !== tcb.sndUna) return 0;
  const { smss } = tcb;
  const fitBytes = wndRoom > 0 && wndRoom < smss
    ? wndRoom
    : Math.max(smss, wndRoom - wndRoom % smss);
  if (fitBytes >= lenBytes) return lenBytes;
  tcb.sent.split(segment, fitBytes);
  return fitBytes;
}
