/**
 * The congestion control algorithms that a socket can choose from (TCP_CONGESTION).
 *
 * @module
 */
import { ENOENT } from "../../wire/errno.ts";
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

/** Names, the way tcp_available_congestion_control lists them. */
export const CONGESTION_NAMES: readonly string[] = ["cubic", "reno", "bbr"];

/** 0, or what setsockopt(TCP_CONGESTION) says to a name that there is not: -ENOENT. */
export function checkCongestionName(name: string): number {
  return CONGESTION_NAMES.includes(name) ? 0 : -ENOENT;
}

/** A fresh instance, null when there is no algorithm of that name. `random` gives uniform 32 bits. */
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
