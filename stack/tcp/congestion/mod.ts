/**
 * The congestion control algorithms that a socket can choose from (TCP_CONGESTION).
 *
 * @module
 */
import { Bbr } from "./bbr.ts";
import type { CongestionControl } from "./congestion_control.ts";
import { Cubic } from "./cubic.ts";
import { NewReno } from "./newreno.ts";

export {
  type CongestionControl,
  type CongestionSignal,
  type CongestionState,
  CWND_MAX,
  SSTHRESH_INFINITE,
} from "./congestion_control.ts";
export { Bbr } from "./bbr.ts";
export { WindowUse } from "./window_use.ts";

/** Names, the way tcp_available_congestion_control lists them. */
export const CONGESTION_NAMES: readonly string[] = ["cubic", "reno", "bbr"];

/**
 * A fresh instance, null when there is no algorithm of that name (setsockopt says ENOENT). `random`
 * gives uniform 32 bits; without it BBR begins its cycle of gains in the same phase each time.
 */
export function createCongestionControl(
  name: string,
  random: () => number = zero,
): CongestionControl | null {
  switch (name) {
    case "cubic":
      return new Cubic();
    case "reno":
      return new NewReno();
    case "bbr":
      return new Bbr(random);
    default:
      return null;
  }
}

function zero(): number {
  return 0;
}
