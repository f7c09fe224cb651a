/**
 * What a peer's SYN and our configuration make of a connection: the terms that a SYN-RECEIVED entry
 * is opened on. Read from the SYN itself, or from the ACK that brings a SYN cookie back.
 *
 * @module
 */
import { TCP_AE } from "../../wire/tcp.ts";
import { agreesToEcn, ECN_MASK } from "../loss/ecn.ts";
import { timestampNow } from "../base/timestamp.ts";
import type { Flow } from "../base/flow.ts";
import type { Segment } from "../base/segment.ts";
import { cookieTime, takeCookieTime } from "../secrets/syn_cookies.ts";
import type { TcpContext } from "../tcb/context.ts";

export class SynTerms {
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
    ends: Flow,
    seg: Segment,
    issFloor: number | null,
    isCookie: boolean,
  ): SynTerms {
    const { config, isn } = layer;
    const { options, nowUs } = seg;
    const terms = new SynTerms(isn.timestampOffset(ends));
    terms.irs = seg.seq;
    terms.mss = options.mss === 0 ? config.defaultSmss : options.mss;
    terms.hasTimestamps = config.timestamps && options.hasTimestamps;
    // Without timestamps a cookie has no room for the options
    if (terms.hasTimestamps || !isCookie) {
      terms.windowScale = config.windowScaling ? options.windowScale : -1;
      terms.hasSack = config.sack && options.sackPermitted;
      terms.hasEcn = config.ecn !== 0 && asksForEcn(seg);
    }
    terms.tsRecent = terms.hasTimestamps ? options.tsVal : 0;
    terms.tsVal = timestampNow(terms.tsOffset, nowUs);
    if (isCookie) {
      terms.iss = layer.synCookies.iss(ends, seg.seq, terms.mss, nowUs);
      terms.tsVal = (cookieTime(terms, timestampNow(0, nowUs)) + terms.tsOffset) | 0;
    } else {
      terms.iss = issFloor ?? isn.isn(ends, nowUs);
    }
    return terms;
  }

  /** From the third segment of a handshake; null when it carries no cookie of ours. */
  static ofCookie(layer: TcpContext, ends: Flow, seg: Segment): SynTerms | null {
    const { config, isn, synCookies } = layer;
    const { options, nowUs } = seg;
    const irs = (seg.seq - 1) | 0;
    const iss = (seg.ack - 1) | 0;
    const mss = synCookies.mssOf(ends, irs, iss, nowUs);
    if (mss === 0) return null;
    const terms = new SynTerms(isn.timestampOffset(ends));
    terms.irs = irs;
    terms.iss = iss;
    terms.mss = mss;
    terms.isFromCookie = true;
    terms.hasTimestamps = config.timestamps && options.hasTimestamps;
    if (!terms.hasTimestamps) return terms;
    terms.tsRecent = options.tsVal;
    takeCookieTime(terms, (options.tsEcr - terms.tsOffset) | 0);
    if (!config.windowScaling) terms.windowScale = -1;
    terms.hasSack &&= config.sack;
    terms.hasEcn &&= config.ecn !== 0;
    return terms;
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
