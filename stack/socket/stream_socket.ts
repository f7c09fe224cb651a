/**
 * TCP sockets as BSD has them: a thin layer over the endpoint of stack/tcp, which does the work.
 * Adds the options that all sockets share.
 *
 * @module
 */
import { type IpAddress, LOOPBACK_V4 } from "../base/ip_address.ts";
import { EAFNOSUPPORT, ENETUNREACH, EPROTO } from "../base/errno.ts";
import type { TcpSocket } from "../tcp/mod.ts";
import type { Endpoint, Span, StreamSocket } from "./api.ts";
import { AF_INET, AF_INET6, IPPROTO_TCP, SOCK_STREAM } from "../base/socket_constants.ts";
import { getOption, setOption } from "./options.ts";
import type { SocketEnv, SocketInterfaces } from "./socket_env.ts";
import type { SocketOptions } from "../base/socket_options.ts";
import type { OptionHost } from "./option_host.ts";

const NO_RATE_LIMIT = 0xffff_ffff_ffff_ffffn;

/** SO_MAX_PACING_RATE as set: eight bytes, all ones for "no limit". */
function bytesPerSecond(rate: Uint8Array): number {
  const n = new DataView(rate.buffer, rate.byteOffset, rate.byteLength).getBigUint64(0, true);
  return n === NO_RATE_LIMIT ? Infinity : Number(n);
}

/** To the wildcard means to ourselves. */
function destination(addr: IpAddress): IpAddress {
  return addr.isUnspecified ? LOOPBACK_V4 : addr;
}

export class TcpStreamSocket implements StreamSocket, OptionHost {
  readonly kind = "stream";
  readonly type = SOCK_STREAM;
  readonly protocol = IPPROTO_TCP;
  readonly domain: number;
  readonly icmpFilter = null;
  readonly interfaces: SocketInterfaces;
  readonly receiveBufferMax: number;
  readonly sendBufferMax: number;
  events = 0;
  isQueued = false;
  owner: unknown = null;
  readonly #tcp: TcpSocket;
  readonly #env: SocketEnv;

  constructor(env: SocketEnv, tcp: TcpSocket) {
    this.#env = env;
    this.#tcp = tcp;
    this.domain = tcp.domain;
    this.interfaces = env.interfaces;
    this.receiveBufferMax = env.config.receiveBufferMaxBytes;
    this.sendBufferMax = env.config.sendBufferMaxBytes;
    tcp.owner = this;
  }

  get options(): SocketOptions {
    return this.#tcp.options.socket;
  }

  get stateName(): string {
    return this.#tcp.stateName;
  }

  get soError(): number {
    return this.#tcp.soError;
  }

  takeError(): number {
    return this.#tcp.takeError();
  }

  // ---- connections

  bind(addr: IpAddress, port: number, nowUs: number): number {
    if (this.domain === AF_INET && addr.family !== 4) return -EAFNOSUPPORT;
    return this.#tcp.bind(addr, port, nowUs);
  }

  connect(addr: IpAddress, port: number, nowUs: number): number {
    const refused = this.#checkFamily(addr);
    return refused < 0 ? refused : this.#tcp.connect(destination(addr), port, nowUs);
  }

  connectFast(addr: IpAddress, port: number, nowUs: number): number {
    const refused = this.#checkFamily(addr);
    return refused < 0 ? refused : this.#tcp.connectFast(destination(addr), port, nowUs);
  }

  #checkFamily(addr: IpAddress): number {
    if (addr.family !== 4) return this.domain === AF_INET ? -EAFNOSUPPORT : -ENETUNREACH;
    return this.domain === AF_INET6 && this.options.v6Only ? -ENETUNREACH : 0;
  }

  disconnect(nowUs: number): number {
    return this.#tcp.disconnect(nowUs);
  }

  listen(backlog: number, nowUs: number): number {
    return this.#tcp.listen(backlog, nowUs);
  }

  accept(): StreamSocket | null {
    const tcp = this.#tcp.accept();
    if (tcp === null) return null;
    const socket = new TcpStreamSocket(this.#env, tcp);
    tcp.setMaxPacingRate(bytesPerSecond(socket.options.maxPacingRate));
    socket.events = tcp.readiness();
    return socket;
  }

  shutdown(how: number, nowUs: number): number {
    return this.#tcp.shutdown(how, nowUs);
  }

  close(nowUs: number): void {
    this.#tcp.close(nowUs);
  }

  abort(nowUs: number): void {
    this.#tcp.abort(nowUs);
  }

  local(): Endpoint {
    return this.#tcp.local();
  }

  remote(): Endpoint | null {
    return this.#tcp.remote();
  }

  // ---- data

  sendSpace(): number {
    return this.#tcp.sendSpace();
  }

  sendSpan(maxBytes: number): Span {
    return this.#tcp.sendSpan(maxBytes);
  }

  sendCommit(n: number, nowUs: number, more = false): void {
    this.#tcp.sendCommit(n, nowUs, more);
  }

  get unackedBytes(): number {
    return this.#tcp.unackedBytes;
  }

  recvAvailable(): number {
    return this.#tcp.recvAvailable();
  }

  recvSpan(maxBytes: number): Span {
    return this.#tcp.recvSpan(maxBytes);
  }

  recvConsume(n: number, nowUs: number): void {
    this.#tcp.recvConsume(n, nowUs);
  }

  get recvEof(): boolean {
    return this.#tcp.recvEof;
  }

  recvDiscard(nowUs: number): void {
    this.#tcp.recvDiscard(nowUs);
  }

  // ---- options

  setOption(level: number, name: number, value: Uint8Array, nowUs: number): number {
    if (level === IPPROTO_TCP) return this.#tcp.setTcpOption(name, value, nowUs);
    this.#tcp.options.ownSocketOptions();
    return setOption(this, level, name, value);
  }

  getOption(level: number, name: number, maxLen: number, nowUs: number): Uint8Array | number {
    if (level === IPPROTO_TCP) return this.#tcp.getTcpOption(name, maxLen, nowUs);
    return getOption(this, level, name, maxLen);
  }

  get isListening(): boolean {
    return this.#tcp.isListening;
  }

  get isBound(): boolean {
    return this.#tcp.isBound;
  }

  get receiveBuffer(): number {
    return this.#tcp.receiveBuffer;
  }

  set receiveBuffer(bytes: number) {
    this.#tcp.setReceiveBuffer(bytes);
  }

  get sendBuffer(): number {
    return this.#tcp.sendBuffer;
  }

  set sendBuffer(bytes: number) {
    this.#tcp.setSendBuffer(bytes);
  }

  pathMtu(): number {
    return this.#tcp.pathMtu();
  }

  joinGroup(): number {
    return -EPROTO;
  }

  leaveGroup(): number {
    return -EPROTO;
  }

  purgeErrorQueue(): void {
    // A stream's errors are its soError.
  }

  applyOptions(): void {
    this.#tcp.setMaxPacingRate(bytesPerSecond(this.options.maxPacingRate));
    this.#tcp.optionsChanged();
  }
}
