/**
 * socket(2): which kinds of socket there are, and what Linux says to a request for another.
 *
 * @module
 */
import { EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from "./base/errno.ts";
import type { PingLayer } from "./icmp/mod.ts";
import type { RawLayer } from "./raw/mod.ts";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  PingSocket,
  RawSocket,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type Socket,
  type SocketEnv,
  TcpStreamSocket,
  UdpSocket,
} from "./socket/mod.ts";
import type { TcpLayer } from "./tcp/mod.ts";
import type { UdpLayer } from "./udp/mod.ts";

/** Numbers of socket(2): types end here, protocols there. */
const SOCK_MAX = 11;
const IPPROTO_MAX = 256;

export interface SocketFactoryDeps {
  readonly env: SocketEnv;
  readonly tcp: TcpLayer;
  readonly udp: UdpLayer;
  readonly raw: RawLayer;
  readonly ping: PingLayer;
}

/** `type` without flag bits. A socket or -errno. */
export function createSocket(
  deps: SocketFactoryDeps,
  domain: number,
  type: number,
  protocol: number,
): Socket | number {
  const { env, raw } = deps;
  if (domain !== AF_INET && domain !== AF_INET6) return -EAFNOSUPPORT;
  if (type < 0 || type >= SOCK_MAX) return -EINVAL;
  if (protocol < 0 || protocol >= IPPROTO_MAX) return -EINVAL;
  switch (type) {
    case SOCK_STREAM:
      if (protocol !== 0 && protocol !== IPPROTO_TCP) return -EPROTONOSUPPORT;
      return streamSocket(deps, domain);
    case SOCK_DGRAM:
      return datagramSocket(deps, domain, protocol);
    case SOCK_RAW:
      return protocol === 0 ? -EPROTONOSUPPORT : new RawSocket(env, raw, protocol, domain);
    default:
      return -ESOCKTNOSUPPORT;
  }
}

function streamSocket({ env, tcp }: SocketFactoryDeps, domain: number): Socket {
  const socket = new TcpStreamSocket(env, tcp.createTcb(), domain);
  if (domain === AF_INET6) socket.ownOptions().multicastAll = false; // as Linux shows it
  return socket;
}

function datagramSocket(
  { env, udp, ping }: SocketFactoryDeps,
  domain: number,
  protocol: number,
): Socket | number {
  if (protocol === 0 || protocol === IPPROTO_UDP) return new UdpSocket(env, udp, domain);
  if (protocol !== (domain === AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6)) return -EPROTONOSUPPORT;
  return new PingSocket(env, ping, domain);
}
