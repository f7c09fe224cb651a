/**
 * TCP sockets as BSD has them: the endpoint of stack/tcp, which does the work, with what the owner
 * of a socket and the code for options expect of every kind.
 *
 * @module
 */
import { IPPROTO_TCP, SOCK_STREAM } from "../base/socket_constants.ts";
import type { SocketOptions } from "../base/socket_options.ts";
import { isRoomToWakeFor, type Tcb, TcpSocket } from "../tcp/mod.ts";
import type { PinnableRing, StreamSocket } from "./api.ts";
import type { MemoryUse } from "./option_host.ts";
import type { SocketEnv, SocketInterfaces } from "./socket_env.ts";

const NO_RATE_LIMIT = 0xffff_ffff_ffff_ffffn;

/** SO_MAX_PACING_RATE as set: eight bytes, all ones for "no limit". */
function bytesPerSecond(rate: Uint8Array): number {
  const n = new DataView(rate.buffer, rate.byteOffset, rate.byteLength).getBigUint64(0, true);
  return n === NO_RATE_LIMIT ? Infinity : Number(n);
}

export class TcpStreamSocket extends TcpSocket implements StreamSocket {
  readonly kind = "stream";
  readonly type = SOCK_STREAM;
  readonly protocol = IPPROTO_TCP;
  readonly icmpFilter = null;
  readonly icmp6Filter = null;
  readonly checksumOffset = -1;
  readonly memberships = null;
  readonly interfaces: SocketInterfaces;
  readonly receiveBufferMax: number;
  readonly sendBufferMax: number;
  events = 0;
  isQueued = false;
  readonly #env: SocketEnv;

  constructor(env: SocketEnv, tcb: Tcb, domain: number) {
    super(tcb, domain);
    this.#env = env;
    this.interfaces = env.interfaces;
    this.receiveBufferMax = env.config.receiveBufferMaxBytes;
    this.sendBufferMax = env.config.sendBufferMaxBytes;
  }

  /** Linux tcp_set_rcvlowat: half of what the buffer may become. */
  get receiveLowatMax(): number {
    return this.tcb.layer.config.rcvBufMaxBytes >> 1;
  }

  get defaultTtl(): number {
    return this.#env.defaultTtl;
  }

  override accept(): TcpStreamSocket | null {
    const socket = super.accept() as TcpStreamSocket | null;
    if (socket === null) return null;
    socket.setMaxPacingRate(bytesPerSecond(socket.options.maxPacingRate));
    socket.events = socket.readiness();
    return socket;
  }

  protected override forConnection(tcb: Tcb): TcpStreamSocket {
    return new TcpStreamSocket(this.#env, tcb, this.domain);
  }

  // ---- options

  get options(): SocketOptions {
    return this.tcpOptions.socket;
  }

  ownOptions(): SocketOptions {
    return this.tcb.ownOptions().ownSocketOptions();
  }

  get memoryUse(): MemoryUse {
    return {
      heldBytes: this.recvAvailable(),
      queuedBytes: this.tcb.sndRing.usedBytes,
      dropCount: 0,
    };
  }

  get smss(): number {
    return this.tcb.smss;
  }

  get sendRing(): PinnableRing {
    return this.tcb.sndRing;
  }

  get takesData(): boolean {
    return this.tcb.canSendData && !this.tcb.isFinQueued;
  }

  get isRoomToWakeFor(): boolean {
    return isRoomToWakeFor(this.tcb);
  }

  get wantsInq(): boolean {
    return this.tcpOptions.inq;
  }

  purgeErrorQueue(): void {
    // A stream's errors are its soError.
  }

  applyOptions(): void {
    this.setMaxPacingRate(bytesPerSecond(this.options.maxPacingRate));
    this.optionsChanged();
  }
}
