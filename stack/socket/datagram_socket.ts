/**
 * What UDP, raw and ping sockets have in common: addresses, options, the receive queue, errors.
 * Subclasses say how their endpoint is bound and how one datagram is sent.
 *
 * @module
 */
import {
  EAGAIN,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
} from "../base/errno.ts";
import { checkDestination } from "../base/address_family.ts";
import { DROP_SOCKET_FILTER } from "../base/drop_reason.ts";
import type { DatagramSink } from "../base/datagram_sink.ts";
import type { GroupMembership } from "../base/group_membership.ts";
import { ANY_V4, ANY_V6, type IpAddress } from "../base/ip_address.ts";
import { IPV4_HEADER_LEN } from "../wire/ipv4.ts";
import { ipHeaderLen } from "../wire/ipv6.ts";
import type { IcmpError, Route } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import {
  type DatagramSocket,
  type Endpoint,
  type ErrorQueueEntry,
  EVENT_ERROR,
  EVENT_ERRQUEUE,
  EVENT_READABLE,
} from "./api.ts";
import { checkBindable, sourceOfBound } from "./bind_check.ts";
import { AF_INET, AF_INET6, PMTUDISC_DONT, SHUT_RD, SHUT_RDWR } from "../base/socket_constants.ts";
import * as h from "./datagram_header.ts";
import { Destination } from "./destination.ts";
import { ErrorQueue } from "./error_queue.ts";
import { Memberships } from "./memberships.ts";
import { filterDatagram, type PacketFilter } from "./packet_filter.ts";
import type { MemoryUse } from "./option_host.ts";
import { ReceiveQueue } from "./receive_queue.ts";
import type { SocketEnv, SocketInterfaces } from "./socket_env.ts";
import { SocketOptions } from "../base/socket_options.ts";

export abstract class BaseDatagramSocket implements DatagramSocket, DatagramSink {
  readonly kind = "datagram";
  readonly isListening = false;
  readonly receiveLowatMax = 0x7fffffff;
  readonly options = new SocketOptions();
  readonly interfaces: SocketInterfaces;
  readonly receiveBufferMax: number;
  readonly sendBufferMax: number;
  events = 0;
  isQueued = false;
  owner: unknown = null;
  sendBuffer: number;
  icmpFilter: number | null = null;
  icmp6Filter: Int32Array | null = null;
  checksumOffset = -1;
  packetFilter: PacketFilter | null = null;
  protected readonly destination: Destination;
  readonly memberships: Memberships;
  /** Set by bind; the wildcard of the domain until then. */
  protected boundAddr: IpAddress;
  /** What we send from: the bound address, but not a group's. */
  #sourceAddr: IpAddress = ANY_V4;
  protected remoteAddr: IpAddress | null = null;
  protected remotePort = 0;
  /** What we send from to the peer, null when not connected. */
  #connectedAddr: IpAddress | null = null;
  readonly #queue: ReceiveQueue;
  readonly #errors: ErrorQueue;
  #connected: Route | null = null;
  /** UDP_SEGMENT of the datagram at hand; 0: it goes in one piece. */
  protected segment = 0;
  #isPortExplicit = false;
  #isSendShut = false;
  #isClosed = false;

  constructor(
    protected readonly env: SocketEnv,
    readonly domain: number,
    readonly type: number,
    readonly protocol: number,
    memberships: GroupMembership[],
    readonly fullReason: number,
  ) {
    const { config } = env;
    this.interfaces = env.interfaces;
    this.receiveBufferMax = config.receiveBufferMaxBytes;
    this.sendBufferMax = config.sendBufferMaxBytes;
    this.sendBuffer = config.sendBufferBytes;
    this.destination = new Destination(env, this.options);
    this.memberships = new Memberships(env, memberships);
    this.#queue = new ReceiveQueue(env, config.receiveBufferBytes);
    this.#errors = new ErrorQueue(config.maxQueuedErrors);
    this.boundAddr = domain === AF_INET6 ? ANY_V6 : ANY_V4;
    this.options.multicastAll = domain === AF_INET;
  }

  get defaultTtl(): number {
    return this.env.defaultTtl;
  }

  // ---- what kinds of datagram socket differ in

  /** The endpoint's port; for raw sockets the protocol. 0: not bound. */
  protected abstract get localPort(): number;
  /** Bytes of header that we put before the payload, IP's not counted. */
  protected abstract readonly headerLen: number;
  protected abstract readonly maxPayload: number;
  protected minPayload = 0;
  protected abstract bindEndpoint(addr: IpAddress, port: number): number;
  protected abstract unbindEndpoint(): void;
  /** A port that the program did not ask for is given back by disconnect. */
  protected abstract releasePort(): void;
  /** `remote` null: disconnect. */
  protected abstract connectEndpoint(
    local: IpAddress,
    remote: IpAddress | null,
    port: number,
  ): void;
  /** Whether datagrams can go to `port`: 0 or -errno. */
  protected abstract checkPort(port: number): number;
  protected abstract transmit(
    route: Route,
    port: number,
    off: number,
    len: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number;

  // ---- addresses

  bind(addr: IpAddress, port: number, _nowUs: number): number {
    if (this.#isClosed || this.isBound) return -EINVAL;
    const verdict = checkBindable(this.env.network, this.domain, this.options, addr);
    if (verdict !== 0) return verdict;
    const isPortLater = port === 0 && this.options.bindAddressNoPort;
    const result = isPortLater ? 0 : this.bindEndpoint(addr, port);
    if (result !== 0) return result;
    this.boundAddr = addr;
    this.#sourceAddr = sourceOfBound(this.env.network, addr);
    this.#isPortExplicit = port !== 0;
    this.destination.forget();
    return 0;
  }

  connect(addr: IpAddress, port: number, _nowUs: number): number {
    const refused = checkDestination(this.domain, this.options.v6Only, addr);
    if (refused !== 0) return refused;
    const route = this.destination.routeTo(addr, this.#sourceAddr, 0);
    if (typeof route === "number") return route;
    const bound = this.#autobind();
    if (bound !== 0) return bound;
    this.remoteAddr = route.dst;
    this.remotePort = port;
    this.#connected = route;
    this.#connectedAddr = route.src;
    this.connectEndpoint(this.local().addr, route.dst, port);
    return 0;
  }

  disconnect(_nowUs: number): number {
    this.#connected = null;
    this.#connectedAddr = null;
    this.remoteAddr = null;
    this.remotePort = 0;
    this.connectEndpoint(this.boundAddr, null, 0);
    if (!this.#isPortExplicit) this.releasePort();
    return 0;
  }

  /** An administrator ends it (Linux udp_abort): it is as new, but for the error. 0. */
  abort(errno: number, nowUs: number): number {
    this.#queue.fail(errno);
    this.env.ready.raise(this, EVENT_ERROR | EVENT_READABLE);
    return this.disconnect(nowUs);
  }

  get isBound(): boolean {
    return this.localPort !== 0;
  }

  local(): Endpoint {
    const { boundAddr, localPort: port } = this;
    return { addr: boundAddr.isUnspecified ? this.#connectedAddr ?? boundAddr : boundAddr, port };
  }

  remote(): Endpoint | null {
    return this.remoteAddr === null ? null : { addr: this.remoteAddr, port: this.remotePort };
  }

  shutdown(how: number, _nowUs: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
    if (how !== SHUT_RD) this.#isSendShut = true;
    return this.remoteAddr === null ? -ENOTCONN : 0;
  }

  close(_nowUs: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.memberships.leaveAll();
    this.unbindEndpoint();
    this.#queue.records.free();
    this.#errors.clear();
  }

  // ---- sending

  send(off: number, payloadLen: number, nowUs: number): number {
    const dv = this.env.memory.dv;
    const flags = dv.getUint16(off + h.DGRAM_FLAGS_OFF, true);
    if (this.soError !== 0) return -this.#queue.takeErrorAndRecord();
    if (this.#isClosed || this.#isSendShut) return -EPIPE;
    const route = this.#routeOf(off, flags);
    if (typeof route === "number") return route;
    if ((flags & h.DGRAM_DONTROUTE) !== 0 && route.viaGateway) return -ENETUNREACH;
    let port = this.remotePort;
    if ((flags & h.DGRAM_HAS_ADDR) !== 0) {
      port = dv.getUint16(off + h.DGRAM_PORT_OFF, true);
      const verdict = this.checkPort(port);
      if (verdict !== 0) return verdict;
    }
    if (this.localPort === 0) {
      const bound = this.#autobind();
      if (bound !== 0) return bound;
    }
    this.segment = (flags & h.DGRAM_HAS_SEGMENT) === 0
      ? this.options.udpSegment
      : dv.getUint16(off + h.DGRAM_SEGMENT_OFF, true);
    const tooBig = this.#checkLen(route, port, payloadLen);
    if (tooBig !== 0) return tooBig;
    const hasTtl = (flags & h.DGRAM_HAS_TTL) !== 0;
    const ttl = hasTtl ? dv.getUint8(off + h.DGRAM_TTL_OFF) : this.destination.ttlOn(route);
    const hasTos = (flags & h.DGRAM_HAS_TOS) !== 0;
    const tos = hasTos ? dv.getUint8(off + h.DGRAM_TOS_OFF) : this.destination.tosOn(route);
    const packetLen = ipHeaderLen(route.dst.family) + this.headerLen + payloadLen;
    const df = this.destination.dontFragment(route, packetLen);
    const at = off + h.DGRAM_HEADER_LEN;
    const result = this.transmit(route, port, at, payloadLen, ttl, tos, df, nowUs);
    return result < 0 ? result : payloadLen;
  }

  check(addr: IpAddress | null, port: number, payloadLen: number, scopeId = 0): number {
    if (this.soError !== 0) return -this.#queue.takeErrorAndRecord();
    if (this.#isClosed || this.#isSendShut) return -EPIPE;
    let route: Route | number;
    if (addr === null) {
      route = this.#connectedRoute();
    } else {
      const refused = checkDestination(this.domain, this.options.v6Only, addr);
      if (refused !== 0) return refused;
      route = this.destination.routeToAddress(addr, scopeId, this.#sourceAddr);
    }
    if (typeof route === "number") return route;
    const verdict = addr === null ? 0 : this.checkPort(port);
    if (verdict !== 0) return verdict;
    const bound = this.#autobind();
    if (bound !== 0) return bound;
    this.segment = this.options.udpSegment;
    return this.#checkLen(route, addr === null ? this.remotePort : port, payloadLen);
  }

  recvCount(): number {
    return this.#queue.records.count;
  }

  recvPeek(i: number): number {
    return this.#queue.records.peek(i);
  }

  recvConsume(n: number, _nowUs: number): void {
    this.#queue.consume(n);
  }

  takeErrorQueue(stays = false): ErrorQueueEntry | null {
    return stays ? this.#errors.first : this.#errors.take();
  }

  receive(pkt: Packet, off: number, len: number, port: number, segment = 0): void {
    const { packetFilter: filter, options, env: { memory } } = this;
    if (filter !== null) {
      len = filterDatagram(filter, memory.dv, pkt, this.headerLen, off, len);
      if (len < 0) return this.env.counters.drop(DROP_SOCKET_FILTER);
    }
    const isTaken = this.#queue.take(pkt, off, len, port, segment, options);
    if (isTaken) this.env.ready.raise(this, EVENT_READABLE);
    else this.env.counters.drop(this.fullReason);
  }

  /**
   * Linux's udp_err and its likes: reported when asked for, or when connected and the error is
   * hard.
   */
  icmpError(error: IcmpError, remotePort: number, dataOff: number, nowUs: number): void {
    const { recvErr, mtuDiscover } = this.options;
    const { remote, gateway, from } = error;
    if (gateway !== null) return this.env.network.redirect(remote, gateway, from, nowUs);
    let isHard = error.isHard;
    if (error.errno === EMSGSIZE) {
      this.env.network.updatePmtu(remote, error.mtu, nowUs);
      if (mtuDiscover === PMTUDISC_DONT) return;
      isHard = true;
    }
    if (recvErr) this.#errors.pushIcmp(this.env.memory, error, remotePort, dataOff);
    else if (!isHard || this.remoteAddr === null) return;
    this.#queue.fail(error.errno);
    const bits = recvErr ? EVENT_ERROR | EVENT_ERRQUEUE : EVENT_ERROR;
    this.env.ready.raise(this, bits | EVENT_READABLE);
  }

  // ---- options

  get soError(): number {
    return this.#queue.error;
  }

  takeError(): number {
    return this.#queue.takeError();
  }

  ownOptions(): SocketOptions {
    return this.options;
  }

  get receiveBuffer(): number {
    return this.#queue.records.limitBytes;
  }

  set receiveBuffer(bytes: number) {
    this.#queue.records.limitBytes = bytes;
  }

  get memoryUse(): MemoryUse {
    return this.#queue.memoryUse;
  }

  pathMtu(): number {
    const route = this.#connectedRoute();
    return typeof route === "number" ? 0 : route.mtu;
  }

  purgeErrorQueue(): void {
    this.#errors.clear();
  }

  applyOptions(): void {
    this.destination.forget();
    this.#connected = null;
  }

  // ---- helpers

  #autobind(): number {
    if (this.localPort !== 0) return 0;
    return this.bindEndpoint(this.boundAddr, 0) === 0 ? 0 : -EAGAIN; // inet_autobind
  }

  /** The route of the datagram whose header is at `off`, or -errno. */
  #routeOf(off: number, flags: number): Route | number {
    if ((flags & (h.DGRAM_HAS_ADDR | h.DGRAM_HAS_PKTINFO)) === 0) return this.#connectedRoute();
    return this.destination.routeOf(off, flags, this.domain, this.remoteAddr, this.#sourceAddr);
  }

  #connectedRoute(): Route | number {
    const known = this.#connected;
    if (known !== null && known.valid) return known;
    if (this.remoteAddr === null) return -EDESTADDRREQ;
    const src = this.#connectedAddr ?? this.#sourceAddr;
    const route = this.destination.routeTo(this.remoteAddr, src, 0);
    if (typeof route !== "number") this.#connected = route;
    return route;
  }

  /** -EMSGSIZE for what is longer than a packet can be, or than the path takes unfragmented. */
  #checkLen(route: Route, port: number, payloadLen: number): number {
    const ipLen = ipHeaderLen(route.dst.family);
    // IPv4 counts its header (20 bytes) in the length, IPv6 (40) does not.
    if (payloadLen > this.maxPayload + ipLen - ipHeaderLen(4)) return -EMSGSIZE;
    if (payloadLen < this.minPayload) return -EINVAL;
    if (!this.destination.refusesTooBig(route)) return 0;
    const longest = this.segment > 0 ? Math.min(this.segment, payloadLen) : payloadLen;
    if (ipLen + this.headerLen + longest <= route.mtu) return 0;
    if (this.options.recvErr && this.#errors.pushTooBig(route.dst, port, route.mtu)) {
      this.env.ready.raise(this, EVENT_ERRQUEUE);
    }
    return -EMSGSIZE;
  }
}
