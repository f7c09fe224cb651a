/**
 * What a peer's SYN and our configuration make of a connection: the parameters that a SYN-RECEIVED
 * entry begins with. Read from the SYN itself, or from the ACK that brings a SYN cookie back.
 *
 * @module
 */
import { ECN_MASK } from "../../wire/ipv4.ts";
import { TCP_AE } from "../../wire/tcp.ts";
import { agreesToEcn } from "../loss/ecn.ts";
import { timestampNow } from "../base/timestamp.ts";
import type { Flow } from "../base/flow.ts";
import type { Segment } from "../base/segment.ts";
import { cookieTime, takeCookieTime } from "../secrets/syn_cookies.ts";
import type { TcpContext } from "../tcb/context.ts";

export class SynParameters {
  iss = 0;
  irs = 0;
  mss = 0;
  /** -1: none. */
  windowScale = -1;
  hasSack = false;
  hasEcn = false;
  hasTimestamps = false;
  tsRecent = 0;
  /** What the SYN-ACK says our time is. */
  tsVal = 0;
  /** They came back with a cookie: when our SYN left is not known. */
  isFromCookie = false;

  constructor(readonly tsOffset: number) {}

  /** `issFloor`: from a TIME-WAIT that is being reused, else null. `isCookie`: keep no state. */
  static ofSyn(
    layer: TcpContext,
    tuple: Flow,
    seg: Segment,
    issFloor: number | null,
    isCookie: boolean,
  ): SynParameters {
    const { config, isn } = layer;
    const { options, nowUs } = seg;
    const syn = new SynParameters(isn.timestampOffset(tuple));
    syn.irs = seg.seq;
    syn.mss = options.mss === 0 ? config.defaultSmss : options.mss;
    syn.hasTimestamps = config.timestamps && options.hasTimestamps;
    // Without timestamps a cookie has no room for the options
    if (syn.hasTimestamps || !isCookie) {
      syn.windowScale = config.windowScaling ? options.windowScale : -1;
      syn.hasSack = config.sack && options.sackPermitted;
      syn.hasEcn = config.ecn !== 0 && asksForEcn(seg);
    }
    syn.tsRecent = syn.hasTimestamps ? options.tsVal : 0;
    syn.tsVal = timestampNow(syn.tsOffset, nowUs);
    if (isCookie) {
      syn.iss = layer.synCookies.iss(tuple, seg.seq, syn.mss, nowUs);
      syn.tsVal = (cookieTime(syn, timestampNow(0, nowUs)) + syn.tsOffset) | 0;
    } else {
      syn.iss = issFloor ?? isn.isn(tuple, nowUs);
    }
    return syn;
  }

  /** From the third segment of a handshake; null when it carries no cookie of ours. */
  static ofCookie(layer: TcpContext, tuple: Flow, seg: Segment): SynParameters | null {
    const { config, isn, synCookies } = layer;
    const { options, nowUs } = seg;
    const irs = (seg.seq - 1) | 0;
    const iss = (seg.ack - 1) | 0;
    const mss = synCookies.mssOf(tuple, irs, iss, nowUs);
    if (mss === 0) return null;
    const syn = new SynParameters(isn.timestampOffset(tuple));
    syn.irs = irs;
    syn.iss = iss;
    syn.mss = mss;
    syn.isFromCookie = true;
    syn.hasTimestamps = config.timestamps && options.hasTimestamps;
    if (!syn.hasTimestamps) return syn;
    syn.tsRecent = options.tsVal;
    takeCookieTime(syn, (options.tsEcr - syn.tsOffset) | 0);
    if (!config.windowScaling) syn.windowScale = -1;
    syn.hasSack &&= config.sack;
    syn.hasEcn &&= config.ecn !== 0;
    return syn;
  }
}

/**
 * An ECN-setup SYN (RFC 3168 6.1.1). Its IP header must not be marked: then somebody on the path
 * sets marks of his own, unless the peer wants the accurate form, whose SYNs may be (RFC 9768).
 */
function asksForEcn(seg: Segment): boolean {
  if (!agreesToEcn(seg)) return false;
  return (seg.tos & ECN_MASK) === 0 || (seg.flags & TCP_AE) !== 0;
}
