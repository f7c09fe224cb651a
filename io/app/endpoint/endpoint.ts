/**
 * One socket of a program: our end of its pair on one side, the stack's socket on the other.
 *
 * How a descriptor shows readiness. The program's end is a real unix socket, so poll, select and
 * epoll, level and edge, are the kernel's (poll.c and epoll.c of the shim add what a pair cannot
 * show). What they show is made by what we do with our end:
 *
 *     program's end   our end
 *     IN              bytes for it, a record (an accepted connection, a datagram, an error)
 *     no IN           nothing that it has not read; what does not fit waits in TCP's window
 *     OUT             we read as fast as the send ring has room; the pair has room behind it
 *     no OUT          the ring is full, we do not read, so the pair fills (or: connecting.ts)
 *     RDHUP, IN       SHUT_WR: the peer's FIN, once all before it is delivered
 *     HUP             closed: the stack has ended the connection
 *     ERR             closed with bytes of the program unread: a connect() that failed
 *
 * And the other way round: EOF on our end is shutdown(SHUT_WR) or close() of the program, EPOLLHUP
 * that every process has closed it.
 *
 * Our end is watched edge-triggered. EPOLLOUT is armed only while the pair is too full to take
 * more, or so full that the window follows what is read (unread.ts): a unix socket reports it after
 * every read of the peer otherwise, a wake-up for each reply that a program takes. It is disarmed
 * lazily, on the first report that nobody waited for, so that a stream which keeps filling the pair
 * costs no epoll_ctl.
 *
 * @module
 */
import {
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from "../../../ffi/abi/epoll.ts";
import type { Endpoint as NetEndpoint, Socket, StreamSocket } from "../../../stack/mod.ts";
import {
  NUSE_KIND_STREAM,
  NUSE_STATE_BOUND,
  NUSE_STATE_LINGER,
} from "../../../ffi/shim/protocol.ts";
import type { Handler } from "../../loop/loop.ts";
import type { Account } from "./account.ts";
import type { AppContext } from "./app_context.ts";
import { Holders } from "./holders.ts";

const BASE_EVENTS = EPOLLET + EPOLLIN + EPOLLPRI + EPOLLRDHUP;

/** What of `optionState` a stream has: for it the bits of the others mean something else. */
export const STREAM_OPTION_STATE = NUSE_STATE_BOUND | NUSE_STATE_LINGER;

/** Where a program that no shim serves has last been seen to hold its end of a pair. */
export interface SeenEnd {
  /** A copy of the end with this cookie, to be closed; -1: it is there no more. */
  copy(cookie: number): number;
}

/** Of an endpoint, what another that takes its socket over has to know. */
type Former = Pick<Endpoint, "account" | "optionState" | "holders" | "cookie">;

export abstract class Endpoint implements Handler {
  /** NUSE_KIND_* */
  abstract readonly kind: number;
  /** Whether it is in the dirty list. */
  isDirty = false;
  /** Who is charged for it; set before `attach`. null: nobody. */
  account: Account | null = null;
  /** NUSE_STATE_* bits of the options that the shim has to know. */
  optionState = 0;
  /** The program has closed its end, or shut both directions. */
  isProgramGone = false;
  /** The program has asked for shutdown(): a hang-up may be just that. */
  isShutdownAsked = false;
  /** Who may ask something of it. */
  holders = new Holders();
  /** We have made the pair: the cookie is that of the program's end, which only we write to. */
  isPairOurs = false;
  /** The program has made it, and what it says of the cookie has been shown to be true. */
  isCookieShown = false;
  /** Somebody else says so, too, and neither has shown it: nobody else may come to hold it. */
  isContested = false;
  /** null: its program has a shim, as far as we know. */
  seenEnd: SeenEnd | null = null;
  /** The cookie of a pair that this socket had before; 0: none. */
  formerCookie = 0;
  /** Of the program's end of the pair, as /proc/PID/fd shows it; 0: not known. */
  programInode = 0;
  /** The pair has been closed; nothing may be done any more. */
  isReleased = false;
  #slot = -1;
  #isOutArmed = false;
  /** The pair was full; EPOLLOUT will tell. */
  isBlocked = false;
  /** EPOLLOUT is to tell of each piece that the program has read. */
  isWatchingReads = false;

  constructor(
    protected readonly app: AppContext,
    readonly socket: Socket,
    readonly fd: number,
    readonly cookie: number,
  ) {}

  /** NUSE_STATE_* bits. */
  abstract get state(): number;
  /** EVENT_* bits from the stack. */
  abstract onSocket(events: number, nowUs: number): void;
  abstract onEvents(events: number, nowUs: number): void;
  /** Moves what can be moved. */
  abstract pump(nowUs: number): void;
  /** shutdown(2), before the shim shuts the program's end. */
  abstract shutdown(how: number, nowUs: number): number;

  /** Takes what the program has written before the request that is about to be carried out. */
  catchUp(_nowUs: number): void {
    // where the order of bytes and requests does not show
  }

  get local(): NetEndpoint {
    return this.socket.local();
  }

  /** null: not connected. */
  get remote(): NetEndpoint | null {
    return this.socket.remote();
  }

  /** SO_ERROR. */
  takeError(): number {
    return this.socket.takeError();
  }

  /** Starts to watch the pair. Returns 0 or -errno. */
  attach(): number {
    const slot = this.app.loop.add(this.fd, BASE_EVENTS, this);
    if (slot < 0) return slot;
    this.#slot = slot;
    this.socket.owner = this;
    this.app.endpoints.add(this);
    if (this.account !== null) this.account.sockets++;
    return 0;
  }

  /** Takes over the socket of `former`, with its pair. */
  continueWith(former: Endpoint): void {
    this.#inherit(former);
    this.isPairOurs = former.isPairOurs;
    this.isCookieShown = former.isCookieShown;
    this.isContested = former.isContested;
    this.programInode = former.programInode;
    this.seenEnd = former.seenEnd;
  }

  /** Takes over the socket of `former`, with the pair that we have made last. */
  succeedTo(former: Former): void {
    this.#inherit(former);
    this.programInode = this.app.pairs.programInode;
    this.isPairOurs = true;
    this.formerCookie = former.cookie;
  }

  #inherit({ account, optionState, holders }: Former): void {
    this.account = account;
    this.optionState = optionState;
    this.holders = holders;
  }

  /** The reverse of `attach`: the pair and the socket stay open, for another endpoint. */
  detach(nowUs: number): void {
    this.app.loop.remove(this.#slot);
    this.#leave(nowUs);
  }

  #leave(nowUs: number): void {
    this.isReleased = true;
    this.app.endpoints.remove(this, nowUs);
    this.socket.owner = null;
    this.#settle();
    this.app.wakeStarved();
  }

  #settle(): void {
    const { account } = this;
    if (account === null) return;
    account.sockets--;
    this.app.accounts.settle(account);
  }

  /** Forgets the socket, which the caller has closed, and closes the pair. */
  protected release(nowUs: number): void {
    this.app.loop.forget(this.#slot);
    this.#leave(nowUs);
    this.closePair();
    this.app.counters.socketsClosed++;
  }

  /** After `detach`, when nobody takes the pair over. */
  closePair(): void {
    const { pairs, sys } = this.app;
    if (this.isPairOurs && pairs.refusesRights) sys.close(this.fd); // there is none to be closed
    else sys.closeEnd(this.fd, this.kind === NUSE_KIND_STREAM ? 1 : 0);
  }

  /** Ends the socket because the service ends. */
  abandon(nowUs: number): void {
    this.socket.close(nowUs);
    this.release(nowUs);
  }

  /** A fault of nuse's own while this socket was served: it ends, the others go on. */
  onFault(nowUs: number): void {
    if (this.isReleased) return;
    const { socket } = this;
    try {
      if (socket.kind === "stream") (socket as StreamSocket).abort(nowUs);
      socket.close(nowUs);
    } catch (error) {
      this.app.noteFault(error);
    }
    this.release(nowUs);
  }

  /** Takes note, before the loop does, that the program's end is closed. */
  noteHangUp(nowUs: number): void {
    const events = this.app.sys.poll(this.fd, EPOLLIN + EPOLLRDHUP, 0);
    if (events > 0 && (events & EPOLLHUP) !== 0) this.onEvents(events, nowUs);
  }

  protected noteProgramGone(nowUs: number): void {
    if (this.isProgramGone) return;
    this.isProgramGone = true;
    this.app.endpoints.noteGone(nowUs);
  }

  /** The pair is full: waits for EPOLLOUT. */
  block(): void {
    this.isBlocked = true;
    this.#armOut();
  }

  watchReads(isOn: boolean): void {
    this.isWatchingReads = isOn;
    if (isOn) this.#armOut();
  }

  #armOut(): void {
    if (this.#isOutArmed) return;
    this.#isOutArmed = true;
    this.app.loop.modify(this.#slot, BASE_EVENTS + EPOLLOUT);
  }

  /** Takes note of EPOLLOUT in `events`. */
  protected noteWritable(events: number): void {
    if ((events & (EPOLLOUT | EPOLLHUP)) === 0) return;
    if (this.isBlocked) {
      this.isBlocked = false;
    } else if (this.#isOutArmed && !this.isWatchingReads) {
      this.#isOutArmed = false;
      this.app.loop.modify(this.#slot, BASE_EVENTS);
    }
  }
}
