/**
 * setsockopt and getsockopt at level IPPROTO_TCP: names, bounds and errors as in Linux.
 *
 * @module
 */
import { EINVAL, ENOENT, ENOPROTOOPT, EOPNOTSUPP, EPERM } from "../../base/errno.ts";
import { Bbr, createCongestionControl } from "../congestion/mod.ts";
import { CookieMaker, FAST_OPEN_CLIENT, FAST_OPEN_KEY_LEN } from "../secrets/fast_open_cookies.ts";
import type { TcpSocket } from "./socket.ts";
import { State } from "../base/state.ts";
import { tcpInfo } from "./tcp_info.ts";
import { armKeepAlive, rearmTimer } from "../tcb/deadlines.ts";
import { hasUnsent, tcpOutput } from "../output/output.ts";
import { tellWriter } from "../output/send_buffer.ts";
import { seqGt } from "../base/seq.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { DELACK_MAX_US, SECOND_US } from "../base/config.ts";
import { timestampNow } from "../base/timestamp.ts";

export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_CORK = 3;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_SYNCNT = 7;
export const TCP_LINGER2 = 8;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_WINDOW_CLAMP = 10;
export const TCP_INFO = 11;
export const TCP_QUICKACK = 12;
export const TCP_CONGESTION = 13;
const TCP_THIN_LINEAR_TIMEOUTS = 16;
const TCP_THIN_DUPACK = 17;
export const TCP_USER_TIMEOUT = 18;
export const TCP_FASTOPEN = 23;
const TCP_TIMESTAMP = 24;
export const TCP_NOTSENT_LOWAT = 25;
export const TCP_CC_INFO = 26;
export const TCP_FASTOPEN_CONNECT = 30;
export const TCP_FASTOPEN_KEY = 33;
export const TCP_FASTOPEN_NO_COOKIE = 34;
export const TCP_INQ = 36;
const TCP_IS_MPTCP = 43;
const TCP_RTO_MAX_MS = 44;
const TCP_RTO_MIN_US = 45;
const TCP_DELACK_MAX_US = 46;

const DEFER_TIMEOUTS_MAX = 255;
const MAXSEG_MIN = 88; // TCP_MIN_MSS
const MAXSEG_MAX = 32767; // MAX_TCP_WINDOW
export const KEEP_SECONDS_MAX = 32767;
const COUNT_MAX = 127;
export const KEEP_COUNT_MAX = COUNT_MAX;
const LINGER2_SECONDS_MAX = 120;
const CONGESTION_NAME_MAX = 16;
const WINDOW_CLAMP_MIN = 2048; // SOCK_MIN_RCVBUF / 2
/** SYN-ACK timeouts that a deferral in seconds stands for, and back. */
const RTO_MAX_SECONDS = 120;
const BBR_INFO_LEN = 20;
/** Two of the kernel's ticks, and Linux's TCP_RTO_MIN. */
const TIMEOUT_MIN_US = 2000;
const RTO_MIN_US_MAX = 200_000;
/** What stands for a gain of 1 in struct tcp_bbr_info. */
const GAIN_UNIT = 256;

/** Returns 0 or -errno. */
export function setTcpOption(
  socket: TcpSocket,
  name: number,
  value: Uint8Array,
  nowUs: number,
): number {
  if (name === TCP_CONGESTION) return setCongestion(socket.tcb, value);
  if (name === TCP_FASTOPEN_KEY) return setFastOpenKey(socket.tcb, value);
  if (value.length < 4) return -EINVAL;
  const n = value[0] | (value[1] << 8) | (value[2] << 16) | (value[3] << 24);
  switch (name) {
    case TCP_NODELAY:
    case TCP_CORK:
    case TCP_QUICKACK:
      return setSendingMode(socket.tcb, name, n, nowUs);
    case TCP_KEEPIDLE:
    case TCP_KEEPINTVL:
    case TCP_KEEPCNT:
      return setKeepAlive(socket.tcb, name, n);
    case TCP_FASTOPEN:
    case TCP_FASTOPEN_CONNECT:
    case TCP_FASTOPEN_NO_COOKIE:
      return setFastOpen(socket.tcb, name, n);
    case TCP_RTO_MAX_MS:
    case TCP_RTO_MIN_US:
    case TCP_DELACK_MAX_US:
      return setTimes(socket.tcb, name, n);
    case TCP_THIN_LINEAR_TIMEOUTS:
    case TCP_THIN_DUPACK: // without an effect in Linux, too, since RACK
      if (n < 0 || n > 1) return -EINVAL;
      if (name === TCP_THIN_LINEAR_TIMEOUTS) socket.tcb.ownOptions().thinLinearTimeouts = n === 1;
      return 0;
    case TCP_TIMESTAMP: // only in TCP_REPAIR
      return -EPERM;
    default:
      return setLimit(socket.tcb, name, n, nowUs);
  }
}

function setSendingMode(tcb: Tcb, name: number, n: number, nowUs: number): number {
  if (name === TCP_QUICKACK) {
    tcb.isPingPong = n === 0;
    if (n !== 0 && seqGt(tcb.rcvNxt, tcb.lastAckSent) && tcb.state !== State.CLOSED) {
      tcb.isAckDue = true;
    }
  } else if (name === TCP_NODELAY) {
    if (n === 0) sendWritten(tcb, nowUs);
    tcb.ownOptions().noDelay = n !== 0;
    if (n !== 0) tcb.writes.force();
  } else {
    if (n !== 0) sendWritten(tcb, nowUs);
    tcb.ownOptions().cork = n !== 0;
    if (n === 0) tcb.writes.hasMore = false;
  }
  // What was held back may go now
  tcb.layer.markDirty(tcb);
  return 0;
}

/** What was written before something holds bytes back does not wait for the flush. */
export function sendWritten(tcb: Tcb, nowUs: number): void {
  if (hasUnsent(tcb)) tcpOutput(tcb, nowUs);
}

function setFastOpen(tcb: Tcb, name: number, n: number): number {
  const { config } = tcb.layer;
  const options = tcb.ownOptions();
  if (name === TCP_FASTOPEN_CONNECT) {
    if (n < 0 || n > 1) return -EINVAL;
    if ((config.fastOpen & FAST_OPEN_CLIENT) === 0) return -EOPNOTSUPP;
    if (tcb.state !== State.CLOSED) return -EINVAL;
    options.fastOpenConnect = n === 1;
    return 0;
  }
  const isPassive = tcb.state === State.CLOSED || tcb.state === State.LISTEN;
  if (n < 0 || !isPassive) return -EINVAL;
  if (name === TCP_FASTOPEN) options.fastOpenQueue = Math.min(n, config.somaxconn);
  else if (n > 1) return -EINVAL;
  else options.fastOpenNoCookie = n === 1;
  return 0;
}

/** One key, or two, of which the second is the one that was in use before. */
function setFastOpenKey(tcb: Tcb, value: Uint8Array): number {
  if (value.length !== FAST_OPEN_KEY_LEN && value.length !== 2 * FAST_OPEN_KEY_LEN) return -EINVAL;
  tcb.ownOptions().fastOpenCookies = new CookieMaker(value.slice());
  return 0;
}

function setKeepAlive(tcb: Tcb, name: number, n: number): number {
  const options = tcb.ownOptions();
  if (n < 1 || n > (name === TCP_KEEPCNT ? KEEP_COUNT_MAX : KEEP_SECONDS_MAX)) return -EINVAL;
  if (name === TCP_KEEPCNT) {
    options.keepCount = n;
    return 0;
  }
  if (name === TCP_KEEPINTVL) {
    options.keepIntervalUs = n * SECOND_US;
    return 0;
  }
  options.keepIdleUs = n * SECOND_US;
  if (tcb.state !== State.CLOSED && tcb.state !== State.LISTEN) {
    armKeepAlive(tcb);
    rearmTimer(tcb);
  }
  return 0;
}

function setTimes(tcb: Tcb, name: number, n: number): number {
  const { rtt } = tcb;
  const options = tcb.ownOptions();
  if (name === TCP_RTO_MAX_MS) {
    if (n < 1000 || n > RTO_MAX_SECONDS * 1000) return -EINVAL;
    options.rtoMaxUs = rtt.rtoMaxUs = n * 1000;
    return 0;
  }
  const most = name === TCP_RTO_MIN_US ? RTO_MIN_US_MAX : DELACK_MAX_US;
  if (n < TIMEOUT_MIN_US || n > most) return -EINVAL;
  if (name === TCP_DELACK_MAX_US) options.delackMaxUs = n;
  else options.rtoMinUs = rtt.rtoMinUs = n;
  return 0;
}

function setLimit(tcb: Tcb, name: number, n: number, _nowUs: number): number {
  const { config } = tcb.layer;
  const options = tcb.ownOptions();
  switch (name) {
    case TCP_MAXSEG:
      if (n !== 0 && (n < MAXSEG_MIN || n > MAXSEG_MAX)) return -EINVAL;
      options.maxSeg = n;
      return 0;
    case TCP_SYNCNT:
      if (n < 1 || n > COUNT_MAX) return -EINVAL;
      options.synRetries = n;
      return 0;
    case TCP_LINGER2:
      if (n < 0) options.linger2Us = -1;
      else if (n === 0) options.linger2Us = config.finWait2Us;
      else options.linger2Us = Math.min(n, LINGER2_SECONDS_MAX) * SECOND_US;
      return 0;
    case TCP_DEFER_ACCEPT:
      options.deferAcceptUs = deferralUs(Math.max(n, 0), config.rtoInitUs);
      return 0;
    case TCP_WINDOW_CLAMP:
      if (n === 0) {
        if (tcb.state !== State.CLOSED) return -EINVAL;
        options.windowClamp = 0;
      } else {
        options.windowClamp = Math.max(n, WINDOW_CLAMP_MIN);
      }
      return 0;
    case TCP_USER_TIMEOUT:
      if (n < 0) return -EINVAL;
      options.userTimeoutUs = n * 1000;
      return 0;
    case TCP_NOTSENT_LOWAT:
      options.notsentLowatBytes = n >>> 0;
      tellWriter(tcb);
      return 0;
    case TCP_INQ:
      if (n < 0 || n > 1) return -EINVAL;
      options.inq = n === 1;
      return 0;
    default:
      return -ENOPROTOOPT;
  }
}

/** Linux rounds the seconds up to a sum of SYN-ACK timeouts (secs_to_retrans). */
function deferralUs(seconds: number, rtoInitUs: number): number {
  if (seconds === 0) return 0;
  let timeout = rtoInitUs / SECOND_US;
  let period = timeout;
  // As many as Linux has: its count of timeouts is a byte.
  for (let i = 1; i < DEFER_TIMEOUTS_MAX && seconds > period; i++) {
    timeout = Math.min(timeout * 2, RTO_MAX_SECONDS);
    period += timeout;
  }
  return period * SECOND_US;
}

function setCongestion(tcb: Tcb, value: Uint8Array): number {
  if (value.length < 1) return -EINVAL;
  let name = "";
  for (let i = 0; i < Math.min(value.length, CONGESTION_NAME_MAX - 1) && value[i] !== 0; i++) {
    name += String.fromCharCode(value[i]);
  }
  const congestion = createCongestionControl(name, tcb.layer.random);
  if (congestion === null) return -ENOENT;
  if (congestion.name !== tcb.congestion.name) tcb.congestion = congestion;
  return 0;
}

/** Returns the bytes that Linux would (at most `maxLen` of them count), or -errno. */
export function getTcpOption(
  socket: TcpSocket,
  name: number,
  maxLen: number,
  nowUs: number,
): Uint8Array | number {
  const { tcb } = socket;
  if (name === TCP_INFO) return tcpInfo(socket, nowUs);
  if (name === TCP_CONGESTION) return nameBytes(tcb.congestion.name, maxLen);
  if (name === TCP_CC_INFO) return congestionInfo(tcb);
  if (name === TCP_FASTOPEN_KEY) {
    return (tcb.options.fastOpenCookies ?? tcb.layer.cookieMaker).keys.slice(0, maxLen);
  }
  if (name === TCP_TIMESTAMP) return timestampBytes(tcb, nowUs);
  const n = intOption(tcb, name);
  return n === null ? -ENOPROTOOPT : new Uint8Array(new Int32Array([n]).buffer);
}

/** struct tcp_bbr_info; the other algorithms tell nothing, as in Linux. */
function congestionInfo({ congestion }: Tcb): Uint8Array {
  if (!(congestion instanceof Bbr)) return new Uint8Array(0);
  const info = new Uint8Array(BBR_INFO_LEN);
  const dv = new DataView(info.buffer);
  const [pacingGain, cwndGain] = congestion.gains;
  dv.setBigUint64(0, BigInt(Math.round(congestion.bandwidth * SECOND_US)), true);
  dv.setUint32(8, Math.min(congestion.minRttUs, 0xffffffff), true);
  dv.setUint32(12, Math.round(pacingGain * GAIN_UNIT), true);
  dv.setUint32(16, Math.round(cwndGain * GAIN_UNIT), true);
  return info;
}

/** Our clock as the peer sees it; an odd number would mean one of microseconds. */
function timestampBytes({ tsOffset }: Tcb, nowUs: number): Uint8Array {
  return new Uint8Array(new Int32Array([timestampNow(tsOffset, nowUs) & ~1]).buffer);
}

function intOption(tcb: Tcb, name: number): number | null {
  const { options } = tcb;
  switch (name) {
    case TCP_IS_MPTCP:
      return 0;
    case TCP_NODELAY:
      return options.noDelay ? 1 : 0;
    case TCP_CORK:
      return options.cork ? 1 : 0;
    case TCP_QUICKACK:
      return tcb.isPingPong ? 0 : 1;
    case TCP_MAXSEG:
      return maxSegOption(tcb);
    case TCP_KEEPIDLE:
      return Math.round(options.keepIdleUs / SECOND_US);
    case TCP_KEEPINTVL:
      return Math.round(options.keepIntervalUs / SECOND_US);
    case TCP_KEEPCNT:
      return options.keepCount;
    case TCP_SYNCNT:
      return options.synRetries;
    case TCP_LINGER2:
      return options.linger2Us < 0 ? -1 : Math.round(options.linger2Us / SECOND_US);
    case TCP_DEFER_ACCEPT:
      return Math.round(options.deferAcceptUs / SECOND_US);
    case TCP_WINDOW_CLAMP:
      return options.windowClamp;
    case TCP_FASTOPEN:
      return options.fastOpenQueue;
    case TCP_FASTOPEN_CONNECT:
      return options.fastOpenConnect ? 1 : 0;
    case TCP_FASTOPEN_NO_COOKIE:
      return options.fastOpenNoCookie ? 1 : 0;
    case TCP_USER_TIMEOUT:
      return Math.round(options.userTimeoutUs / 1000);
    case TCP_RTO_MAX_MS:
      return Math.round(options.rtoMaxUs / 1000);
    case TCP_RTO_MIN_US:
      return options.rtoMinUs;
    case TCP_DELACK_MAX_US:
      return options.delackMaxUs;
    case TCP_THIN_LINEAR_TIMEOUTS:
      return options.thinLinearTimeouts ? 1 : 0;
    case TCP_THIN_DUPACK:
      return 0;
    case TCP_NOTSENT_LOWAT:
      return options.notsentLowatBytes | 0;
    case TCP_INQ:
      return options.inq ? 1 : 0;
    default:
      return null;
  }
}

/** What was set while there is no connection, else the segment size in use. */
function maxSegOption(tcb: Tcb): number {
  const isUnconnected = tcb.state === State.CLOSED || tcb.state === State.LISTEN;
  return isUnconnected && tcb.options.maxSeg > 0 ? tcb.options.maxSeg : tcb.smss;
}

function nameBytes(name: string, maxLen: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(maxLen, CONGESTION_NAME_MAX));
  for (let i = 0; i < name.length && i < bytes.length; i++) bytes[i] = name.charCodeAt(i);
  return bytes;
}
