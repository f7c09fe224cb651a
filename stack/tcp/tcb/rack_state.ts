/**
 * What RACK remembers of a connection's deliveries (RFC 8985 5.2, 6.2 steps 1 to 4). Names are the
 * RFC's, times microseconds. What is lost by it is loss/rack.ts's to say.
 *
 * @module
 */
import { SENT_EVER_RETRANS, type SentSegment } from "./sent_queue.ts";
import { seqGeq, seqGt, seqLt } from "../base/seq.ts";

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
  /** How far a segment was overtaken at most, bytes; how many acknowledgments told of such. */
  reorderBytes = 0;
  reorderCount = 0;
  reoWndMult = 1;
  reoWndPersist = REO_WND_PERSIST;
  /** RACK.dsack_round: no D-SACK counts until it is acknowledged. */
  dsackRound = 0;
  hasDsackRound = false;
  // ---- The acknowledgment at hand
  #nowUs = 0;
  #minRttUs = -1;
  #priorFack = 0;
  /** The first byte that it tells was overtaken. */
  #hasOvertaken = false;
  #overtakenSeq = 0;

  /** An acknowledgment is about to be worked in; nothing is SACKed: `fack` is SND.UNA. */
  begin(sndUna: number, hasSacked: boolean, minRttUs: number, nowUs: number): void {
    this.#nowUs = nowUs;
    this.#minRttUs = minRttUs;
    if (!hasSacked || seqLt(this.fack, sndUna)) this.fack = sndUna;
    this.#priorFack = this.fack;
    this.#hasOvertaken = false;
  }

  /** It is worked in (Linux tcp_check_sack_reordering). */
  end(): void {
    if (!this.#hasOvertaken) return;
    this.reorderCount++;
    this.reorderBytes = Math.max(this.reorderBytes, (this.fack - this.#overtakenSeq) | 0);
  }

  /** A record has arrived, up to `end`, that was not known to have (steps 1 to 3). */
  onDelivered(segment: SentSegment, end: number): void {
    const isRetransmitted = (segment.flags & SENT_EVER_RETRANS) !== 0;
    if (seqGt(end, this.fack)) this.fack = end;
    else if (!isRetransmitted && seqLt(end, this.#priorFack)) this.#noteOvertaken(segment.seq);
    const rttUs = this.#nowUs - segment.sentUs;
    // Sooner than any round trip: the first copy was meant
    if (isRetransmitted && rttUs < this.#minRttUs) return;
    // Within one microsecond nothing is late: what loopback drops would be sent again without end
    this.rttUs = Math.max(rttUs, 1);
    if (!isSentAfter(segment.sentUs, end, this)) return;
    this.xmitUs = segment.sentUs;
    this.endSeq = end;
  }

  #noteOvertaken(seq: number): void {
    this.isReorderingSeen = true;
    if (this.#hasOvertaken && seqGeq(seq, this.#overtakenSeq)) return;
    this.#hasOvertaken = true;
    this.#overtakenSeq = seq;
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
export function isSentAfter(sentUs: number, end: number, rack: Rack): boolean {
  if (sentUs !== rack.xmitUs) return sentUs > rack.xmitUs;
  return seqGt(end, rack.endSeq);
}
