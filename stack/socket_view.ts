/**
 * All sockets of a stack, for somebody who looks at it from outside (ss, /proc/net/udp): those of
 * programs, and what lives on without one. Made anew for each look.
 *
 * @module
 */
import { ANY_V4, ANY_V6, type IpAddress } from "./base/ip_address.ts";
import type { PingEndpoint, PingLayer } from "./icmp/mod.ts";
import type { RawEndpoint, RawLayer } from "./raw/mod.ts";
import {
  AF_INET,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  PingSocket,
  RawSocket,
  type Socket,
  TcpStreamSocket,
  UdpSocket,
} from "./socket/mod.ts";
import { type TcpLayer, type TcpView, viewTcp, ViewTimer } from "./tcp/mod.ts";
import type { UdpEndpoint, UdpLayer } from "./udp/mod.ts";

export interface SocketView extends Omit<TcpView, "handle"> {
  /** IPPROTO_*; of a raw socket the protocol that it has. */
  readonly protocol: number;
  /** The program's; null: it has none any more, or never had one. */
  readonly socket: Socket | null;
  /** SO_RCVBUF, SO_SNDBUF as getsockopt() shows them. */
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
  /** Datagrams that there was no room for. */
  readonly drops: number;
}

/** TCP_ESTABLISHED and TCP_CLOSE: what Linux says of datagram sockets with a peer and without. */
const CONNECTED = 1;
const UNCONNECTED = 7;

export interface SocketLayers {
  readonly tcp: TcpLayer;
  readonly udp: UdpLayer;
  readonly raw: RawLayer;
  readonly icmp: { readonly ping: PingLayer };
}

/** Listeners first, then connections, TIME-WAIT and the queues of SYNs included. */
export function viewTcpSockets({ tcp }: SocketLayers, nowUs: number): SocketView[] {
  return viewTcp(tcp, nowUs).map(({ handle, ...view }) => ({
    ...view,
    protocol: IPPROTO_TCP,
    socket: handle instanceof TcpStreamSocket ? handle : null,
    receiveBuffer: view.detail?.receiveBuffer ?? 0,
    sendBuffer: view.detail?.sendBuffer ?? 0,
    drops: 0,
  }));
}

/** Bound ones, of whatever domain. */
export function viewUdpSockets({ udp }: SocketLayers): SocketView[] {
  const views: SocketView[] = [];
  udp.forEach((endpoint) => {
    const { domain, local, localPort, remotePort, ifIndex, sink } = endpoint;
    const socket = sink instanceof UdpSocket ? sink : null;
    const ends = { domain, local, localPort, remote: endpoint.remote, remotePort, ifIndex };
    views.push(ofDatagrams(IPPROTO_UDP, ends, socket));
  });
  return views;
}

export function viewRawSockets({ raw }: SocketLayers): SocketView[] {
  const views: SocketView[] = [];
  raw.forEach((endpoint) => views.push(ofProtocol(endpoint)));
  return views;
}

/** Those that have an identifier. */
export function viewPingSockets({ icmp: { ping } }: SocketLayers): SocketView[] {
  const views: SocketView[] = [];
  ping.forEach((endpoint) => views.push(ofPing(endpoint)));
  return views;
}

interface Ends {
  readonly domain: number;
  readonly local: IpAddress;
  readonly localPort: number;
  readonly remote: UdpEndpoint["remote"];
  readonly remotePort: number;
  readonly ifIndex: number;
}

function ofProtocol({ protocol, local, remote, ifIndex, sink }: RawEndpoint): SocketView {
  const socket = sink instanceof RawSocket ? sink : null;
  const domain = socket?.domain ?? AF_INET;
  const ends = { domain, local, localPort: protocol, remote, remotePort: 0, ifIndex };
  return ofDatagrams(protocol, ends, socket);
}

function ofPing({ ident, local, remote, ifIndex, sink }: PingEndpoint): SocketView {
  const socket = sink instanceof PingSocket ? sink : null;
  const domain = socket?.domain ?? AF_INET;
  const ends = { domain, local, localPort: ident, remote, remotePort: 0, ifIndex };
  return ofDatagrams(IPPROTO_ICMP, ends, socket);
}

function ofDatagrams(
  protocol: number,
  { remote, ...ends }: Ends,
  socket: UdpSocket | RawSocket | PingSocket | null,
): SocketView {
  const use = socket?.memoryUse;
  return {
    ...ends,
    remote: remote ?? (ends.domain === AF_INET ? ANY_V4 : ANY_V6),
    remotePort: remote === null ? 0 : ends.remotePort,
    protocol,
    state: remote === null ? UNCONNECTED : CONNECTED,
    receiveBytes: use?.heldBytes ?? 0,
    sendBytes: 0,
    timer: ViewTimer.NONE,
    expiresUs: 0,
    retransmits: 0,
    detail: null,
    socket,
    receiveBuffer: socket?.receiveBuffer ?? 0,
    sendBuffer: socket?.sendBuffer ?? 0,
    drops: use?.dropCount ?? 0,
  };
}
