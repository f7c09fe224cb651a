/**
 * Delivery rate: how fast the network has been delivering data, as
 * draft-cheng-iccrg-delivery-rate-estimation measures it. Every transmission is stamped with what
 * had been delivered by then; when it is acknowledged, the difference is one sample over one round
 * trip:
 *
 *      sent            the stamp: C.delivered = 40, C.delivered_time, C.first_sent_time
 *        |  - - - - - - - round trip - - - - - - - >  acknowledged: C.delivered = 100
 *
 *      rate = (100 - 40) / max(time in which these were sent, time in which they were acknowledged)
 *
 * The longer of the two times is taken, since acknowledgments that were held up and come at once
 * look faster than the path is. Samples from when the program had too little to send are marked as
 * such.
 *
 * One object a connection: the books over its whole life, and the sample of the acknowledgment at
 * hand. Bytes, microseconds, bytes per second. Order of the calls for an acknowledgment: `begin`,
 * `onDelivered` for each record that it newly acknowledges, cumulatively or selectively, `finish`.
 *
 * @module
 */

/**
 * The columns that a record of the retransmission queue carries: written by `onSent`, copied by a
 * split.
 */
export interface TxStamp {
  /** Time of the last transmission. */
  sentUs: number;
  /** P.delivered, P.delivered_time, P.first_sent_time, P.is_app_limited of the draft. */
  txDeliveredBytes: number;
  txDeliveredUs: number;
  txFirstSentUs: number;
  isTxAppLimited: boolean;
}

export class DeliveryRate {
  // ---- The connection
  /** C.delivered: bytes that have arrived, each counted once. */
  totalBytes = 0;
  /** C.delivered_time: when it last grew, or sending started from an empty flight. */
  deliveredUs = 0;
  /** C.first_sent_time: when the youngest record that was acknowledged was sent. */
  firstSentUs = 0;
  /**
   * C.app_limited: until so much is delivered, samples tell what the program offered; 0: not now.
   */
  appLimitedUntilBytes = 0;
  /** For TCP_INFO: the last sample that the program did not limit, or a higher one that it did. */
  bytesPerSecond = 0;
  isAppLimitedRate = false;

  // ---- The acknowledgment at hand
  /** `deliveredBytes` / `intervalUs` is a rate. */
  isValid = false;
  deliveredBytes = 0;
  intervalUs = 0;
  /** `totalBytes` when the youngest record that it acknowledges was sent. */
  priorTotalBytes = 0;
  isAppLimited = false;
  /** Newly delivered, and newly deemed lost. */
  ackedBytes = 0;
  lostBytes = 0;
  /** -1: none. */
  rttUs = -1;
  /** Bytes in flight before it. */
  priorPipe = 0;
  #hasRecord = false;
  #sentUs = 0;
  #txFirstSentUs = 0;
  #txDeliveredUs = 0;

  /**
   * A record was sent, for the first time or again. `isFlightEmpty`: nothing else was outstanding.
   */
  onSent(record: TxStamp, isFlightEmpty: boolean, nowUs: number): void {
    if (isFlightEmpty) {
      this.firstSentUs = nowUs;
      this.deliveredUs = nowUs;
    }
    record.txDeliveredBytes = this.totalBytes;
    record.txDeliveredUs = this.deliveredUs;
    record.txFirstSentUs = this.firstSentUs;
    record.isTxAppLimited = this.appLimitedUntilBytes > 0;
  }

  /**
   * The program has nothing more to send, and `pipe` bytes are in flight: what follows is a bubble.
   */
  markAppLimited(pipe: number): void {
    this.appLimitedUntilBytes = Math.max(1, this.totalBytes + pipe);
  }

  /** An acknowledgment is about to be worked in. */
  begin(priorPipe: number): void {
    this.isValid = false;
    this.ackedBytes = 0;
    this.lostBytes = 0;
    this.rttUs = -1;
    this.priorPipe = priorPipe;
    this.#hasRecord = false;
  }

  /** `lenBytes` of a record have arrived that were not known to have. */
  onDelivered(record: TxStamp, lenBytes: number): void {
    this.ackedBytes += lenBytes;
    // The youngest transmission tells of the present.
    if (this.#hasRecord && record.sentUs < this.#sentUs) return;
    this.#hasRecord = true;
    this.#sentUs = record.sentUs;
    this.#txFirstSentUs = record.txFirstSentUs;
    this.#txDeliveredUs = record.txDeliveredUs;
    this.priorTotalBytes = record.txDeliveredBytes;
    this.isAppLimited = record.isTxAppLimited;
  }

  /**
   * The acknowledgment is worked in: computes the sample. `minRttUs` is the smallest round trip
   * known (-1: none): a sample over less is no rate, but an acknowledgment of something sent
   * earlier.
   */
  finish(rttUs: number, minRttUs: number, lostBytes: number, nowUs: number): void {
    this.rttUs = rttUs;
    this.lostBytes = lostBytes;
    if (this.ackedBytes > 0) {
      this.totalBytes += this.ackedBytes;
      this.deliveredUs = nowUs;
    }
    if (this.appLimitedUntilBytes > 0 && this.totalBytes > this.appLimitedUntilBytes) {
      this.appLimitedUntilBytes = 0;
    }
    if (!this.#hasRecord) return;
    this.firstSentUs = this.#sentUs;
    const sendElapsedUs = this.#sentUs - this.#txFirstSentUs;
    const ackElapsedUs = nowUs - this.#txDeliveredUs;
    this.intervalUs = Math.max(1, sendElapsedUs, ackElapsedUs);
    this.deliveredBytes = this.totalBytes - this.priorTotalBytes;
    this.isValid = this.intervalUs >= minRttUs;
    if (this.isValid) this.#note();
  }

  #note(): void {
    const rate = (this.deliveredBytes * 1e6) / this.intervalUs;
    if (this.isAppLimited && rate < this.bytesPerSecond) return;
    this.bytesPerSecond = rate;
    this.isAppLimitedRate = this.isAppLimited;
  }
}
