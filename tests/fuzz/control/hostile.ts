/**
 * A hostile program: one control connection and the ends of pairs that came of it, with which it
 * does at random what the shim would do, and what it would not.
 *
 * @module
 */
import {
  AF_INET,
  AF_UNIX,
  MSG_DONTWAIT,
  SHUT_RD,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../../../ffi/abi/socket.ts";
import type { Arena } from "../../../ffi/arena.ts";
import { cString, libc } from "../../../ffi/libc.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { connectUnix, socketCookie, socketPair } from "../../../ffi/socket.ts";
import { readCookie, writeCookie } from "../../../io/app/protocol/message.ts";
import {
  DGRAM_ADDR_OFF,
  DGRAM_FAMILY_OFF,
  DGRAM_FLAGS_OFF,
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  DGRAM_PAYLOAD_LEN_OFF,
  DGRAM_PORT_OFF,
  DGRAM_TOKEN_OFF,
  EPIPE,
} from "../../../stack/mod.ts";
import { sendWithFds } from "../../io/app/send_fds.ts";
import type { Prng } from "../../support/prng.ts";
import { type Drawn, type Passed, PORTS, Requests } from "./requests.ts";

const OUT_OFF = 0;
const IN_OFF = 1 << 18;
const FD_OFF = 1 << 19;
/** Of a hostile program's memory. */
export const HOSTILE_MEMORY_LEN = 1 << 20;
const O_RDONLY = 0;
const ENDS_MAX = 24;
const COOKIES_MAX = 64;

interface End {
  readonly fd: number;
  readonly isStream: boolean;
}

/** What marks datagrams. */
export interface Token {
  readonly low: number;
  readonly high: number;
}

export class Hostile {
  /** What was done last, oldest first: for people. */
  readonly history: string[] = [];
  readonly #sys = libc();
  readonly #requests: Requests;
  #controlFd = -1;
  #ends: End[] = [];
  #cookies: number[] = [];
  /** Requests that are to come next. */
  #plan: Drawn[] = [];

  /** `memory`: HOSTILE_MEMORY_LEN bytes that nobody else uses at the same time. */
  constructor(
    readonly prng: Prng,
    readonly memory: Arena,
    readonly socketPath: string,
    readonly token: Token,
  ) {
    this.#requests = new Requests(prng);
  }

  /** Sends one message, on the control connection or over a pair. */
  act(): void {
    const { prng } = this;
    if (this.#controlFd < 0) this.#connect();
    const next = prng.chance(0.9) ? this.#plan.shift() : undefined;
    if (next !== undefined) this.#send(next, -1);
    else if (prng.chance(0.06)) this.#converse();
    else if (this.#ends.length === 0 || prng.chance(0.5)) this.#request();
    else this.#write(prng.pick(this.#ends));
    if (prng.chance(0.04)) this.#end();
  }

  /** Reads what has come for it. A program that does not is tried, too. */
  read(): void {
    const { prng } = this;
    if (this.#controlFd >= 0 && prng.chance(0.9)) {
      while (this.#readReply());
    }
    if (this.#ends.length > 0 && prng.chance(0.5)) this.#readEnd(prng.pick(this.#ends));
  }

  close(): void {
    for (const { fd } of this.#ends) this.#sys.close(fd);
    this.#ends = [];
    this.#cookies = [];
    this.#hangUp();
  }

  #note(what: string): void {
    this.history.push(what);
    if (this.history.length > 12) this.history.shift();
  }

  #connect(): void {
    this.#controlFd = this.#sys.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connectUnix(this.#controlFd, this.socketPath) < 0) this.#hangUp();
    this.#note("connects");
  }

  #hangUp(): void {
    if (this.#controlFd >= 0) this.#sys.close(this.#controlFd);
    this.#controlFd = -1;
  }

  #keep(fd: number, isStream: boolean): void {
    this.#ends.push({ fd, isStream });
    const cookie = socketCookie(fd);
    if (cookie >= 0) this.#cookies.push(Number(cookie));
    if (this.#cookies.length > COOKIES_MAX) this.#cookies.shift();
    if (this.#ends.length > ENDS_MAX) this.#sys.close(this.#ends.shift()!.fd);
  }

  // ---- requests

  /** Opens a socket and begins to use it as it should be used. */
  #converse(): void {
    const isStream = this.prng.chance(0.7);
    const fd = this.#passedFd(isStream ? "stream" : "record");
    const [open, ...rest] = this.#requests.conversation(isStream, this.#cookies.at(-1) ?? 0);
    this.#send(open, fd);
    this.#plan.push(...rest);
  }

  #request(): void {
    const drawn = this.#requests.draw(this.#cookies);
    this.#send(drawn, this.#passedFd(drawn.passed));
  }

  /** Sends it with `fd`, if that is one, and closes that. */
  #send({ op, bytes, passed }: Drawn, fd: number): void {
    // The descriptor's other end is what the cookie names.
    if (op === P.NUSE_OP_OPEN && passed !== "none" && bytes.length >= P.NUSE_HEADER_LEN) {
      const own = this.#ends.at(-1);
      const cookie = own === undefined ? 0 : Number(socketCookie(own.fd));
      writeCookie(new DataView(bytes.buffer), P.NUSE_REQ_COOKIE_OFF, cookie);
    }
    this.memory.u8.set(bytes, OUT_OFF);
    const shown = this.#shown(op);
    const n = fd >= 0 && shown >= 0
      ? sendWithFds(this.memory, this.#controlFd, OUT_OFF, bytes.length, [fd, shown])
      : this.#sendFd(this.#controlFd, bytes.length, fd >= 0 ? fd : shown);
    this.#note(`request ${op}, ${bytes.length} bytes, ${passed}: ${n}`);
    if (fd >= 0) this.#sys.close(fd);
    if (op === P.NUSE_OP_ATTACH && passed === "record" && this.prng.chance(0.5)) this.#moveOver();
    if (n < 0 && this.prng.chance(0.5)) this.#hangUp();
  }

  /** A descriptor that shows a socket, as a rule another than the one that is named; -1: none. */
  #shown(op: number): number {
    const { prng } = this;
    const end = this.#ends[prng.below(ENDS_MAX)];
    return end !== undefined && prng.chance(op === P.NUSE_OP_OPEN ? 0.02 : 0.3) ? end.fd : -1;
  }

  /** As a forked child: what has been attached is the connection from now on. */
  #moveOver(): void {
    const attached = this.#ends.pop();
    if (attached === undefined) return;
    this.#hangUp();
    this.#controlFd = attached.fd;
  }

  #sendFd(fd: number, len: number, passedFd: number): number {
    return this.#sys.sendFd(fd, this.memory.base, OUT_OFF, len, passedFd);
  }

  /** A descriptor to pass, which the caller closes; -1: none. */
  #passedFd(passed: Passed): number {
    if (passed === "none") return -1;
    if (passed === "any") return this.#anyFd();
    const isStream = passed === "stream";
    const pair = socketPair((isStream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC);
    if (typeof pair === "number") return -1;
    this.#keep(pair[0], isStream);
    if (this.prng.chance(0.05)) this.#slipIn(pair[0]);
    return pair[1];
  }

  /** Something in the pair, with a descriptor, before anybody has it. */
  #slipIn(fd: number): void {
    const any = this.#anyFd();
    this.#sendFd(fd, this.prng.below(3), any);
    if (any >= 0) this.#sys.close(any);
  }

  #anyFd(): number {
    const sys = this.#sys;
    switch (this.prng.below(8)) {
      case 0:
        return sys.eventfd();
      case 1:
        return sys.epollCreate();
      case 2:
        return sys.open(cString("/dev/null"), O_RDONLY, 0);
      case 3:
        return sys.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      case 4:
        return sys.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      case 5:
        return sys.open(cString("/proc/self"), O_RDONLY, 0);
      case 6:
        return this.#oneEnd(SOCK_SEQPACKET);
      default:
        return this.#oneEnd(SOCK_STREAM);
    }
  }

  /** One end of a pair whose other is closed. */
  #oneEnd(type: number): number {
    const pair = socketPair(type | SOCK_CLOEXEC);
    if (typeof pair === "number") return -1;
    this.#sys.close(pair[1]);
    return pair[0];
  }

  #readReply(): boolean {
    const { dv } = this.memory;
    const n = this.#recvFd(this.#controlFd, P.NUSE_HEADER_LEN + P.NUSE_DATA_MAX);
    if (n < P.NUSE_HEADER_LEN) {
      if (n === 0) this.#hangUp();
      return false;
    }
    const fd = dv.getInt32(FD_OFF, true);
    if (fd < 0) return true;
    const cookie = readCookie(dv, IN_OFF + P.NUSE_REP_COOKIE_OFF);
    this.#keep(fd, dv.getInt32(IN_OFF + P.NUSE_REP_A_OFF, true) === P.NUSE_KIND_STREAM);
    this.#cookies.push(cookie);
    return true;
  }

  #recvFd(fd: number, len: number): number {
    return this.#sys.recvFd(fd, this.memory.base, IN_OFF, len, FD_OFF, MSG_DONTWAIT);
  }

  // ---- pairs

  #write(end: End): void {
    const { prng } = this;
    const len = end.isStream ? this.#fillStream() : this.#fillDatagram();
    const fd = prng.chance(0.03) ? this.#anyFd() : -1;
    const n = this.#sendFd(end.fd, len, fd);
    if (fd >= 0) this.#sys.close(fd);
    this.#note(`${end.isStream ? "stream" : "datagram"}, ${len} bytes: ${n}`);
    if (n === -EPIPE && prng.chance(0.8)) this.#drop(end);
  }

  #fillStream(): number {
    return this.prng.chance(0.9) ? this.prng.magnitude(1, 5000) : this.prng.between(1, 200_000);
  }

  /** A header with the token, of which something may be wrong; or none. */
  #fillDatagram(): number {
    const { prng } = this;
    const { dv, u8 } = this.memory;
    const payloadLen = prng.chance(0.9) ? prng.below(2000) : prng.below(67_000);
    const len = DGRAM_HEADER_LEN + payloadLen;
    u8.fill(0, OUT_OFF, OUT_OFF + DGRAM_HEADER_LEN);
    dv.setUint16(OUT_OFF, DGRAM_MAGIC, true);
    dv.setUint16(OUT_OFF + DGRAM_FLAGS_OFF, prng.below(128), true);
    dv.setUint32(OUT_OFF + DGRAM_PAYLOAD_LEN_OFF, payloadLen, true);
    dv.setUint16(OUT_OFF + DGRAM_FAMILY_OFF, prng.pick([2, 2, 2, 10, 0]), true);
    dv.setUint16(OUT_OFF + DGRAM_PORT_OFF, prng.pick(PORTS), true);
    u8.set(prng.pick([[127, 0, 0, 1], [10, 9, 8, 7], [239, 1, 2, 3]]), OUT_OFF + DGRAM_ADDR_OFF);
    dv.setInt32(OUT_OFF + DGRAM_TOKEN_OFF, this.token.low, true);
    dv.setInt32(OUT_OFF + DGRAM_TOKEN_OFF + 4, this.token.high, true);
    for (let wrong = prng.below(3); wrong > 0 && prng.chance(0.4); wrong--) {
      u8[OUT_OFF + prng.below(DGRAM_HEADER_LEN)] = prng.below(256);
    }
    return prng.chance(0.05) ? prng.below(DGRAM_HEADER_LEN + 1) : len;
  }

  /** Bytes, datagrams, or an accepted connection. */
  #readEnd({ fd }: End): void {
    const { dv } = this.memory;
    for (let left = 8; left > 0; left--) {
      const n = this.#recvFd(fd, 1 << 17);
      if (n <= 0) return;
      const accepted = dv.getInt32(FD_OFF, true);
      if (accepted >= 0) this.#keep(accepted, true);
    }
  }

  /** An end, or the connection, goes; or half of it. */
  #end(): void {
    const { prng } = this;
    if (prng.chance(0.1)) {
      this.#note("hangs up");
      return this.#hangUp();
    }
    if (this.#ends.length === 0) return;
    const end = prng.pick(this.#ends);
    if (prng.chance(0.3)) {
      this.#sys.shutdown(end.fd, SHUT_RD + prng.below(3));
      return this.#note("shuts an end");
    }
    this.#drop(end);
    this.#note("closes an end");
  }

  #drop(end: End): void {
    this.#ends.splice(this.#ends.indexOf(end), 1);
    this.#sys.close(end.fd);
  }
}
