/**
 * BBR, version 1 (draft-cardwell-iccrg-bbr-congestion-control-00, in the form that Linux gives it):
 * instead of filling the queue until something is lost, it measures the path, and sends at the
 * measured rate.
 *
 *     bandwidth   maximum of the delivery rate over 10 rounds       (WindowedMax of DeliveryRate)
 *     minRtt      minimum of the round trip over 10 s
 *     pacing rate = pacing gain * bandwidth
 *     cwnd        = cwnd gain * bandwidth * minRtt + what aggregated ACKs need
 *
 *     STARTUP      gain 2.89: doubles each round, until the bandwidth grew < 25% in three rounds
 *     DRAIN        gain 1/2.89: empties the queue again, until inflight <= bandwidth * minRtt
 *     PROBE_BW     gains 5/4, 3/4, 1, 1, 1, 1, 1, 1, a round trip each, from a random phase on
 *     PROBE_RTT    when minRtt is 10 s old: cwnd of 4 segments for 200 ms and a round
 *
 * A loss does not lower the rate; in the first round of a recovery as much is sent as is delivered.
 * ECN marks say nothing to it. Of Linux's BBR, the detection of policers (long-term bandwidth) is
 * left out: it takes steady random loss for a policer, and later versions have dropped it.
 *
 * Bandwidth is bytes per microsecond here.
 *
 * @module
 */
import type { DeliveryRate } from "../base/delivery_rate.ts";
import { burstBytesAt } from "../base/pacing.ts";
import { AckAggregation } from "./ack_aggregation.ts";
import {
  type CongestionControl,
  type CongestionSignal,
  type CongestionState,
  CWND_MAX,
  SSTHRESH_INFINITE,
} from "./congestion_control.ts";
import { FullPipe } from "./full_pipe.ts";
import { WindowedMax } from "./windowed_max.ts";

export enum BbrMode {
  STARTUP,
  DRAIN,
  PROBE_BW,
  PROBE_RTT,
}

/** The smallest gain that doubles the rate each round, 2 / ln 2, and its inverse. */
const HIGH_GAIN = 2 / Math.LN2;
const DRAIN_GAIN = 1 / HIGH_GAIN;
const CWND_GAIN = 2;
const CYCLE_GAINS = new Float64Array([1.25, 0.75, 1, 1, 1, 1, 1, 1]);
/** PROBE_BW starts in any phase but the one that drains. */
const CYCLE_START_PHASES = 7;
const BANDWIDTH_ROUNDS = CYCLE_GAINS.length + 2;
const MIN_RTT_WINDOW_US = 10_000_000;
const PROBE_RTT_US = 200_000;
const MIN_CWND_SEGMENTS = 4;
const INITIAL_CWND_SEGMENTS = 10;
/** Paced at 1% less than the bandwidth: the queue empties in the long run. */
const PACING_MARGIN = 0.99;
/** Round trip assumed while none is known. */
const UNKNOWN_RTT_US = 1_000;
/** Extra window for aggregated ACKs: at most what the path delivers in this time. */
const EXTRA_ACKED_MAX_US = 100_000;
/** Frames that wait in both hosts: in our queue and our device, and in the receiver's. */
const BURSTS_IN_END_SYSTEMS = 3;

/** What the sender is recovering from. */
enum Repair {
  NONE,
  /** Fast recovery was entered: the acknowledgment at hand begins its first round. */
  ENTERED,
  FAST,
  TIMEOUT,
}

export class Bbr implements CongestionControl {
  readonly name = "bbr";
  readonly ownsWindow = true;
  pacingRate = 0;
  mode = BbrMode.STARTUP;
  /** Infinity: not known. */
  minRttUs = Infinity;
  #isStarted = false;
  readonly #random: () => number;

  // ---- Bandwidth and rounds
  readonly #bandwidth = new WindowedMax(BANDWIDTH_ROUNDS);
  #round = 0;
  #isRoundStart = false;
  /** The round ends when what was sent after so much had been delivered is acknowledged. */
  #roundEndBytes = 0;
  readonly #pipe = new FullPipe();
  readonly #aggregation = new AckAggregation();

  // ---- Gains
  #pacingGain = HIGH_GAIN;
  #cwndGain = HIGH_GAIN;
  #cyclePhase = 0;
  #cycleAtUs = 0;

  // ---- PROBE_RTT
  #minRttAtUs = 0;
  /** When it may end, 0: the flight has not shrunk yet. */
  #probeRttDoneUs = 0;
  #isProbeRttRoundDone = false;
  #isIdleRestart = false;

  // ---- Recovery
  #repair = Repair.NONE;
  /** Send what is delivered, no more (packet conservation). */
  #isConserving = false;
  #priorCwnd = 0;

  /** `random` gives uniform 32 bits. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Bytes per microsecond. */
  get bandwidth(): number {
    return this.#bandwidth.value;
  }

  /** Of the pacing rate and of cwnd. */
  get gains(): readonly [pacing: number, cwnd: number] {
    return [this.#pacingGain, this.#cwndGain];
  }

  /** STARTUP has found the bandwidth of the path. */
  get isPipeFull(): boolean {
    return this.#pipe.isFull;
  }

  onDelivery(state: CongestionState, rate: DeliveryRate, nowUs: number): void {
    if (!this.#isStarted) this.#start(state, rate, nowUs);
    if (this.#isIdleRestart && rate.isValid) this.#onRestarted(rate, nowUs);
    this.#isRoundStart = false;
    if (rate.isValid) this.#updateBandwidth(state, rate, nowUs);
    this.#updateCycle(state, rate, nowUs);
    if (this.#isRoundStart && !rate.isAppLimited) this.#pipe.onRound(this.bandwidth);
    this.#checkDrain(state, nowUs);
    this.#updateMinRtt(state, rate, nowUs);
    this.#setGains();
    this.#setPacingRate();
    this.#setCwnd(state, rate);
  }

  #start(state: CongestionState, rate: DeliveryRate, nowUs: number): void {
    this.#isStarted = true;
    this.#roundEndBytes = rate.priorTotalBytes;
    this.#minRttAtUs = nowUs;
    this.#cycleAtUs = nowUs;
    this.#aggregation.restart(nowUs);
    state.ssthresh = SSTHRESH_INFINITE;
    const rttUs = rate.rttUs > 0 ? rate.rttUs : UNKNOWN_RTT_US;
    this.pacingRate = this.#rateOf(state.cwnd / rttUs, HIGH_GAIN);
  }

  #onRestarted(rate: DeliveryRate, nowUs: number): void {
    this.#aggregation.restart(nowUs - rate.intervalUs);
    if (this.mode === BbrMode.PROBE_RTT) this.#isProbeRttRoundDone = true;
  }

  #updateBandwidth(state: CongestionState, rate: DeliveryRate, nowUs: number): void {
    if (rate.priorTotalBytes >= this.#roundEndBytes) {
      this.#roundEndBytes = rate.totalBytes;
      this.#round++;
      this.#isRoundStart = true;
      this.#isConserving = false;
      this.#aggregation.onRound();
    }
    const bandwidth = rate.deliveredBytes / rate.intervalUs;
    if (!rate.isAppLimited || bandwidth >= this.bandwidth) {
      this.#bandwidth.update(bandwidth, this.#round);
    }
    const { cwnd, smss } = state;
    if (rate.ackedBytes > 0) {
      this.#aggregation.onAck(rate.ackedBytes, this.bandwidth, cwnd, smss, nowUs);
    }
  }

  // ---- PROBE_BW

  #updateCycle(state: CongestionState, rate: DeliveryRate, nowUs: number): void {
    if (this.mode === BbrMode.PROBE_BW && this.#isPhaseOver(state, rate, nowUs)) {
      this.#nextPhase(nowUs);
    }
  }

  #isPhaseOver(state: CongestionState, rate: DeliveryRate, nowUs: number): boolean {
    const gain = this.#pacingGain;
    const isFullLength = nowUs - this.#cycleAtUs > this.minRttUs;
    if (gain === 1) return isFullLength;
    if (gain < 1) return isFullLength || rate.priorPipe <= this.#inflight(state, 1);
    // Probing goes on until it had a chance to show: the flight has grown, or does not fit.
    const inflight = rate.priorPipe + burstBytesAt(this.pacingRate, state.smss, 0);
    return isFullLength && (rate.lostBytes > 0 || inflight >= this.#inflight(state, gain));
  }

  #nextPhase(nowUs: number): void {
    this.#cyclePhase = (this.#cyclePhase + 1) % CYCLE_GAINS.length;
    this.#cycleAtUs = nowUs;
  }

  #enterProbeBw(nowUs: number): void {
    this.mode = BbrMode.PROBE_BW;
    this.#cyclePhase = CYCLE_GAINS.length - 1 - (this.#random() >>> 0) % CYCLE_START_PHASES;
    this.#nextPhase(nowUs);
  }

  // ---- STARTUP, DRAIN

  #checkDrain(state: CongestionState, nowUs: number): void {
    if (this.mode === BbrMode.STARTUP && this.#pipe.isFull) {
      this.mode = BbrMode.DRAIN;
      state.ssthresh = Math.floor(this.#inflight(state, 1));
    }
    if (this.mode === BbrMode.DRAIN && state.pipe <= this.#inflight(state, 1)) {
      this.#enterProbeBw(nowUs);
    }
  }

  // ---- PROBE_RTT

  #updateMinRtt(state: CongestionState, rate: DeliveryRate, nowUs: number): void {
    const isExpired = nowUs > this.#minRttAtUs + MIN_RTT_WINDOW_US;
    // A lone runt may have waited for the receiver's delayed ACK: it does not renew the minimum.
    const isDelayed = rate.deliveredBytes < state.smss;
    const rttUs = Math.max(1, rate.rttUs);
    // A program that leaves the path empty at times probes it all the while: the same minimum again
    // is as good as a smaller one.
    const isAgain = rttUs === this.minRttUs && rate.isAppLimited;
    const isLess = rttUs < this.minRttUs || isAgain;
    if (rate.rttUs >= 0 && (isLess || (isExpired && !isDelayed))) {
      this.minRttUs = rttUs;
      this.#minRttAtUs = nowUs;
    }
    if (isExpired && !this.#isIdleRestart && this.mode !== BbrMode.PROBE_RTT) {
      this.mode = BbrMode.PROBE_RTT;
      this.#saveCwnd(state);
      this.#probeRttDoneUs = 0;
    }
    if (this.mode === BbrMode.PROBE_RTT) this.#probeRtt(state, rate, nowUs);
    if (rate.isValid && rate.deliveredBytes > 0) this.#isIdleRestart = false;
  }

  #probeRtt(state: CongestionState, rate: DeliveryRate, nowUs: number): void {
    // What is delivered meanwhile says nothing about the bandwidth.
    rate.markAppLimited(state.pipe);
    if (this.#probeRttDoneUs === 0) {
      if (state.pipe > MIN_CWND_SEGMENTS * state.smss) return;
      this.#probeRttDoneUs = nowUs + PROBE_RTT_US;
      this.#isProbeRttRoundDone = false;
      this.#roundEndBytes = rate.totalBytes;
      return;
    }
    if (this.#isRoundStart) this.#isProbeRttRoundDone = true;
    if (!this.#isProbeRttRoundDone || nowUs <= this.#probeRttDoneUs) return;
    this.#minRttAtUs = nowUs;
    state.cwnd = Math.max(state.cwnd, this.#priorCwnd);
    if (this.#pipe.isFull) this.#enterProbeBw(nowUs);
    else this.mode = BbrMode.STARTUP;
  }

  // ---- Control parameters

  #setGains(): void {
    switch (this.mode) {
      case BbrMode.STARTUP:
        this.#pacingGain = HIGH_GAIN;
        this.#cwndGain = HIGH_GAIN;
        break;
      case BbrMode.DRAIN:
        this.#pacingGain = DRAIN_GAIN;
        this.#cwndGain = HIGH_GAIN;
        break;
      case BbrMode.PROBE_BW:
        this.#pacingGain = CYCLE_GAINS[this.#cyclePhase];
        this.#cwndGain = CWND_GAIN;
        break;
      case BbrMode.PROBE_RTT:
        this.#pacingGain = 1;
        this.#cwndGain = 1;
        break;
    }
  }

  #rateOf(bandwidth: number, gain: number): number {
    return bandwidth * gain * PACING_MARGIN * 1e6;
  }

  /** Until the pipe is full the rate does not fall: the first samples are low. */
  #setPacingRate(): void {
    const rate = this.#rateOf(this.bandwidth, this.#pacingGain);
    if (rate > 0 && (this.#pipe.isFull || rate > this.pacingRate)) this.pacingRate = rate;
  }

  /** Bytes in flight that `gain` times the bandwidth-delay product stands for. */
  #bdp(state: CongestionState, gain: number): number {
    if (this.minRttUs === Infinity) return INITIAL_CWND_SEGMENTS * state.smss;
    return Math.ceil(this.bandwidth * this.minRttUs * gain);
  }

  #withBursts(state: CongestionState, bytes: number): number {
    const withBursts = bytes + BURSTS_IN_END_SYSTEMS * burstBytesAt(this.pacingRate, state.smss, 0);
    // Probing is to show even where the product is a few segments.
    const isProbing = this.mode === BbrMode.PROBE_BW && this.#cyclePhase === 0;
    return isProbing ? withBursts + 2 * state.smss : withBursts;
  }

  #inflight(state: CongestionState, gain: number): number {
    return this.#withBursts(state, this.#bdp(state, gain));
  }

  #setCwnd(state: CongestionState, rate: DeliveryRate): void {
    const { smss } = state;
    const acked = rate.ackedBytes;
    let { cwnd } = state;
    if (acked > 0) {
      cwnd = Math.max(cwnd - rate.lostBytes, smss);
      if (this.#repair === Repair.ENTERED) {
        this.#repair = Repair.FAST;
        this.#isConserving = true;
        this.#roundEndBytes = rate.totalBytes;
        cwnd = state.pipe + acked;
      }
      if (this.#isConserving) cwnd = Math.max(cwnd, state.pipe + acked);
      else cwnd = this.#towardsTarget(state, rate, cwnd);
    }
    if (this.mode === BbrMode.PROBE_RTT) cwnd = Math.min(cwnd, MIN_CWND_SEGMENTS * smss);
    state.cwnd = Math.min(Math.max(cwnd, smss), CWND_MAX);
  }

  /** Grows by what was delivered; is cut down to the target only when the pipe has been filled. */
  #towardsTarget(state: CongestionState, rate: DeliveryRate, from: number): number {
    const { smss } = state;
    let cwnd = from;
    let target = this.#bdp(state, this.#cwndGain);
    if (this.#pipe.isFull) {
      const most = this.bandwidth * EXTRA_ACKED_MAX_US;
      target += Math.min(this.#aggregation.extraBytes, most);
    }
    target = Math.ceil(this.#withBursts(state, target));
    if (this.#pipe.isFull) cwnd = Math.min(cwnd + rate.ackedBytes, target);
    else if (cwnd < target || rate.totalBytes < INITIAL_CWND_SEGMENTS * smss) {
      cwnd += rate.ackedBytes;
    }
    return Math.max(cwnd, MIN_CWND_SEGMENTS * smss);
  }

  // ---- Events

  onAck(): void {}

  onAppLimited(): void {}

  onLoss(state: CongestionState, signal: CongestionSignal = "loss"): number {
    this.#saveCwnd(state);
    if (signal === "loss" && this.#repair === Repair.NONE) this.#repair = Repair.ENTERED;
    return state.ssthresh;
  }

  /** The path may have changed: the pipe has to be found full anew. */
  onTimeout(): void {
    this.#repair = Repair.TIMEOUT;
    this.#isConserving = false;
    this.#pipe.restart();
  }

  onRecovered(state: CongestionState): void {
    if (this.#repair === Repair.NONE) return;
    this.#repair = Repair.NONE;
    this.#isConserving = false;
    state.cwnd = Math.max(state.cwnd, this.#priorCwnd);
  }

  onUndo(state: CongestionState): void {
    this.#pipe.restart();
    this.onRecovered(state);
  }

  /** A rest renews minRtt as well as PROBE_RTT does; the first frame is paced at the bandwidth. */
  onIdle(): void {
    if (!this.#isStarted) return;
    this.#isIdleRestart = true;
    if (this.mode === BbrMode.PROBE_BW) this.pacingRate = this.#rateOf(this.bandwidth, 1);
  }

  /** What to come back to after recovery or PROBE_RTT. */
  #saveCwnd(state: CongestionState): void {
    const isWhole = this.#repair === Repair.NONE && this.mode !== BbrMode.PROBE_RTT;
    this.#priorCwnd = isWhole ? state.cwnd : Math.max(this.#priorCwnd, state.cwnd);
  }
}
