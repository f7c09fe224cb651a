/**
 * setsockopt and getsockopt at IPPROTO_IPV6: ipv6(7), with Linux's sizes, bounds and errors. A
 * dual-stack socket has IPPROTO_IP's options besides: those are for what it sends over IPv4.
 *
 * @module
 */
import { EADDRNOTAVAIL, EINVAL, ENODEV, ENOPROTOOPT, ENOTCONN } from "../base/errno.ts";
import { IpAddress } from "../base/ip_address.ts";
import * as c from "../base/socket_constants.ts";
import { ECN_MASK } from "../wire/ipv4.ts";
import { IPV6_MIN_MTU } from "../wire/ipv6.ts";
import { boolBytes, intBytes, readInt, v4Bytes } from "./option_codec.ts";
import { MTU_INFO_LEN } from "./received_extras.ts";
import { setUnicastIf } from "./sol_ip.ts";
import { MREQ6_LEN, setGroupOption6 } from "./sol_ipv6_groups.ts";
import {
  askFlowLabel,
  changeFlowLabel,
  FLOW_REQUEST_LEN,
  getHeader,
  isHeaderOption,
  packetOptions,
  setHeader,
  setPacketOptions,
} from "./sol_ipv6_headers.ts";
import type { SocketFlag, SocketOptions } from "../base/socket_options.ts";
import type { OptionHost } from "./option_host.ts";

const DEFAULT_HOPS = 64;

/** Flags whose value may be missing: off, then. */
const LOOSE_FLAGS: readonly number[] = [
  c.IPV6_AUTOFLOWLABEL,
  c.IPV6_DONTFRAG,
  c.IPV6_RECVFRAGSIZE,
];
const NUMBERS: readonly number[] = [
  c.IPV6_V6ONLY,
  c.IPV6_MULTICAST_LOOP,
  c.IPV6_UNICAST_HOPS,
  c.IPV6_TCLASS,
  c.IPV6_MTU_DISCOVER,
  c.IPV6_MTU,
  c.IPV6_RECVERR,
  c.IPV6_MINHOPCOUNT,
  c.IPV6_ADDR_PREFERENCES,
];
/** Not on streams. */
const DATAGRAM_NUMBERS: readonly number[] = [c.IPV6_MULTICAST_IF, c.IPV6_MULTICAST_HOPS];
const RAW_NUMBERS: readonly number[] = [c.IPV6_CHECKSUM, c.IPV6_HDRINCL];

const FLAGS: { readonly [name: number]: SocketFlag } = {
  [c.IPV6_RECVPKTINFO]: "recvPktInfo6",
  [c.IPV6_RECVHOPLIMIT]: "recvHopLimit6",
  [c.IPV6_RECVTCLASS]: "recvTclass6",
  [c.IPV6_RECVHOPOPTS]: "recvHopOpts6",
  [c.IPV6_RECVRTHDR]: "recvRtHdr6",
  [c.IPV6_RECVDSTOPTS]: "recvDstOpts6",
  [c.IPV6_FLOWINFO]: "recvFlowInfo6",
  [c.IPV6_ORIGDSTADDR]: "recvOrigDst6",
  [c.IPV6_RECVFRAGSIZE]: "recvFragSize6",
  [c.IPV6_2292PKTINFO]: "recvPktInfo2292",
  [c.IPV6_2292HOPLIMIT]: "recvHopLimit2292",
  [c.IPV6_2292HOPOPTS]: "recvHopOpts2292",
  [c.IPV6_2292RTHDR]: "recvRtHdr2292",
  [c.IPV6_2292DSTOPTS]: "recvDstOpts2292",
  [c.IPV6_AUTOFLOWLABEL]: "autoFlowLabel",
  [c.IPV6_FLOWINFO_SEND]: "sendFlowInfo",
  [c.IPV6_DONTFRAG]: "dontFrag6",
  [c.IPV6_RECVPATHMTU]: "recvPathMtu6",
  [c.IPV6_FREEBIND]: "freeBind",
  [c.IPV6_TRANSPARENT]: "transparent",
  [c.IPV6_MULTICAST_ALL]: "multicastAll6",
  [c.IPV6_ROUTER_ALERT_ISOLATE]: "routerAlertIsolate",
};

/** IPV6_ADDR_PREFERENCES (RFC 5014): of each line one may be asked for. */
const PREFER_TMP = 1;
const PREFER_PUBLIC = 2;
const PREFER_PUBTMP_DEFAULT = 0x100;
const PREFER_COA = 4;
const PREFER_HOME = 0x400;
const PREFER_CGA = 8;
const PREFER_NONCGA = 0x800;
/** Of struct ip6_mtuinfo: a sockaddr_in6, then the MTU. */
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
  if (name === c.IPV6_UNICAST_IF) return setUnicastIf(host, value, "unicastIfIndex6");
  if (name === c.IPV6_PKTINFO) return setPacketInfo(host, value);
  if (isHeaderOption(name)) return setHeader(host, name, value);
  if (name === c.IPV6_2292PKTOPTIONS) return setPacketOptions(host, value);
  if (name === c.IPV6_FLOWLABEL_MGR) return changeFlowLabel(value);
  if (name === c.IPV6_ADDRFORM) return setAddressForm(host, n);
  if (name === c.IPV6_ROUTER_ALERT) return isShort ? -EINVAL : -ENOPROTOOPT;
  if (name === c.IPV6_JOIN_ANYCAST || name === c.IPV6_LEAVE_ANYCAST) {
    return value.length < MREQ6_LEN ? -EINVAL : -ENOPROTOOPT;
  }
  const ofGroup = setGroupOption6(host, name, value);
  if (ofGroup !== -ENOPROTOOPT) return ofGroup;
  const isStream = host.type === c.SOCK_STREAM;
  if (!NUMBERS.includes(name) && (isStream || !DATAGRAM_NUMBERS.includes(name))) {
    return -ENOPROTOOPT;
  }
  return isShort ? -EINVAL : setNumber(host, name, n);
}

/** A socket whose peer is of IPv4 would become one of AF_INET; here none does. */
function setAddressForm(host: OptionHost, domain: number): number {
  if (domain !== c.AF_INET) return -EINVAL;
  if (host.type === c.SOCK_RAW || host.protocol === c.IPPROTO_ICMPV6) return -ENOPROTOOPT;
  const peer = host.remote();
  if (peer === null) return -ENOTCONN;
  return host.options.v6Only || peer.addr.family === 6 ? -EADDRNOTAVAIL : -ENOPROTOOPT;
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
      options.multicastLoop6 = n === 1;
      return 0;
    case c.IPV6_UNICAST_HOPS:
      if (n < -1 || n > 255) return -EINVAL;
      options.hops6 = n;
      return 0;
    case c.IPV6_MULTICAST_HOPS:
      if (n < -1 || n > 255) return -EINVAL;
      options.multicastHops6 = n === -1 ? 1 : n;
      return 0;
    case c.IPV6_MULTICAST_IF:
      if (n !== 0 && host.interfaces.nameOf(n) === null) return -ENODEV;
      if (n !== 0 && options.ifIndex !== 0 && options.ifIndex !== n) return -EINVAL;
      options.multicastIfIndex6 = n;
      return 0;
    case c.IPV6_MINHOPCOUNT:
      if (n < 0 || n > 255) return -EINVAL;
      options.minHops6 = n;
      return 0;
    case c.IPV6_MTU:
      if (n !== 0 && n < IPV6_MIN_MTU) return -EINVAL;
      options.fragmentMtu6 = n;
      return 0;
    case c.IPV6_ADDR_PREFERENCES:
      return setPreferences(host, n);
    case c.IPV6_TCLASS:
      if (n < -1 || n > 255) return -EINVAL;
      options.tclass = n === -1 ? 0 : n;
      // TCP's own bits
      if (host.type === c.SOCK_STREAM) options.tclass &= ~ECN_MASK;
      return 0;
    case c.IPV6_MTU_DISCOVER:
      if (n < c.PMTUDISC_DONT || n > c.PMTUDISC_OMIT) return -EINVAL;
      options.mtuDiscover6 = n;
      return 0;
    case c.IPV6_RECVERR:
      options.recvErr6 = n !== 0;
      if (n === 0) host.purgeErrorQueue();
      return 0;
    default:
      return -ENOPROTOOPT;
  }
}

function setPreferences({ options }: OptionHost, n: number): number {
  const temporary = n & (PREFER_TMP | PREFER_PUBLIC | PREFER_PUBTMP_DEFAULT);
  const home = n & (PREFER_COA | PREFER_HOME);
  const generated = n & (PREFER_CGA | PREFER_NONCGA);
  if ([temporary, home, generated].some((bits) => (bits & (bits - 1)) !== 0)) return -EINVAL;
  let now = options.sourcePreferences6;
  if (temporary !== 0) now = (now & ~(PREFER_TMP | PREFER_PUBLIC)) | (temporary & 3);
  if (home !== 0) now = (now & ~PREFER_COA) | (home & PREFER_COA);
  options.sourcePreferences6 = now;
  return 0;
}

function preferences({ sourcePreferences6: set }: SocketOptions): number {
  const temporary = set & (PREFER_TMP | PREFER_PUBLIC);
  return (temporary === 0 ? PREFER_PUBTMP_DEFAULT : temporary) |
    ((set & PREFER_COA) === 0 ? PREFER_HOME : PREFER_COA);
}

/** `asked`: what is in the caller's buffer, of which there are `maxLen` bytes. */
export function getIpv6(
  host: OptionHost,
  name: number,
  maxLen: number,
  asked: Uint8Array,
): Uint8Array | number {
  const options = host.options;
  const flag = FLAGS[name];
  if (flag !== undefined) return boolBytes(options[flag]);
  switch (name) {
    case c.IPV6_V6ONLY:
      return boolBytes(options.v6Only);
    case c.IPV6_MULTICAST_LOOP:
      return boolBytes(options.multicastLoop6);
    case c.IPV6_UNICAST_HOPS:
      return intBytes(options.hops6 < 0 ? DEFAULT_HOPS : options.hops6);
    case c.IPV6_MULTICAST_HOPS:
      return intBytes(options.multicastHops6);
    case c.IPV6_MULTICAST_IF:
      return intBytes(options.multicastIfIndex6);
    case c.IPV6_TCLASS:
      return intBytes(options.tclass);
    case c.IPV6_MTU_DISCOVER:
      return intBytes(options.mtuDiscover6);
    case c.IPV6_RECVERR:
      return boolBytes(options.recvErr6);
    case c.IPV6_MINHOPCOUNT:
      return intBytes(options.minHops6);
    case c.IPV6_ADDR_PREFERENCES:
      return intBytes(preferences(options));
    case c.IPV6_ROUTER_ALERT:
      return intBytes(0);
    case c.IPV6_2292PKTOPTIONS:
      return host.type === c.SOCK_STREAM ? packetOptions(host) : -ENOPROTOOPT;
    case c.IPV6_FLOWLABEL_MGR:
      return maxLen < FLOW_REQUEST_LEN ? -EINVAL : askFlowLabel(asked);
    case c.IPV6_ADDRFORM:
      if (host.type === c.SOCK_RAW || host.protocol === c.IPPROTO_ICMPV6) return -ENOPROTOOPT;
      return host.remote() === null ? -ENOTCONN : intBytes(host.domain);
    case c.IPV6_UNICAST_IF:
      return intBytes(readInt(v4Bytes(options.unicastIfIndex6)));
    case c.IPV6_CHECKSUM:
      return host.type === c.SOCK_RAW ? intBytes(host.checksumOffset) : -ENOPROTOOPT;
    case c.IPV6_HDRINCL:
      return host.type === c.SOCK_RAW ? boolBytes(options.headerIncluded) : -ENOPROTOOPT;
    case c.IPV6_PATHMTU: {
      if (maxLen < MTU_INFO_LEN) return -EINVAL;
      const mtu = host.pathMtu();
      if (mtu === 0) return -ENOTCONN;
      const info = new Uint8Array(MTU_INFO_LEN);
      info.set(intBytes(mtu), MTU_INFO_MTU_OFF);
      return info;
    }
    case c.IPV6_MTU: {
      const mtu = host.pathMtu();
      return mtu === 0 ? -ENOTCONN : intBytes(mtu);
    }
    default:
      return isHeaderOption(name) ? getHeader(host, name) : -ENOPROTOOPT;
  }
}
