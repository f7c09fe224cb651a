/**
 * What UDP, raw and ping sockets have in common: addresses, options, the receive queue, errors.
 * Subclasses say how their endpoint is bound; how a datagram is sent: sending_socket.ts.
 *
 * @module
 */
import { EAGAIN, EINVAL, EMSGSIZE, ENOTCONN } from "../base/errno.ts";
import { checkDestination } from "../base/address_family.ts";
import { DROP_SOCKET_FILTER } from "../base/drop_reason.ts";
import type { DatagramSink } from "../base/datagram_sink.ts";
import type { GroupMembership } from "../base/group_membership.ts";
import { ANY_V4, ANY_V6, type IpAddress } from "../base/ip_address.ts";
import type { IcmpError } from "../base/network.ts";
import { type Packet, zoneOf } from "../base/packet.ts";
import {
  type Endpoint,
  type ErrorQueueEntry,
  EVENT_ERROR,
  EVENT_ERRQUEUE,
  EVENT_READABLE,
} from "./api.ts";
import { checkBindable, sourceOfBound } from "./bind_check.ts";
import { AF_INET, AF_INET6, PMTUDISC_DONT, SHUT_RD, SHUT_RDWR } from "../base/socket_constants.ts";
import { Destination } from "./destination.ts";
import { ErrorQueue } from "./error_queue.ts";
import { Memberships } from "./memberships.ts";
import { Peer } from "./peer.ts";
import { filterDatagram, type PacketFilter } from "./packet_filter.ts";
import type { MemoryUse } from "./option_host.ts";
import { ReceiveQueue } from "./receive_queue.ts";
import { ReceivedExtras } from "./received_extras.ts";
import { SendShape } from "./send_shape.ts";
import type { SocketEnv, SocketInterfaces } from "./socket_env.ts";
import { SocketOptions } from "../base/socket_options.ts";

export abstract class BaseDatagramSocket implements DatagramSink {
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
  protected sourceAddr: IpAddress = ANY_V4;
  protected readonly peer: Peer;
  protected readonly shape: SendShape;
  protected readonly extras: ReceivedExtras;
  protected readonly queue: ReceiveQueue;
  protected readonly errors: ErrorQueue;
  #isPortExplicit = false;
  protected isSendShut = false;
  protected isClosed = false;

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
    this.peer = new Peer(this.destination);
    this.shape = new SendShape(env, this.options, this.destination);
    this.extras = new ReceivedExtras(env, this.options);
    this.memberships = new Memberships(env, memberships);
    this.queue = new ReceiveQueue(env, config.receiveBufferBytes);
    this.errors = new ErrorQueue(config.maxQueuedErrors);
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
  protected abstract bindEndpoint(addr: IpAddress, port: number): number;
  protected abstract unbindEndpoint(): void;
  /** A port that the program did not ask for is given back by disconnect. */
  protected abstract releasePort(): void;
  /** `remote` null: disconnect. `zone`: of `remote` (zoneOf). */
  protected abstract connectEndpoint(
    local: IpAddress,
    remote: IpAddress | null,
    port: number,
    zone: number,
  ): void;
  /** Whether datagrams can go to `port`: 0 or -errno. */
  protected abstract checkPort(port: number): number;

  // ---- addresses

  bind(addr: IpAddress, port: number, _nowUs: number): number {
    if (this.isClosed || this.isBound) return -EINVAL;
    const verdict = checkBindable(this.env.network, this.domain, this.options, addr);
    if (verdict !== 0) return verdict;
    const isPortLater = port === 0 && this.options.bindAddressNoPort;
    const result = isPortLater ? 0 : this.bindEndpoint(addr, port);
    if (result !== 0) return result;
    this.boundAddr = addr;
    this.sourceAddr = sourceOfBound(this.env.network, addr);
    this.#isPortExplicit = port !== 0;
    this.destination.forget();
    return 0;
  }

  connect(addr: IpAddress, port: number, _nowUs: number): number {
    const bound = this.autobind(); // though nothing may come of it, as in Linux
    if (bound !== 0) return bound;
    const refused = checkDestination(this.domain, this.options.v6Only, addr);
    if (refused !== 0) return refused;
    const own = this.peer.source ?? this.sourceAddr;
    const route = this.destination.routeTo(addr, own, 0);
    if (typeof route === "number") return route;
    this.peer.set(route, port);
    const zone = zoneOf(route);
    this.connectEndpoint(this.local().addr, route.dst, port, zone);
    return 0;
  }

  disconnect(_nowUs: number): number {
    this.peer.clear();
    this.connectEndpoint(this.boundAddr, null, 0, 0);
    if (!this.#isPortExplicit) this.releasePort();
    return 0;
  }

  /** An administrator ends it (Linux udp_abort): it is as new, but for the error. 0. */
  abort(errno: number, nowUs: number): number {
    this.queue.fail(errno);
    this.env.ready.raise(this, EVENT_ERROR | EVENT_READABLE);
    return this.disconnect(nowUs);
  }

  get isBound(): boolean {
    return this.localPort !== 0;
  }

  local(): Endpoint {
    const { boundAddr, localPort: port } = this;
    return { addr: boundAddr.isUnspecified ? this.peer.source ?? boundAddr : boundAddr, port };
  }

  remote(): Endpoint | null {
    const { addr, port } = this.peer;
    return addr === null ? null : { addr, port };
  }

  shutdown(how: number, _nowUs: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
    if (how !== SHUT_RD) this.isSendShut = true;
    return this.peer.addr === null ? -ENOTCONN : 0;
  }

  close(_nowUs: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.memberships.leaveAll();
    this.unbindEndpoint();
    this.queue.records.free();
    this.errors.clear();
  }

  // ---- receiving

  recvCount(): number {
    return this.queue.records.count;
  }

  recvPeek(i: number): number {
    return this.queue.records.peek(i);
  }

  recvConsume(n: number, _nowUs: number): void {
    this.queue.consume(n);
  }

  takeExtras(id: number, stays: boolean): Uint8Array | null {
    return this.extras.take(id, stays);
  }

  takeErrorQueue(stays = false): ErrorQueueEntry | null {
    return stays ? this.errors.first : this.errors.take();
  }

  receive(pkt: Packet, off: number, len: number, port: number, segment = 0): void {
    const { packetFilter: filter, options, env: { memory } } = this;
    if (filter !== null) {
      len = filterDatagram(filter, memory.dv, pkt, this.headerLen, off, len);
      if (len < 0) return this.env.counters.drop(DROP_SOCKET_FILTER);
    }
    const isTaken = this.queue.take(pkt, off, len, port, segment, options, this.extras.of(pkt));
    if (isTaken) this.env.ready.raise(this, EVENT_READABLE);
    else this.env.counters.drop(this.fullReason);
  }

  /**
   * Linux's udp_err and its likes: reported when asked for, or when connected and the error is
   * hard.
   */
  icmpError(error: IcmpError, remotePort: number, dataOff: number, nowUs: number): void {
    const isV6 = error.remote.family === 6;
    const { options } = this;
    const recvErr = isV6 ? options.recvErr6 : options.recvErr;
    const mtuDiscover = isV6 ? options.mtuDiscover6 : options.mtuDiscover;
    const { remote, gateway, from } = error;
    if (gateway !== null) return this.env.network.redirect(remote, gateway, from, nowUs);
    let isHard = error.isHard;
    if (error.errno === EMSGSIZE) {
      this.env.network.updatePmtu(remote, error.mtu, nowUs);
      if (mtuDiscover === PMTUDISC_DONT) return;
      isHard = true;
    }
    if (recvErr) this.errors.pushIcmp(this.env.memory, error, remotePort, dataOff);
    else if (!isHard || this.peer.addr === null) return;
    this.queue.fail(error.errno);
    const bits = recvErr ? EVENT_ERROR | EVENT_ERRQUEUE : EVENT_ERROR;
    this.env.ready.raise(this, bits | EVENT_READABLE);
  }

  // ---- options

  get soError(): number {
    return this.queue.error;
  }

  takeError(): number {
    return this.queue.takeError();
  }

  ownOptions(): SocketOptions {
    return this.options;
  }

  get receiveBuffer(): number {
    return this.queue.records.limitBytes;
  }

  set receiveBuffer(bytes: number) {
    this.queue.records.limitBytes = bytes;
  }

  get memoryUse(): MemoryUse {
    return this.queue.memoryUse;
  }

  pathMtu(): number {
    const route = this.peer.route();
    return typeof route === "number" ? 0 : route.mtu;
  }

  get mayRaw(): boolean {
    return this.shape.mayRaw;
  }

  purgeErrorQueue(): void {
    this.errors.clear();
  }

  applyOptions(): void {
    this.destination.forget();
    this.peer.forgetRoute();
    this.shape.refresh();
    this.extras.refresh();
  }

  // ---- helpers

  protected autobind(): number {
    if (this.localPort !== 0) return 0;
    return this.bindEndpoint(this.boundAddr, 0) === 0 ? 0 : -EAGAIN; // inet_autobind
  }
}
