/**
 * setsockopt and getsockopt at IPPROTO_IPV6: ipv6(7), with Linux's sizes, bounds and errors. What
 * has the same meaning at IPPROTO_IP shares its field: a dual-stack socket has one of each.
 *
 * @module
 */
import { EINVAL, ENODEV, ENOPROTOOPT, ENOTCONN } from "../base/errno.ts";
import { IpAddress } from "../base/ip_address.ts";
import * as c from "../base/socket_constants.ts";
import { ECN_MASK } from "../wire/ipv4.ts";
import { boolBytes, intBytes, readInt, v4Bytes } from "./option_codec.ts";
import { setUnicastIf } from "./sol_ip.ts";
import { setGroupOption6 } from "./sol_ipv6_groups.ts";
import type { SocketFlag } from "../base/socket_options.ts";
import type { OptionHost } from "./option_host.ts";

const DEFAULT_HOPS = 64;

/** Flags whose value may be missing: off, then. */
const LOOSE_FLAGS: readonly number[] = [c.IPV6_AUTOFLOWLABEL, c.IPV6_DONTFRAG];
const NUMBERS: readonly number[] = [
  c.IPV6_V6ONLY,
  c.IPV6_MULTICAST_LOOP,
  c.IPV6_UNICAST_HOPS,
  c.IPV6_TCLASS,
  c.IPV6_MTU_DISCOVER,
  c.IPV6_RECVERR,
  c.IPV6_MINHOPCOUNT,
];
/** Not on streams. */
const DATAGRAM_NUMBERS: readonly number[] = [
  c.IPV6_MULTICAST_IF,
  c.IPV6_MULTICAST_HOPS,
  c.IPV6_MULTICAST_ALL,
];
const RAW_NUMBERS: readonly number[] = [c.IPV6_CHECKSUM, c.IPV6_HDRINCL];

const FLAGS: { readonly [name: number]: SocketFlag } = {
  [c.IPV6_RECVPKTINFO]: "recvPktInfo6",
  [c.IPV6_RECVHOPLIMIT]: "recvHopLimit6",
  [c.IPV6_RECVTCLASS]: "recvTclass6",
  [c.IPV6_AUTOFLOWLABEL]: "autoFlowLabel",
  [c.IPV6_DONTFRAG]: "dontFrag6",
  [c.IPV6_RECVPATHMTU]: "recvPathMtu6",
  [c.IPV6_FREEBIND]: "freeBind",
};
/** struct ip6_mtuinfo: a sockaddr_in6, then the MTU. */
const MTU_INFO_LEN = 32;
const MTU_INFO_MTU_OFF = 28;
/** struct in6_pktinfo: an address, then an interface. */
const PACKET_INFO_LEN = 20;

export function setIpv6(host: OptionHost, name: number, value: Uint8Array): number {
  const options = host.options;
  const isShort = value.length < 4;
  const n = isShort ? 0 : readInt(value);
  const flag = FLAGS[name];
  if (flag !== undefined) {
    if (isShort && !LOOSE_FLAGS.includes(name)) return -EINVAL;
    options[flag] = n !== 0;
    return 0;
  }
  if (host.type === c.SOCK_RAW && RAW_NUMBERS.includes(name)) {
    return isShort ? -EINVAL : setRawNumber(host, name, n);
  }
  if (name === c.IPV6_UNICAST_IF) return setUnicastIf(host, value);
  if (name === c.IPV6_PKTINFO) return setPacketInfo(host, value);
  const ofGroup = setGroupOption6(host, name, value);
  if (ofGroup !== -ENOPROTOOPT) return ofGroup;
  const isStream = host.type === c.SOCK_STREAM;
  if (!NUMBERS.includes(name) && (isStream || !DATAGRAM_NUMBERS.includes(name))) {
    return -ENOPROTOOPT;
  }
  return isShort ? -EINVAL : setNumber(host, name, n);
}

/** struct in6_pktinfo: what each datagram leaves by and from that does not say otherwise. */
function setPacketInfo({ interfaces, options }: OptionHost, value: Uint8Array): number {
  if (value.length < PACKET_INFO_LEN) return -EINVAL;
  const addr = IpAddress.read(new DataView(value.buffer, value.byteOffset), 0, 6);
  const index = readInt(value, 16);
  if (options.ifIndex !== 0 && index !== 0 && index !== options.ifIndex) return -EINVAL;
  if (index !== 0 && interfaces.nameOf(index) === null) return -ENODEV;
  options.stickyIfIndex6 = index;
  options.stickySource6 = addr.isUnspecified ? null : addr;
  return 0;
}

function setRawNumber(host: OptionHost, name: number, n: number): number {
  if (name === c.IPV6_HDRINCL) {
    host.options.headerIncluded = n !== 0;
    return 0;
  }
  // That of ICMPv6 is where it is (RFC 3542 3.1), and none lies across two words.
  if (host.protocol === c.IPPROTO_ICMPV6 || (n > 0 && (n & 1) !== 0)) return -EINVAL;
  host.checksumOffset = n < 0 ? -1 : n;
  return 0;
}

function setNumber(host: OptionHost, name: number, n: number): number {
  const options = host.options;
  switch (name) {
    case c.IPV6_V6ONLY:
      if (host.isBound) return -EINVAL;
      options.v6Only = n !== 0;
      return 0;
    case c.IPV6_MULTICAST_LOOP:
      if (n < 0 || n > 1) return -EINVAL;
      options.multicastLoop = n === 1;
      return 0;
    case c.IPV6_UNICAST_HOPS:
      if (n < -1 || n > 255) return -EINVAL;
      options.ttl = n;
      return 0;
    case c.IPV6_MULTICAST_HOPS:
      if (n < -1 || n > 255) return -EINVAL;
      options.multicastTtl = n === -1 ? 1 : n;
      return 0;
    case c.IPV6_MULTICAST_IF:
      if (n !== 0 && host.interfaces.nameOf(n) === null) return -ENODEV;
      options.multicastIfIndex = n;
      options.multicastAddr = 0;
      return 0;
    case c.IPV6_MINHOPCOUNT:
      if (n < 0 || n > 255) return -EINVAL;
      options.minTtl = n;
      return 0;
    case c.IPV6_MULTICAST_ALL:
      if (n < 0 || n > 1) return -EINVAL;
      options.multicastAll6 = n === 1;
      return 0;
    case c.IPV6_TCLASS:
      if (n < -1 || n > 255) return -EINVAL;
      options.tclass = n === -1 ? 0 : n;
      // TCP's own bits
      if (host.type === c.SOCK_STREAM) options.tclass &= ~ECN_MASK;
      options.tos = options.tclass;
      return 0;
    case c.IPV6_MTU_DISCOVER:
      if (n < c.PMTUDISC_DONT || n > c.PMTUDISC_OMIT) return -EINVAL;
      options.mtuDiscover = n;
      return 0;
    case c.IPV6_RECVERR:
      options.recvErr6 = n !== 0;
      options.recvErr = n !== 0;
      if (n === 0) host.purgeErrorQueue();
      return 0;
    default:
      return -ENOPROTOOPT;
  }
}

export function getIpv6(host: OptionHost, name: number): Uint8Array | number {
  const options = host.options;
  const flag = FLAGS[name];
  if (flag !== undefined) return boolBytes(options[flag]);
  switch (name) {
    case c.IPV6_V6ONLY:
      return boolBytes(options.v6Only);
    case c.IPV6_MULTICAST_LOOP:
      return boolBytes(options.multicastLoop);
    case c.IPV6_UNICAST_HOPS:
      return intBytes(options.ttl < 0 ? DEFAULT_HOPS : options.ttl);
    case c.IPV6_MULTICAST_HOPS:
      return intBytes(options.multicastTtl);
    case c.IPV6_MULTICAST_IF:
      return intBytes(options.multicastIfIndex);
    case c.IPV6_TCLASS:
      return intBytes(options.tclass);
    case c.IPV6_MTU_DISCOVER:
      return intBytes(options.mtuDiscover);
    case c.IPV6_RECVERR:
      return boolBytes(options.recvErr6);
    case c.IPV6_MINHOPCOUNT:
      return intBytes(options.minTtl);
    case c.IPV6_MULTICAST_ALL:
      return boolBytes(options.multicastAll6);
    case c.IPV6_UNICAST_IF:
      return intBytes(readInt(v4Bytes(options.unicastIfIndex)));
    case c.IPV6_CHECKSUM:
      return host.type === c.SOCK_RAW ? intBytes(host.checksumOffset) : -ENOPROTOOPT;
    case c.IPV6_HDRINCL:
      return host.type === c.SOCK_RAW ? boolBytes(options.headerIncluded) : -ENOPROTOOPT;
    case c.IPV6_PATHMTU: {
      const mtu = host.pathMtu();
      if (mtu === 0) return -ENOTCONN;
      const info = new Uint8Array(MTU_INFO_LEN);
      info[0] = c.AF_INET6;
      info.set(intBytes(mtu), MTU_INFO_MTU_OFF);
      return info;
    }
    case c.IPV6_MTU: {
      const mtu = host.pathMtu();
      return mtu === 0 ? -ENOTCONN : intBytes(mtu);
    }
    default:
      return -ENOPROTOOPT;
  }
}
