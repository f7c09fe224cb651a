/**
 * A stream socket that does not listen: unconnected, connecting or connected.
 *
 *     program's end ──bytes──► our end ──recv──► send ring of TCP     (from_program.ts)
 *     program's end ◄──bytes── our end ◄──send── receive ring of TCP  (to_program.ts)
 *
 * Bytes pass straight between the pair and the rings, big pieces at a time; when a ring or the pair
 * is full, EVENT_WRITABLE or EPOLLOUT goes on.
 *
 * | what happens | what we do |
 * |---|---|
 * | connect() | see connecting.ts; failed, another endpoint with a fresh pair takes over |
 * | program shuts its writing side: our end reads EOF | shutdown(SHUT_WR): FIN |
 * | program closes (EPOLLHUP), everything read | close(): the connection lives on as an orphan |
 * | program closes with bytes unread (EPOLLERR) | what it wrote, then abort(): RST, as Linux does |
 * | FIN from the peer, everything delivered | SHUT_WR on our end: the program reads 0 |
 * | RST or time-out | the rest is delivered, our end closed; SO_ERROR stays in EndedSockets |
 *
 * When both directions are shut, our end cannot tell a later close (see ended_sockets.ts): the pair
 * is closed then, and an ended record kept if the program may still be there.
 *
 * @module
 */
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from "../../../ffi/abi/epoll.ts";
import { SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  EAGAIN,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  type IpAddress,
  type StreamSocket,
} from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";
import type { DeferredReply } from "../protocol/deferred_reply.ts";
import { Connecting } from "./connecting.ts";
import { Endpoint } from "./endpoint.ts";
import { FromProgram, Taken } from "./from_program.ts";
import type { PairWrites } from "./pair_writes.ts";
import type { ReceiveRing } from "./receive_ring.ts";
import type { MadeReceiveRing } from "./receive_rings.ts";
import type { RingUser } from "./rings.ts";
import type { SendRing } from "./send_ring.ts";
import { Phase, streamState } from "./stream_state.ts";
import { showEnd, widenEnd } from "./stream_ends.ts";
import { type PairGate, ToProgram } from "./to_program.ts";
import { sizeForUnsent } from "./unsent.ts";
import { UrgentDelivery } from "./urgent.ts";

export class StreamEndpoint extends Endpoint implements PairGate, RingUser {
  readonly kind = P.NUSE_KIND_STREAM;
  declare readonly socket: StreamSocket;
  #phase = Phase.UNCONNECTED;
  readonly connecting: Connecting;
  readonly #from: FromProgram;
  readonly #to: ToProgram;
  /** EOF has been read from the pair. */
  #isProgramEof = false;
  /** shutdown(SHUT_RD): what arrives waits in the ring until READ takes it. */
  isReadShut = false;
  /** Nobody has accepted it: it is lost with its listener. */
  waitsAt: Endpoint | null = null;
  /** shutdown(SHUT_WR): there is a FIN, whatever else happens. */
  #isWriteShut = false;
  /** TCP is done with the connection: only what has arrived is left to deliver. */
  #isDead = false;
  readonly urgent: UrgentDelivery;

  constructor(app: AppContext, socket: StreamSocket, fd: number, cookie: number) {
    super(app, socket, fd, cookie);
    this.connecting = new Connecting(app, fd, this);
    this.#from = new FromProgram(app, fd, socket, this);
    this.urgent = new UrgentDelivery(app.sys, fd, socket);
    this.#to = new ToProgram(app, fd, socket, this, this.urgent);
  }

  get state(): number {
    return streamState(this.socket, this.#phase, this.optionState, this.isReadShut);
  }

  /** For a socket that accept() has given. */
  startConnected(): void {
    this.#phase = Phase.CONNECTED;
  }

  get writes(): PairWrites {
    return this.#from.writes;
  }

  get sendRing(): SendRing | null {
    return this.#from.ring;
  }

  /** What the program writes may go by `ring` from now on. */
  enterRing(ring: SendRing, nowUs: number): void {
    this.#from.ring = ring;
    this.#fromProgram(nowUs);
  }

  lookAtRing(nowUs: number): void {
    if (!this.#from.takeRing(nowUs)) this.#abort(nowUs);
  }

  leaveRing(nowUs: number): void {
    if (!this.#from.leaveRing(nowUs)) this.#abort(nowUs);
  }

  get receiveRing(): ReceiveRing | null {
    return this.#to.ring;
  }

  get wholeBelow(): number {
    return this.#to.wholeBelow;
  }

  get isHeldBack(): boolean {
    return this.#to.isHeldBack;
  }

  /** What comes for the program goes by a ring from now on, or -errno. */
  enterReceiveRing(nowUs: number): MadeReceiveRing | number {
    const isOver = this.#isDead || this.isReadShut || this.socket.recvEof || this.isProgramGone;
    const isFit = this.isConnected && !isOver && !this.urgent.isWatched && this.#to.isFit;
    const made = isFit ? this.app.receiveRings.make(this, this.#to.measurePair(), nowUs) : -EAGAIN;
    if (typeof made !== "number") this.#to.enterRing(made.ring, nowUs);
    return made;
  }

  lookAtReceiveRing(nowUs: number): number {
    const atUs = this.#to.lookAtRing(nowUs);
    if (this.#to.isLost) this.#abort(nowUs);
    return atUs;
  }

  showReceiveRing(nowUs: number): void {
    this.#to.showRing(nowUs);
  }

  leaveReceiveRing(nowUs: number): void {
    this.#to.leaveRing(nowUs);
    if (this.#to.isLost) this.#abort(nowUs);
  }

  wantTurn(): void {
    this.app.markDirty(this);
  }

  get isConnected(): boolean {
    return this.#phase === Phase.CONNECTED;
  }

  get isConnecting(): boolean {
    return this.#phase === Phase.CONNECTING;
  }

  /**
   * connect(2): -EINPROGRESS, REPLY_DEFERRED when the answer goes by `later`, or an error; 0 when
   * an earlier attempt has turned out well meanwhile, or data go with the SYN (`how`, as in
   * the request: the program asks for that). How one has turned out badly the stack tells.
   */
  connect(
    addr: IpAddress,
    port: number,
    how: number,
    fillerLen: number,
    later: DeferredReply | null,
    nowUs: number,
  ): number {
    const { connecting, socket } = this;
    if (this.#phase === Phase.CONNECTING) return connecting.join(later);
    const wasPending = connecting.isOutcomePending;
    connecting.isOutcomePending = false;
    if (this.#phase === Phase.CONNECTED) return wasPending ? 0 : -EISCONN;
    connecting.forget(); // what was written in vain is not to be taken for data
    const result = how === 0
      ? socket.connect(addr, port, nowUs)
      : socket.connectFast(addr, port, nowUs, how === P.NUSE_CONNECT_FAST);
    if (result === 0) this.#phase = Phase.CONNECTED; // the SYN waits for data
    if (result !== -EINPROGRESS) return result;
    this.#phase = Phase.CONNECTING;
    return connecting.begin(fillerLen, later);
  }

  /** The program looks out for urgent data. */
  watchUrgent(nowUs: number): void {
    this.urgent.isWatched = true;
    this.#to.leaveRing(nowUs);
    this.pump(nowUs);
  }

  /** connect(2) with AF_UNSPEC. True: the pair shows for ever what was (fresh_pair.ts). */
  disconnect(nowUs: number): boolean {
    if (this.#phase === Phase.CONNECTED) this.catchUp(nowUs);
    this.#from.leaveRing(nowUs);
    this.socket.disconnect(nowUs);
    this.connecting.giveUp(ECONNABORTED);
    this.connecting.forget();
    this.#phase = Phase.UNCONNECTED;
    const { isFinDelivered, isShut } = this.#to;
    const isUnread = this.#to.holdsUnread() || this.#to.measurePair() > 0;
    this.#to.drop();
    return isFinDelivered || isShut || this.#isProgramEof || this.isShutdownAsked || isUnread;
  }

  /**
   * shutdown(2). The FIN waits until the shim has shut the program's end: only then have we read
   * all that was written before.
   */
  shutdown(how: number, nowUs: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
    if (this.#phase !== Phase.CONNECTED) return this.#shutAttempt(how, nowUs);
    this.isShutdownAsked = true;
    if (how !== SHUT_RD) this.#isWriteShut = true;
    if (how === SHUT_WR) return 0;
    this.#toProgram(nowUs);
    this.#to.settleInPair(nowUs);
    this.isReadShut = true;
    return this.socket.shutdown(SHUT_RD, nowUs);
  }

  /** It ends, and that shows before the program goes on; the socket is fresh again. */
  #shutAttempt(how: number, nowUs: number): number {
    const result = this.socket.shutdown(how, nowUs);
    if (result < 0) return result;
    this.#phase = Phase.UNCONNECTED;
    this.connecting.abandon(() => this.#takeOutcome(nowUs));
    return 0;
  }

  /** What was written under TCP_CORK is to leave when that is lifted. */
  override catchUp(nowUs: number): void {
    this.#from.isReadable = true;
    this.pump(nowUs);
  }

  onEvents(events: number, nowUs: number): void {
    this.noteWritable(events);
    if ((events & EPOLLHUP) !== 0) this.noteProgramGone(nowUs);
    if ((events & (EPOLLRDHUP | EPOLLHUP)) !== 0) this.#from.isEndAhead = true;
    if ((events & EPOLLPRI) !== 0) this.writes.noteMark();
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) !== 0) this.#from.isReadable = true;
    const isLost = this.#phase === Phase.CONNECTED && (events & EPOLLHUP) !== 0 &&
      this.app.lingering.isReset(this.socket);
    if (isLost || (events & EPOLLERR) !== 0) { // or: input unread. What it wrote is still there
      if (this.#phase === Phase.CONNECTED) this.#fromProgram(nowUs);
      return this.#abort(nowUs); // what has no room now would have no time to leave either
    }
    if ((events & EPOLLHUP) !== 0 && this.waitsAt?.isProgramGone) return this.#abort(nowUs);
    if (this.isWatchingReads && (events & EPOLLOUT) !== 0) this.#to.noteRead(nowUs);
    this.pump(nowUs);
  }

  onSocket(events: number, nowUs: number): void {
    if ((events & EVENT_CONNECTED) !== 0) {
      this.#phase = Phase.CONNECTED;
      if (this.connecting.isOutcomePending) widenEnd(this.app, this);
      this.connecting.succeed();
    }
    if ((events & (EVENT_ERROR | EVENT_CLOSED)) !== 0) {
      if (this.#phase === Phase.CONNECTING) {
        this.#phase = Phase.UNCONNECTED;
        this.connecting.fail(() => this.#takeOutcome(nowUs));
      } else if (this.#phase === Phase.CONNECTED) {
        this.#isDead ||= (events & EVENT_CLOSED) !== 0 || this.socket.stateName === "CLOSED";
      }
    }
    this.pump(nowUs);
  }

  /** How connect() has failed; the socket is fresh again. */
  #takeOutcome(nowUs: number): number {
    const errno = this.socket.takeError() || ECONNABORTED;
    this.socket.disconnect(nowUs);
    return errno;
  }

  pump(nowUs: number): void {
    if (this.isReleased) return;
    if (this.#phase === Phase.CONNECTED) {
      this.connecting.drainFiller(); // writable before readable
      // Left to a program that closed, bytes make close() answer with RST.
      if (!this.isProgramGone || this.isShutdownAsked) this.#toProgram(nowUs);
      if (this.#isDead && this.#canEnd()) this.#end(nowUs);
      else if (this.isProgramGone && this.#isProgramEof) this.#finish(nowUs);
      else this.#fromProgram(nowUs);
    } else if (this.isProgramGone) {
      this.#finish(nowUs);
    } else if (this.#phase === Phase.UNCONNECTED) {
      if (this.connecting.isFailureDue) this.#showFailure(nowUs);
      else this.connecting.drainFiller();
    }
  }

  /**
   * Breaks the pair, so that it shows the failed connect(). An endpoint with a fresh one takes
   * over, whose program's end waits in the old, and is closed with that.
   */
  #showFailure(nowUs: number): void {
    const { app, socket, fd } = this;
    const { pairs, sys } = app;
    // Without the shim nobody takes it out of there: connect() makes one (stream_ends.ts)
    if (this.seenEnd !== null || pairs.open(SOCK_STREAM) < 0) return this.#end(nowUs);
    sizeForUnsent(sys, pairs.programFd, socket);
    const next = new StreamEndpoint(app, socket, pairs.ownFd, pairs.cookie);
    next.succeedTo(this);
    next.urgent.isWatched = this.urgent.isWatched;
    next.connecting.isOutcomePending = this.connecting.isOutcomePending;
    this.detach(nowUs);
    sys.sendFd(fd, app.base, app.recordOff, 1, pairs.programFd);
    sys.close(fd); // at once: until then the pair looks readable
    sys.close(pairs.programFd); // not sent: our end hangs up, and the endpoint ends by itself
    if (next.attach() >= 0) return;
    socket.close(nowUs);
    sys.close(next.fd);
  }

  #fromProgram(nowUs: number): void {
    if (!this.connecting.drainFiller()) return;
    const taken = this.#from.take(nowUs);
    if (taken === Taken.PART) this.app.markDirty(this);
    else if (taken === Taken.END) this.#onProgramEof(nowUs);
    else if (taken === Taken.LOST) this.#abort(nowUs);
  }

  #onProgramEof(nowUs: number): void {
    this.#isProgramEof = true;
    this.leaveRing(nowUs);
    if (this.isProgramGone) this.#finish(nowUs);
    else this.socket.shutdown(SHUT_WR, nowUs);
  }

  #toProgram(nowUs: number): void {
    if (this.isReadShut) return;
    const isEnding = this.#isDead || this.isShutdownAsked;
    if (this.#to.deliver(this.#isDead, isEnding, nowUs)) this.app.markDirty(this);
    if (this.#to.isLost) this.#abort(nowUs);
  }

  /** Nothing is left to deliver, or nobody to deliver it to. */
  #canEnd(): boolean {
    const isNobodyThere = this.isProgramGone || this.#to.isShut || this.isReadShut;
    return isNobodyThere || (this.socket.recvAvailable() === 0 && this.#to.isInPair);
  }

  /** TCP has ended first. */
  #end(nowUs: number): void {
    showEnd(this.app, this, this.socket.takeError());
    this.socket.close(nowUs);
    this.release(nowUs);
  }

  /** The program has ended first, and all its bytes are in the ring. */
  #finish(nowUs: number): void {
    if (this.#to.holdsUnread()) return this.#abort(nowUs); // as the kernel does for the pair's
    if (this.isShutdownAsked) this.app.ended.add(this, 0);
    this.app.lingering.add(this.cookie, this.socket);
    this.socket.close(nowUs);
    this.release(nowUs);
  }

  #abort(nowUs: number): void {
    if (this.isReleased) return;
    if (this.#phase === Phase.CONNECTED) this.app.counters.streamsReset++;
    this.#from.leaveRing(nowUs);
    if (this.#isWriteShut) this.socket.shutdown(SHUT_WR, nowUs);
    this.socket.abort(nowUs);
    this.socket.close(nowUs);
    this.release(nowUs);
  }

  protected override release(nowUs: number): void {
    this.#from.leaveRing(nowUs);
    this.#to.drop();
    this.connecting.giveUp(ECONNABORTED);
    super.release(nowUs);
  }
}
