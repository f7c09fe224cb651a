/**
 * A program under nuse as the service sees it: what the preload shim does, in TypeScript. Speaks
 * the control protocol, receives descriptors, fills its end while a connect is under way.
 *
 * @module
 */
import {
  AF_INET,
  AF_UNIX,
  MSG_DONTWAIT,
  SHUT_RDWR,
  SIOCOUTQ,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../ffi/abi/socket.ts";
import { check } from "../../../ffi/errno.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { connectUnix, socketCookie, socketPair } from "../../../ffi/socket.ts";
import { readCookie, writeCookie } from "../../../io/app/protocol/message.ts";
import { readSockaddr, SocketAddress, writeSockaddr } from "../../../io/app/protocol/sockaddr.ts";
import { DGRAM_TOKEN_OFF, EAGAIN, EINPROGRESS, IpAddress } from "../../../stack/mod.ts";
import { sendWithFds } from "./send_fds.ts";
import type { World } from "./world.ts";

const BUFFER_LEN = 1 << 20;
const SO_ERROR = 4;

export interface Answer {
  result: number;
  state: number;
  cookie: number;
  a: number;
  b: number;
  c: number;
  data: Uint8Array;
  fd: number;
}

export interface Ask {
  cookie?: number;
  a?: number;
  b?: number;
  c?: number;
  data?: Uint8Array;
}

/** The sockaddr bytes of `text` ("127.0.0.1") and `port`. */
export function sockaddr(text: string, port: number, domain = AF_INET): Uint8Array {
  const bytes = new Uint8Array(28);
  const addr = IpAddress.parse(text) as IpAddress;
  return bytes.slice(0, writeSockaddr(bytes, 0, domain, addr, port));
}

/** "address port" of the sockaddr bytes. */
export function nameText(bytes: Uint8Array, domain = AF_INET): string {
  const out = new SocketAddress();
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = readSockaddr(dv, 0, bytes.length, domain, out);
  return result < 0 ? `bad sockaddr ${result}` : `${out.addr} ${out.port}`;
}

export class Program {
  readonly sys: Libc = libc();
  readonly bufferOff: number;
  readonly #fdOff: number;
  #sockets: ProgramSocket[] = [];
  #token: { low: number; high: number } | null = null;

  /** What marks datagram headers. */
  get token(): { low: number; high: number } {
    if (this.#token !== null) return this.#token;
    const { b, c } = this.request(P.NUSE_OP_HELLO);
    return this.#token = { low: b, high: c };
  }

  private constructor(readonly world: World, readonly controlFd: number) {
    this.bufferOff = world.memory.alloc(BUFFER_LEN);
    this.#fdOff = world.memory.alloc(64);
  }

  static connect(world: World): Program {
    const fd = check(libc().socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "socket", "test");
    check(connectUnix(fd, world.service.socketPath), "connect", "test");
    return new Program(world, fd);
  }

  /** A child that attaches over our connection, as after fork; or a thread that waits. */
  fork(isThread = false): Program {
    const pair = socketPair(SOCK_SEQPACKET | SOCK_CLOEXEC);
    if (typeof pair === "number") throw new Error(`socketpair: ${pair}`);
    this.send(P.NUSE_OP_ATTACH, { a: 4711, b: isThread ? 1 : 0 }, pair[1]);
    this.sys.close(pair[1]);
    return new Program(this.world, pair[0]);
  }

  /** `passed`: descriptors that go along. */
  send(op: number, ask: Ask = {}, ...passed: number[]): void {
    const { u8, dv } = this.world.memory;
    const off = this.bufferOff;
    const data = ask.data ?? new Uint8Array(0);
    u8.fill(0, off, off + P.NUSE_HEADER_LEN);
    dv.setUint32(off + P.NUSE_REQ_MAGIC_OFF, P.NUSE_MAGIC, true);
    dv.setUint16(off + P.NUSE_REQ_VERSION_OFF, P.NUSE_VERSION, true);
    dv.setUint16(off + P.NUSE_REQ_OP_OFF, op, true);
    writeCookie(dv, off + P.NUSE_REQ_COOKIE_OFF, ask.cookie ?? 0);
    dv.setInt32(off + P.NUSE_REQ_A_OFF, ask.a ?? 0, true);
    dv.setInt32(off + P.NUSE_REQ_B_OFF, ask.b ?? 0, true);
    dv.setInt32(off + P.NUSE_REQ_C_OFF, ask.c ?? 0, true);
    dv.setUint32(off + P.NUSE_REQ_DATA_LEN_OFF, data.length, true);
    u8.set(data, off + P.NUSE_HEADER_LEN);
    this.sendRaw(P.NUSE_HEADER_LEN + data.length, ...passed);
  }

  /** Sends the first `lenBytes` of the buffer as one message. */
  sendRaw(lenBytes: number, ...passed: number[]): void {
    const { arena } = this.world;
    const off = this.bufferOff;
    const n = passed.length < 2
      ? this.sys.sendFd(this.controlFd, arena.base, off, lenBytes, passed[0] ?? -1)
      : sendWithFds(arena, this.controlFd, off, lenBytes, passed);
    if (n < 0) throw new Error(`control send: ${n}`);
  }

  /** The next reply; null when there is none yet. Throws when the connection is closed. */
  takeReply(): Answer | null {
    const { base } = this.world.arena;
    const { dv, u8 } = this.world.memory;
    const off = this.bufferOff;
    const n = this.sys.recvFd(this.controlFd, base, off, BUFFER_LEN, this.#fdOff, MSG_DONTWAIT);
    if (n === -EAGAIN) return null;
    if (n < P.NUSE_HEADER_LEN) throw new Error(`control connection ended: ${n}`);
    const dataLen = dv.getUint32(off + P.NUSE_REP_DATA_LEN_OFF, true);
    if (dataLen !== n - P.NUSE_HEADER_LEN) throw new Error("reply length");
    return {
      result: dv.getInt32(off + P.NUSE_REP_RESULT_OFF, true),
      state: dv.getUint32(off + P.NUSE_REP_STATE_OFF, true),
      cookie: readCookie(dv, off + P.NUSE_REP_COOKIE_OFF),
      a: dv.getInt32(off + P.NUSE_REP_A_OFF, true),
      b: dv.getInt32(off + P.NUSE_REP_B_OFF, true),
      c: dv.getInt32(off + P.NUSE_REP_C_OFF, true),
      data: u8.slice(off + P.NUSE_HEADER_LEN, off + n),
      fd: dv.getInt32(this.#fdOff, true),
    };
  }

  request(op: number, ask: Ask = {}, ...passed: number[]): Answer {
    this.send(op, ask, ...passed);
    return this.world.until(`reply to op ${op}`, () => this.takeReply());
  }

  socket(domain: number, type: number, protocol = 0): ProgramSocket {
    const answer = this.request(P.NUSE_OP_SOCKET, { a: domain, b: type, c: protocol });
    if (answer.result < 0) throw new Error(`socket: ${answer.result}`);
    return this.adopt(answer.fd, answer.cookie, domain);
  }

  /** As `socket`, the way the shim makes what is always granted: without a reply. */
  open(domain: number, type: number, protocol: number): ProgramSocket {
    const pair = socketPair(type === SOCK_STREAM ? SOCK_STREAM : SOCK_SEQPACKET);
    if (typeof pair === "number") throw new Error(`socketpair: ${pair}`);
    const [fd, passFd] = pair;
    const cookie = Number(socketCookie(fd));
    this.send(P.NUSE_OP_OPEN, { cookie, a: domain, b: type, c: protocol }, passFd);
    this.sys.close(passFd);
    return this.adopt(fd, cookie, domain);
  }

  /** `isShown`: the service need not see the descriptor. */
  adopt(fd: number, cookie: number, domain: number, isShown = true): ProgramSocket {
    const socket = new ProgramSocket(this, fd, cookie, domain, isShown);
    this.#sockets.push(socket);
    return socket;
  }

  /** As exit: every descriptor is closed. */
  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.#sockets = [];
    this.sys.close(this.controlFd);
  }
}

export class ProgramSocket {
  #isClosed = false;
  #fd: number;
  #cookie: number;

  #isShown: boolean;

  constructor(
    readonly program: Program,
    fd: number,
    cookie: number,
    readonly domain: number,
    isShown: boolean,
  ) {
    this.#isShown = isShown;
    this.#fd = fd;
    this.#cookie = cookie;
  }

  get fd(): number {
    return this.#fd;
  }

  get cookie(): number {
    return this.#cookie;
  }

  get #world(): World {
    return this.program.world;
  }

  /** As the shim: shows the descriptor of an accepted socket once. */
  request(op: number, ask: Ask = {}): Answer {
    const shown = this.#isShown ? [] : [this.fd];
    this.#isShown = true;
    return this.program.request(op, { ...ask, cookie: this.cookie }, ...shown);
  }

  bind(text: string, port: number): number {
    return this.request(P.NUSE_OP_BIND, { data: sockaddr(text, port, this.domain) }).result;
  }

  /** As the shim's non-blocking connect of a stream; datagram sockets: `fillerLen` 0. */
  connect(text: string, port: number, fillerLen: number = P.NUSE_FILLER_LEN, how = 0): number {
    const data = sockaddr(text, port, this.domain);
    const { result, a, b } = this.request(P.NUSE_OP_CONNECT, { data, a: fillerLen, c: how });
    if (a !== 0) this.#renew();
    if (b > 0) this.send(new Uint8Array(b));
    return result;
  }

  /** Takes the fresh pair out of the one that shows a failed connect. */
  #renew(): void {
    const { arena, memory } = this.#world;
    const off = this.program.bufferOff;
    const { sys } = this.program;
    const n = sys.recvFd(this.#fd, arena.base, off, 1, off + 64, MSG_DONTWAIT);
    const fresh = memory.dv.getInt32(off + 64, true);
    if (n !== 1 || fresh < 0) throw new Error(`no fresh pair: ${n}`);
    sys.close(this.#fd);
    this.#fd = fresh;
    this.#cookie = Number(socketCookie(fresh));
  }

  listen(backlog: number): number {
    return this.request(P.NUSE_OP_LISTEN, { a: backlog }).result;
  }

  name(which: 0 | 1): string {
    const answer = this.request(P.NUSE_OP_NAME, { a: which });
    return answer.result < 0 ? `${answer.result}` : nameText(answer.data, this.domain);
  }

  get port(): number {
    return Number(this.name(0).split(" ")[1]);
  }

  get soError(): number {
    const answer = this.request(P.NUSE_OP_GETOPT, { a: SOL_SOCKET, b: SO_ERROR, c: 4 });
    return new DataView(answer.data.buffer).getInt32(0, true);
  }

  get state(): number {
    return this.request(P.NUSE_OP_WHO).state;
  }

  getInt(level: number, name: number): number {
    const answer = this.request(P.NUSE_OP_GETOPT, { a: level, b: name, c: 4 });
    if (answer.result < 0) return answer.result;
    return new DataView(answer.data.buffer).getInt32(0, true);
  }

  setInt(level: number, name: number, value: number): number {
    const data = new Uint8Array(new Int32Array([value]).buffer);
    return this.request(P.NUSE_OP_SETOPT, { a: level, b: name, data }).result;
  }

  /** shutdown(2) as the shim does it. */
  shutdown(how: number): number {
    const { result } = this.request(P.NUSE_OP_SHUTDOWN, { a: how });
    if (result === 0) this.program.sys.shutdown(this.fd, how);
    return result;
  }

  /** Natively, without waiting: bytes written, or -errno. */
  send(bytes: Uint8Array): number {
    const { arena, memory } = this.#world;
    const off = this.program.bufferOff;
    memory.u8.set(bytes, off);
    return this.program.sys.send(this.fd, arena.base, off, bytes.length, 0, 0, 0);
  }

  /** As `send`, a message whose header is marked as the shim marks it. */
  sendMessage(bytes: Uint8Array): number {
    const { low, high } = this.program.token;
    const dv = new DataView(bytes.buffer);
    dv.setInt32(DGRAM_TOKEN_OFF, low, true);
    dv.setInt32(DGRAM_TOKEN_OFF + 4, high, true);
    return this.send(bytes);
  }

  /** Natively, without waiting: the bytes, or -errno; an empty array is EOF. */
  recv(maxLen: number = BUFFER_LEN): Uint8Array | number {
    const { arena, memory } = this.#world;
    const off = this.program.bufferOff;
    const { sys } = this.program;
    const n = sys.recv(this.fd, arena.base, off, maxLen, 0, 0, MSG_DONTWAIT);
    return n < 0 ? n : memory.u8.slice(off, off + n);
  }

  /** Waits for bytes, EOF or an error. */
  receive(maxLen?: number): Uint8Array | number {
    return this.#world.until("bytes", () => {
      const got = this.recv(maxLen);
      return got === -EAGAIN ? null : got;
    });
  }

  receiveText(): string {
    const got = this.receive();
    return typeof got === "number" ? `${got}` : new TextDecoder().decode(got);
  }

  /** poll(2) bits now. */
  poll(events: number): number {
    return this.program.sys.poll(this.fd, events, 0);
  }

  /** Waits for poll(2) to show one of `events`; gives what it showed. */
  await(events: number): number {
    return this.#world.until("poll", () => (this.poll(events) & events) || null);
  }

  /** accept(2) without waiting: null when there is no connection. */
  tryAccept(): { socket: ProgramSocket; peer: string } | null {
    const { arena, memory } = this.#world;
    const off = this.program.bufferOff;
    const fdOff = off + 1024;
    const { sys } = this.program;
    const n = sys.recvFd(this.fd, arena.base, off, P.NUSE_ACCEPT_LEN, fdOff, MSG_DONTWAIT);
    if (n === -EAGAIN) return null;
    if (n !== P.NUSE_ACCEPT_LEN) throw new Error(`accept: ${n}`);
    const { dv } = memory;
    if (dv.getUint32(off, true) !== P.NUSE_ACCEPT_MAGIC) throw new Error("accept magic");
    const fd = dv.getInt32(fdOff, true);
    const cookie = readCookie(dv, off + P.NUSE_ACCEPT_COOKIE_OFF);
    const domain = dv.getUint16(off + P.NUSE_ACCEPT_DOMAIN_OFF, true);
    const peerOff = off + P.NUSE_ACCEPT_PEER_OFF;
    const peer = nameText(memory.u8.slice(peerOff, peerOff + 28), domain);
    return { socket: this.program.adopt(fd, cookie, domain, false), peer };
  }

  accept(): { socket: ProgramSocket; peer: string } {
    return this.#world.until("a connection", () => this.tryAccept());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.program.sys.close(this.fd);
  }
}

/** A connected pair of streams over 127.0.0.1, made by one program. */
export function connectedStreams(
  program: Program,
  port: number,
): { client: ProgramSocket; server: ProgramSocket; listener: ProgramSocket } {
  const listener = program.socket(AF_INET, SOCK_STREAM);
  if (listener.bind("127.0.0.1", port) !== 0) throw new Error("bind");
  if (listener.listen(8) !== 0) throw new Error("listen");
  const client = program.socket(AF_INET, SOCK_STREAM);
  const result = client.connect("127.0.0.1", port);
  if (result !== -EINPROGRESS) throw new Error(`connect: ${result}`);
  const { socket: server } = listener.accept();
  program.world.until("the filler drained", () => program.sys.ioctlInt(client.fd, SIOCOUTQ) === 0);
  return { client, server, listener };
}

/** The state of a stream here: its peer is in this stack, too. */
export const CONNECTED = P.NUSE_STATE_CONNECTED | P.NUSE_STATE_LOCAL;
export const CONNECTING = P.NUSE_STATE_CONNECTING | P.NUSE_STATE_LOCAL;

/** poll(2) */
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;
export const POLLRDHUP = 0x2000;
export { SHUT_RDWR };
