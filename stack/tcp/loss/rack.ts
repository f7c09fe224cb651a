/**
 * RACK (RFC 8985): a segment is lost when one that was sent sufficiently later has been delivered.
 *
 *     sent   1  2  3  4  5  6  1'               (1' is 1 again)
 *               x                               6 is SACKed: RACK.xmit_ts is its sending time
 *            |  |
 *            |  `- lost, if more than RACK.rtt + RACK.reo_wnd has passed since it was sent
 *            `---- its last transmission is later than 6: it may still come
 *
 * `reo_wnd` is the time granted to segments that were overtaken: none in recovery or once three
 * segments are SACKed as long as the path has never reordered (the rule of three duplicate
 * acknowledgments, as in Linux), else a quarter of the smallest round trip, and more when D-SACKs
 * show that it was too little. What is not late yet is left to a timer.
 *
 * Names are the RFC's. Times are microseconds.
 *
 * @module
 */
import type { AckSample } from "../tcb/ack_sample.ts";
import { SENT_EVER_RETRANS } from "../tcb/sent_queue.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { Recovery } from "../base/state.ts";
import { isSentAfter } from "../tcb/rack_state.ts";

/** RFC 5681 3.2, RFC 6675 section 2. */
export const DUP_THRESH = 3;

function reorderWindowUs(tcb: Tcb): number {
  const { rack, rtt } = tcb;
  if (!rack.isReorderingSeen) {
    if (tcb.recovery !== Recovery.OPEN || hasDupThresh(tcb)) return 0;
  }
  return Math.max(0, Math.min((rack.reoWndMult * rtt.minRttUs) / 4, rtt.srttUs));
}

/** As many segments are SACKed as duplicate acknowledgments would prove a loss. */
function hasDupThresh(tcb: Tcb): boolean {
  const { sent } = tcb;
  return sent.sackedCount >= DUP_THRESH || sent.sackedBytes > (DUP_THRESH - 1) * tcb.smss;
}

/**
 * RACK_detect_loss() (step 5): marks what is late, and arms the timer for what may become so. True
 * when retransmissions were among it.
 */
export function detectLate(tcb: Tcb, nowUs: number): boolean {
  const { rack, sent } = tcb;
  tcb.reorderAtUs = Infinity;
  if (rack.xmitUs < 0) return false;
  const graceUs = rack.rttUs + reorderWindowUs(tcb);
  let isRetransLost = false;
  let segment = sent.order.head;
  while (segment !== null && !isSentAfter(segment.sentUs, segment.end, rack)) {
    const dueUs = segment.sentUs + graceUs;
    if (dueUs > nowUs) {
      tcb.reorderAtUs = dueUs;
      break;
    }
    const next = segment.txNext;
    if ((segment.flags & SENT_EVER_RETRANS) !== 0) {
      tcb.layer.counters.tcp.lostRetransmit++;
      isRetransLost = true;
    }
    sent.markLost(segment);
    segment = next;
  }
  return isRetransLost;
}

/** A timeout (6.3): what was sent within a round trip may still arrive; the rest is lost. */
export function markTimedOut(tcb: Tcb, nowUs: number): void {
  const { rack, sent } = tcb;
  const rttUs = rack.xmitUs < 0 ? Math.max(0, tcb.rtt.srttUs) : rack.rttUs;
  const { head } = sent;
  if (head !== null) sent.markLost(head);
  let segment = sent.order.head;
  while (segment !== null && segment.sentUs + rttUs <= nowUs) {
    const next = segment.txNext;
    sent.markLost(segment);
    segment = next;
  }
}

/** Duplicates that the peer reports: more than were sent again are the network's doing. */
export function isDsackOurs(tcb: Tcb, sample: AckSample): boolean {
  return sample.hasDsack && tcb.dsackDups <= tcb.totalRetransmits;
}
