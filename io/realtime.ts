/**
 * How far CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, the stack's clock: what makes a time stamp
 * (SO_TIMESTAMP) of the moment a datagram came. What passes between reading the one clock and the
 * other is in every time stamp afterwards, and in every round trip that a program tells by them:
 * the first call into C alone takes tens of microseconds.
 *
 * The distance changes when somebody sets the clock, and while the machine sleeps, which
 * CLOCK_MONOTONIC does not count.
 *
 * @module
 */
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "../ffi/abi/file.ts";

const READINGS = 5;
const FOLLOW_US = 1e6;

/** By the reading that took least of a few, to about a microsecond. */
export function realtimeOffsetUs(clockUs: (clock: number) => number): number {
  let leastUs = Infinity;
  let offsetUs = 0;
  for (let i = 0; i < READINGS; i++) {
    const beganUs = clockUs(CLOCK_MONOTONIC);
    const realtimeUs = clockUs(CLOCK_REALTIME);
    const tookUs = clockUs(CLOCK_MONOTONIC) - beganUs;
    if (tookUs >= leastUs) continue;
    leastUs = tookUs;
    offsetUs = realtimeUs - beganUs - Math.floor(tookUs / 2);
  }
  return offsetUs;
}

/** Keeps the distance true: for `EventLoop.onWake`. Looks once a second at most. */
export function realtimeFollower(
  clockUs: (clock: number) => number,
  onOffset: (offsetUs: number) => void,
): (nowUs: number) => void {
  let dueUs = -Infinity;
  return (nowUs) => {
    if (nowUs < dueUs) return;
    dueUs = nowUs + FOLLOW_US;
    onOffset(realtimeOffsetUs(clockUs));
  };
}
