/**
 * A connection as a congestion control algorithm sees it, without a network: for driving one by
 * hand.
 *
 * @module
 */
import {
  type CongestionControl,
  type CongestionState,
  SSTHRESH_INFINITE,
} from "../../../../stack/tcp/congestion/mod.ts";

export class Window implements CongestionState {
  smss = 1000;
  cwnd = 10_000;
  ssthresh = SSTHRESH_INFINITE;
  sndUna = 0;
  sndNxt = 10_000;
  pipe = 0;
  isPaced = false;

  /** In segments. */
  get segments(): number {
    return this.cwnd / this.smss;
  }

  /** `lenBytes` are acknowledged, and as much as the window takes is sent. */
  acknowledge(cc: CongestionControl, lenBytes: number, rttUs: number, nowUs: number): void {
    this.sndUna = (this.sndUna + lenBytes) | 0;
    cc.onAck(this, lenBytes, rttUs, nowUs);
    this.sndNxt = (this.sndUna + this.cwnd) | 0;
  }
}

/** Acknowledges a window each round trip, evenly, every `stepUs`. Returns the time at the end. */
export function drive(
  cc: CongestionControl,
  window: Window,
  fromUs: number,
  untilUs: number,
  rttUs: number,
  stepUs = 1_000,
): number {
  let carry = 0;
  for (let nowUs = fromUs + stepUs; nowUs <= untilUs; nowUs += stepUs) {
    carry += (window.cwnd * stepUs) / rttUs;
    const lenBytes = Math.floor(carry);
    carry -= lenBytes;
    if (lenBytes > 0) window.acknowledge(cc, lenBytes, rttUs, nowUs);
  }
  return untilUs;
}

/** A loss is detected and repaired at once. */
export function lose(
  cc: CongestionControl,
  window: Window,
  nowUs: number,
  signal: "loss" | "ecn" = "loss",
): void {
  window.ssthresh = cc.onLoss(window, signal);
  window.cwnd = window.ssthresh;
  cc.onRecovered(window, nowUs);
}
