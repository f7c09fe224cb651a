/**
 * What a program has set on a stream socket: the options of IPPROTO_TCP, and by reference those
 * that all kinds of socket have. Connections of a listener start with the very records of its
 * options, and whoever sets one takes a copy of that record first. Times are microseconds.
 *
 * @module
 */
import type { IpAddress } from "../../base/ip_address.ts";
import { SocketOptions } from "../../base/socket_options.ts";
import { DELACK_MAX_US, type TcpConfig } from "../base/config.ts";
import type { CookieMaker } from "../secrets/fast_open_cookies.ts";

export class TcpSocketOptions {
  /** More than one socket has this record: `Tcb.ownOptions` copies it before somebody writes. */
  isShared = false;
  #isSocketShared = false;
  readonly #defaultTtl: number;

  /** SO_RCVBUF, SO_SNDBUF were set: no auto-tuning. */
  isRcvBufLocked = false;
  isSndBufLocked = false;

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
  /** TCP_RTO_MIN_US, TCP_RTO_MAX_MS, TCP_DELACK_MAX_US. */
  rtoMinUs: number;
  rtoMaxUs: number;
  delackMaxUs = DELACK_MAX_US;
  /** TCP_THIN_LINEAR_TIMEOUTS */
  thinLinearTimeouts = false;
  /** TCP_NOTSENT_LOWAT; 0: the system's. */
  notsentLowatBytes = 0;
  /** TCP_INQ: recvmsg() tells how much is left to read. */
  inq = false;
  /** TCP_FASTOPEN: connections that may wait for the end of their handshake; 0: off. */
  fastOpenQueue = 0;
  fastOpenConnect = false;
  fastOpenNoCookie = false;
  /** TCP_FASTOPEN_KEY; null: the stack's key. */
  fastOpenCookies: CookieMaker | null = null;

  /** `socket`: to be read; who writes asks `ownSocketOptions`. */
  constructor(config: TcpConfig, public socket: SocketOptions = new SocketOptions()) {
    this.#defaultTtl = config.ttl;
    this.keepIdleUs = config.keepIdleUs;
    this.keepIntervalUs = config.keepIntervalUs;
    this.keepCount = config.keepCount;
    this.synRetries = config.synRetries;
    this.linger2Us = config.finWait2Us;
    this.rtoMinUs = config.rtoMinUs;
    this.rtoMaxUs = config.rtoMaxUs;
  }

  /** IP_TTL, of packets of IPv6 IPV6_UNICAST_HOPS, or the stack's default. */
  ttlTo({ family }: IpAddress): number {
    const ttl = family === 6 ? this.socket.hops6 : this.socket.ttl;
    return ttl < 0 ? this.#defaultTtl : ttl;
  }

  /** IP_TOS, or IPV6_TCLASS and the flow label. */
  tosTo({ family }: IpAddress): number {
    return family === 6 ? this.socket.flow6 : this.socket.tos;
  }

  /** For a connection that a listener makes. */
  share(): this {
    this.isShared = true;
    return this;
  }

  /** For one socket, which may write into it. */
  copy(config: TcpConfig): TcpSocketOptions {
    const copy = Object.assign(new TcpSocketOptions(config, this.socket), this);
    copy.isShared = false;
    copy.#isSocketShared = true;
    this.#isSocketShared = true;
    return copy;
  }

  /** The options of all kinds of socket, for this one alone. */
  ownSocketOptions(): SocketOptions {
    if (this.#isSocketShared) this.socket = Object.assign(new SocketOptions(), this.socket);
    this.#isSocketShared = false;
    return this.socket;
  }
}
