/**
 * A listening stream socket. Each established connection becomes one record on the listening pair,
 * with the program's end of the new pair (SCM_RIGHTS). Only a part of the backlog is let into the
 * pair: the rest stays in the stack's accept queue, whose limit is the backlog itself, as in the
 * kernel.
 *
 * How many records wait is asked only when as many as that have been sent: what the kernel charges
 * us for unread ones (SIOCOUTQ), divided by what it charges for one (accept_record.ts).
 *
 * @module
 */
import { EPOLLHUP } from "../../../ffi/abi/epoll.ts";
import { SHUT_RD, SHUT_RDWR, SHUT_WR, SIOCOUTQ, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { ECONNABORTED, EINVAL, EVENT_ACCEPTABLE, type StreamSocket } from "../../../stack/mod.ts";
import { scopeIdOf } from "../protocol/sockaddr.ts";
import { emitAcceptRecord } from "./accept_record.ts";
import { Endpoint, STREAM_OPTION_STATE } from "./endpoint.ts";
import { setUrgentInline } from "./pair.ts";
import { StreamEndpoint } from "./stream_endpoint.ts";
import { sizeForUnsent } from "./unsent.ts";

/** Most records in a listening pair. */
const WAITING_MAX = 64;

export class ListenerEndpoint extends Endpoint {
  readonly kind = P.NUSE_KIND_STREAM;
  declare readonly socket: StreamSocket;
  /** Records in the pair that nobody has accepted, at most. */
  #waitingCount = 0;
  #waitingMax = 1;
  /** The last that were put there. */
  readonly #handedOver: StreamEndpoint[] = [];
  #isEnded = false;

  get state(): number {
    return (this.optionState & STREAM_OPTION_STATE) | P.NUSE_STATE_LISTENING;
  }

  /** listen(2), again. */
  listen(backlog: number, nowUs: number): number {
    if (this.#isEnded) return -EINVAL; // its pair has ended
    const result = this.socket.listen(backlog, nowUs);
    if (result === 0) this.setBacklog(backlog);
    return result;
  }

  setBacklog(backlog: number): void {
    this.#waitingMax = Math.min(Math.max(backlog >> 1, 1), WAITING_MAX);
  }

  shutdown(how: number, nowUs: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
    this.isShutdownAsked = true;
    return this.socket.shutdown(how, nowUs);
  }

  onEvents(events: number, nowUs: number): void {
    if ((events & EPOLLHUP) !== 0) {
      this.noteProgramGone(nowUs);
      if (this.seenEnd !== null) this.#noteUngiven();
      this.#finish(nowUs);
      return;
    }
    this.noteWritable(events);
    this.pump(nowUs);
  }

  onSocket(events: number, nowUs: number): void {
    if ((events & EVENT_ACCEPTABLE) !== 0) this.pump(nowUs);
  }

  /** Hands over connections as long as there is room. */
  pump(nowUs: number): void {
    if (this.isReleased) return;
    while (!this.isBlocked) {
      if (!this.#mayAccept()) return this.app.noteStarved(this);
      if (!this.#hasRoom()) return this.block();
      const child = this.socket.accept();
      if (child === null) return;
      this.#handOver(child, nowUs);
    }
  }

  /** Connections wait in the backlog while the process has its share, or all is taken. */
  #mayAccept(): boolean {
    const { account, app } = this;
    return account === null ? !app.endpoints.isFull : app.roomFor(account) === 0;
  }

  #hasRoom(): boolean {
    if (this.#waitingCount >= this.#waitingMax) this.#countWaiting();
    return this.#waitingCount < this.#waitingMax;
  }

  #countWaiting(): void {
    const { sys, recordCharge } = this.app;
    const charged = sys.ioctlInt(this.fd, SIOCOUTQ);
    if (charged <= 0) this.#waitingCount = 0;
    else if (recordCharge > 0) this.#waitingCount = Math.ceil(charged / recordCharge);
  }

  /** Makes a pair for an established connection and puts its record into the listening pair. */
  #handOver(child: StreamSocket, nowUs: number): void {
    const { app } = this;
    const { pairs } = app;
    if (pairs.open(SOCK_STREAM) < 0) return this.#lose(child, nowUs);
    const { ownFd, programFd, cookie } = pairs;
    sizeForUnsent(app.sys, programFd, child);
    if (child.options.oobInline) setUrgentInline(app.sys, programFd);
    const endpoint = new StreamEndpoint(app, child, ownFd, cookie);
    endpoint.account = this.account;
    endpoint.isPairOurs = true;
    endpoint.programInode = pairs.programInode;
    endpoint.optionState = this.optionState & P.NUSE_STATE_LINGER;
    endpoint.startConnected();
    if (endpoint.attach() < 0) {
      pairs.close();
      return this.#lose(child, nowUs);
    }
    app.counters.socketsOpened++;
    const events = child.events;
    child.events = 0;
    endpoint.onSocket(events, nowUs); // bytes that came with the handshake
    const { dv, u8 } = app.memory;
    const scopeId = scopeIdOf(app.stack, child);
    emitAcceptRecord(dv, u8, app.recordOff, child, cookie, endpoint.state, scopeId);
    const n = app.sys.sendFd(this.fd, app.base, app.recordOff, P.NUSE_ACCEPT_LEN, programFd);
    app.sys.close(programFd); // not sent: our end hangs up, and the endpoint ends by itself
    if (n === P.NUSE_ACCEPT_LEN) {
      this.#waitingCount++;
      if (this.#handedOver.push(endpoint) > WAITING_MAX) this.#handedOver.shift();
      app.parked.wake(this.cookie);
      app.counters.connectionsAccepted++;
    } else {
      endpoint.waitsAt = this; // which may be closed already
      app.counters.connectionsLost++;
      this.block();
    }
  }

  /**
   * Somebody else than its program ends it (`ss -K`, Linux tcp_abort): who waits is reset, SO_ERROR
   * tells of it, and accept() finds the end of the pair.
   */
  endByOthers(nowUs: number): void {
    this.#countWaiting();
    const waiting = this.#waitingCount > 0 ? this.#handedOver.slice(-this.#waitingCount) : [];
    for (const { socket } of waiting) socket.abort(nowUs);
    this.socket.disconnect(nowUs, ECONNABORTED);
    this.#isEnded = true;
    this.app.sys.shutdown(this.fd, SHUT_WR);
    this.app.parked.wake(this.cookie);
  }

  /** It ends as a listener: who waits in its pair gets a RST when that is closed. */
  loseUnaccepted(nowUs: number): void {
    this.#countWaiting();
    this.noteUnaccepted(this.#waitingCount);
    this.noteProgramGone(nowUs);
  }

  /** The program is about to close it, and has not accepted the last `count` connections. */
  noteUnaccepted(count: number): void {
    if (count === 0) return;
    for (const endpoint of this.#handedOver.slice(-count)) endpoint.waitsAt = this;
  }

  /** Without a shim nobody has told how many were not accepted: those that nobody was seen with. */
  #noteUngiven(): void {
    for (const endpoint of this.#handedOver) if (endpoint.seenEnd === null) endpoint.waitsAt = this;
  }

  #lose(child: StreamSocket, nowUs: number): void {
    this.app.counters.connectionsLost++;
    child.abort(nowUs);
    child.close(nowUs);
  }

  #finish(nowUs: number): void {
    if (this.isReleased) return;
    if (this.isShutdownAsked) this.app.ended.add(this, 0);
    this.socket.close(nowUs);
    this.release(nowUs);
  }
}
