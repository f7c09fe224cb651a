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
import { SENT_EVER_RETRANS, type SentSegment } from "../tcb/sent_queue.ts";
import { seqGeq, seqGt, seqLt } from "../base/seq.ts";
import { Recovery, type Tcb } from "../tcb/tcb.ts";

const DUP_THRESH = 3;
/** Recoveries without D-SACK until the reordering window is small again (6.2 step 4). */
const REO_WND_PERSIST = 16;
/** Linux tcp_rack: an eight-bit count. */
const REO_WND_MULT_MAX = 255;

export class Rack {
  /**
   * RACK.xmit_ts and RACK.end_seq: of what was sent last among all that was delivered; -1: none.
   */
  xmitUs = -1;
  endSeq = 0;
  /** RACK.rtt: how long that took. */
  rttUs = 0;
  /** RACK.fack: the highest sequence number delivered. */
  fack = 0;
  isReorderingSeen = false;
  reoWndMult = 1;
  reoWndPersist = REO_WND_PERSIST;
  /** RACK.dsack_round: no D-SACK counts until it is acknowledged. */
  dsackRound = 0;
  hasDsackRound = false;
  // ---- The acknowledgment at hand
  #nowUs = 0;
  #minRttUs = -1;
  #priorFack = 0;

  /** An acknowledgment is about to be worked in; nothing is SACKed: `fack` is SND.UNA. */
  begin(sndUna: number, hasSacked: boolean, minRttUs: number, nowUs: number): void {
    this.#nowUs = nowUs;
    this.#minRttUs = minRttUs;
    if (!hasSacked || seqLt(this.fack, sndUna)) this.fack = sndUna;
    this.#priorFack = this.fack;
  }

  /** A record has arrived, up to `end`, that was not known to have (steps 1 to 3). */
  onDelivered(segment: SentSegment, end: number): void {
    const isRetransmitted = (segment.flags & SENT_EVER_RETRANS) !== 0;
    if (seqGt(end, this.fack)) this.fack = end;
    else if (!isRetransmitted && seqLt(end, this.#priorFack)) this.isReorderingSeen = true;
    const rttUs = this.#nowUs - segment.sentUs;
    // Sooner than any round trip: the first copy was meant
    if (isRetransmitted && rttUs < this.#minRttUs) return;
    this.rttUs = rttUs;
    if (!isSentAfter(segment.sentUs, end, this)) return;
    this.xmitUs = segment.sentUs;
    this.endSeq = end;
  }

  /** RACK_update_reo_wnd(), the part that adapts it to D-SACKs (step 4). */
  onDsack(sndUna: number, sndNxt: number): void {
    if (this.hasDsackRound && seqGeq(sndUna, this.dsackRound)) this.hasDsackRound = false;
    if (this.hasDsackRound) return;
    this.hasDsackRound = true;
    this.dsackRound = sndNxt;
    this.reoWndMult = Math.min(this.reoWndMult + 1, REO_WND_MULT_MAX);
    this.reoWndPersist = REO_WND_PERSIST;
  }

  /** A recovery is over. */
  onRecovered(): void {
    if (this.reoWndPersist > 0) this.reoWndPersist--;
    if (this.reoWndPersist === 0) this.reoWndMult = 1;
  }
}

/** RACK_sent_after(). */
function isSentAfter(sentUs: number, end: number, rack: Rack): boolean {
  if (sentUs !== rack.xmitUs) return sentUs > rack.xmitUs;
  return seqGt(end, rack.endSeq);
}

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
