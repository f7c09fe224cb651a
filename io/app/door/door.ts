/**
 * The second door: programs that no preload reaches (static, Go, musl, without their environment)
 * are served by the kernel's own means. Theory of operation.
 *
 *     program   socket(), connect() …  stops: seccomp filter (ffi/host/door_filter.c)
 *       │ SECCOMP_RET_USER_NOTIF
 *       ▼
 *     door      one call a wake-up: what does it mean, whose is the descriptor?
 *       ├─ not ours: the kernel carries it out (CONTINUE)
 *       └─ ours: a request as the shim would make it ─► operations ─► answer, memory, descriptor
 *
 * The socket that a program gets is the same AF_UNIX pair as the shim's, so its bytes never stop,
 * and whoever inherits the descriptor or gets it by SCM_RIGHTS may use either door.
 *
 * Whose is descriptor N of that process? We take a copy of it (pidfd_getfd) and look at its
 * SO_COOKIE, by which the service knows its sockets. So no table has to follow dup, close and fork,
 * and who names a socket has shown that he holds it. The copy is closed before the answer: held, it
 * would hide that the program has closed its own.
 *
 * Datagrams have no header in the pair of such a socket (datagram_calls.ts).
 *
 * What a call waits for (connect, accept, recvfrom) must not hold up the loop: the call stays
 * unanswered, and the loop goes on. A signal ends such a wait in the kernel, without a word to us:
 * the answer finds nobody (ENOENT), or the thread comes with another call, or with the same again.
 *
 * In a process with the shim in it only what goes past that stops here: the C library's resolver,
 * Go's own system calls. A socket of which the shim has told us a moment ago may be unknown still:
 * then we read what the shims have said.
 *
 * @module
 */
import { EPOLLHUP, EPOLLIN } from "../../../ffi/abi/epoll.ts";
import { AF_NETLINK } from "../../../ffi/abi/netlink.ts";
import { SYSCALLS } from "../../../ffi/abi/syscalls.ts";
import { type DoorCalls, doorCalls } from "../../../ffi/door.ts";
import { AF_PACKET, SO_DOMAIN, SO_RCVBUF, SOL_SOCKET } from "../../../ffi/abi/socket.ts";
import { NUSE_PAIR_MARK } from "../../../ffi/shim/protocol.ts";
import { getIntOption } from "../../../ffi/socket.ts";
import { EAGAIN, EBADF, ENOENT, ENOTTY } from "../../../stack/mod.ts";
import type { Handler } from "../../loop/loop.ts";
import { Call, type Caller } from "../control/call.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import { deviceIoctl, isDeviceIoctl } from "./device_ioctl.ts";
import { one, receive, receiveFrom, send, sendTo, several } from "./datagram_calls.ts";
import { DatagramEndpoint } from "../endpoint/datagram_endpoint.ts";
import { ANSWERED, type DoorCall, PASS, type SocketCall, WAIT } from "./door_call.ts";
import { type DoorThread, DoorThreads } from "./door_threads.ts";
import type { NetlinkSocket } from "../netlink/netlink_socket.ts";
import { NetlinkSockets } from "../netlink/netlink_sockets.ts";
import { DoorMessage } from "./message.ts";
import { ControlMessages } from "./control_messages.ts";
import { KeptConnections } from "./kept_connections.ts";
import { answerNetlink, makeNetlinkSocket } from "./netlink_calls.ts";
import { noteEnd } from "./program_end.ts";
import { getOption, ioctl, setOption } from "./option_calls.ts";
import { accept, bind, connect, listen, makeSocket, name, shutdown } from "./socket_calls.ts";
import { Trap } from "./trap.ts";

type Answer = (socketCall: SocketCall) => number;

const ANSWERS: ReadonlyMap<number, Answer> = new Map([
  [SYSCALLS.SYS_bind, bind],
  [SYSCALLS.SYS_connect, connect],
  [SYSCALLS.SYS_listen, listen],
  [SYSCALLS.SYS_accept, (socketCall) => accept(socketCall, 0)],
  [SYSCALLS.SYS_accept4, (socketCall) => accept(socketCall, socketCall.trap.argument(3))],
  [SYSCALLS.SYS_getsockname, (socketCall) => name(socketCall, 0)],
  [SYSCALLS.SYS_getpeername, (socketCall) => name(socketCall, 1)],
  [SYSCALLS.SYS_getsockopt, getOption],
  [SYSCALLS.SYS_setsockopt, setOption],
  [SYSCALLS.SYS_shutdown, shutdown],
  [SYSCALLS.SYS_ioctl, ioctl],
  [SYSCALLS.SYS_sendto, sendTo],
  [SYSCALLS.SYS_recvfrom, receiveFrom],
  [SYSCALLS.SYS_sendmsg, (socketCall) => one(socketCall, send)],
  [SYSCALLS.SYS_recvmsg, (socketCall) => one(socketCall, receive)],
  [SYSCALLS.SYS_sendmmsg, (socketCall) => several(socketCall, send)],
  [SYSCALLS.SYS_recvmmsg, (socketCall) => several(socketCall, receive)],
]);

export class Door implements Handler {
  readonly #app: AppContext;
  readonly #calls: DoorCalls = doorCalls();
  /** The kernel's side of the door; -1: nobody is behind it. */
  #fd = -1;
  readonly #trap: Trap;
  readonly #call: Call;
  readonly #threads: DoorThreads;
  readonly #userNamespace: number;
  readonly #kept: KeptConnections;
  readonly #message: DoorMessage;
  readonly #netlinks = new NetlinkSockets<NetlinkSocket>();
  readonly #control: ControlMessages;
  /** Carries out what the shims have sent so far. */
  readonly #catchUp: (nowUs: number) => void;
  #slot = -1;

  /**
   * Without anybody behind it. `userNamespace`: the inode of the one that owns the programs'
   * network; `catchUp`: carries out what the shims have sent so far.
   */
  constructor(
    app: AppContext,
    userNamespace: number,
    catchUp: (nowUs: number) => void,
  ) {
    this.#app = app;
    this.#userNamespace = userNamespace;
    this.#catchUp = catchUp;
    this.#trap = new Trap(app.memory, app.base, this.#calls, app.allocate(Trap.LEN));
    this.#call = new Call(app);
    this.#threads = new DoorThreads(this.#calls, app.sys, app.accounts, this.#answerLate);
    this.#kept = new KeptConnections(app.memory, (kept) => app.sys.close(kept));
    this.#message = new DoorMessage(app);
    this.#control = new ControlMessages(app.memory);
  }

  /** Nobody is behind it, so it may be opened (again: its memory is the service's for ever). */
  get isFree(): boolean {
    return this.#slot < 0;
  }

  /** Takes the descriptor over; false: it is that of no door, or cannot be watched. */
  open(fd: number): boolean {
    // Before Linux 6.6 a door answers EINVAL, and is a little slower.
    if (this.#calls.prepare(fd) === -ENOTTY) return false;
    this.#slot = this.#app.loop.add(fd, EPOLLIN, this);
    if (this.#slot < 0) return false;
    this.#fd = fd;
    return true;
  }

  onEvents(events: number, nowUs: number): void {
    if ((events & EPOLLIN) !== 0) {
      if (this.#calls.receive(this.#fd, this.#app.base, this.#trap.off) === 0) this.#serve(nowUs);
    } else if ((events & EPOLLHUP) !== 0) this.close(); // nobody is behind it any more
  }

  /** The call that was looked at. Its program gets what the kernel makes of it. */
  onFault(): void {
    this.#calls.pass(this.#fd, this.#trap.idLow, this.#trap.idHigh);
  }

  close(): void {
    if (this.#slot < 0) return;
    this.#app.loop.remove(this.#slot);
    this.#slot = -1;
    this.#app.sys.close(this.#fd);
    this.#fd = -1;
    this.#threads.clear();
    this.#kept.closeAll();
    this.#netlinks.closeAll();
  }

  /** The call in #trap. */
  #serve(nowUs: number): void {
    const trap = this.#trap;
    this.#app.counters.doorCalls++;
    const thread = this.#threads.of(trap.thread);
    if (thread === null) { // it has gone, or we have no room for it
      this.#calls.pass(this.#fd, trap.idLow, trap.idHigh);
      return;
    }
    const { undelivered } = thread;
    thread.undelivered = null;
    if (undelivered !== null && trap.repeats(undelivered.call)) {
      return this.#finish(thread, undelivered.result);
    }
    const isRepeated = thread.waiting !== null && trap.repeats(thread.waiting);
    thread.waiting = null;
    this.#app.waitLimits.clear(thread);
    thread.drop(); // of a wait that a signal has ended
    this.#finish(thread, this.#look(thread, isRepeated, nowUs));
  }

  /** A call that has waited goes on. */
  #retry(thread: DoorThread, saved: Uint8Array): void {
    if (thread.waiting !== saved) return; // it is in another by now
    thread.waiting = null;
    if (this.#slot < 0 || !this.#threads.renew(thread)) return;
    this.#trap.restore(saved);
    try {
      this.#finish(thread, this.#look(thread, true, this.#app.loop.nowUs));
    } catch (error) {
      this.#app.noteFault(error);
      this.onFault();
    }
  }

  #finish(thread: DoorThread, result: number): void {
    const trap = this.#trap;
    if (result === PASS) this.#calls.pass(this.#fd, trap.idLow, trap.idHigh);
    else if (result !== ANSWERED && result !== WAIT) this.#answer(thread, result);
    if (thread.isOwed) thread.waiting = trap.save();
    if (thread.waiting === null) this.#app.waitLimits.clear(thread);
  }

  /** The call may be made again if a signal comes before the answer: it is not done twice. */
  #answer(thread: DoorThread, result: number): void {
    const trap = this.#trap;
    const answered = this.#calls.answer(this.#fd, trap.idLow, trap.idHigh, result);
    if (answered === -ENOENT) thread.undelivered = { call: trap.save(), result };
  }

  /** What a connect() that waited has come to. */
  readonly #answerLate = (thread: DoorThread, result: number): void => {
    const { waiting } = thread;
    if (waiting === null || this.#slot < 0) return;
    const looked = this.#trap.save();
    this.#trap.restore(waiting);
    if (result === 0 && this.#trap.number !== SYSCALLS.SYS_connect) {
      this.#app.parked.soon(() => this.#retry(thread, waiting)); // MSG_FASTOPEN: now it can send
      this.#app.loop.wake();
    } else {
      thread.waiting = null;
      this.#app.waitLimits.clear(thread);
      this.#answer(thread, result);
    }
    this.#trap.restore(looked);
  };

  #look(thread: DoorThread, isRepeated: boolean, nowUs: number): number {
    const call = this.#call;
    call.reply.clear();
    const { request } = call;
    [request.a, request.b, request.c] = [0, 0, 0];
    request.cookie = 0;
    request.dataOff = call.requestOff;
    request.dataLen = 0;
    call.nowUs = nowUs;
    call.caller = this.#caller(thread);
    call.rights = { has: (capability) => this.#has(thread, capability) };
    const doorCall: DoorCall = {
      trap: this.#trap,
      thread,
      calls: this.#calls,
      door: this.#fd,
      kept: this.#kept,
      netlinks: this.#netlinks,
      message: this.#message,
      control: this.#control,
      call,
      isRepeated,
    };
    if (this.#trap.number !== SYSCALLS.SYS_socket) return this.#lookAtSocket(doorCall);
    if (this.#trap.argument(0) === AF_NETLINK) return makeNetlinkSocket(doorCall);
    const result = makeSocket(doorCall);
    this.#app.accounts.settle(call.caller.account); // should it have got none
    return result;
  }

  /** Root in a namespace of his own has all capabilities there, none in the programs' network. */
  #has({ id, process }: DoorThread, capability: number): boolean {
    const calls = this.#calls;
    return calls.hasCapability(id, capability) === 1 && this.#userNamespace !== 0 &&
      calls.userNamespace(process.pidfd) === this.#userNamespace;
  }

  #caller(thread: DoorThread): Caller {
    const { process } = thread;
    const account = this.#threads.account(process);
    return { holder: process.holder, account, later: thread, attach: () => false };
  }

  #lookAtSocket(doorCall: DoorCall): number {
    const { endpoints, ended: endedSockets, pairs, sys } = this.#app;
    const { thread, trap } = doorCall;
    const answer = ANSWERS.get(trap.number);
    if (answer === undefined) return PASS;
    const fd = this.#calls.get(thread.process.pidfd, trap.argument(0));
    if (fd < 0) return fd === -EBADF ? fd : PASS;
    try {
      const cookie = pairs.cookieOf(fd);
      const netlink = this.#netlinks.get(cookie);
      if (netlink !== null) return this.#onNetlink(doorCall, netlink, fd);
      if (endpoints.get(cookie) === null && isMarked(fd)) this.#catchUp(doorCall.call.nowUs);
      const endpoint = endpoints.get(cookie);
      const ended = endpoint === null ? endedSockets.get(cookie) : null;
      const known = endpoint ?? ended;
      if (known === null) return foreign(doorCall, fd);
      if (this.#calls.isValid(this.#fd, trap.idLow, trap.idHigh) === 0) return ANSWERED;
      known.holders.add(thread.process.holder);
      if (!isDeviceCall(trap)) { // these the shim lets through, and the pair is still the shim's
        if (endpoint instanceof DatagramEndpoint) endpoint.becomePlain();
        if (endpoint?.cookie === cookie) {
          noteEnd(this.#app, this.#calls, endpoint, thread.process, trap.argument(0));
        }
      }
      doorCall.call.request.cookie = cookie;
      const result = answer({ ...doorCall, fd, cookie, endpoint, ended });
      if (result === WAIT) this.#park(thread, cookie, fd);
      return result;
    } finally {
      sys.close(fd);
    }
  }

  #onNetlink(doorCall: DoorCall, netlink: NetlinkSocket, fd: number): number {
    const { thread, trap } = doorCall;
    if (this.#calls.isValid(this.#fd, trap.idLow, trap.idHigh) === 0) return ANSWERED;
    const catchUp = () => this.#catchUp(doorCall.call.nowUs);
    const result = answerNetlink({ ...doorCall, netlink, fd, catchUp });
    if (result === WAIT) this.#park(thread, netlink.cookie, fd);
    return result;
  }

  #park(thread: DoorThread, cookie: number, fd: number): void {
    const saved = this.#trap.save();
    thread.waiting = saved;
    const { loop, waitLimits } = this.#app;
    const limitUs = waitLimits.untilUs(thread) === 0 ? waitLimits.ofSocket(fd) : 0;
    if (limitUs > 0) {
      const untilUs = loop.nowUs + limitUs;
      waitLimits.set(thread, untilUs, () => this.#answerLate(thread, -EAGAIN));
    }
    this.#app.parked.park(cookie, () => this.#retry(thread, saved));
  }
}

/**
 * On what is not ours: about the network all the same. But for packet sockets: they are on the
 * kernel's device that shows the stack's frames.
 */
function foreign(doorCall: DoorCall, fd: number): number {
  const { trap } = doorCall;
  if (!isDeviceCall(trap)) return PASS;
  const domain = getIntOption(fd, SOL_SOCKET, SO_DOMAIN);
  return domain < 0 || domain === AF_PACKET ? PASS : deviceIoctl(doorCall, domain);
}

/** An ioctl about the network, whatever socket it is made on. */
function isDeviceCall(trap: Trap): boolean {
  return trap.number === SYSCALLS.SYS_ioctl && isDeviceIoctl(trap.argument(1));
}

/** Whether it may be the program's end of one of our pairs. */
function isMarked(fd: number): boolean {
  return getIntOption(fd, SOL_SOCKET, SO_RCVBUF) === 2 * NUSE_PAIR_MARK;
}
