/**
 * Applications for simulated hosts: connect and listen helpers, a listener, request/response.
 *
 * @module
 */
import type { DatagramSocket, Socket, StreamSocket } from "../../stack/socket/api.ts";
import { setOption } from "../../stack/mod.ts";
import { addressFor, type Family } from "../support/families.ts";
import { EINPROGRESS } from "../../stack/base/errno.ts";
import { checkPattern, fillPattern } from "../support/pattern.ts";
import type { App, Host } from "./host.ts";
import type { Simulator } from "./simulator.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;

function domainOf({ options }: Host): number {
  return options.family === 4 ? AF_INET : AF_INET6;
}

export function openStream(host: Host): StreamSocket {
  const socket = host.stack.socket(domainOf(host), SOCK_STREAM, 0);
  if (typeof socket === "number") throw new Error(`socket: ${socket}`);
  return socket as StreamSocket;
}

export function openDatagram(host: Host): DatagramSocket {
  const socket = host.stack.socket(domainOf(host), SOCK_DGRAM, 0);
  if (typeof socket === "number") throw new Error(`socket: ${socket}`);
  return socket as DatagramSocket;
}

export function intOption(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

export function setInt(
  socket: Socket,
  level: number,
  name: number,
  value: number,
  nowUs: number,
): void {
  const result = setOption(socket, level, name, intOption(value), nowUs);
  if (result !== 0) throw new Error(`setsockopt(${level}, ${name}, ${value}): ${result}`);
}

/**
 * Sets SO_SNDBUF and SO_RCVBUF (0: leave alone). As in Linux, the stack doubles what it is given.
 */
export function setBuffers(socket: Socket, send: number, receive: number, nowUs: number): void {
  if (send > 0) setInt(socket, SOL_SOCKET, SO_SNDBUF, send, nowUs);
  if (receive > 0) setInt(socket, SOL_SOCKET, SO_RCVBUF, receive, nowUs);
}

function familyOf({ domain }: Socket): Family {
  return domain === AF_INET6 ? 6 : 4;
}

/** Starts a connection; the caller makes an App the owner before. */
export function connect(sim: Simulator, socket: StreamSocket, addr: number, port: number): void {
  const result = socket.connect(addressFor(familyOf(socket), addr), port, sim.nowUs);
  // 0: a fast open, whose SYN waits for the first text
  if (result !== -EINPROGRESS && result !== 0) throw new Error(`connect: ${result}`);
}

/** Accepts every connection and hands it to `onAccept`, which makes an App its owner. */
export class Listener implements App {
  accepted = 0;
  constructor(
    readonly socket: StreamSocket,
    readonly onAccept: (socket: StreamSocket) => void,
  ) {
    socket.owner = this;
  }

  onEvents(_socket: Socket, _events: number, nowUs: number): void {
    for (let child = this.socket.accept(); child; child = this.socket.accept()) {
      this.accepted++;
      this.onAccept(child);
      // What has happened to it already; the stack raises only what is new.
      const { events } = child;
      child.events = 0;
      (child.owner as App | null)?.onEvents(child, events, nowUs);
    }
  }
}

export function listen(
  sim: Simulator,
  host: Host,
  port: number,
  backlog: number,
  onAccept: (socket: StreamSocket) => void,
  prepare: (socket: StreamSocket) => void = () => {},
): Listener {
  const socket = openStream(host);
  prepare(socket);
  const bound = socket.bind(addressFor(familyOf(socket), 0), port, sim.nowUs);
  if (bound !== 0) throw new Error(`bind: ${bound}`);
  const result = socket.listen(backlog, sim.nowUs);
  if (result !== 0) throw new Error(`listen: ${result}`);
  return new Listener(socket, onAccept);
}

/** Sends back what it gets, until the other side has finished. */
export class Echo implements App {
  isClosed = false;
  constructor(readonly host: Host, readonly socket: StreamSocket) {
    socket.owner = this;
  }

  onEvents(_socket: Socket, _events: number, nowUs: number): void {
    if (this.isClosed) return;
    const { socket } = this;
    while (true) {
      const want = Math.min(socket.recvAvailable(), socket.sendSpace());
      if (want === 0) break;
      const from = { ...socket.recvSpan(want) };
      const bytes = new Uint8Array(want);
      const { u8 } = this.host.memory;
      bytes.set(u8.subarray(from.off0, from.off0 + from.len0), 0);
      bytes.set(u8.subarray(from.off1, from.off1 + from.len1), from.len0);
      socket.recvConsume(want, nowUs);
      const to = socket.sendSpan(want);
      u8.set(bytes.subarray(0, to.len0), to.off0);
      u8.set(bytes.subarray(to.len0, want), to.off1);
      socket.sendCommit(want, nowUs);
    }
    if (socket.recvEof || socket.soError !== 0) {
      this.isClosed = true;
      socket.close(nowUs);
    }
  }
}

/** Asks `rounds` times for an echo of `size` bytes, one after the other. */
export class Requester implements App {
  rounds = 0;
  isClosed = false;
  #got = 0;
  #hasAsked = false;

  constructor(
    readonly host: Host,
    readonly socket: StreamSocket,
    readonly wanted: number,
    readonly size: number,
  ) {
    socket.owner = this;
  }

  onEvents(_socket: Socket, _events: number, nowUs: number): void {
    if (this.isClosed || this.socket.stateName !== "ESTABLISHED") return;
    if (!this.#hasAsked) this.#ask(nowUs);
    const available = this.socket.recvAvailable();
    if (available === 0) return;
    const { off0, len0, off1, len1 } = this.socket.recvSpan(available);
    const { u8 } = this.host.memory;
    const pos = this.rounds * this.size + this.#got;
    const isBad = checkPattern(u8, off0, len0, 7, pos) >= 0 ||
      checkPattern(u8, off1, len1, 7, pos + len0) >= 0;
    if (isBad) throw new Error(`${this.host.name}: wrong echo near ${pos}`);
    this.socket.recvConsume(available, nowUs);
    this.#got += available;
    if (this.#got < this.size) return;
    this.#got = 0;
    this.rounds++;
    if (this.rounds < this.wanted) this.#ask(nowUs);
    else {
      this.isClosed = true;
      this.socket.close(nowUs);
    }
  }

  #ask(nowUs: number): void {
    this.#hasAsked = true;
    const { off0, len0, off1, len1 } = this.socket.sendSpan(this.size);
    const pos = this.rounds * this.size;
    fillPattern(this.host.memory.u8, off0, len0, 7, pos);
    fillPattern(this.host.memory.u8, off1, len1, 7, pos + len0);
    this.socket.sendCommit(this.size, nowUs);
  }
}
