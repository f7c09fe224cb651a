/**
 * How much data one frame is to carry at most: what the device can cut (path/mss.ts), what pacing
 * wants (base/pacing.ts), and of frames of more than 64 KiB, which some devices take, only so much
 * that a window is still several frames. A window in one frame would be acknowledged at once, at
 * its end, and the sender would wait for that instead of being clocked (RFC 9293 3.8.6.3; Linux
 * tcp_cwnd_test halves cwnd for the like).
 *
 * @module
 */
import { currentMss, maxFramePayload } from "../path/mss.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** What a frame may carry of any window. */
const SHORT_FRAME_BYTES = 65_536;
/** Longer frames are at most this part of what may be in flight. */
const WINDOW_SHARE = 1 / 4;

/** Whole segments; one in urgent mode (urgent/send.ts). */
export function framePayload(tcb: Tcb): number {
  if (tcb.isSndUrgent) return currentMss(tcb);
  const most = maxFramePayload(tcb);
  const paced = tcb.pacer.burstBytes(tcb.smss, most, tcb.rtt.minRttUs);
  if (paced <= SHORT_FRAME_BYTES) return paced;
  const share = Math.min(tcb.cwnd, tcb.sndWnd) * WINDOW_SHARE;
  const allowed = Math.min(paced, Math.max(share, SHORT_FRAME_BYTES));
  return allowed - allowed % currentMss(tcb);
}
