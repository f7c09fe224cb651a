/**
 * setsockopt and getsockopt at SOL_SOCKET: socket(7), with Linux's sizes, bounds and errors.
 *
 * @module
 */
import { cText } from "../base/c_text.ts";
import { EINVAL, ENODEV, ENOENT, ENOPROTOOPT, EOPNOTSUPP, EPERM } from "../base/errno.ts";
import * as c from "../base/socket_constants.ts";
import { boolBytes, checkInt, intBytes, readInt } from "./option_codec.ts";
import type { SocketFlag, SocketOptions } from "../base/socket_options.ts";
import type { OptionHost } from "./option_host.ts";
import { PacketFilter } from "./packet_filter.ts";

/** Linux's SOCK_MIN_RCVBUF and SOCK_MIN_SNDBUF. */
const MIN_RECEIVE_BUFFER = 2304;
const MIN_SEND_BUFFER = 4608;
const MAX_INT = 0x7fffffff;
/** What FORCE may ask for; on Linux the machine's memory ends it, here all share the arena. */
const FORCED_MAX = 16 << 20;
const IFNAMSIZ = 16;
/** SOF_TIMESTAMPING_*: all that there are, and those of what is sent, by software. */
const TIMESTAMPING_FLAGS = 0x7ffff;
const TIMESTAMPING_OF_SENT = 0x40302;

/** Flags: nothing but on or off. */
const FLAGS: { readonly [name: number]: SocketFlag } = {
  [c.SO_DEBUG]: "debug",
  [c.SO_REUSEADDR]: "reuseAddr",
  [c.SO_REUSEPORT]: "reusePort",
  [c.SO_DONTROUTE]: "dontRoute",
  [c.SO_BROADCAST]: "broadcast",
  [c.SO_KEEPALIVE]: "keepAlive",
  [c.SO_OOBINLINE]: "oobInline",
  [c.SO_NO_CHECK]: "noCheck",
  [c.SO_RXQ_OVFL]: "rxqOvfl",
  [c.SO_SELECT_ERR_QUEUE]: "selectErrQueue",
};

export function setSolSocket(host: OptionHost, name: number, value: Uint8Array): number {
  if (name === c.SO_BINDTODEVICE) return bindToDevice(host, value);
  if (name === c.SO_ATTACH_FILTER) return attachFilter(host, value);
  const short = checkInt(value);
  if (short !== 0) return short;
  const n = readInt(value);
  const options = host.options;
  const flag = FLAGS[name];
  if (flag !== undefined) {
    options[flag] = n !== 0;
    return 0;
  }
  switch (name) {
    case c.SO_RCVBUF:
      host.receiveBuffer = doubled(n, host.receiveBufferMax, MIN_RECEIVE_BUFFER);
      return 0;
    case c.SO_SNDBUF:
      host.sendBuffer = doubled(n, host.sendBufferMax, MIN_SEND_BUFFER);
      return 0;
    case c.SO_RCVBUFFORCE:
      host.receiveBuffer = doubled(Math.max(n, 0), FORCED_MAX, MIN_RECEIVE_BUFFER);
      return 0;
    case c.SO_SNDBUFFORCE:
      host.sendBuffer = doubled(Math.max(n, 0), FORCED_MAX, MIN_SEND_BUFFER);
      return 0;
    case c.SO_RCVLOWAT:
      options.receiveLowat = Math.min(n < 0 ? MAX_INT : n || 1, host.receiveLowatMax);
      return 0;
    case c.SO_LINGER:
      return setLinger(options, value);
    case c.SO_TIMESTAMP:
    case c.SO_TIMESTAMP_NEW:
      if (!mayStamp(host, n)) return -ENOPROTOOPT;
      options.timestamp = n !== 0;
      if (n !== 0) options.timestampNs = false;
      return 0;
    case c.SO_TIMESTAMPNS:
    case c.SO_TIMESTAMPNS_NEW:
      if (!mayStamp(host, n)) return -ENOPROTOOPT;
      options.timestampNs = n !== 0;
      if (n !== 0) options.timestamp = false;
      return 0;
    default:
      return setNumber(host, name, n, value);
  }
}

/** What is received on a stream passes through a pair, which knows no control messages. */
function mayStamp({ type }: OptionHost, n: number): boolean {
  return type !== c.SOCK_STREAM || n === 0;
}

function setNumber(host: OptionHost, name: number, n: number, value: Uint8Array): number {
  const options = host.options;
  switch (name) {
    case c.SO_PRIORITY:
      options.priority = n;
      return 0;
    case c.SO_MARK:
      options.mark = n;
      return 0;
    case c.SO_TIMESTAMPING:
    case c.SO_TIMESTAMPING_NEW:
      if ((n & ~TIMESTAMPING_FLAGS) !== 0) return -EINVAL;
      if ((n & TIMESTAMPING_OF_SENT) !== 0) return -EOPNOTSUPP;
      if (!mayStamp(host, n)) return -ENOPROTOOPT;
      options.timestampingFlags = n;
      return 0;
    case c.SO_MAX_PACING_RATE:
      options.maxPacingRate = pacingRateOf(value);
      return 0;
    case c.SO_DETACH_FILTER:
      if (options.filterLocked) return -EPERM;
      if ((host.packetFilter ?? null) === null) return -ENOENT;
      host.packetFilter = null;
      return 0;
    case c.SO_LOCK_FILTER:
      if (options.filterLocked && n === 0) return -EPERM;
      options.filterLocked = n !== 0;
      return 0;
    case c.SO_BINDTOIFINDEX:
      return bindToIndex(host, n);
    case c.SO_INCOMING_CPU:
      options.incomingCpu = n;
      return 0;
    case c.SO_BSDCOMPAT:
      return 0;
    case c.SO_PASSCRED:
    case c.SO_PASSSEC:
    case c.SO_PASSPIDFD:
    case c.SO_PASSRIGHTS:
      return -EOPNOTSUPP;
    default: // SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_ACCEPTCONN … can only be read
      return -ENOPROTOOPT;
  }
}

/** `value` is the program itself, not the struct that points to it. */
function attachFilter(host: OptionHost, value: Uint8Array): number {
  const filter = PacketFilter.of(value);
  if (filter === null) return -EINVAL;
  if (host.options.filterLocked) return -EPERM;
  if (host.packetFilter === undefined) return -ENOPROTOOPT;
  host.packetFilter = filter;
  return 0;
}

/** Eight bytes, or four of which all ones mean "no limit". */
function pacingRateOf(value: Uint8Array): Uint8Array {
  if (value.length >= 8) return value.slice(0, 8);
  const rate = new Uint8Array(8).fill(readInt(value) === -1 ? 0xff : 0);
  rate.set(value.subarray(0, 4));
  return rate;
}

/** The kernel doubles what it is asked for, to have room for its own overhead. */
function doubled(n: number, max: number, min: number): number {
  const asked = Math.min(n >>> 0, max, MAX_INT >> 1);
  return Math.max(2 * asked, min);
}

function setLinger(options: SocketOptions, value: Uint8Array): number {
  if (value.length < 8) return -EINVAL;
  options.lingerOn = readInt(value) !== 0;
  if (options.lingerOn) options.lingerSeconds = Math.max(0, readInt(value, 4));
  return 0;
}

function bindToDevice(host: OptionHost, value: Uint8Array): number {
  const name = cText(value.subarray(0, IFNAMSIZ - 1));
  if (name === "") return bindToIndex(host, 0);
  const index = host.interfaces.indexOf(name);
  return index === 0 ? -ENODEV : bindToIndex(host, index);
}

function bindToIndex(host: OptionHost, index: number): number {
  if (index < 0) return -EINVAL;
  if (index !== 0 && host.interfaces.nameOf(index) === null) return -ENODEV;
  host.options.ifIndex = index;
  return 0;
}

export function getSolSocket(
  host: OptionHost,
  name: number,
  maxLen: number,
): Uint8Array | number {
  const options = host.options;
  const flag = FLAGS[name];
  if (flag !== undefined) return boolBytes(options[flag]);
  switch (name) {
    case c.SO_TYPE:
      return intBytes(host.type);
    case c.SO_DOMAIN:
      return intBytes(host.domain);
    case c.SO_PROTOCOL:
      return intBytes(host.protocol);
    case c.SO_ERROR:
      return intBytes(host.takeError());
    case c.SO_ACCEPTCONN:
      return boolBytes(host.isListening);
    case c.SO_RCVBUF:
      return intBytes(host.receiveBuffer);
    case c.SO_SNDBUF:
      return intBytes(host.sendBuffer);
    case c.SO_LINGER:
      return pairBytes(options.lingerOn ? 1 : 0, options.lingerSeconds);
    case c.SO_RCVLOWAT:
      return intBytes(options.receiveLowat);
    case c.SO_SNDLOWAT:
      return intBytes(1);
    case c.SO_BINDTODEVICE:
      return deviceName(host, maxLen);
    default:
      return getNumber(host, name);
  }
}

function getNumber(host: OptionHost, name: number): Uint8Array | number {
  const { options } = host;
  switch (name) {
    case c.SO_PRIORITY:
      return intBytes(options.priority);
    case c.SO_MARK:
      return intBytes(options.mark);
    case c.SO_TIMESTAMP:
    case c.SO_TIMESTAMP_NEW:
      return boolBytes(options.timestamp);
    case c.SO_TIMESTAMPNS:
    case c.SO_TIMESTAMPNS_NEW:
      return boolBytes(options.timestampNs);
    case c.SO_TIMESTAMPING:
    case c.SO_TIMESTAMPING_NEW:
      return pairBytes(options.timestampingFlags, 0);
    case c.SO_MAX_PACING_RATE: // unsigned long
      return options.maxPacingRate.slice();
    case c.SO_ATTACH_FILTER: // SO_GET_FILTER
      return (host.packetFilter ?? null) === null ? new Uint8Array(0) : -EINVAL;
    case c.SO_LOCK_FILTER:
      return boolBytes(options.filterLocked);
    case c.SO_INCOMING_CPU:
      return intBytes(options.incomingCpu);
    case c.SO_INCOMING_NAPI_ID:
      return intBytes(0);
    case c.SO_MEMINFO:
      return memInfo(host);
    case c.SO_BINDTOIFINDEX:
      return intBytes(options.ifIndex);
    case c.SO_BSDCOMPAT:
      return intBytes(0);
    case c.SO_PASSCRED:
    case c.SO_PASSSEC:
    case c.SO_PASSPIDFD:
    case c.SO_PASSRIGHTS:
      return -EOPNOTSUPP;
    case c.SO_BPF_EXTENSIONS:
      return intBytes(64);
    case c.SO_PEERCRED: {
      const ucred = new Uint8Array(12).fill(0xff);
      ucred.fill(0, 0, 4);
      return ucred;
    }
    case c.SO_RCVTIMEO:
    case c.SO_SNDTIMEO:
      return new Uint8Array(16);
    default:
      return -ENOPROTOOPT;
  }
}

/** Nine u32, SK_MEMINFO_* of linux/sock_diag.h; what the kernel alone has is 0. */
function memInfo(host: OptionHost): Uint8Array {
  const { receiveBuffer, sendBuffer, memoryUse: { heldBytes, queuedBytes, dropCount } } = host;
  const info = [heldBytes, receiveBuffer, 0, sendBuffer, 0, queuedBytes, 0, 0, dropCount];
  return new Uint8Array(Uint32Array.from(info).buffer);
}

function pairBytes(a: number, b: number): Uint8Array {
  const bytes = new Uint8Array(8);
  bytes.set(intBytes(a));
  bytes.set(intBytes(b), 4);
  return bytes;
}

function deviceName(host: OptionHost, maxLen: number): Uint8Array | number {
  const name = host.interfaces.nameOf(host.options.ifIndex);
  if (name === null) return new Uint8Array(0);
  if (maxLen < IFNAMSIZ) return -EINVAL;
  return Uint8Array.from(`${name}\0`, (ch) => ch.charCodeAt(0));
}
