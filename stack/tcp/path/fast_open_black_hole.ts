/**
 * Paths that do not stand Fast Open: some boxes on the way let the handshake through and drop what
 * follows, or answer for the server. Signs of it are three timeouts in a row, and a FIN or RST out
 * of order where no data has come. Then every connection does without for a while
 * (base/fast_open_pause.ts).
 *
 * @module
 */
import { State } from "../base/state.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** The third timeout in a row. */
const TIMEOUTS = 3;

/** Our SYN had the option, and something on the way seems not to stand it. */
function pause(tcb: Tcb, nowUs: number): void {
  const { layer } = tcb;
  layer.counters.tcp.fastOpenBlackhole++;
  layer.fastOpenPause.begin(nowUs);
}

/** The retransmission timer expired, `tcb.backoff` times before. */
export function fastOpenTimedOut(tcb: Tcb, nowUs: number): void {
  if (!tcb.fastOpenAsked || tcb.backoff !== TIMEOUTS - 1) return;
  tcb.layer.counters.tcp.fastOpenActiveFail++;
  pause(tcb, nowUs);
}

/** A RST within the window, not at RCV.NXT: perhaps the server's, whose data was dropped. */
export function fastOpenResetOutOfOrder(tcb: Tcb, nowUs: number): void {
  const isYoung = tcb.dataSegsIn === 0 && tcb.state === State.ESTABLISHED;
  if (tcb.fastOpenAsked && isYoung) pause(tcb, nowUs);
}

/** The connection is over: has it had data, or only a FIN beyond a gap? */
export function fastOpenEnded(tcb: Tcb): void {
  if (!tcb.fastOpenAsked) return;
  if (tcb.dataSegsIn > 0) {
    if (!tcb.route!.isLoopback) tcb.layer.fastOpenPause.end();
  } else if (tcb.isFinPending) {
    pause(tcb, tcb.lastAckReceivedUs);
  }
}
