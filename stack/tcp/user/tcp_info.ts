/**
 * TCP_INFO: `struct tcp_info` of linux/tcp.h, as tools such as ss and iperf3 read it. Little
 * endian; every field is filled from what the connection really knows, and is 0 where it has no
 * such thing.
 *
 * @module
 */
import { SSTHRESH_INFINITE } from "../congestion/mod.ts";
import { advertisedMss } from "../path/mss.ts";
import { fullWindow } from "../receive/receive_window.ts";
import type { TcpSocket } from "./socket.ts";
import { seqDiff } from "../base/seq.ts";
import { Recovery, RetransmitTimer, State } from "../base/state.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { DUP_THRESH } from "../loss/rack.ts";

const TCP_INFO_LEN = 248;

const OPT_TIMESTAMPS = 1;
const OPT_SACK = 2;
const OPT_WINDOW_SCALE = 4;
const OPT_ECN = 8;
const OPT_ECN_SEEN = 16;
const OPT_SYN_DATA = 32;

/** TCP_CA_Disorder; the others are the numbers of Recovery, RESIZE being none of Linux's. */
const CA_DISORDER = 1;
const REORDERING_MAX = 300; // tcp_max_reordering
const SSTHRESH_UNKNOWN = 0x7fffffff; // TCP_INFINITE_SSTHRESH

/** A connection, or what listens with it. */
export type Informant = Pick<TcpSocket, "tcb" | "listening">;

export function tcpInfo(socket: Informant, nowUs: number): Uint8Array {
  const { tcb } = socket;
  const bytes = new Uint8Array(TCP_INFO_LEN);
  const dv = new DataView(bytes.buffer);
  writeState(dv, socket);
  if (tcb.state === State.LISTEN && socket.listening !== null) {
    // tcpi_unacked and tcpi_sacked hold the accept queue's length and limit
    dv.setUint32(24, socket.listening.acceptQueueLength, true);
    dv.setUint32(28, socket.listening.backlog, true);
    return bytes;
  }
  writeSizes(dv, tcb);
  writeTimes(dv, tcb, nowUs);
  writeWindows(dv, tcb);
  writeLimits(dv, tcb, nowUs);
  writeCounts(dv, tcb);
  return bytes;
}

/** Bytes 0 to 7. */
function writeState(dv: DataView, { tcb }: Informant): void {
  const isDisorder = tcb.recovery === Recovery.OPEN && tcb.sent.sackedBytes + tcb.dupAcks > 0;
  dv.setUint8(0, tcb.state);
  const caState = tcb.recovery === Recovery.RESIZE ? Recovery.LOSS : tcb.recovery;
  dv.setUint8(1, isDisorder ? CA_DISORDER : caState);
  dv.setUint8(2, tcb.retransmitTimer === RetransmitTimer.RTO ? tcb.backoff : 0);
  dv.setUint8(3, tcb.probes);
  dv.setUint8(4, tcb.backoff);
  let options = 0;
  if (tcb.hasTimestamps) options |= OPT_TIMESTAMPS;
  if (tcb.hasSack) options |= OPT_SACK;
  if (tcb.hasWindowScale) options |= OPT_WINDOW_SCALE;
  if (tcb.hasEcn) options |= OPT_ECN;
  if (tcb.isEctSeen) options |= OPT_ECN_SEEN;
  if (tcb.isSynDataAcked) options |= OPT_SYN_DATA;
  dv.setUint8(5, options);
  dv.setUint8(7, tcb.rate.isAppLimitedRate ? 1 : 0);
  dv.setUint8(6, tcb.sndWindShift | (tcb.rcvWindShift << 4));
}

/** Segment counts, by SMSS as Linux's packets. */
function segments(bytes: number, tcb: Tcb): number {
  return Math.ceil(Math.max(0, bytes) / tcb.smss);
}

/** Bytes 8 to 43, 60 to 63, 80 to 91. */
function writeSizes(dv: DataView, tcb: Tcb): void {
  const { sent } = tcb;
  dv.setUint32(8, Math.round(tcb.rtt.rtoUs), true);
  dv.setUint32(12, tcb.layer.config.delayedAckUs, true);
  dv.setUint32(16, tcb.smss, true);
  dv.setUint32(20, tcb.rcvMss, true);
  dv.setUint32(24, segments(seqDiff(tcb.sndNxt, tcb.sndUna), tcb), true);
  dv.setUint32(28, segments(sent.sackedBytes + tcb.dupAckedBytes, tcb), true);
  dv.setUint32(32, segments(sent.lostBytes, tcb), true);
  dv.setUint32(36, segments(sent.retransBytes, tcb), true);
  dv.setUint32(60, tcb.pmtu, true);
  // As Linux's, which counts in segments: what does not make a whole one is not to be sent
  dv.setUint32(80, Math.max(1, Math.floor(tcb.cwnd / tcb.smss)), true);
  dv.setUint32(84, tcb.route === null ? 0 : advertisedMss(tcb.route, tcb.options.maxSeg), true);
  dv.setUint32(88, reordering(tcb), true);
}

/** tcpi_reordering: how many segments one may be overtaken by, for all that is known. */
function reordering(tcb: Tcb): number {
  const seen = Math.ceil(tcb.rack.reorderBytes / tcb.smss);
  return Math.min(Math.max(seen, DUP_THRESH), REORDERING_MAX);
}

/** Bytes 44 to 59 (ms), 68 to 79, 92 to 103, 148. */
function writeTimes(dv: DataView, tcb: Tcb, nowUs: number): void {
  // Without any data: since the handshake
  dv.setUint32(44, sinceMs(tcb.lastDataSentUs || tcb.establishedAtUs, nowUs), true);
  dv.setUint32(52, sinceMs(tcb.lastDataReceivedUs || tcb.establishedAtUs, nowUs), true);
  dv.setUint32(56, sinceMs(tcb.lastAckReceivedUs, nowUs), true);
  dv.setUint32(64, fullWindow(tcb), true);
  dv.setUint32(68, Math.max(0, Math.round(tcb.rtt.srttUs)), true);
  dv.setUint32(72, Math.round(tcb.rtt.rttvarUs), true);
  const isUnknown = tcb.ssthresh === SSTHRESH_INFINITE;
  dv.setUint32(76, isUnknown ? SSTHRESH_UNKNOWN : segments(tcb.ssthresh, tcb), true);
  dv.setUint32(92, Math.round(tcb.rcvRttUs), true);
  dv.setUint32(96, tcb.rcvSpaceBytes, true);
  dv.setUint32(100, tcb.totalRetransmits, true);
  dv.setUint32(148, Math.max(0, Math.round(tcb.rtt.minRttUs)), true);
}

function sinceMs(atUs: number, nowUs: number): number {
  return Math.max(0, Math.floor((nowUs - atUs) / 1000));
}

function rate64(bytesPerSecond: number): bigint {
  return bytesPerSecond === Infinity ? 0xffff_ffff_ffff_ffffn : BigInt(Math.floor(bytesPerSecond));
}

/** tcpi_busy_time, tcpi_rwnd_limited, tcpi_sndbuf_limited: microseconds. */
function writeLimits(dv: DataView, { limits }: Tcb, nowUs: number): void {
  if (limits === null) return;
  dv.setBigUint64(168, BigInt(Math.floor(limits.busyUs(nowUs))), true);
  dv.setBigUint64(176, BigInt(Math.floor(limits.windowUs(nowUs))), true);
  dv.setBigUint64(184, BigInt(Math.floor(limits.bufferUs(nowUs))), true);
}

/** tcpi_pacing_rate (no limit) and tcpi_max_pacing_rate, tcpi_notsent_bytes, windows. */
function writeWindows(dv: DataView, tcb: Tcb): void {
  dv.setBigUint64(104, rate64(tcb.pacer.rate === 0 ? Infinity : tcb.pacer.rate), true);
  dv.setBigUint64(112, rate64(tcb.pacer.maxRate), true);
  dv.setBigUint64(160, rate64(tcb.rate.bytesPerSecond), true);
  dv.setUint32(144, Math.max(0, seqDiff(tcb.sndEnd, tcb.sndNxt)), true);
  dv.setUint32(228, tcb.sndWnd, true);
  dv.setUint32(232, tcb.rcvWnd, true);
}

function writeCounts(dv: DataView, tcb: Tcb): void {
  dv.setBigUint64(120, BigInt(tcb.bytesAcked), true);
  dv.setBigUint64(128, BigInt(tcb.bytesReceived), true);
  dv.setUint32(136, tcb.segsOut, true);
  dv.setUint32(140, tcb.segsIn, true);
  dv.setUint32(152, tcb.dataSegsIn, true);
  dv.setUint32(156, tcb.dataSegsOut, true);
  dv.setUint32(192, tcb.deliveredSegs, true);
  dv.setBigUint64(200, BigInt(tcb.bytesSent + tcb.bytesRetransmitted), true);
  dv.setBigUint64(208, BigInt(tcb.bytesRetransmitted), true);
  dv.setUint32(216, tcb.dsackDups, true);
  dv.setUint32(220, tcb.rack.reorderCount, true);
  dv.setUint32(224, tcb.rcvOutOfOrder, true);
}
