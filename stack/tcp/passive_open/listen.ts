/**
 * SEGMENT ARRIVES in state LISTEN (RFC 9293 3.10.7.2): RST, ACK, SYN. Deviations: an ACK may bring
 * a SYN cookie back (RFC 4987 3.6), a SYN with a FIN is dropped (Linux, too), and the data of a SYN
 * is taken with Fast Open only; without, the peer sends it again (Linux, too).
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell, tellOfFlow } from "../tcb/tell.ts";
import { DROP_TCP_FLAGS } from "../../base/drop_reason.ts";
import type { Packet } from "../../base/packet.ts";
import { acceptsFastOpen, openFast } from "./fast_open.ts";
import type { Listener } from "../tcb/listener.ts";
import { FourTuple } from "../base/four_tuple.ts";
import { replyReset } from "../output/reset.ts";
import type { Segment } from "../base/segment.ts";
import { SynRequest } from "./syn_request.ts";
import { SynParameters } from "./syn_parameters.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** Every SYN gets a cookie (Linux tcp_syncookies = 2). */
const COOKIES_ALWAYS = 2;

/**
 * `issFloor`: where the sequence starts when a TIME-WAIT made way for this SYN, else null. Returns
 * a connection in SYN-RECEIVED that has to process the segment, or null when that is done with.
 */
export function listenInput(
  listener: Listener,
  pkt: Packet,
  seg: Segment,
  issFloor: number | null,
): Tcb | null {
  const { layer } = listener.tcb;
  // First, check for a RST: "it should be ignored"
  if (seg.isRst) {
    layer.counters.drop(DROP_TCP_FLAGS);
    return null;
  }
  // Second, check for an ACK: "any acknowledgment is bad if it arrives on a connection in LISTEN",
  // but for one that brings a SYN cookie back
  if (seg.isAck) {
    if (!seg.isSyn && layer.config.synCookies > 0 && layer.synCookies.mayReturn(seg.nowUs)) {
      return cookieReturned(listener, pkt, seg);
    }
    replyReset(layer, FourTuple.of(pkt, seg), seg);
    return null;
  }
  // Third, check for a SYN. With a FIN it is an attack or a scan (Linux drops it too)
  if (seg.isSyn && !seg.isFin) synReceived(listener, pkt, seg, issFloor);
  else layer.counters.drop(DROP_TCP_FLAGS);
  return null;
}

function synReceived(
  listener: Listener,
  pkt: Packet,
  seg: Segment,
  issFloor: number | null,
): void {
  const { layer } = listener.tcb;
  const { config } = layer;
  const counters = layer.counters.tcp;
  const isFull = listener.isSynQueueFull;
  const isCookie = config.synCookies === COOKIES_ALWAYS || (isFull && config.synCookies > 0);
  if (isFull) {
    if (!isCookie) {
      counters.reqQFullDrop++;
      counters.listenDrops++;
      tell(listener.tcb, LogEvent.TCP_SYN_DROPPED, listener.synQueue.size);
      return;
    }
    counters.reqQFullDoCookies++;
  }
  if (listener.isAcceptQueueFull) {
    counters.listenOverflows++;
    counters.listenDrops++;
    tell(listener.tcb, LogEvent.TCP_SYN_DROPPED, listener.acceptQueueLength);
    return;
  }
  const tuple = FourTuple.of(pkt, seg);
  const ifIndex = listener.tcb.options.socket.ifIndex || tuple.zone;
  const route = layer.network.route(tuple.remote, tuple.local, ifIndex);
  if (typeof route === "number") {
    counters.listenDrops++;
    return;
  }
  // What reuses a TIME-WAIT begins where that ended, and a cookie cannot promise to
  const isKept = !isCookie || issFloor !== null;
  const syn = SynParameters.ofSyn(layer, tuple, seg, issFloor, !isKept);
  const request = new SynRequest(listener, route, tuple, syn, seg.nowUs);
  if (isKept && acceptsFastOpen(request, seg)) return openFast(request, seg);
  if (isKept) {
    listener.synQueue.add(request);
    layer.demux.enter(request);
    request.arm(seg.nowUs);
  } else {
    counters.syncookiesSent++;
    tellOfFlow(layer, tuple, LogEvent.TCP_SYN_COOKIE);
  }
  tellOfFlow(layer, tuple, LogEvent.TCP_SYN_RECEIVED);
  request.sendSynAck(seg.nowUs, syn.tsVal);
}

/** The third segment of a handshake that nothing is remembered of. */
function cookieReturned(listener: Listener, pkt: Packet, seg: Segment): Tcb | null {
  const { layer } = listener.tcb;
  const counters = layer.counters.tcp;
  const tuple = FourTuple.of(pkt, seg);
  const syn = SynParameters.ofCookie(layer, tuple, seg);
  if (syn === null) {
    counters.syncookiesFailed++;
    replyReset(layer, tuple, seg);
    return null;
  }
  counters.syncookiesRecv++;
  const ifIndex = listener.tcb.options.socket.ifIndex || tuple.zone;
  const route = layer.network.route(tuple.remote, tuple.local, ifIndex);
  if (typeof route === "number") return null;
  const request = new SynRequest(listener, route, tuple, syn, seg.nowUs);
  if (listener.isAcceptQueueFull) {
    counters.listenOverflows++;
    counters.listenDrops++;
    return null;
  }
  return request.establish();
}
