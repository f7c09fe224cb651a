/**
 * setsockopt and getsockopt of every kind of socket: sends an option to the code of its level.
 *
 * @module
 */
import { EINVAL, ENOPROTOOPT, EOPNOTSUPP } from "../base/errno.ts";
import * as c from "../base/socket_constants.ts";
import { getTcpOption, setTcpOption, TcpSocket } from "../tcp/mod.ts";
import { boolBytes, intBytes, readInt } from "./option_codec.ts";
import { getIp, setIp } from "./sol_ip.ts";
import { getIpv6, setIpv6 } from "./sol_ipv6.ts";
import { getSolSocket, setSolSocket } from "./sol_socket.ts";
import type { OptionHost } from "./option_host.ts";

const NOTHING = new Uint8Array(0);
/** Longest payload that UDP_SEGMENT may name: Linux's USHRT_MAX. */
const MAX_SEGMENT = 65535;

/** `value` is only read during the call. Returns 0 or -errno as Linux would. */
export function setOption(
  host: OptionHost,
  level: number,
  name: number,
  value: Uint8Array,
  nowUs: number,
): number {
  if (!speaks(host, level)) return -ENOPROTOOPT;
  if (level === c.IPPROTO_TCP && host instanceof TcpSocket) {
    return setTcpOption(host, name, value, nowUs);
  }
  host.ownOptions();
  const result = setAtLevel(host, level, name, value);
  if (result === 0) host.applyOptions();
  return result;
}

function setAtLevel(host: OptionHost, level: number, name: number, value: Uint8Array): number {
  switch (level) {
    case c.SOL_SOCKET:
      return setSolSocket(host, name, value);
    case c.IPPROTO_IP:
      return setIp(host, name, value);
    case c.IPPROTO_IPV6:
      return setIpv6(host, name, value);
    case c.SOL_RAW:
      return setRaw(host, name, value);
    case c.IPPROTO_ICMPV6:
      return setIcmp6(host, name, value);
    case c.IPPROTO_UDP:
      return setUdp(host, name, value);
    default:
      return -ENOPROTOOPT;
  }
}

/** Whether options of this level are the socket's. */
function speaks(host: OptionHost, level: number): boolean {
  switch (level) {
    case c.SOL_SOCKET:
      return true;
    case c.IPPROTO_IP:
      return host.domain === c.AF_INET || host.type !== c.SOCK_RAW;
    case c.IPPROTO_IPV6:
      return host.domain === c.AF_INET6;
    case c.IPPROTO_TCP:
      return host instanceof TcpSocket;
    case c.IPPROTO_UDP:
      return isUdp(host);
    case c.SOL_RAW:
      return host.type === c.SOCK_RAW;
    case c.IPPROTO_ICMPV6:
      return host.icmp6Filter !== null;
    default:
      return false;
  }
}

/**
 * Returns the bytes that getsockopt would (not truncated to `maxLen`), or -errno. `asked`: what the
 * caller's buffer holds, in which some options are asked for more than their name says.
 */
export function getOption(
  host: OptionHost,
  level: number,
  name: number,
  maxLen: number,
  nowUs: number,
  asked: Uint8Array = NOTHING,
): Uint8Array | number {
  if (!speaks(host, level)) return host.domain === c.AF_INET6 ? -ENOPROTOOPT : -EOPNOTSUPP;
  if (level === c.IPPROTO_TCP && host instanceof TcpSocket) {
    return getTcpOption(host, name, maxLen, nowUs);
  }
  switch (level) {
    case c.SOL_SOCKET:
      return getSolSocket(host, name, maxLen);
    case c.IPPROTO_IP:
      return getIp(host, name, maxLen, asked);
    case c.IPPROTO_IPV6:
      return getIpv6(host, name, maxLen, asked);
    case c.SOL_RAW:
      return getRaw(host, name);
    case c.IPPROTO_ICMPV6:
      return name === c.ICMPV6_FILTER ? new Uint8Array(filterBytes(host)) : -ENOPROTOOPT;
    case c.IPPROTO_UDP:
      return getUdp(host, name);
    default:
      return -ENOPROTOOPT;
  }
}

function setRaw(host: OptionHost, name: number, value: Uint8Array): number {
  if (name !== c.ICMP_FILTER || host.domain !== c.AF_INET) return -ENOPROTOOPT;
  const filter = host.icmpFilter;
  if (filter === null) return -EOPNOTSUPP;
  const bytes = intBytes(filter);
  bytes.set(value.subarray(0, 4));
  host.icmpFilter = readInt(bytes);
  return 0;
}

function getRaw(host: OptionHost, name: number): Uint8Array | number {
  if (name !== c.ICMP_FILTER) return -ENOPROTOOPT;
  return host.icmpFilter === null ? -EOPNOTSUPP : intBytes(host.icmpFilter);
}

/** ICMP6_FILTER: a bit for each type that is not wanted. */
function setIcmp6(host: OptionHost, name: number, value: Uint8Array): number {
  if (name !== c.ICMPV6_FILTER) return -ENOPROTOOPT;
  const bytes = filterBytes(host);
  bytes.set(value.subarray(0, bytes.length));
  return 0;
}

function filterBytes({ icmp6Filter }: OptionHost): Uint8Array {
  return icmp6Filter === null ? NOTHING : new Uint8Array(icmp6Filter.buffer);
}

function isUdp(host: OptionHost): boolean {
  return host.type === c.SOCK_DGRAM && host.protocol === c.IPPROTO_UDP;
}

function getUdp({ options }: OptionHost, name: number): Uint8Array | number {
  if (name === c.UDP_GRO) return boolBytes(options.udpGro);
  return name === c.UDP_SEGMENT ? intBytes(options.udpSegment) : -ENOPROTOOPT;
}

function setUdp(host: OptionHost, name: number, value: Uint8Array): number {
  if (value.length < 4) return -EINVAL;
  const n = readInt(value);
  if (name === c.UDP_GRO) {
    host.options.udpGro = n !== 0;
    return 0;
  }
  if (name !== c.UDP_SEGMENT) return -ENOPROTOOPT;
  if (n < 0 || n > MAX_SEGMENT) return -EINVAL;
  host.options.udpSegment = n;
  return 0;
}
