/**
 * The headers between the IPv6 header and the transport (RFC 8200 4): walked from the front, up to
 * a transport, "no next header", or a fragment header, behind which only the whole packet can be
 * read.
 *
 *     IPv6 | hop-by-hop | routing, destination options … | fragment | …the rest, or a transport
 *
 * What a host has to say about it is left to the caller: the ICMPv6 parameter problem that is due,
 * its code and which byte it points at. Bounded as RFC 8504 5.3 asks and Linux does.
 *
 * @module
 */
import { DROP_IPV6_HEADER } from "../base/drop_reason.ts";
import {
  IPV6_HEADER_LEN,
  IPV6_NEXT_HEADER_OFFSET,
  NEXT_DESTINATION,
  NEXT_FRAGMENT,
  NEXT_HOP_BY_HOP,
  NEXT_NONE,
  NEXT_ROUTING,
} from "./ipv6.ts";

export const FRAGMENT_HEADER_LEN = 8;
/** More fragments: the lowest bit of the offset field. */
export const IPV6_MF = 1;

/** Codes of an ICMPv6 parameter problem (RFC 4443 3.4). */
export const PROBLEM_FIELD = 0;
export const PROBLEM_NEXT_HEADER = 1;
export const PROBLEM_OPTION = 2;
/** The first fragment does not hold all headers (RFC 7112 5). */
export const PROBLEM_CHAIN = 3;
/** Nothing is said of the packet. */
export const PROBLEM_NONE = -1;

/** Headers in one packet, options in one header, bytes of padding in a row. */
const HEADERS_MAX = 8;
const OPTIONS_MAX = 8;
const PADDING_MAX = 7;

const OPTION_PAD1 = 0;
const OPTION_PADN = 1;
const OPTION_ROUTER_ALERT = 5;

/** What a walk has found; reused. */
export class ExtensionWalk {
  /** Of the header that the walk stopped at. */
  protocol = 0;
  transportOff = 0;
  /** The Next Header field that names it. */
  nextFieldOff = 0;
  /** A fragment header was met that is not the only one of its packet; its place, and fields. */
  isFragment = false;
  fragmentHeaderOff = 0;
  fragmentOff = 0;
  moreFragments = false;
  id = 0;
  /** The hop-by-hop option "router alert" is there (RFC 2711). */
  hasRouterAlert = false;
  /** With a reason: the parameter problem that is due, PROBLEM_*, and the faulty byte's place. */
  problem = PROBLEM_NONE;
  pointerOff = 0;
  /** The problem is told even to the sender of a multicast (RFC 8200 4.2, option type 10). */
  isToldOfGroup = false;
}

/**
 * Walks the headers of the IPv6 packet at `off`, which ends at `end`. Returns 0 or
 * DROP_IPV6_HEADER.
 */
export function walkExtensions(
  dv: DataView,
  off: number,
  end: number,
  out: ExtensionWalk,
): number {
  reset(dv, off, out);
  let padding = 0;
  for (let headers = 0; headers <= HEADERS_MAX; headers++) {
    const at = out.transportOff;
    switch (out.protocol) {
      case NEXT_HOP_BY_HOP:
        // Nowhere but right behind the IPv6 header (4.1); elsewhere it is no header that we know.
        if (headers > 0) return fault(out, PROBLEM_NEXT_HEADER, out.nextFieldOff);
        break;
      case NEXT_DESTINATION:
      case NEXT_ROUTING:
        break;
      case NEXT_FRAGMENT:
        if (end - at < FRAGMENT_HEADER_LEN) return fault(out, PROBLEM_NONE, 0);
        if (readFragment(dv, at, out)) return 0;
        step(dv, at, FRAGMENT_HEADER_LEN, out);
        continue;
      default:
        return 0;
    }
    if (headers === HEADERS_MAX || end - at < 8) return fault(out, PROBLEM_NONE, 0);
    const len = (dv.getUint8(at + 1) + 1) << 3;
    if (len > end - at) return fault(out, PROBLEM_NONE, 0);
    if (out.protocol === NEXT_ROUTING) {
      // With nothing left to visit a type that is not known is passed over (4.4, RFC 5095 3).
      if (dv.getUint8(at + 3) !== 0) return fault(out, PROBLEM_FIELD, at + 2);
    } else {
      padding = walkOptions(dv, at + 2, at + len, out);
      if (padding < 0) return DROP_IPV6_HEADER;
    }
    step(dv, at, len, out);
  }
  return fault(out, PROBLEM_NONE, 0);
}

/** As walkExtensions, of the hop-by-hop options at the front and nothing behind: for routers. */
export function walkHopByHop(dv: DataView, off: number, end: number, out: ExtensionWalk): number {
  reset(dv, off, out);
  const at = out.transportOff;
  if (end - at < 8) return fault(out, PROBLEM_NONE, 0);
  const len = (dv.getUint8(at + 1) + 1) << 3;
  if (len > end - at) return fault(out, PROBLEM_NONE, 0);
  return walkOptions(dv, at + 2, at + len, out) < 0 ? DROP_IPV6_HEADER : 0;
}

/**
 * As walkExtensions, whatever is wrong with the headers: which message is in a packet about which
 * something has to be said. NEXT_NONE: that cannot be seen.
 */
export function skipExtensions(dv: DataView, off: number, end: number, out: ExtensionWalk): void {
  reset(dv, off, out);
  for (let headers = 0; headers <= HEADERS_MAX && end - out.transportOff >= 8; headers++) {
    const at = out.transportOff;
    switch (out.protocol) {
      case NEXT_HOP_BY_HOP:
      case NEXT_DESTINATION:
      case NEXT_ROUTING:
        step(dv, at, (dv.getUint8(at + 1) + 1) << 3, out);
        continue;
      case NEXT_FRAGMENT:
        if ((dv.getUint16(at + 2) & ~7) !== 0) return; // nothing of it is in a later fragment
        step(dv, at, FRAGMENT_HEADER_LEN, out);
        continue;
      default:
        return;
    }
  }
  if (out.transportOff >= end) out.protocol = NEXT_NONE;
}

/** What of a transport's header a first fragment has to hold: TCP, UDP, ICMPv6; else a byte. */
const LEAST_TRANSPORT: Readonly<Record<number, number>> = { 6: 20, 17: 8, 58: 8 };

/**
 * Whether the first fragment that `walk` has stopped at, which ends at `end`, holds all headers up
 * to its transport's (RFC 7112 5, RFC 8200 4.5): else who sees it alone cannot know what it is.
 */
export function isChainWhole(dv: DataView, walk: ExtensionWalk, end: number): boolean {
  let next = dv.getUint8(walk.fragmentHeaderOff);
  let at = walk.fragmentHeaderOff + FRAGMENT_HEADER_LEN;
  for (let headers = 0; headers < HEADERS_MAX; headers++) {
    if (next !== NEXT_DESTINATION && next !== NEXT_ROUTING && next !== NEXT_HOP_BY_HOP) {
      return end - at >= (LEAST_TRANSPORT[next] ?? 1);
    }
    if (end - at < 8) return false;
    next = dv.getUint8(at);
    at += (dv.getUint8(at + 1) + 1) << 3;
    if (at > end) return false;
  }
  return true; // too many: the walk of the whole says so
}

function reset(dv: DataView, off: number, out: ExtensionWalk): void {
  out.nextFieldOff = off + IPV6_NEXT_HEADER_OFFSET;
  out.protocol = dv.getUint8(out.nextFieldOff);
  out.transportOff = off + IPV6_HEADER_LEN;
  out.isFragment = false;
  out.fragmentOff = 0;
  out.moreFragments = false;
  out.hasRouterAlert = false;
  out.problem = PROBLEM_NONE;
  out.pointerOff = 0;
  out.isToldOfGroup = false;
}

function step(dv: DataView, at: number, len: number, out: ExtensionWalk): void {
  out.nextFieldOff = at;
  out.protocol = dv.getUint8(at);
  out.transportOff = at + len;
}

function fault(out: ExtensionWalk, problem: number, pointerOff: number): number {
  out.problem = problem;
  out.pointerOff = pointerOff;
  return DROP_IPV6_HEADER;
}

/** False: it is the only fragment of its packet, and says nothing (RFC 6946). */
function readFragment(dv: DataView, at: number, out: ExtensionWalk): boolean {
  const offsetAndFlag = dv.getUint16(at + 2);
  out.fragmentHeaderOff = at;
  out.fragmentOff = offsetAndFlag & ~7;
  out.moreFragments = (offsetAndFlag & IPV6_MF) !== 0;
  out.id = dv.getInt32(at + 4);
  out.isFragment = out.fragmentOff !== 0 || out.moreFragments;
  return out.isFragment;
}

/** The options from `at` to `end`: 0, or a negative number when the packet is refused. */
function walkOptions(dv: DataView, at: number, end: number, out: ExtensionWalk): number {
  let options = 0;
  let padding = 0;
  while (at < end) {
    const type = dv.getUint8(at);
    if (type === OPTION_PAD1) {
      if (++padding > PADDING_MAX) return fault(out, PROBLEM_NONE, 0);
      at++;
      continue;
    }
    if (at + 2 > end) return fault(out, PROBLEM_NONE, 0);
    const len = 2 + dv.getUint8(at + 1);
    if (at + len > end) return fault(out, PROBLEM_NONE, 0);
    if (type === OPTION_PADN) {
      padding += len;
      if (padding > PADDING_MAX) return fault(out, PROBLEM_NONE, 0);
    } else {
      padding = 0;
      if (++options > OPTIONS_MAX) return fault(out, PROBLEM_NONE, 0);
      if (type === OPTION_ROUTER_ALERT) out.hasRouterAlert = true;
      else if (!mayIgnore(type, at, out)) return DROP_IPV6_HEADER;
    }
    at += len;
  }
  return 0;
}

/** What the two highest bits of an unknown option's type say (RFC 8200 4.2). */
function mayIgnore(type: number, at: number, out: ExtensionWalk): boolean {
  switch (type >>> 6) {
    case 0:
      return true;
    case 1:
      fault(out, PROBLEM_NONE, 0);
      return false;
    default:
      out.isToldOfGroup = type >>> 6 === 2;
      fault(out, PROBLEM_OPTION, at);
      return false;
  }
}

/** Writes a fragment header. `offsetAndFlag`: the offset in bytes, a multiple of 8, and IPV6_MF. */
export function emitFragmentHeader(
  dv: DataView,
  off: number,
  nextHeader: number,
  offsetAndFlag: number,
  id: number,
): void {
  dv.setUint8(off, nextHeader);
  dv.setUint8(off + 1, 0);
  dv.setUint16(off + 2, offsetAndFlag);
  dv.setInt32(off + 4, id);
}
