/**
 * What a program has set on a socket of any kind at SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 and
 * IPPROTO_UDP: one record, which stack/socket writes and whoever an option concerns reads (sockets,
 * TCP). The options of IPPROTO_TCP are TCP's own.
 *
 * @module
 */
import type { IpAddress } from "./ip_address.ts";
import { type HeaderOptions, type Headers6, NO_HEADERS6, withFlowLabel } from "./packet_shape.ts";
import { PMTUDISC_WANT } from "./socket_constants.ts";

/** The options that are on or off. */
export type SocketFlag = {
  [Name in keyof SocketOptions]: SocketOptions[Name] extends boolean ? Name : never;
}[keyof SocketOptions];

export class SocketOptions {
  // SOL_SOCKET
  debug = false;
  reuseAddr = false;
  reusePort = false;
  dontRoute = false;
  broadcast = false;
  keepAlive = false;
  oobInline = false;
  noCheck = false;
  priority = 0;
  mark = 0;
  lingerOn = false;
  lingerSeconds = 0;
  receiveLowat = 1;
  /** SO_BINDTODEVICE; 0: none. */
  ifIndex = 0;
  timestamp = false;
  timestampNs = false;
  timestampingFlags = 0;
  rxqOvfl = false;
  selectErrQueue = false;
  /** Bytes per second, as the eight bytes of the option; all ones: no limit. */
  maxPacingRate: Uint8Array = new Uint8Array(8).fill(0xff);
  filterLocked = false;
  incomingCpu = -1;
  // IPPROTO_IP
  tos = 0;
  /** -1: the stack's default. */
  ttl = -1;
  headerIncluded = false;
  mtuDiscover = PMTUDISC_WANT;
  recvErr = false;
  recvTtl = false;
  recvTos = false;
  recvOpts = false;
  retOpts = false;
  /** IP_OPTIONS */
  ipOptions: HeaderOptions | null = null;
  pktInfo = false;
  recvOrigDstAddr = false;
  freeBind = false;
  transparent = false;
  minTtl = 0;
  bindAddressNoPort = false;
  recvFragSize = false;
  noDefrag = false;
  /** IP_ROUTER_ALERT, of a raw socket. */
  routerAlert = false;
  /** IP_LOCAL_PORT_RANGE: first port, and last in the upper half; 0: the system's. */
  localPortRange = 0;
  multicastTtl = 1;
  multicastLoop = true;
  /** IP_MULTICAST_IF: interface and address; 0: none. */
  multicastIfIndex = 0;
  multicastAddr = 0;
  multicastAll = true;
  unicastIfIndex = 0;
  // IPPROTO_IPV6: for packets of IPv6; those of IPv4 from a dual-stack socket go by IPPROTO_IP's
  v6Only = false;
  /** IPV6_UNICAST_HOPS; -1: the stack's default. */
  hops6 = -1;
  mtuDiscover6 = PMTUDISC_WANT;
  /** IPV6_MINHOPCOUNT */
  minHops6 = 0;
  multicastHops6 = 1;
  multicastLoop6 = true;
  /** IPV6_MULTICAST_IF; 0: none. */
  multicastIfIndex6 = 0;
  unicastIfIndex6 = 0;
  recvPktInfo6 = false;
  recvHopLimit6 = false;
  recvTclass6 = false;
  recvErr6 = false;
  tclass = 0;
  autoFlowLabel = true;
  dontFrag6 = false;
  recvPathMtu6 = false;
  recvHopOpts6 = false;
  recvRtHdr6 = false;
  recvDstOpts6 = false;
  recvFlowInfo6 = false;
  recvOrigDst6 = false;
  recvFragSize6 = false;
  /** The same by the names of RFC 2292, whose control messages are others. */
  recvPktInfo2292 = false;
  recvHopLimit2292 = false;
  recvHopOpts2292 = false;
  recvRtHdr2292 = false;
  recvDstOpts2292 = false;
  /** IPV6_FLOWINFO_SEND: sin6_flowinfo says the flow label. */
  sendFlowInfo = false;
  routerAlertIsolate = false;
  /** IPV6_ADDR_PREFERENCES: IPV6_PREFER_SRC_TMP, _PUBLIC, _COA. */
  sourcePreferences6 = 0;
  /** IPV6_MTU; 0: none. */
  fragmentMtu6 = 0;
  /** IPV6_HOPOPTS, IPV6_RTHDRDSTOPTS, IPV6_RTHDR, IPV6_DSTOPTS: on all that is sent. */
  headers6: Headers6 = NO_HEADERS6;
  /** What connect() was told by sin6_flowinfo, with IPV6_FLOWINFO_SEND; 0: nothing. */
  flowLabel6 = 0;
  /** IPV6_PKTINFO: where IPv6 datagrams leave (0: anywhere), and from which address (null: any). */
  stickyIfIndex6 = 0;
  stickySource6: IpAddress | null = null;
  /** IPV6_MULTICAST_ALL: also groups that other sockets have joined. */
  multicastAll6 = true;
  // IPPROTO_UDP
  udpSegment = 0;
  /** Datagrams may come joined to one. */
  udpGro = false;

  /** Traffic class and flow label of what goes to the peer over IPv6 (withFlowLabel). */
  get flow6(): number {
    const { tclass, flowLabel6 } = this;
    if (flowLabel6 !== 0) return withFlowLabel(tclass, flowLabel6);
    return this.autoFlowLabel ? tclass : withFlowLabel(tclass, 0);
  }
}
