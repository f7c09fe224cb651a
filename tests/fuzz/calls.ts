/**
 * The programs of a session: sockets in numbered slots, and the calls that steps name. Streams are
 * checked as they are read; they carry what STREAM_KEY says at every sequence number.
 *
 * @module
 */
import {
  ANY_V6,
  type DatagramSocket,
  DGRAM_HAS_ADDR,
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  getOption,
  IpAddress,
  LOOPBACK_V6,
  setOption,
  type Socket,
  type Span,
  type Stack,
  type StreamSocket,
} from "../../stack/mod.ts";
import { State } from "../../stack/tcp/base/state.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import { addressFor, type Family } from "../support/families.ts";
import { checkPattern, fillPattern } from "../support/pattern.ts";
import { tcbOf } from "../support/tcb.ts";
import { STREAM_KEY } from "./draft.ts";
import { Failure } from "./failure.ts";

const ERRNO_MAX = 4095;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW = 3;
const ICMPV6 = 58;
const LOOPBACK_WORD = 0x7f000001;
/** Of so many writes one is urgent (MSG_OOB), by its length, so that a repetition does the same. */
const URGENT_SHARE = 8;
/** What raw sockets send: for experiments (RFC 3692). */
export const RAW_PROTOCOL = 253;

export interface Slot {
  readonly socket: Socket;
  /** Its connection, once known, and how much of what the peer sent has been read. */
  tcb: Tcb | null;
  readBytes: number;
  isDiscarding: boolean;
  /** A write found no space; cleared when the stack says that there is some. */
  isBlocked: boolean;
  /** The program itself has ended the connection: nobody has to tell it. */
  hasEnded: boolean;
  /** Datagrams taken so far. */
  takenRecords: number;
}

export class Calls {
  readonly slots: (Slot | null)[] = [];
  /** Kinds of sockets and ports that were bound. */
  readonly #bound = new Map<string, [string, number]>();

  constructor(
    readonly stack: Stack,
    /** TCP from this address may carry anything. */
    readonly isBlurred: (remote: number) => boolean,
    readonly family: Family = 4,
  ) {}

  /** What an IPv4 address (its word) stands for. */
  #address(word: number): IpAddress {
    return this.family === 6 && word === LOOPBACK_WORD
      ? LOOPBACK_V6
      : addressFor(this.family, word);
  }

  slot(index: number): Slot | null {
    return this.slots[index] ?? null;
  }

  /** The slot of the stream between two ports, if its connection has been used; else -1. */
  slotOf(localPort: number, remotePort: number): number {
    return this.slots.findIndex((slot) =>
      slot?.tcb?.localPort === localPort && slot.tcb.remotePort === remotePort
    );
  }

  run(name: string, index: number, args: readonly number[], nowUs: number): void {
    const slot = this.slot(index);
    if (slot === null) this.#create(name, index, args);
    else if (slot.socket.kind === "stream") this.#stream(slot, name, index, args, nowUs);
    else this.#datagram(slot, name, index, args, nowUs);
  }

  /** Bytes in the rings of connections that have ended, but not been read to the end. */
  get closedRingBytes(): number {
    let bytes = 0;
    for (const slot of this.slots) {
      const tcb = slot?.tcb;
      if (tcb?.state === State.CLOSED) bytes += tcb.rcvRing.chargedBytes;
    }
    return bytes;
  }

  closeAll(nowUs: number): void {
    for (let i = 0; i < this.slots.length; i++) this.run("close", i, [], nowUs);
  }

  /** When all is over: everything that was ever bound can be bound alone. */
  checkPortsAreFree(nowUs: number): void {
    for (const [name, port] of this.#bound.values()) {
      this.run(name, 0, [], nowUs);
      const { socket } = this.slots[0]!;
      const any = socket.domain === AF_INET6 ? ANY_V6 : IpAddress.v4(0);
      const result = socket.bind(any, port, nowUs);
      this.run("close", 0, [], nowUs);
      if (result !== 0) throw new Failure(`call: ${name} ${port} is still taken (${result})`);
    }
  }

  #create(name: string, index: number, args: readonly number[]): void {
    let made: Socket | number;
    const isV6 = this.family === 6;
    const domain = isV6 ? AF_INET6 : AF_INET;
    if (name === "tcp") made = this.stack.socket(domain, 1, 0);
    else if (name === "tcp6") made = this.stack.socket(AF_INET6, 1, 0);
    else if (name === "udp") made = this.stack.socket(domain, 2, 0);
    else if (name === "udp6") made = this.stack.socket(AF_INET6, 2, 0);
    else if (name === "ping") made = this.stack.socket(domain, 2, isV6 ? ICMPV6 : 1);
    else if (name === "raw") {
      made = this.stack.socket(domain, 3, isV6 && args[0] === 1 ? ICMPV6 : args[0]);
    } else return;
    if (typeof made === "number") return this.#check(name, made);
    this.#put(index, made);
  }

  #put(index: number, socket: Socket): void {
    this.slots[index] = {
      socket,
      tcb: null,
      readBytes: 0,
      isDiscarding: false,
      isBlocked: false,
      hasEnded: false,
      takenRecords: 0,
    };
  }

  /** A result is 0, a count or -errno. */
  #check(name: string, result: number): void {
    if (Number.isInteger(result) && result >= -ERRNO_MAX) return;
    throw new Failure(`call: ${name} returned ${result}`);
  }

  /** What all sockets can do; false: not one of these. */
  #common(slot: Slot, name: string, i: number, args: readonly number[], nowUs: number): boolean {
    const { socket } = slot;
    switch (name) {
      case "bind": {
        const isAny = socket.domain === AF_INET6 && args[0] === 0;
        const addr = isAny ? ANY_V6 : this.#address(args[0]);
        const isPing = socket.protocol === 1 || socket.protocol === ICMPV6;
        const kind = socket.kind === "stream" ? "tcp" : isPing ? "ping" : "udp";
        if (socket.type !== SOCK_RAW) this.#bound.set(`${kind} ${args[1]}`, [kind, args[1]]);
        this.#check(name, socket.bind(addr, args[1], nowUs));
        return true;
      }
      case "connect":
        this.#check(name, socket.connect(this.#address(args[0]), args[1], nowUs));
        return true;
      case "disconnect":
        slot.hasEnded = true;
        this.#check(name, socket.disconnect(nowUs));
        return true;
      case "shutdown":
        slot.hasEnded = true;
        this.#check(name, socket.shutdown(args[0], nowUs));
        return true;
      case "error":
        this.#check(name, socket.takeError());
        return true;
      case "setoption": {
        const value = Uint8Array.from(args.slice(2));
        this.#check(name, setOption(socket, args[0], args[1], value, nowUs));
        return true;
      }
      case "getoption": {
        const got = getOption(socket, args[0], args[1], args[2], nowUs);
        if (typeof got === "number") this.#check(name, got);
        return true;
      }
      case "close":
        socket.close(nowUs);
        this.slots[i] = null;
        return true;
    }
    return false;
  }

  // ---- streams

  #stream(slot: Slot, name: string, i: number, args: readonly number[], nowUs: number): void {
    if (this.#common(slot, name, i, args, nowUs)) return;
    const socket = slot.socket as StreamSocket;
    switch (name) {
      case "listen":
        return this.#check(name, socket.listen(args[0], nowUs));
      case "connectfast": {
        const addr = this.#address(args[0]);
        return this.#check(name, socket.connectFast(addr, args[1], nowUs));
      }
      case "accept": {
        if (this.slot(args[0]) !== null) return;
        const accepted = socket.accept();
        if (accepted !== null) this.#put(args[0], accepted);
        return;
      }
      case "write":
        return this.#write(slot, socket, args[0], args[1] !== 0, nowUs);
      case "peek":
        this.#look(slot, socket, args[0]);
        return;
      case "read": {
        const len = this.#look(slot, socket, args[0]);
        slot.readBytes += len;
        if (len > 0) socket.recvConsume(len, nowUs);
        return;
      }
      case "abort":
        slot.hasEnded = true;
        return socket.abort(nowUs);
      case "discard":
        slot.isDiscarding = true;
        return socket.recvDiscard(nowUs);
    }
  }

  /** The socket's connection, if it has one that is in the demultiplexer or was seen there. */
  tcb(slot: Slot): Tcb | null {
    if (slot.tcb !== null && (slot.tcb.socket as unknown) === slot.socket) return slot.tcb;
    const found = tcbOf(this.stack, slot.socket as StreamSocket);
    if (found === null || (found.socket as unknown) !== slot.socket) return null;
    if (found !== slot.tcb) {
      slot.readBytes = 0;
      slot.isBlocked = false;
      slot.hasEnded = false;
    }
    slot.tcb = found;
    return found;
  }

  #write(slot: Slot, socket: StreamSocket, n: number, more: boolean, nowUs: number): void {
    for (let left = n; left > 0;) {
      const space = socket.sendSpace();
      if (space === 0) {
        slot.isBlocked = true;
        return;
      }
      const tcb = this.tcb(slot);
      if (tcb === null) throw new Failure(`call: space to write in ${socket.stateName}`);
      const span = socket.sendSpan(Math.min(left, space));
      const len = Math.min(left, span.len0 + span.len1);
      if (len === 0) return; // no memory
      this.#each(span, len, (off, count, pos) => {
        fillPattern(this.stack.memory.u8, off, count, STREAM_KEY, (tcb.sndEnd + pos) >>> 0);
      });
      socket.sendCommit(len, nowUs, more);
      left -= len;
    }
    if (n % URGENT_SHARE === 1) socket.sendUrgent();
  }

  /** Looks at the next `n` bytes, or as many as there are; returns how many. */
  #look(slot: Slot, socket: StreamSocket, n: number): number {
    const available = socket.recvAvailable();
    if (available < 0) throw new Failure(`call: ${available} bytes to read`);
    const tcb = this.tcb(slot);
    const span = socket.recvSpan(Math.min(n, available));
    const len = span.len0 + span.len1;
    if (len !== Math.min(n, available)) throw new Failure(`call: a span of ${len} bytes`);
    if (len === 0) return 0;
    const isKnown = tcb !== null && !slot.isDiscarding && !this.isBlurred(tcb.remote.w3 >>> 0);
    if (isKnown) {
      const first = tcb.irs + 1 + slot.readBytes;
      this.#each(span, len, (off, count, pos) => {
        const { u8 } = this.stack.memory;
        const bad = checkPattern(u8, off, count, STREAM_KEY, (first + pos) >>> 0);
        if (bad < 0) return;
        const at = slot.readBytes + pos + bad;
        throw new Failure(`stream: byte ${at} read differs from what the peer sent`);
      });
    }
    return len;
  }

  #each(span: Span, len: number, visit: (off: number, count: number, pos: number) => void): void {
    const first = Math.min(len, span.len0);
    visit(span.off0, first, 0);
    if (len > first) visit(span.off1, len - first, first);
  }

  // ---- datagrams

  #datagram(slot: Slot, name: string, i: number, args: readonly number[], nowUs: number): void {
    if (this.#common(slot, name, i, args, nowUs)) return;
    const socket = slot.socket as DatagramSocket;
    switch (name) {
      case "send":
        return this.#send(socket, args, nowUs);
      case "peek": {
        const count = Math.min(args[0], socket.recvCount());
        for (let r = 0; r < count; r++) this.#checkRecord(socket.recvPeek(r));
        return;
      }
      case "recv": {
        const count = Math.min(args[0], socket.recvCount());
        for (let r = 0; r < count; r++) this.#checkRecord(socket.recvPeek(r));
        slot.takenRecords += count;
        return socket.recvConsume(count, nowUs);
      }
      case "errqueue":
        socket.takeErrorQueue();
    }
  }

  #checkRecord(off: number): void {
    const { dv } = this.stack.memory;
    if (dv.getUint16(off, true) !== DGRAM_MAGIC) throw new Failure("call: no record where one was");
  }

  /** A packet for raw sockets with IP_HDRINCL, or an echo request for ping sockets. */
  #fill(off: number, len: number, addr: number, isRaw: boolean): void {
    const { u8, dv } = this.stack.memory;
    if (isRaw && len >= 20 && this.family === 4) {
      u8.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, RAW_PROTOCOL], off);
      dv.setUint32(off + 12, 0);
      dv.setUint32(off + 16, addr);
    } else if (len >= 8) {
      u8.set([this.family === 6 ? 128 : 8, 0, 0, 0, 0, 7, 0, 1], off);
    }
  }

  /** send(addr, port, length, flags): address 0 means the connected peer. */
  #send(socket: DatagramSocket, args: readonly number[], nowUs: number): void {
    const [addr, port, len, flags] = args;
    const { memory } = this.stack;
    const size = DGRAM_HEADER_LEN + len;
    const off = memory.alloc(size);
    if (off < 0) return;
    const { u8, dv } = memory;
    u8.fill(0, off, off + DGRAM_HEADER_LEN);
    dv.setUint16(off, DGRAM_MAGIC, true);
    dv.setUint16(off + 2, flags | (addr === 0 ? 0 : DGRAM_HAS_ADDR), true);
    dv.setUint32(off + 4, len, true);
    dv.setUint16(off + 8, socket.domain, true);
    dv.setUint16(off + 10, port, true);
    if (this.family === 6) this.#address(addr).writeTo(u8, off + 16);
    else {
      // ::ffff:a.b.c.d
      if (socket.domain === AF_INET6) dv.setUint16(off + 26, 0xffff);
      dv.setInt32(off + (socket.domain === AF_INET6 ? 28 : 16), addr | 0);
    }
    u8[off + 32] = 3;
    u8.fill(len & 0xff, off + DGRAM_HEADER_LEN, off + size);
    this.#fill(off + DGRAM_HEADER_LEN, len, addr, socket.type === SOCK_RAW);
    this.#check("send", socket.send(off, len, nowUs));
    memory.freeDeferred(off, size);
  }
}
