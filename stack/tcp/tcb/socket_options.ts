/**
 * What a program has set on a socket, apart from the state of the connection. Connections of a
 * listener start with a copy of its options. Times are microseconds.
 *
 * @module
 */
import type { TcpConfig } from "../base/config.ts";
import type { CookieMaker } from "../secrets/fast_open_cookies.ts";

export class TcpSocketOptions {
  // ---- SOL_SOCKET
  reuseAddr = false;
  reusePort = false;
  keepAlive = false;
  oobInline = false;
  lingerOn = false;
  lingerSeconds = 0;
  rcvLowat = 1;
  /** SO_BINDTODEVICE; 0: any interface. */
  ifIndex = 0;
  /** SO_RCVBUF, SO_SNDBUF were set: no auto-tuning. */
  isRcvBufLocked = false;
  isSndBufLocked = false;

  // ---- IPPROTO_IP, IPPROTO_IPV6
  tos = 0;
  ttl: number;
  v6Only = false;

  // ---- IPPROTO_TCP
  noDelay = false;
  cork = false;
  /** TCP_MAXSEG, 0: not set. */
  maxSeg = 0;
  keepIdleUs: number;
  keepIntervalUs: number;
  keepCount: number;
  /** TCP_SYNCNT */
  synRetries: number;
  /** TCP_LINGER2; -1: FIN-WAIT-2 ends at once. */
  linger2Us: number;
  /** TCP_DEFER_ACCEPT; 0: off. */
  deferAcceptUs = 0;
  /** TCP_WINDOW_CLAMP; 0: none. */
  windowClamp = 0;
  /** TCP_USER_TIMEOUT; 0: the system's. */
  userTimeoutUs = 0;
  /** TCP_FASTOPEN: connections that may wait for the end of their handshake; 0: off. */
  fastOpenQueue = 0;
  fastOpenConnect = false;
  fastOpenNoCookie = false;
  /** TCP_FASTOPEN_KEY; null: the stack's key. */
  fastOpenCookies: CookieMaker | null = null;

  constructor(config: TcpConfig) {
    this.ttl = config.ttl;
    this.keepIdleUs = config.keepIdleUs;
    this.keepIntervalUs = config.keepIntervalUs;
    this.keepCount = config.keepCount;
    this.synRetries = config.synRetries;
    this.linger2Us = config.finWait2Us;
  }

  /** A copy, for a connection that a listener has accepted. */
  clone(config: TcpConfig): TcpSocketOptions {
    return Object.assign(new TcpSocketOptions(config), this);
  }
}
