/**
 * The options that all kinds of socket have, and what the code that sets and gets them needs from a
 * socket. An option's meaning is with whoever uses the field; TCP's own ones live in stack/tcp.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import type { Endpoint } from "./api.ts";
import { PMTUDISC_WANT } from "./constants.ts";

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
  busyPollUs = 0;
  /** Bytes per second, as the eight bytes of the option; all ones: no limit. */
  maxPacingRate: Uint8Array = new Uint8Array(8).fill(0xff);
  hasFilter = false;
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
  // IPPROTO_UDP
  udpSegment = 0;
}

/** What the stack tells about interfaces to options that name one. */
export interface InterfaceNames {
  /** 0: there is none. */
  indexOf(name: string): number;
  /** null: there is none. */
  nameOf(index: number): string | null;
  /** The interface that has this int32 address, 0: none. */
  indexOfV4(addr: number): number;
}

/** A socket, as the options code sees it. */
export interface OptionHost {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  readonly options: SocketOptions;
  readonly interfaces: InterfaceNames;
  readonly isListening: boolean;
  readonly isBound: boolean;
  /** SO_RCVBUF and SO_SNDBUF as getsockopt shows them; set to what has been doubled and bounded. */
  receiveBuffer: number;
  sendBuffer: number;
  readonly receiveBufferMax: number;
  readonly sendBufferMax: number;
  takeError(): number;
  local(): Endpoint;
  /** The path MTU towards the peer, 0 when not connected. */
  pathMtu(): number;
  /** Puts changed options into effect. */
  applyOptions(): void;
  /** IP_ADD_MEMBERSHIP and IP_DROP_MEMBERSHIP: 0 or -errno. `ifIndex` 0: choose. */
  joinGroup(group: IpAddress, ifIndex: number, ifAddr: number): number;
  leaveGroup(group: IpAddress, ifIndex: number, ifAddr: number): number;
  /** ICMP_FILTER, null when the socket has none. */
  icmpFilter: number | null;
  /** IP_RECVERR was turned off: what is queued is dropped. */
  purgeErrorQueue(): void;
}
