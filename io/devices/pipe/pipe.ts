/**
 * PIPE: a cable between two nuse, or to a switch, that needs no privilege and no interface: an
 * AF_UNIX socket that keeps message borders, at a path that both name.
 *
 *     nuse ── PIPE ── path ── PIPE ── nuse          nuse ── PIPE ── path ── nuse --switch ── ...
 *
 * Each message is a virtio-net header and a frame, so a whole TSO or USO segment with an unfinished
 * checksum crosses in one piece, and nobody ever cuts or sums it.
 *
 * Either end may go and come back. Who was connected and loses an end takes the path over and
 * listens, unless somebody else does already; who loses a switch waits for it to come back, as
 * others do (if each of them took over, they would meet each other instead). The loop watches one
 * descriptor for all that: an epoll of our own over connection, listener and timer.
 *
 * @module
 */
import { EPOLL_CTL_ADD, EPOLLIN } from "../../../ffi/abi/epoll.ts";
import {
  MSG_DONTWAIT,
  POLLIN,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from "../../../ffi/abi/socket.ts";
import type { Arena } from "../../../ffi/arena.ts";
import {
  check,
  EAGAIN,
  EBUSY,
  ECONNRESET,
  EINTR,
  ENOMEM,
  EPROTO,
  SysError,
} from "../../../ffi/errno.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import { setIntOption } from "../../../ffi/socket.ts";
import type { DeviceCaps, Memory, RxFrames, TxFrames } from "../../../stack/mod.ts";
import { type Device, DeviceCounters } from "../base/device.ts";
import { FrameMessages, TX_BUFFER_LEN } from "../base/frame_messages.ts";
import { emitHello, HELLO_LEN, HELLO_ROOM, parseHello, Role } from "./hello.ts";
import { MeetingPlace } from "./meeting.ts";

/** How long set-up waits for the other end's hello; it may be stopped. */
export const HELLO_WAIT_MS = 1000;
/** How often who waits for a switch looks for it. */
const RETRY_MS = 200;

export interface PipeOptions {
  readonly name: string;
  readonly path: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly gsoMaxBytes: number;
  /** How long to wait for the other end's hello: HELLO_WAIT_MS. */
  readonly helloWaitMs: number;
}

export class PipeDevice implements Device {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly caps: DeviceCaps;
  readonly fd: number;
  readonly rx: RxFrames;
  readonly counters: DeviceCounters = new DeviceCounters();
  readonly meets = true;
  readonly #sys: Libc = libc();
  readonly #arena: Arena;
  readonly #memory: Memory;
  readonly #messages: FrameMessages;
  readonly #place: MeetingPlace;
  readonly #timerFd: number;
  readonly #scratchOff: number;
  /** -1: none. */
  #connectionFd = -1;
  #listenFd = -1;
  /** What the other end said it is; null: its hello has not come yet. */
  #role: Role | null = null;
  /** The last one that we were connected to was a switch. */
  #isOnSwitch = false;

  /** Meets the other end, or waits for it. `arena` and `memory` are the same bytes. */
  constructor(options: PipeOptions, arena: Arena, memory: Memory) {
    this.name = options.name;
    this.mac = options.mac;
    this.mtu = options.mtu;
    this.caps = { csum: true, tso: true, uso: true, gsoMaxBytes: options.gsoMaxBytes };
    this.#arena = arena;
    this.#memory = memory;
    this.#place = new MeetingPlace(options.path);
    this.#scratchOff = memory.alloc(HELLO_ROOM);
    if (this.#scratchOff < 0) throw new SysError("alloc", ENOMEM, "cannot get memory for a device");
    this.#messages = new FrameMessages(arena, memory, this.counters, true);
    this.rx = this.#messages.rx;
    const doing = `cannot watch the pipe ${options.path}`;
    this.fd = check(this.#sys.epollCreate(), "epoll_create1", doing);
    this.#timerFd = check(this.#sys.timerfd(), "timerfd_create", doing);
    this.#watch(this.#timerFd);
    try {
      this.#meet(true);
      this.#awaitHello(options.helloWaitMs);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether there is another end now. */
  get isConnected(): boolean {
    return this.#connectionFd >= 0;
  }

  receive(): number {
    this.rx.count = 0;
    if (this.#connectionFd < 0) this.#attend();
    else if (this.#role === null) this.#readHello();
    else return this.#readFrames();
    return 0;
  }

  #readFrames(): number {
    const n = this.#messages.receive(this.#connectionFd);
    // Who goes with frames of ours unread is told of first; its own last ones are still there
    if (n === -EINTR || n === -ECONNRESET) return 0;
    if (n === -EAGAIN) this.#attend();
    else if (n < 0 || this.#messages.hasEnded) this.#hangUp();
    return this.rx.count;
  }

  transmit(tx: TxFrames): void {
    if (this.#connectionFd < 0) this.counters.txDropped += tx.count;
    else this.#messages.transmit(this.#connectionFd, tx);
  }

  /** There are no frames, and yet the descriptor was readable: somebody comes, or it is time. */
  #attend(): void {
    const sys = this.#sys;
    if (sys.read(this.#timerFd, this.#arena.base, this.#scratchOff, 8) > 0) this.#meetAgain();
    if (this.#listenFd < 0) return;
    const fd = sys.accept4(this.#listenFd, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (this.#connectionFd < 0) return this.#begin(fd, Role.END);
    sys.write(fd, emitHello(Role.TAKEN), HELLO_LEN);
    sys.close(fd);
  }

  /** Throws SysError. */
  #meet(mayListen: boolean): void {
    const met = this.#place.meet(mayListen);
    if (met === null) this.#sys.timerfdSet(this.#timerFd, RETRY_MS);
    else if (met.kind === "connected") this.#begin(met.fd, Role.END);
    else {
      this.#listenFd = met.fd;
      this.#watch(met.fd);
    }
  }

  /** As `#meet`, when nobody is there to be told of what is wrong: tries again later. */
  #meetAgain(): void {
    if (this.#connectionFd >= 0 || this.#listenFd >= 0) return;
    try {
      this.#meet(!this.#isOnSwitch);
    } catch {
      this.#sys.timerfdSet(this.#timerFd, RETRY_MS);
    }
  }

  /** A new connection: our hello goes out, the other's is awaited. */
  #begin(fd: number, role: Role): void {
    this.#connectionFd = fd;
    this.#role = null;
    setIntOption(fd, SOL_SOCKET, SO_SNDBUF, TX_BUFFER_LEN);
    this.#watch(fd);
    this.#sys.write(fd, emitHello(role), HELLO_LEN);
  }

  /** At set-up: what the hello says is told to the person. Throws SysError. */
  #awaitHello(limitMs: number): void {
    const fd = this.#connectionFd;
    if (fd < 0 || this.#sys.poll(fd, POLLIN, limitMs) === 0) return;
    const role = this.#receiveHello();
    if (role === undefined) return;
    const path = this.#place.path;
    if (role === Role.TAKEN) {
      throw new SysError("connect", EBUSY, `the pipe ${path} joins two already`, {
        path,
        advice: "nuse --switch joins more",
      });
    }
    if (role === null) {
      throw new SysError("connect", EPROTO, `what listens at ${path} is no nuse of this version`, {
        path,
        advice: "choose another path",
      });
    }
    this.#accept(role);
  }

  #readHello(): void {
    const role = this.#receiveHello();
    if (role === Role.END || role === Role.SWITCH) this.#accept(role);
    else if (role !== undefined) this.#hangUp();
  }

  #accept(role: Role): void {
    this.#role = role;
    this.#isOnSwitch = role === Role.SWITCH;
  }

  /** undefined: it has not come yet; null: something else has. */
  #receiveHello(): Role | null | undefined {
    let n = this.#receiveMessage();
    // Who refuses us closes with our own hello unread: that error comes first, then what was said
    if (n === -ECONNRESET) n = this.#receiveMessage();
    if (n === -EAGAIN || n === -EINTR) return undefined;
    if (n <= 0) return null;
    return parseHello(this.#arena.u8.subarray(this.#scratchOff, this.#scratchOff + n));
  }

  #receiveMessage(): number {
    const { base } = this.#arena;
    const off = this.#scratchOff;
    return this.#sys.recv(this.#connectionFd, base, off, HELLO_ROOM, 0, 0, MSG_DONTWAIT);
  }

  /** The other end has gone. */
  #hangUp(): void {
    this.#sys.close(this.#connectionFd);
    this.#connectionFd = -1;
    if (this.#listenFd < 0) this.#meetAgain();
  }

  /** Closing the descriptor ends it. */
  #watch(fd: number): void {
    const added = this.#sys.epollCtl(this.fd, EPOLL_CTL_ADD, fd, EPOLLIN, 0, 0);
    check(added, "epoll_ctl", `cannot watch the pipe ${this.#place.path}`);
  }

  close(): void {
    if (this.#connectionFd >= 0) this.#sys.close(this.#connectionFd);
    if (this.#listenFd >= 0) this.#place.leave(this.#listenFd);
    this.#sys.close(this.#timerFd);
    this.#sys.close(this.fd);
    this.#place.close();
    this.#messages.free();
    this.#memory.free(this.#scratchOff, HELLO_ROOM);
  }
}
