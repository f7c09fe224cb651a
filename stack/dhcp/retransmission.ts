/**
 * When a DHCPv6 message is sent again (RFC 9915 15): at times that double from IRT to MRT, each of
 * them up to a tenth longer or shorter, MRC times at most.
 *
 * @module
 */

/** The parameters of one kind of message (RFC 9915 7.6), microseconds. */
export interface RetransmissionPlan {
  readonly irtUs: number;
  /** Infinity: it doubles for ever. */
  readonly mrtUs: number;
  /** Sent at most so often; Infinity: for ever. */
  readonly mrc: number;
}

/** One second, then up to an hour unless a server says otherwise, without end. */
export const SOLICIT: RetransmissionPlan = { irtUs: 1e6, mrtUs: 3600e6, mrc: Infinity };
export const INFORM: RetransmissionPlan = SOLICIT;
/** REQ_MAX_RC is 10; who waits for a program to start should not wait for a liar so long. */
export const REQUEST: RetransmissionPlan = { irtUs: 1e6, mrtUs: 30e6, mrc: 3 };
export const RENEW: RetransmissionPlan = { irtUs: 10e6, mrtUs: 600e6, mrc: Infinity };
export const REBIND: RetransmissionPlan = RENEW;
export const DECLINE: RetransmissionPlan = { irtUs: 1e6, mrtUs: Infinity, mrc: 4 };
export const RELEASE: RetransmissionPlan = DECLINE;

const NOISE = 0.1;

export class Retransmission {
  /** Times sent so far. */
  sent = 0;
  #timeoutUs = 0;

  /** `random`: uniform int32. `isFirstLonger`: the first time is never below IRT (18.2.1). */
  constructor(
    readonly plan: RetransmissionPlan,
    readonly random: () => number,
    readonly isFirstLonger = false,
  ) {}

  get isOver(): boolean {
    return this.sent >= this.plan.mrc;
  }

  /** The message is sent: how long its answer is waited for. */
  nextUs(): number {
    const { irtUs, mrtUs } = this.plan;
    const before = this.#timeoutUs;
    const noise = ((this.random() >>> 0) / 2 ** 32 * 2 - 1) * NOISE;
    if (this.sent === 0) {
      this.#timeoutUs = irtUs * (1 + (this.isFirstLonger ? Math.abs(noise) : noise));
    } else {
      this.#timeoutUs = before * (2 + noise);
      if (this.#timeoutUs > mrtUs) this.#timeoutUs = mrtUs * (1 + noise);
    }
    this.sent++;
    return this.#timeoutUs;
  }
}
