/**
 * What a program has set on a socket of any kind at SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 and
 * IPPROTO_UDP: one record, which stack/socket writes and whoever an option concerns reads (sockets,
 * TCP). The options of IPPROTO_TCP are TCP's own.
 *
 * @module
 */
import type { IpAddress } from "./ip_address.ts";
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
  // IPPROTO_IPV6 of a dual-stack socket
  v6Only = false;
  recvPktInfo6 = false;
  recvHopLimit6 = false;
  recvTclass6 = false;
  recvErr6 = false;
  tclass = 0;
  autoFlowLabel = true;
  dontFrag6 = false;
  recvPathMtu6 = false;
  /** IPV6_PKTINFO: where IPv6 datagrams leave (0: anywhere), and from which address (null: any). */
  stickyIfIndex6 = 0;
  stickySource6: IpAddress | null = null;
  /** IPV6_MULTICAST_ALL: also groups that other sockets have joined. */
  multicastAll6 = true;
  // IPPROTO_UDP
  udpSegment = 0;
  /** Datagrams may come joined to one. */
  udpGro = false;
}
