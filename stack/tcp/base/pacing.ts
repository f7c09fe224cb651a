/**
 * Pacing: when the next frame may leave, and how much it may carry, so that a window is spread over
 * its round trip instead of being sent in one burst. A bucket that fills at the pacing rate, in the
 * form of a due time:
 *
 *      sent: 64 KiB      due = when the link at this rate would be done with them
 *        |----------------|
 *       now          nextSendUs      nothing leaves before; the connection's timer waits for it
 *
 * A timer that fires late does not lower the rate: up to SLACK_US of delay are made good at once.
 *
 * CUBIC and Reno, which have no rate of their own, are paced at somewhat more than cwnd a round
 * trip (as by Linux's fq queue), but only what exceeds an initial window (RFC 9002 7.7): so flows
 * that start together mix, and see the same queue, instead of one standing behind the other's
 * flight. On short paths, where a round trip is over before a timer is, they are not paced at all,
 * but their frames are cut as if they were (Linux tcp_tso_autosize): long ones would fill the queue
 * of a slow path at a stroke. Rates are bytes per second.
 *
 * @module
 */

/** How late a frame may leave without the next one being put off, too. */
const SLACK_US = 1_000;
/** Paths that are shorter are not paced by cwnd, and how many segments leave unpaced on others. */
const SHORT_RTT_US = 2_000;
const UNPACED_SEGMENTS = 10;
/** A frame carries what leaves in about a millisecond (Linux sk_pacing_shift = 10), */
const BURST_SHARE = 1 / 1024;
const BURST_MAX_BYTES = 65_536;
/** on short paths more: half for every 512 us of round trip (Linux tcp_tso_rtt_log = 9), */
const BURST_RTT_US = 512;
/** but two segments, and one where even that would take 20 ms (1.2 Mbit/s, as BBR in Linux). */
const BURST_MIN_SEGMENTS = 2;
const SLOW_RATE = 150_000;
/**
 * Without an algorithm's rate: cwnd each round trip, times these (tcp_pacing_ss_ratio, _ca_ratio).
 */
const SLOW_START_RATIO = 2;
const AVOIDANCE_RATIO = 1.2;

export class Pacer {
  /** 0: not paced. */
  rate = 0;
  /** SO_MAX_PACING_RATE; Infinity: not set. */
  maxRate = Infinity;
  /** When the next frame may leave. */
  nextSendUs = 0;
  /** What may leave at once after a rest, beyond SLACK_US. */
  #creditBytes = 0;
  /** The rate by which frames are cut, paced or not; 0: unknown. */
  #frameRate = 0;

  /**
   * Sets the rate: the algorithm's own, `pacingRate`, or if it has none, what `cwnd` makes of the
   * round trip `srttUs` (<= 0: unknown), if that is not short, or there is a limit. To be called
   * when any of these has changed.
   */
  update(
    pacingRate: number,
    cwnd: number,
    ssthresh: number,
    srttUs: number,
    minRttUs = 0,
    smss = 0,
  ): void {
    let rate = pacingRate > 0 ? pacingRate : Infinity;
    if (pacingRate <= 0 && srttUs > 0) {
      const ratio = cwnd < ssthresh / 2 ? SLOW_START_RATIO : AVOIDANCE_RATIO;
      rate = (ratio * cwnd * 1e6) / srttUs;
    }
    rate = Math.min(rate, this.maxRate);
    this.#frameRate = rate === Infinity ? 0 : rate;
    const isStrict = pacingRate > 0 || this.maxRate !== Infinity;
    this.rate = isStrict || minRttUs >= SHORT_RTT_US ? this.#frameRate : 0;
    this.#creditBytes = isStrict ? 0 : UNPACED_SEGMENTS * smss;
  }

  /** A frame may leave now. */
  isDue(nowUs: number): boolean {
    return this.rate === 0 || nowUs >= this.nextSendUs;
  }

  /** `lenBytes` have left. */
  onSent(lenBytes: number, nowUs: number): void {
    if (this.rate === 0) return;
    const creditUs = Math.max(SLACK_US, (this.#creditBytes * 1e6) / this.rate);
    this.nextSendUs = Math.max(this.nextSendUs, nowUs - creditUs) + (lenBytes * 1e6) / this.rate;
  }

  /**
   * The most that one frame is to carry: whole segments, of `frameMax` at most. More than
   * BURST_MAX_BYTES only where so much leaves in a millisecond.
   */
  burstBytes(smss: number, frameMax: number, minRttUs: number): number {
    const rate = this.#frameRate;
    if (rate === 0) return frameMax;
    const extra = minRttUs < 0 ? 0 : BURST_MAX_BYTES / 2 ** (minRttUs / BURST_RTT_US);
    const most = Math.max(BURST_MAX_BYTES, rate * BURST_SHARE);
    return Math.min(burstBytesAt(rate, smss, extra, most), frameMax);
  }
}

/**
 * What a frame carries at a rate: whole segments, `extraBytes` more than what leaves in a
 * millisecond, `mostBytes` at most.
 */
export function burstBytesAt(
  rate: number,
  smss: number,
  extraBytes: number,
  mostBytes = BURST_MAX_BYTES,
): number {
  const bytes = Math.min(rate * BURST_SHARE + extraBytes, mostBytes);
  const least = rate < SLOW_RATE ? 1 : BURST_MIN_SEGMENTS;
  return Math.max(Math.floor(bytes / smss), least) * smss;
}
