/**
 * The interface of a congestion control algorithm. Loss detection and recovery (`recovery.ts`)
 * decide when something was lost; the algorithm decides how large the window is and how fast it may
 * be used. Sizes are bytes, rates bytes per second, times microseconds.
 *
 *     every ACK           onDelivery                         (algorithms that own the window)
 *       window limits     onAck         else onAppLimited    (the others, outside of fast recovery)
 *     loss, or ECE        onLoss  ->  ssthresh;  onTimeout too, if the timer found it
 *     recovery is over    onRecovered
 *     it was a mistake    onUndo
 *     flight was empty    onIdle
 *
 * @module
 */
import type { DeliveryRate } from "../base/delivery_rate.ts";

/** What an algorithm may see and change of a connection: the Tcb has these fields. */
export interface CongestionState {
  /** Sender maximum segment size. */
  readonly smss: number;
  cwnd: number;
  ssthresh: number;
  readonly sndUna: number;
  readonly sndNxt: number;
  /** Bytes that are estimated to be in the network (RFC 6675). */
  readonly pipe: number;
  /** What is sent is spread over the round trip, instead of leaving as the window opens. */
  readonly isPaced: boolean;
}

/** ssthresh before the first loss: "arbitrarily high" (RFC 5681 3.1). */
export const SSTHRESH_INFINITE = 0x3fffffff;
/** No algorithm lets cwnd grow beyond: it stays an int32 with room to add to. */
export const CWND_MAX = 0x3fffffff;

/** How the network said that it is congested: by a loss, or by a mark (RFC 3168). */
export type CongestionSignal = "loss" | "ecn";

/** An instance belongs to one connection. */
export interface CongestionControl {
  /** As TCP_CONGESTION names it. */
  readonly name: string;
  /**
   * The algorithm sets `cwnd` in `onDelivery`, in recovery too: no proportional rate reduction, no
   * `cwnd = ssthresh` at its end, no restart window after idle times (Linux: cong_control).
   */
  readonly ownsWindow: boolean;
  /** Bytes per second at which segments are to leave; 0: the algorithm has no rate (pacing.ts). */
  readonly pacingRate: number;
  /**
   * `ackedBytes` were newly delivered outside of loss recovery (or after a timeout) while the
   * window limited the sender: grow `cwnd`. `rttUs` is the round trip just measured, -1 when
   * unknown.
   */
  onAck(state: CongestionState, ackedBytes: number, rttUs: number, nowUs: number): void;
  /** Data was acknowledged while the window was not what limited the sender. */
  onAppLimited(state: CongestionState, nowUs: number): void;
  /** An acknowledgment was worked in, in whatever state of recovery. Called if `ownsWindow`. */
  onDelivery(state: CongestionState, rate: DeliveryRate, nowUs: number): void;
  /**
   * Congestion was detected: returns the new ssthresh. It is computed from `cwnd`, as in Linux, not
   * from the flight size: `cwnd` only grows while it is used.
   */
  onLoss(state: CongestionState, signal?: CongestionSignal): number;
  /** The retransmission timer expired: `cwnd` falls to one segment, ssthresh was set by onLoss. */
  onTimeout(state: CongestionState, nowUs: number): void;
  /** Everything that was outstanding at the last onLoss is acknowledged. */
  onRecovered(state: CongestionState, nowUs: number): void;
  /** The last onLoss was a mistake: puts back what it took, `cwnd` and `ssthresh` included. */
  onUndo(state: CongestionState, nowUs: number): void;
  /** Sending starts again with nothing in flight; the last segment was sent `idleUs` ago. */
  onIdle(state: CongestionState, idleUs: number): void;
}
