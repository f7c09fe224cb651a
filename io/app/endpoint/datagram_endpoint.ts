/**
 * A UDP, ping or raw socket. Every message on its pair is a header (datagram_header.ts of the
 * stack) and a payload, the same bytes as in the stack's own queues: they are received into slots
 * that the stack sends from, and sent to the program straight from the receive queue.
 *
 * An error goes to the program as a record of its own, which its next receive fails with: the stack
 * puts one into the receive queue for what ICMP reported, we make one for a datagram that could not
 * be sent.
 *
 * Of a program behind the second door there is no header in the pair (plain_inbox.ts), and no
 * record of an error either: that waits for a call that stops at the door.
 *
 * @module
 */
import { EPOLLHUP, EPOLLIN, EPOLLRDHUP } from "../../../ffi/abi/epoll.ts";
import { MSG_CTRUNC, MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  type DatagramSocket,
  DGRAM_ERRNO_OFF,
  DGRAM_ERROR,
  DGRAM_FLAGS_OFF,
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  DGRAM_MORE,
  DGRAM_PAYLOAD_LEN_OFF,
  EAGAIN,
  ECONNRESET,
  EINTR,
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  ENOMEM,
  extrasLen,
} from "../../../stack/mod.ts";
import { Cork } from "./cork.ts";
import { BATCH_COUNT } from "./datagram_slots.ts";
import { Endpoint } from "./endpoint.ts";
import { resizePair, tellEmptyFromEnd } from "./pair.ts";
import { PlainInbox } from "./plain_inbox.ts";
import { addHeader, hasHeader } from "./plain_message.ts";

/** System calls a turn and direction: other sockets come in between. */
const TURN_BATCHES = 4;
/** Turns that a pair, full of the shortest messages, can need to be emptied. */
const CATCH_UP_TURNS = 16;

export class DatagramEndpoint extends Endpoint {
  readonly kind = P.NUSE_KIND_DATAGRAM;
  declare readonly socket: DatagramSocket;
  /** The pair may hold messages. */
  #isReadable = false;
  /** An error to report when there is room, positive; 0: none. */
  #pendingError = 0;
  /** Whose messages have no header; null: they have. */
  #inbox: PlainInbox | null = null;
  /** The program does not read any more: what arrives is dropped. */
  #isReadingShut = false;
  /** A datagram that is being put together, or UDP_CORK. */
  #cork: Cork | null = null;

  get state(): number {
    const peer = this.socket.remote();
    if (peer === null) return this.optionState;
    const family = peer.addr.family === 4 ? P.NUSE_STATE_PEER_V4 : 0;
    return this.optionState | P.NUSE_STATE_CONNECTED | family;
  }

  /** Headers are no longer in the pair from now on, but in what this gives. */
  becomePlain(): PlainInbox {
    if (this.#inbox === null) {
      this.#inbox = new PlainInbox(this.app.memory);
      tellEmptyFromEnd(this.app.sys, this.fd);
    }
    return this.#inbox;
  }

  /** Headers are in the pair again: a shim reads them. */
  leavePlain(): void {
    this.#inbox = null;
  }

  /** SO_ERROR. An error that no record in the pair tells of. */
  override takeError(): number {
    const error = this.#inbox === null ? 0 : this.#pendingError;
    if (error === 0) return super.takeError();
    this.#pendingError = 0;
    return error;
  }

  /** Sends a datagram, header and payload, from a slot: bytes or -errno. */
  sendFrom(off: number, payloadLen: number, nowUs: number): number {
    this.catchUp(nowUs);
    this.socket.takeError();
    const sent = this.#send(off, payloadLen, nowUs);
    if (sent < 0) return -this.#noteRefused(-sent);
    this.app.counters.datagramsToNetwork++;
    return payloadLen;
  }

  shutdown(how: number, nowUs: number): number {
    const result = this.socket.shutdown(how, nowUs);
    if (result === 0) this.isShutdownAsked = true;
    return result;
  }

  onEvents(events: number, nowUs: number): void {
    this.noteWritable(events);
    if ((events & EPOLLHUP) !== 0) this.noteProgramGone(nowUs);
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) !== 0) this.#isReadable = true;
    this.pump(nowUs);
  }

  onSocket(_events: number, nowUs: number): void {
    this.socket.takeError(); // its record is in the receive queue, and goes the way of a datagram
    this.#toProgram(nowUs);
  }

  pump(nowUs: number): void {
    if (this.isReleased) return;
    this.#toProgram(nowUs);
    this.#fromProgram(nowUs);
  }

  #fromProgram(nowUs: number): void {
    const { app } = this;
    const { slots } = app;
    for (let turn = 0; this.#isReadable; turn++) {
      if (turn === TURN_BATCHES) return app.markDirty(this);
      if (slots.freeCount === 0) app.flush(nowUs);
      const first = slots.first;
      const want = slots.freeCount;
      const tableOff = slots.inbound.messageOff(first);
      const n = app.sys.recvmmsg(this.fd, app.base, tableOff, want, MSG_DONTWAIT);
      if (n > 0) {
        slots.use(n);
        if (n < want) this.#isReadable = this.isProgramGone;
        if (!this.#sendBatch(first, n, nowUs)) return this.#onProgramEof(nowUs);
      } else if (n === -EAGAIN) {
        this.#isReadable = false;
      } else if (n !== -EINTR && n !== -ECONNRESET) {
        return this.#onProgramEof(nowUs); // ECONNRESET: closed with messages unread; ours come next
      }
    }
  }

  /** Gives the datagrams in `count` slots to the stack; false when EOF was among them. */
  #sendBatch(first: number, count: number, nowUs: number): boolean {
    const { slots, counters } = this.app;
    let error = 0;
    this.socket.takeError(); // recorded, as above; a datagram is not to be lost for it
    for (let i = first; i < first + count; i++) {
      const len = slots.inbound.bytes(i);
      if (len === 0 && (slots.inbound.flags(i) & MSG_CTRUNC) === 0) return false;
      const sent = this.#sendMessage(slots.slotOff(i), len, nowUs);
      if (sent >= 0) counters.datagramsToNetwork++;
      else error = this.#noteRefused(-sent);
    }
    // Without records in the pair it would be told of another datagram.
    if (error !== 0 && this.#inbox === null) this.#report(error);
    return true;
  }

  #sendMessage(off: number, len: number, nowUs: number): number {
    if (hasHeader(this.app, off, len)) {
      const payloadLen = payloadLenOf(this.app.memory.dv, off, len);
      return payloadLen < 0 ? -EINVAL : this.#send(off, payloadLen, nowUs);
    }
    this.app.counters.datagramsPlain++;
    return addHeader(this.app, off, len) ? this.#send(off, len, nowUs) : -EMSGSIZE;
  }

  #send(off: number, payloadLen: number, nowUs: number): number {
    const flags = this.app.memory.dv.getUint16(off + DGRAM_FLAGS_OFF, true);
    const hasMore = (flags & DGRAM_MORE) !== 0;
    if (!hasMore && this.#cork === null) return this.socket.send(off, payloadLen, nowUs);
    const cork = this.#cork ??= new Cork(this.app);
    const added = cork.add(off, payloadLen);
    if (added < 0 || hasMore || cork.isOn) return added;
    return this.#pushCork(cork, nowUs);
  }

  #pushCork(cork: Cork, nowUs: number): number {
    const sent = cork.push((off, payloadLen) => {
      const result = this.socket.send(off, payloadLen, nowUs);
      this.app.stack.flush(nowUs);
      return result;
    });
    if (!cork.isOn) this.#dropCork();
    return sent;
  }

  #dropCork(): void {
    this.#cork?.free();
    this.#cork = null;
  }

  /** UDP_CORK */
  get isCorked(): boolean {
    return this.#cork?.isOn ?? false;
  }

  /** UDP_CORK; switched off, what is pending goes. */
  setCorked(isOn: boolean, nowUs: number): void {
    if (!isOn && this.#cork === null) return;
    const cork = this.#cork ??= new Cork(this.app);
    cork.isOn = isOn;
    if (isOn) return;
    if (!cork.isPending) return this.#dropCork();
    const sent = this.#pushCork(cork, nowUs);
    if (sent < 0) this.#report(this.#noteRefused(-sent));
  }

  /** Sends what the program has written before it asked to change anything. */
  override catchUp(nowUs: number): void {
    this.#isReadable = true;
    for (let i = 0; this.#isReadable && !this.isReleased && i < CATCH_UP_TURNS; i++) {
      this.#fromProgram(nowUs);
    }
  }

  /** What to tell the program about a datagram that was not sent. */
  #noteRefused(errno: number): number {
    this.app.counters.datagramsRefused++;
    // A full queue is a loss like any other (udp(7): ENOBUFS is not reported without IP_RECVERR).
    return errno === ENOBUFS || errno === ENOMEM || errno === EAGAIN ? 0 : errno;
  }

  #onProgramEof(nowUs: number): void {
    this.#isReadable = false;
    if (!this.isProgramGone) return; // shutdown(SHUT_WR)
    if (this.isShutdownAsked) this.app.ended.add(this, 0);
    this.socket.close(nowUs);
    this.release(nowUs);
  }

  #toProgram(nowUs: number): void {
    const { app, socket } = this;
    if (this.#inbox === null && this.#pendingError !== 0) this.#report(this.#pendingError);
    for (let turn = 0; !this.isBlocked; turn++) {
      if (this.#inbox !== null) this.#takeErrorRecords(nowUs);
      const waiting = socket.recvCount();
      if (waiting === 0) return;
      if (this.#isReadingShut) return socket.recvConsume(waiting, nowUs);
      if (turn === TURN_BATCHES) return app.markDirty(this);
      const count = this.#pointAtRecords(Math.min(waiting, BATCH_COUNT));
      const n = app.sys.sendmmsg(this.fd, app.base, app.slots.outbound.off, count, 0);
      if (n > 0) {
        this.#noteDelivered(n);
        socket.recvConsume(n, nowUs);
        app.counters.datagramsToProgram += n;
      }
      if (n === -EAGAIN || (n >= 0 && n < count)) this.block();
      else if (n < 0 && n !== -EINTR) this.#isReadingShut = true; // EPIPE
    }
  }

  /** At `most` records, or up to an error that has no place in the pair; returns how many. */
  #pointAtRecords(most: number): number {
    const { slots, memory } = this.app;
    const skipped = this.#inbox === null ? 0 : DGRAM_HEADER_LEN;
    for (let i = 0; i < most; i++) {
      const off = this.socket.recvPeek(i);
      if (skipped > 0 && isError(memory.dv, off)) return i;
      const payloadLen = memory.dv.getInt32(off + DGRAM_PAYLOAD_LEN_OFF, true);
      slots.outbound.setIovec(i, 0, off + skipped, DGRAM_HEADER_LEN - skipped + payloadLen);
    }
    return most;
  }

  #noteDelivered(count: number): void {
    const inbox = this.#inbox;
    if (inbox === null) return;
    for (let i = 0; i < count; i++) inbox.push(this.socket.recvPeek(i));
    this.app.parked.wake(this.cookie);
  }

  /** Errors at the head of the queue. */
  #takeErrorRecords(nowUs: number): void {
    const { socket, app: { memory: { dv } } } = this;
    while (socket.recvCount() > 0) {
      const off = socket.recvPeek(0);
      if (!isError(dv, off)) return;
      this.#report(dv.getInt32(off + DGRAM_ERRNO_OFF, true));
      socket.recvConsume(1, nowUs);
    }
  }

  /**
   * Puts an error record into the pair, now or when there is room. `errno` 0: nothing to report.
   */
  #report(errno: number): void {
    if (errno === 0 || this.#isReadingShut) return;
    if (this.#inbox !== null) {
      this.#pendingError = errno;
      this.#showError(this.#inbox);
      this.app.parked.wake(this.cookie);
      return;
    }
    const { app, fd } = this;
    const { u8, dv } = app.memory;
    const off = app.recordOff;
    u8.fill(0, off, off + DGRAM_HEADER_LEN);
    dv.setUint16(off, DGRAM_MAGIC, true);
    dv.setUint16(off + DGRAM_FLAGS_OFF, DGRAM_ERROR, true);
    dv.setInt32(off + DGRAM_ERRNO_OFF, errno, true);
    const n = app.sys.send(fd, app.base, off, DGRAM_HEADER_LEN, 0, 0, 0);
    this.#pendingError = n === -EAGAIN ? errno : 0;
    if (n === -EAGAIN) this.block();
  }

  /** Poll() of a pair cannot be made to tell of an error: it shows something to be received. */
  #showError(inbox: PlainInbox): void {
    const { sys, base, recordOff } = this.app;
    if (!inbox.hasMark && sys.send(this.fd, base, recordOff, 0, 0, 0, 0) === 0) inbox.pushMark();
  }

  /** SO_RCVBUF has been set: what lies in the pair is received, too. */
  resizePair(): void {
    resizePair(this.app.sys, this.fd, this.socket.receiveBuffer >> 1);
  }

  protected override release(nowUs: number): void {
    this.#dropCork();
    super.release(nowUs);
  }
}

/** Whether the record at `off` tells of an error. */
function isError(dv: DataView, off: number): boolean {
  return (dv.getUint16(off + DGRAM_FLAGS_OFF, true) & DGRAM_ERROR) !== 0;
}

/** Of the message of `len` bytes at `off`; negative: its control messages are longer than that. */
function payloadLenOf(dv: DataView, off: number, len: number): number {
  return len - DGRAM_HEADER_LEN - extrasLen(dv, off, dv.getUint16(off + DGRAM_FLAGS_OFF, true));
}
