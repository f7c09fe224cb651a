/**
 * The user's calls of RFC 9293 3.10.1 to 3.10.6 on one endpoint, with the results that Linux's BSD
 * calls have (`n | -errno`, never blocking). `stack/socket` puts the rest of BSD around it.
 *
 * @module
 */
import { EndCause } from "../base/end_cause.ts";
import {
  EVENT_ACCEPTABLE,
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_READABLE,
  EVENT_WRITABLE,
} from "../../base/events.ts";
import { Span } from "../../base/span.ts";
import { EINVAL, ENOTCONN } from "../../base/errno.ts";
import type { IpAddress } from "../../base/ip_address.ts";
import { SHUT_RD, SHUT_RDWR } from "../../base/socket_constants.ts";
import { bindSocket, connectFast, connectSocket, listenSocket } from "./open.ts";
import { abortForProgram, closeSocket, disconnectSocket, queueFin } from "./close.ts";
import { restartAfterIdle, updatePacing } from "../output/output.ts";
import { getTcpOption, sendWritten, setTcpOption } from "./sol_tcp.ts";
import { autotuneReceiveBuffer, fullWindow, isWindowUpdateDue } from "../receive/receive_window.ts";
import { notsentLowat, prepareForWriting, sendSpace } from "../output/send_buffer.ts";
import { seqDiff } from "../base/seq.ts";
import type { TcpSocketOptions } from "../tcb/socket_options.ts";
import { canReceiveData, isDelivering, State, stateName } from "../base/state.ts";
import type { Listener } from "../tcb/listener.ts";
import { markUrgent } from "../urgent/send.ts";
import { passSkipped, urgentOffset } from "../urgent/receive.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { armKeepAlive, rearmTimer } from "../tcb/deadlines.ts";
import type { SocketHandle } from "../tcb/context.ts";
import type { Flow } from "../base/flow.ts";

export interface TcpEndpoint {
  readonly addr: IpAddress;
  readonly port: number;
}

export class TcpSocket implements SocketHandle {
  /** The owner's record; TCP never looks at it. */
  owner: unknown = null;
  /** Replaced when a socket is connected anew after a failure. */
  tcb: Tcb;
  listening: Listener | null = null;
  /** The connection's TIME-WAIT, while it lasts. */
  timeWait: Flow | null = null;
  /** connect() was called and has not been seen to end. */
  isConnecting = false;
  /** There was a connection: no second one. */
  wasConnected = false;
  /** shutdown(SHUT_RD): reading ends where the data ends. */
  isReadShutdown = false;
  readonly #span = new Span();

  constructor(tcb: Tcb, readonly domain: number) {
    this.tcb = tcb;
    tcb.socket = this;
  }

  get tcpOptions(): Readonly<TcpSocketOptions> {
    return this.tcb.options;
  }

  /** "SYN-SENT" */
  get stateName(): string {
    const isTimeWait = this.timeWait !== null && this.timeWait.flowIndex >= 0;
    return stateName(isTimeWait ? State.TIME_WAIT : this.tcb.state);
  }

  get isListening(): boolean {
    return this.listening !== null;
  }

  get isBound(): boolean {
    return this.tcb.binding !== null;
  }

  get soError(): number {
    return this.tcb.soError;
  }

  /** Returns soError and clears it. */
  takeError(): number {
    const errno = this.tcb.soError;
    this.tcb.soError = 0;
    return errno;
  }

  /** 0 | -EINVAL (bound already) | -EADDRINUSE | -EADDRNOTAVAIL | -EAFNOSUPPORT. Port 0: any. */
  bind(addr: IpAddress, port: number, _nowUs: number): number {
    return bindSocket(this, addr, port);
  }

  /** -EINPROGRESS when the SYN is on its way, 0 when it waits for the first data, or why not. */
  connect(addr: IpAddress, port: number, nowUs: number): number {
    return connectSocket(this, addr, port, nowUs);
  }

  /** The same for send(MSG_FASTOPEN); -EOPNOTSUPP: clients may not. */
  connectFast(addr: IpAddress, port: number, nowUs: number, hasData = true): number {
    return connectFast(this, addr, port, nowUs, hasData);
  }

  /** connect(AF_UNSPEC): ends what there is; the socket can be used again. */
  disconnect(nowUs: number, soError = 0): number {
    return disconnectSocket(this, nowUs, soError);
  }

  listen(backlog: number, _nowUs: number): number {
    return listenSocket(this, backlog);
  }

  /**
   * The next established connection, or null. Its `readiness` tells what has happened to it
   * already.
   */
  accept(): TcpSocket | null {
    const tcb = this.listening === null ? null : this.listening.accept();
    if (tcb === null) return null;
    const socket = this.forConnection(tcb);
    socket.wasConnected = true;
    return socket;
  }

  /** A socket of the same kind, for a connection that a listener has made. */
  protected forConnection(tcb: Tcb): TcpSocket {
    return new TcpSocket(tcb, this.domain);
  }

  /** EVENT_* bits as things stand. */
  readiness(): number {
    const { tcb } = this;
    let bits = 0;
    if (this.listening !== null && this.listening.acceptQueueLength > 0) bits |= EVENT_ACCEPTABLE;
    if (this.recvAvailable() > 0 || this.recvEof) bits |= EVENT_READABLE;
    if (tcb.canSendData) bits |= EVENT_CONNECTED;
    if (this.sendSpace() > 0) bits |= EVENT_WRITABLE;
    if (tcb.soError !== 0) bits |= EVENT_ERROR;
    if (tcb.state === State.CLOSED && this.wasConnected) bits |= EVENT_CLOSED;
    return bits;
  }

  local(): TcpEndpoint {
    return { addr: this.tcb.local, port: this.tcb.localPort };
  }

  /** getpeername: null while there is no connection. */
  remote(): TcpEndpoint | null {
    const { state } = this.tcb;
    const isNone = state === State.CLOSED || state === State.LISTEN || state === State.SYN_SENT;
    return isNone ? null : this.peer();
  }

  /** The remote end of the last connection, be it gone. */
  peer(): TcpEndpoint {
    return { addr: this.tcb.remote, port: this.tcb.remotePort };
  }

  /** Bytes that may be written now. When it is 0, EVENT_WRITABLE follows as soon as it is not. */
  sendSpace(): number {
    const { tcb } = this;
    if (!tcb.canSendData || tcb.isFinQueued) return 0;
    const space = sendSpace(tcb);
    if (space === 0) tcb.isSndBlocked = true;
    return space;
  }

  /**
   * Where the program's next bytes go: at most `maxBytes`, perhaps fewer than sendSpace (the ring
   * grows as it fills). Empty although there is space: the memory is full, and EVENT_WRITABLE
   * follows. Valid until the next call.
   */
  sendSpan(maxBytes: number): Span {
    const { tcb } = this;
    const space = Math.min(maxBytes, this.sendSpace());
    const isPossible = space > 0 && prepareForWriting(tcb);
    const room = tcb.sndRing.writableSpan(isPossible ? space : 0, this.#span);
    if (room === 0 && space > 0) tcb.layer.pressure.noteWriter(tcb);
    return this.#span;
  }

  /**
   * `n` bytes of the span have been written (0: an empty ring's memory is not needed). `more`:
   * MSG_MORE, not less than a segment yet. `isRecordEnd`: MSG_EOR, nothing later in its segment.
   */
  sendCommit(n: number, nowUs: number, more = false, isRecordEnd = false): void {
    const { tcb } = this;
    if (more && n > 0 && !tcb.writes.hasMore) sendWritten(tcb, nowUs);
    if (n > 0 && tcb.sndRing.usedBytes === 0) restartAfterIdle(tcb, nowUs);
    tcb.sndRing.commit(n);
    if (tcb.sndRing.usedBytes === 0) tcb.sndRing.releaseEmpty(true);
    tcb.writes.onWrite(n, tcb.sndEnd, more, isRecordEnd);
    if (sendSpace(tcb) === 0) tcb.isSndBlocked = true;
    tcb.layer.markDirty(tcb);
  }

  /** MSG_OOB: the last byte of those committed, just now, is urgent. */
  sendUrgent(): void {
    markUrgent(this.tcb);
  }

  /** Bytes not acknowledged yet, sent or not, a FIN counted as one (SIOCOUTQ). */
  get unackedBytes(): number {
    const { tcb } = this;
    if (tcb.state === State.CLOSED || tcb.state === State.LISTEN) return 0;
    const isFinOut = tcb.isFinQueued && !(tcb.isFinSent && tcb.sndUna === tcb.sndNxt);
    return tcb.sndRing.usedBytes + (isFinOut ? 1 : 0);
  }

  /** Of these, those not handed over to the network even once (SIOCOUTQNSD). */
  get unsentBytes(): number {
    const { tcb } = this;
    return Math.max(0, seqDiff(tcb.sndEnd, tcb.sndNxt));
  }

  /** TCP_NOTSENT_LOWAT, or the system's; NO_LOWAT: none. */
  get notsentLowat(): number {
    return notsentLowat(this.tcb);
  }

  /** The owner takes no more from the program until EVENT_WRITABLE. */
  holdWriter(): void {
    this.tcb.isSndBlocked = true;
  }

  recvAvailable(): number {
    return this.tcb.rcvRing.usedBytes;
  }

  /** Bytes before the urgent one, which may not have arrived yet; -1: there is none. */
  get urgentOffset(): number {
    return urgentOffset(this.tcb);
  }

  /** Bytes that a reader skips before all others, if it has read all that was handed over. */
  get recvSkip(): number {
    return this.tcb.rcvSkipBytes;
  }

  recvSpan(maxBytes: number): Span {
    this.tcb.rcvRing.readableSpan(maxBytes, this.#span);
    return this.#span;
  }

  /** `n` bytes have been handed over: the window opens, but for what is known to lie unread. */
  recvConsume(n: number, nowUs: number): void {
    const { tcb } = this;
    tcb.rcvRing.consume(n);
    if (tcb.rcvSkipBytes > 0) passSkipped(tcb, n);
    if (tcb.state === State.CLOSED) {
      if (tcb.rcvRing.usedBytes === 0) tcb.rcvRing.free();
      return;
    }
    this.#afterTaking(n, nowUs);
  }

  /** How many bytes may be under way to the program in all, unread ones included. */
  get receiveSpace(): number {
    return fullWindow(this.tcb);
  }

  /**
   * Of the bytes handed over so far, or just about to be, `bytes` have not been read by the
   * program: they fill the window as those in the ring do.
   */
  recvUnread(bytes: number, nowUs: number): void {
    const { tcb } = this;
    const read = tcb.rcvHandedBytes - bytes;
    tcb.rcvHandedBytes = bytes;
    if (tcb.state === State.CLOSED) return;
    if (read > 0) this.#afterTaking(read, nowUs);
    else tcb.rcvCopiedBytes += read;
  }

  /** The program has `n` bytes more. */
  #afterTaking(n: number, nowUs: number): void {
    const { tcb } = this;
    autotuneReceiveBuffer(tcb, n, nowUs);
    // No answer will travel with it, it seems (Linux tcp_cleanup_rbuf, ICSK_ACK_PUSHED)
    const isPushDone = tcb.isAckDueOnRead && !tcb.isPingPong && tcb.delayedAckAtUs !== Infinity &&
      tcb.rcvRing.usedBytes === 0;
    if (isPushDone || (canReceiveData(tcb.state) && isWindowUpdateDue(tcb))) {
      tcb.isAckDue = true;
      tcb.layer.markDirty(tcb);
    }
  }

  get isDelivering(): boolean {
    return isDelivering(this.tcb.state);
  }

  get isLocal(): boolean {
    const { route } = this.tcb;
    return route !== null && route.isLoopback;
  }

  get isPeerDone(): boolean {
    return this.tcb.isFinReceived;
  }

  /** All that the peer has sent was read, and no more comes. */
  get recvEof(): boolean {
    const { tcb } = this;
    if (tcb.rcvRing.usedBytes > 0) return false;
    return tcb.isFinReceived || this.isReadShutdown ||
      (tcb.state === State.CLOSED && this.wasConnected);
  }

  /** Throws away what was received and what is still to come. */
  recvDiscard(nowUs: number): void {
    const { tcb } = this;
    tcb.isRcvShutdown = true;
    tcb.rcvRing.dropOutOfOrder();
    this.recvConsume(tcb.rcvRing.usedBytes, nowUs);
  }

  /** 0 (RD), 1 (WR), 2 (RDWR). 0 | -EINVAL | -ENOTCONN. */
  shutdown(how: number, nowUs: number): number {
    const { tcb } = this;
    if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
    if (tcb.state === State.CLOSED) return -ENOTCONN;
    const isRead = how !== 1;
    // As Linux: SHUT_RD ends a listener, any way an attempt; what Fast Open has taken is to come
    if (tcb.state === State.LISTEN) return isRead ? disconnectSocket(this, nowUs) : 0;
    const isFast = tcb.isConnectDeferred || tcb.synDataLen > 0;
    if (tcb.state === State.SYN_SENT && (isRead || !isFast)) return disconnectSocket(this, nowUs);
    if (isRead) {
      this.isReadShutdown = true;
      tcb.layer.raise(tcb, EVENT_READABLE);
    }
    if (how !== SHUT_RD) queueFin(tcb);
    return 0;
  }

  /** The program is gone: what is queued is delivered, unless SO_LINGER or unread data forbid. */
  close(nowUs: number): void {
    closeSocket(this, nowUs);
  }

  /** RST, at once. */
  abort(nowUs: number): void {
    if (this.listening !== null) disconnectSocket(this, nowUs);
    else abortForProgram(this.tcb, nowUs, EndCause.ABORTED);
  }

  /** SO_MAX_PACING_RATE, bytes per second; Infinity: no limit. */
  setMaxPacingRate(bytesPerSecond: number): void {
    this.tcb.pacer.maxRate = bytesPerSecond;
    updatePacing(this.tcb);
  }

  /** SO_RCVBUF as getsockopt tells it (doubled): set, it is fixed, auto-tuning ends. */
  get receiveBuffer(): number {
    return this.tcb.rcvBufBytes;
  }

  set receiveBuffer(bytes: number) {
    this.tcb.ownOptions().isRcvBufLocked = true;
    this.tcb.rcvBufBytes = bytes;
  }

  get sendBuffer(): number {
    return this.tcb.sndBufBytes;
  }

  set sendBuffer(bytes: number) {
    this.tcb.ownOptions().isSndBufLocked = true;
    this.tcb.sndBufBytes = bytes;
  }

  /** What SO_SNDBUF was set to, doubled; 0: it was not, the send buffer is auto-tuned. */
  get fixedSendBuffer(): number {
    return this.tcb.options.isSndBufLocked ? this.tcb.sndBufBytes : 0;
  }

  /** Puts changed `options` into effect. */
  optionsChanged(): void {
    const { tcb } = this;
    if (tcb.state === State.CLOSED || tcb.state === State.LISTEN) return;
    armKeepAlive(tcb);
    rearmTimer(tcb);
  }

  /** 0 while not connected. */
  pathMtu(): number {
    return this.remote() === null || this.tcb.route === null ? 0 : this.tcb.route.mtu;
  }

  /** Level IPPROTO_TCP. 0 | -errno. */
  setTcpOption(name: number, value: Uint8Array, nowUs: number): number {
    return setTcpOption(this, name, value, nowUs);
  }

  getTcpOption(name: number, maxLen: number, nowUs: number): Uint8Array | number {
    return getTcpOption(this, name, maxLen, nowUs);
  }
}
