/**
 * setsockopt and getsockopt at IPPROTO_IP: ip(7), with Linux's sizes, bounds and errors.
 *
 * @module
 */
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EINVAL,
  ENOBUFS,
  ENOPROTOOPT,
  ENOTCONN,
} from "../base/errno.ts";
import * as c from "../base/socket_constants.ts";
import {
  boolBytes,
  intBytes,
  intOrByteBytes,
  readInt,
  readIntOrByte,
  readV4,
  v4Bytes,
} from "./option_codec.ts";
import { ECN_MASK, OPTION_NOP } from "../wire/ipv4.ts";
import type { SocketFlag } from "../base/socket_options.ts";
import type { OptionHost } from "./option_host.ts";
import { CMSG_HEADER_LEN } from "./ancillary.ts";
import { compileIpOptions } from "./ip_options.ts";
import { getGroupOption, MREQ_LEN, MREQN_LEN, setGroupOption } from "./sol_ip_groups.ts";

/** Longest IP options. */
const MAX_OPTIONS_LEN = 40;
/** struct in_pktinfo; with its header, padded to eight bytes. */
const PKTINFO_LEN = 12;
const CMSG_SPACE_PKTINFO = 32;

const FLAGS: { readonly [name: number]: SocketFlag } = {
  [c.IP_RECVTTL]: "recvTtl",
  [c.IP_RECVTOS]: "recvTos",
  [c.IP_RECVOPTS]: "recvOpts",
  [c.IP_RETOPTS]: "retOpts",
  [c.IP_PKTINFO]: "pktInfo",
  [c.IP_RECVORIGDSTADDR]: "recvOrigDstAddr",
  [c.IP_BIND_ADDRESS_NO_PORT]: "bindAddressNoPort",
  [c.IP_RECVFRAGSIZE]: "recvFragSize",
  [c.IP_NODEFRAG]: "noDefrag",
};

/** Flags that must be 0 or 1, or need a whole byte. */
const STRICT_FLAGS: { readonly [name: number]: SocketFlag } = {
  [c.IP_FREEBIND]: "freeBind",
  [c.IP_TRANSPARENT]: "transparent",
  [c.IP_MULTICAST_LOOP]: "multicastLoop",
};

export function setIp(host: OptionHost, name: number, value: Uint8Array): number {
  const options = host.options;
  const n = readIntOrByte(value);
  const flag = FLAGS[name];
  if (flag !== undefined) {
    if (name === c.IP_RECVFRAGSIZE && host.type === c.SOCK_STREAM) return -EINVAL;
    if (name === c.IP_NODEFRAG && host.type !== c.SOCK_RAW) return -ENOPROTOOPT;
    options[flag] = n !== 0;
    return 0;
  }
  const strict = STRICT_FLAGS[name];
  if (strict !== undefined) {
    if (value.length < 1) return -EINVAL;
    options[strict] = n !== 0;
    return 0;
  }
  switch (name) {
    case c.IP_MULTICAST_IF:
      return setMulticastIf(host, value);
    case c.IP_OPTIONS:
      return setOptions(host, value);
    case c.IP_RECVERR:
      options.recvErr = n !== 0;
      if (n === 0) host.purgeErrorQueue();
      return 0;
    case c.IP_HDRINCL:
      if (host.type !== c.SOCK_RAW) return -ENOPROTOOPT;
      options.headerIncluded = n !== 0;
      return 0;
    default:
      return setNumber(host, name, value, n);
  }
}

/** Of what is sent. Streams take only such as say nothing: END and NOP. */
function setOptions(host: OptionHost, value: Uint8Array): number {
  if (value.length > MAX_OPTIONS_LEN) return -EINVAL;
  const compiled = compileIpOptions(value, host.mayRaw ?? false);
  if (typeof compiled === "number") return compiled;
  const isSilent = value.every((byte) => byte <= OPTION_NOP);
  if (host.type === c.SOCK_STREAM && !isSilent) return -ENOPROTOOPT;
  host.options.ipOptions = compiled;
  return 0;
}

function setNumber(host: OptionHost, name: number, value: Uint8Array, n: number): number {
  const options = host.options;
  switch (name) {
    case c.IP_TOS: {
      const old = options.tos;
      const isStream = host.type === c.SOCK_STREAM;
      options.tos = isStream ? (n & 0xff & ~ECN_MASK) | (old & ECN_MASK) : n & 0xff;
      return 0;
    }
    case c.IP_TTL:
      if (value.length < 1 || (n !== -1 && (n < 1 || n > 255))) return -EINVAL;
      options.ttl = n;
      return 0;
    case c.IP_MINTTL:
      if (value.length < 1 || n < 0 || n > 255) return -EINVAL;
      options.minTtl = n;
      return 0;
    case c.IP_MTU_DISCOVER:
      if (n < c.PMTUDISC_DONT || n > c.PMTUDISC_OMIT) return -EINVAL;
      options.mtuDiscover = n;
      return 0;
    case c.IP_MULTICAST_TTL:
      if (host.type === c.SOCK_STREAM || value.length < 1) return -EINVAL;
      if (n < -1 || n > 255) return -EINVAL;
      options.multicastTtl = n === -1 ? 1 : n;
      return 0;
    case c.IP_MULTICAST_ALL:
      if (value.length < 1 || n < 0 || n > 1) return -EINVAL;
      options.multicastAll = n === 1;
      return 0;
    case c.IP_UNICAST_IF:
      return setUnicastIf(host, value, "unicastIfIndex");
    case c.IP_ROUTER_ALERT:
      return setRouterAlert(host, n !== 0);
    case c.IP_LOCAL_PORT_RANGE:
      return setPortRange(host, value);
    default:
      return setGroupOption(host, name, value);
  }
}

/** Packets of the socket's protocol that are to be looked at on the way come to it (RFC 2113). */
function setRouterAlert({ type, protocol, options }: OptionHost, isOn: boolean): number {
  if (type !== c.SOCK_RAW || protocol === c.IPPROTO_RAW) return -EINVAL;
  if (isOn === options.routerAlert) return isOn ? -EADDRINUSE : -ENOBUFS;
  options.routerAlert = isOn;
  return 0;
}

/** First port, and last in the upper half; 0: the system's. */
function setPortRange({ options }: OptionHost, value: Uint8Array): number {
  if (value.length !== 4) return -EINVAL;
  const range = readInt(value);
  const first = range & 0xffff;
  const last = range >>> 16;
  if (first !== 0 && last !== 0 && first > last) return -EINVAL;
  options.localPortRange = range;
  return 0;
}

/** The interface index is in network order, of all things. */
/** Of either family; the interface index is in network order. */
export function setUnicastIf(
  host: OptionHost,
  value: Uint8Array,
  field: "unicastIfIndex" | "unicastIfIndex6",
): number {
  if (value.length !== 4) return -EINVAL;
  const index = readV4(value, 0);
  if (index !== 0 && host.interfaces.nameOf(index) === null) return -EADDRNOTAVAIL;
  host.options[field] = index;
  return 0;
}

/** Takes struct in_addr, ip_mreq or ip_mreqn. */
function setMulticastIf(host: OptionHost, value: Uint8Array): number {
  if (host.type === c.SOCK_STREAM) return -EINVAL;
  if (value.length < 4) return -EINVAL;
  const options = host.options;
  let index = value.length >= MREQN_LEN ? readInt(value, 8) : 0;
  const addr = value.length >= MREQ_LEN ? readV4(value, 4) : readV4(value, 0);
  if (index !== 0 && host.interfaces.nameOf(index) === null) return -EADDRNOTAVAIL;
  if (index === 0 && addr !== 0) {
    index = host.interfaces.indexOfV4(addr);
    if (index === 0) return -EADDRNOTAVAIL;
  }
  if (host.options.ifIndex !== 0 && index !== 0 && index !== host.options.ifIndex) return -EINVAL;
  options.multicastIfIndex = index;
  options.multicastAddr = addr;
  return 0;
}

export function getIp(
  host: OptionHost,
  name: number,
  maxLen: number,
  asked: Uint8Array,
): Uint8Array | number {
  const options = host.options;
  const flag = FLAGS[name] ?? STRICT_FLAGS[name];
  if (flag !== undefined) return intOrByteBytes(options[flag] ? 1 : 0, maxLen);
  switch (name) {
    case c.IP_OPTIONS:
      return options.ipOptions?.bytes ?? new Uint8Array(0);
    case c.IP_PKTOPTIONS:
      return host.type === c.SOCK_STREAM ? packetOptions(host) : -ENOPROTOOPT;
    case c.IP_MULTICAST_IF:
      return v4Bytes(options.multicastAddr);
    case c.IP_MTU: {
      const mtu = host.pathMtu();
      return mtu === 0 ? -ENOTCONN : intOrByteBytes(mtu, maxLen);
    }
    case c.IP_UNICAST_IF:
      return intBytes(readInt(v4Bytes(options.unicastIfIndex)));
    case c.IP_HDRINCL:
      return intOrByteBytes(options.headerIncluded ? 1 : 0, maxLen);
    case c.IP_LOCAL_PORT_RANGE:
      return intOrByteBytes(options.localPortRange, maxLen);
    case c.IP_ROUTER_ALERT:
      return intOrByteBytes(options.routerAlert ? 1 : 0, maxLen);
    case c.IP_MULTICAST_ALL:
      return boolBytes(options.multicastAll);
    default: {
      const n = numberOf(host, name);
      return n === null ? getGroupOption(host, name, asked) : intOrByteBytes(n, maxLen);
    }
  }
}

/**
 * What a stream's packets would bring as control messages: which of our addresses they are for, and
 * on which interface (IP_PKTINFO). Time to live and TOS are not kept.
 */
function packetOptions(host: OptionHost): Uint8Array {
  if (!host.options.pktInfo) return new Uint8Array(0);
  const addr = host.local().addr.toV4Word();
  const message = new Uint8Array(CMSG_SPACE_PKTINFO);
  const dv = new DataView(message.buffer);
  dv.setUint32(0, CMSG_HEADER_LEN + PKTINFO_LEN, true);
  dv.setInt32(8, c.IPPROTO_IP, true);
  dv.setInt32(12, c.IP_PKTINFO, true);
  dv.setInt32(CMSG_HEADER_LEN, host.interfaces.indexOfV4(addr), true);
  dv.setInt32(CMSG_HEADER_LEN + 4, addr);
  dv.setInt32(CMSG_HEADER_LEN + 8, addr);
  return message;
}

function numberOf(host: OptionHost, name: number): number | null {
  const options = host.options;
  switch (name) {
    case c.IP_TOS:
      return options.tos;
    case c.IP_TTL:
      return options.ttl < 0 ? host.defaultTtl : options.ttl;
    case c.IP_MINTTL:
      return options.minTtl;
    case c.IP_MTU_DISCOVER:
      return options.mtuDiscover;
    case c.IP_RECVERR:
      return options.recvErr ? 1 : 0;
    case c.IP_MULTICAST_TTL:
      return options.multicastTtl;
    case c.IP_PROTOCOL:
      return host.type === c.SOCK_RAW ? host.protocol : 0;
    default:
      return null;
  }
}
