/**
 * TCP Fast Open (RFC 7413), the server's part: data with the SYN is taken from a client that has
 * proved its address before by a cookie. The client's part is in output/syn.ts and
 * input/syn_sent.ts.
 *
 *     first time    SYN, cookie request -->          SYN-ACK, cookie <--
 *     later         SYN, cookie, data   -->          the program has it at once; SYN-ACK of all <--
 *
 * @module
 */
import { initializeWindow } from "../teardown/lifecycle.ts";
import { updateSmss } from "../path/mss.ts";
import type { Segment } from "../base/segment.ts";
import type { SynRequest } from "./syn_request.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { armRetransmitTimer, rearmTimer } from "../tcb/deadlines.ts";
import { emitSyn } from "../output/syn.ts";
import {
  CookieKey,
  FAST_OPEN_SERVER,
  FAST_OPEN_SERVER_NO_COOKIE,
} from "../secrets/fast_open_cookies.ts";

/**
 * A listener with TCP_FASTOPEN has got a SYN. Returns true when its data may be taken before the
 * handshake is over; else the request has the cookie that the SYN-ACK is to bring, if any.
 */
export function acceptsFastOpen(request: SynRequest, seg: Segment): boolean {
  const { layer, listener } = request;
  const { fastOpenCookieOff, fastOpenCookieLen } = seg.options;
  const { fastOpenQueue, fastOpenCookies } = listener.tcb.options;
  const fastOpenNoCookie = listener.tcb.options.fastOpenNoCookie ||
    (layer.config.fastOpen & FAST_OPEN_SERVER_NO_COOKIE) !== 0;
  const counters = layer.counters.tcp;
  if ((layer.config.fastOpen & FAST_OPEN_SERVER) === 0 || fastOpenQueue === 0) return false;
  const hasOption = fastOpenCookieOff >= 0;
  request.isFastOpenExperimental = seg.options.isFastOpenExperimental;
  if (!hasOption && (!fastOpenNoCookie || seg.payloadLen === 0)) return false;
  if (hasOption && fastOpenCookieLen === 0) counters.fastOpenCookieReqd++;
  if (listener.fastOpenPending >= fastOpenQueue) {
    counters.fastOpenListenOverflow++;
    return false;
  }
  if (fastOpenNoCookie) return true;
  const maker = fastOpenCookies ?? layer.cookieMaker;
  const key = maker.keyOf(request, layer.memory.u8, fastOpenCookieOff, fastOpenCookieLen);
  if (key === CookieKey.FIRST) return true;
  request.fastOpenCookie = maker.make(request);
  if (key === CookieKey.SECOND) {
    counters.fastOpenPassiveAltKey++;
    return true;
  }
  if (fastOpenCookieLen > 0) counters.fastOpenPassiveFail++;
  return false;
}

/** The program gets the connection, with the SYN's data, while it is in SYN-RECEIVED. */
export function openFast(request: SynRequest, seg: Segment): void {
  const { layer, listener } = request;
  const tcb = request.establish();
  tcb.fastOpenOf = listener;
  tcb.sndWnd = seg.window;
  tcb.maxSndWnd = seg.window;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = request.iss;
  updateSmss(tcb);
  initializeWindow(tcb);
  takeSynData(tcb, seg);
  layer.counters.tcp.fastOpenPassive++;
  const { fastOpenCookie, isFastOpenExperimental } = request;
  emitSyn(tcb, true, seg.nowUs, fastOpenCookie, false, isFastOpenExperimental);
  tcb.lastSentUs = seg.nowUs;
  armRetransmitTimer(tcb, seg.nowUs);
  rearmTimer(tcb);
  listener.onFastOpen(tcb);
}

function takeSynData(tcb: Tcb, seg: Segment): void {
  const offered = Math.min(seg.payloadLen, tcb.rcvWnd);
  const lenBytes = offered === 0 ? 0 : tcb.rcvRing.append(seg.payloadOff, offered);
  if (lenBytes === 0) return;
  tcb.isSynDataAcked = true;
  tcb.rcvNxt = (tcb.rcvNxt + lenBytes) | 0;
  tcb.bytesReceived += lenBytes;
  tcb.dataSegsIn++;
  tcb.lastDataReceivedUs = seg.nowUs;
}
