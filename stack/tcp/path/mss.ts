/**
 * Segment sizes: RFC 9293 3.7.1, RFC 6691. The MSS option that we send is the MTU less the fixed
 * headers; what we send ourselves is also less the options of every segment.
 *
 * @module
 */
import { ipHeaderLen } from "../../wire/ipv6.ts";
import { State } from "../base/state.ts";
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import type { Route } from "../../base/network.ts";
import { TCP_HEADER_LEN } from "../../wire/tcp.ts";
import { optionsLen, TCP_MAX_SACK_BLOCKS, TCP_TIMESTAMPS_LEN } from "../../wire/tcp_options.ts";
import type { Tcb } from "../tcb/tcb.ts";

const MSS_MAX = 0xffff;

/**
 * The MSS option of our SYN: what the path MTU leaves, at most `maxSeg` (TCP_MAXSEG; 0: not set).
 */
export function advertisedMss(route: Route, maxSeg: number): number {
  const mss = Math.min(route.mtu - ipHeaderLen(route.dst.family) - TCP_HEADER_LEN, MSS_MAX);
  return maxSeg > 0 ? Math.min(mss, maxSeg) : mss;
}

/** SMSS as the path MTU, the peer's MSS option and TCP_MAXSEG allow it. */
export function unlimitedSmss(tcb: Tcb): number {
  const mss = Math.min(tcb.peerMss, advertisedMss(tcb.route!, tcb.options.maxSeg));
  const smss = Math.max(mss, tcb.layer.config.minSmss);
  return tcb.hasTimestamps ? smss - TCP_TIMESTAMPS_LEN : smss;
}

/** Computes SMSS anew; it may be limited further by a black hole (mtu_probing.ts). */
export function updateSmss(tcb: Tcb): void {
  tcb.pmtu = tcb.route!.mtu;
  const before = tcb.smss;
  tcb.smss = Math.min(unlimitedSmss(tcb), tcb.mtuProbing.mssLimit);
  if (tcb.smss < before) tcb.pmtuSeq = tcb.sndNxt;
  if (tcb.smss !== before && tcb.state !== State.CLOSED) tell(tcb, LogEvent.TCP_MSS, tcb.smss);
  // The path carries more again: less than a segment is no window (RFC 5681 3.1)
  if (tcb.cwnd < tcb.smss) tcb.cwnd = tcb.smss;
  if (tcb.ssthresh < tcb.smss) tcb.ssthresh = tcb.smss;
}

/** How many blocks the next SACK option has: D-SACK and gaps, as many as fit in (RFC 2018 3). */
function sackBlockCount({ hasSack, hasDsack, hasTimestamps, assembler }: Tcb): number {
  if (!hasSack || (!hasDsack && assembler.count === 0)) return 0;
  const max = hasTimestamps ? TCP_MAX_SACK_BLOCKS - 1 : TCP_MAX_SACK_BLOCKS;
  return Math.min(assembler.count + (hasDsack ? 1 : 0), max);
}

/**
 * Data of a full segment that goes out now: SMSS less the SACK option that it brings (RFC 6691 3,
 * Linux tcp_current_mss).
 */
export function currentMss(tcb: Tcb): number {
  return tcb.smss - optionsLen(false, sackBlockCount(tcb));
}

/** The most data that one frame may carry: whole segments as the device can cut, else one. */
export function maxFramePayload(tcb: Tcb): number {
  const route = tcb.route!;
  const mss = currentMss(tcb);
  if (route.gsoMaxBytes === 0) return mss;
  const headersLen = ipHeaderLen(route.dst.family) + TCP_HEADER_LEN +
    optionsLen(tcb.hasTimestamps, sackBlockCount(tcb));
  const payloadLen = route.gsoMaxBytes - headersLen;
  return payloadLen < mss ? mss : payloadLen - payloadLen % mss;
}
