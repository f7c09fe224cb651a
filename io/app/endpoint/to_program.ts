/**
 * The way of a stream's bytes from TCP to the program: into the pair, or into the ring if there is
 * one (receive_ring.ts).
 *
 *     TCP ──────────────────────────────► pair                   without a ring
 *     TCP ──► ring ──head──► pair                                with one
 *             ring ──all that is left──► pair,  TCP ──► pair     when it is given up
 *
 * A ring is given up before anything that only the pair can show: the peer's FIN, the end of the
 * connection, urgent data, SO_RCVLOWAT, shutdown().
 *
 * @module
 */
import { SHUT_WR, SO_SNDBUF, SOL_SOCKET } from "../../../ffi/abi/socket.ts";
import { getIntOption } from "../../../ffi/socket.ts";
import { NUSE_PAIR_SNDBUF, NUSE_RING_ASLEEP, NUSE_RING_GONE } from "../../../ffi/shim/protocol.ts";
import { EAGAIN, EINTR, EOPNOTSUPP, type StreamSocket } from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";
import { CHUNK_BYTES, TURN_BYTES } from "./from_program.ts";
import { enlargePair, setPairBuffer } from "./pair.ts";
import type { ReceiveRing } from "./receive_ring.ts";
import type { ReceiveRingUser } from "./receive_rings.ts";
import { GIVE_UP, type ReadWatch, RingHead, UNTOUCHED_US } from "./ring_head.ts";
import { isBelowLowat, isMuchUnread, Unread } from "./unread.ts";
import type { UrgentDelivery } from "./urgent.ts";

/** Part of the ring that is free when more is put into it. */
const ROOM_SHIFT = 3;

/** What it needs of its endpoint. */
export interface PairGate extends ReceiveRingUser, ReadWatch {
  readonly isBlocked: boolean;
  block(): void;
  /** Is to have a turn (pump) before the flush. */
  wantTurn(): void;
}

export class ToProgram {
  ring: ReceiveRing | null = null;
  isFinDelivered = false;
  /** The program has written into its ring what it must not. */
  isLost = false;
  /** A ring that was given up, with bytes that come before all others. */
  #residue: ReceiveRing | null = null;
  readonly #unread: Unread;
  readonly #head: RingHead;
  /** Our end of the pair has a large buffer. */
  #isLarge = false;
  /** The ring was full. */
  #isFull = false;
  /** Bytes that the stack counts as unread. */
  #toldUnread = 0;

  /** `fd`: our end of the pair. */
  constructor(
    readonly app: AppContext,
    readonly fd: number,
    readonly socket: StreamSocket,
    readonly gate: PairGate,
    readonly urgent: UrgentDelivery,
  ) {
    this.#unread = new Unread(app.sys, fd);
    this.#head = new RingHead(app, fd, gate, this.#unread);
  }

  /** The program does not read any more: what arrives is dropped. */
  get isShut(): boolean {
    return this.#head.isShut;
  }

  /** All that was delivered is in the pair. */
  get isInPair(): boolean {
    return this.ring === null && this.#residue === null;
  }

  /** With less than so many bytes in the pair nothing waits outside; 0: not known. */
  get wholeBelow(): number {
    // EPOLLOUT comes when a quarter is left, of which the kernel's own books take a part
    return this.#isLarge ? getIntOption(this.fd, SOL_SOCKET, SO_SNDBUF) >> 3 : 0;
  }

  /** Bytes in the pair, at most. */
  measurePair(): number {
    return this.#unread.measure();
  }

  /**
   * Moves what can be moved. True: there is more, for another turn. `isDead`: nothing comes any
   * more; `isEnding`: or nothing is waited for.
   */
  deliver(isDead: boolean, isEnding: boolean, nowUs: number): boolean {
    const { app, socket } = this;
    if (this.ring !== null && (isDead || !this.#fitsRing)) this.leaveRing(nowUs);
    if (!this.#passResidue()) return false;
    const hasMore = this.#deliverData(isDead, isEnding, nowUs);
    if (hasMore || isDead || this.isFinDelivered || !socket.recvEof) return hasMore;
    this.leaveRing(nowUs);
    if (!this.#passResidue()) return false;
    this.isFinDelivered = true;
    app.sys.shutdown(this.fd, SHUT_WR);
    return false;
  }

  /** May have a ring. */
  get isFit(): boolean {
    return this.isInPair && !this.isShut && !this.urgent.wasSent && this.#fitsRing;
  }

  get #fitsRing(): boolean {
    const { socket } = this;
    return socket.urgentOffset < 0 && socket.recvSkip === 0 && socket.options.receiveLowat <= 1;
  }

  #deliverData(isDead: boolean, isEnding: boolean, nowUs: number): boolean {
    const { gate, socket, urgent } = this;
    let left = TURN_BYTES;
    while (!gate.isBlocked && socket.recvAvailable() > 0) {
      if (this.isShut) {
        socket.recvDiscard(nowUs);
        break;
      }
      if (left <= 0) return true;
      if (!isDead && isBelowLowat(socket, this.#unread)) break;
      // Not the next to be read, as long as there is something in the pair
      if (socket.recvSkip > 0 && this.#unread.measure() === 0) {
        socket.recvConsume(socket.recvSkip, nowUs);
        continue;
      }
      const most = Math.min(CHUNK_BYTES, urgent.nextPiece(isEnding));
      if (most === 0) break;
      const n = this.ring === null ? this.#send(most, nowUs) : this.#put(this.ring, most, nowUs);
      if (n < 0) break;
      left -= n;
    }
    return false;
  }

  /** By the pair. Returns how many; -1: no more now. */
  #send(most: number, nowUs: number): number {
    const { app, socket, urgent } = this;
    const { off0, len0, off1, len1 } = socket.recvSpan(most);
    const n = app.sys.send(this.fd, app.base, off0, len0, off1, len1, urgent.sendFlags);
    if (n > 0) {
      if (this.#unread.handOver(n, socket.receiveSpace)) this.measureUnread(nowUs);
      socket.recvConsume(n, nowUs);
      app.counters.bytesToProgram += n;
      if (n < len0 + len1) this.#enlargeOrBlock();
      return n;
    }
    if (n === -EAGAIN) this.#enlargeOrBlock();
    else if (n === -EOPNOTSUPP) urgent.isPossible = false;
    else if (n !== -EINTR) this.#head.isShut = true; // EPIPE
    return 0;
  }

  /** What the program has not read counts against the window. */
  measureUnread(nowUs: number): void {
    const bytes = this.#unread.measure() + (this.#residue?.unread ?? 0);
    this.#tellUnread(bytes, nowUs);
    this.gate.watchReads(isMuchUnread(bytes, this.socket.receiveSpace));
  }

  /** The pair is full. */
  #enlargeOrBlock(): void {
    if (this.#isLarge) {
      if (!this.urgent.makeRoom()) this.gate.block();
      return;
    }
    this.#isLarge = true;
    enlargePair(this.app.sys, this.fd);
  }

  // ---- the ring

  /** From now on bytes go by `ring`. */
  enterRing(ring: ReceiveRing, nowUs: number): void {
    this.ring = ring;
    this.#isFull = false;
    this.#head.begin(nowUs);
  }

  /** Into the ring. Returns how many; -1: it is full. */
  #put(ring: ReceiveRing, most: number, nowUs: number): number {
    const { app, socket } = this;
    const flags = this.#look(ring, nowUs);
    this.#isFull = ring.room < ring.capacity >> ROOM_SHIFT;
    if (this.#isFull || (flags & NUSE_RING_GONE) !== 0 || this.isLost) return -1;
    const wasEmpty = ring.unread === 0;
    if (wasEmpty) ring.startOver();
    const { off0, len0, off1, len1 } = socket.recvSpan(Math.min(most, ring.room));
    const n = len0 + len1;
    ring.put(off0, len0);
    if (len1 > 0) ring.put(off1, len1);
    ring.publish();
    this.#head.noteArrival(ring, wasEmpty, flags, nowUs);
    this.#tellUnread(this.#unreadIn(ring), nowUs);
    socket.recvConsume(n, nowUs);
    ring.lastUsedUs = nowUs;
    app.counters.bytesToProgram += n;
    app.counters.bytesToRing += n;
    app.receiveRings.lookBy(nowUs + UNTOUCHED_US);
    return n;
  }

  /** The window waits for the program to read. */
  get isHeldBack(): boolean {
    const { ring } = this;
    if (ring === null) return false;
    return this.#isFull || isMuchUnread(ring.unread + ring.pairBytes, this.socket.receiveSpace);
  }

  /** Somebody has read from the pair. */
  noteRead(nowUs: number): void {
    if (this.ring === null) this.measureUnread(nowUs);
    else this.#head.noteRead();
  }

  /**
   * Sees what the program has read, and that the pair shows what is left. Returns when to look
   * again at the latest.
   */
  lookAtRing(nowUs: number): number {
    const { ring } = this;
    if (ring === null) return Infinity;
    const flags = this.#look(ring, nowUs);
    if (this.isLost) return Infinity;
    if ((flags & NUSE_RING_GONE) !== 0) {
      this.leaveRing(nowUs);
      return Infinity;
    }
    if ((flags & NUSE_RING_ASLEEP) !== 0) ring.wake();
    if (ring.unread === 0) return Infinity;
    const atUs = this.#head.show(ring, flags, nowUs);
    if (atUs !== GIVE_UP) return atUs;
    this.leaveRing(nowUs);
    return Infinity;
  }

  /** What has been read since the last time opens the window. Returns the flags. */
  #look(ring: ReceiveRing, nowUs: number): number {
    const flags = ring.look();
    if (ring.isBroken) {
      this.app.counters.ringsBroken++;
      this.isLost = true;
    } else if (ring.hasMoved) {
      ring.lastUsedUs = nowUs;
      this.#head.noteMoved(nowUs);
      if (this.#isFull) this.gate.wantTurn();
      this.#isFull = false;
    }
    this.#tellUnread(this.#unreadIn(ring), nowUs);
    return flags;
  }

  /**
   * What counts against the window. While the program is slower than the peer no more is to come
   * than the ring has room for: the rest would be copied twice.
   */
  #unreadIn({ capacity, pairBytes, room, unread }: ReceiveRing): number {
    const bytes = unread + pairBytes;
    return room > capacity >> 1 ? bytes : Math.max(bytes, this.socket.receiveSpace - room);
  }

  #tellUnread(bytes: number, nowUs: number): void {
    if (bytes === this.#toldUnread) return;
    this.#toldUnread = bytes;
    this.socket.recvUnread(bytes, nowUs);
  }

  /** Somebody looks at the pair, and is to see that there is something. */
  showRing(nowUs: number): void {
    const { ring } = this;
    if (ring === null) return;
    const flags = this.#look(ring, nowUs);
    if (!this.isLost && ring.unread > 0) this.#head.showNow(ring, flags, nowUs);
  }

  /** Back to the pair alone. */
  leaveRing(nowUs: number): void {
    const { app, ring } = this;
    if (ring === null) return;
    ring.end();
    this.ring = null;
    app.receiveRings.forget(this.gate);
    if (ring.isBroken) {
      app.counters.ringsBroken += this.isLost ? 0 : 1;
      this.isLost = true;
      app.receiveRings.free(ring);
      return;
    }
    this.#residue = ring;
    this.#passResidue();
    this.measureUnread(nowUs);
    this.gate.wantTurn();
  }

  /** The same before shutdown(SHUT_RD): the pair is made to hold it all. */
  settleInPair(nowUs: number): void {
    this.leaveRing(nowUs);
    const unread = this.#residue?.unread ?? 0;
    if (unread === 0) return;
    setPairBuffer(this.app.sys, this.fd, NUSE_PAIR_SNDBUF + 2 * unread);
    this.#passResidue(true);
  }

  /** What is left of a ring. True: it is in the pair. */
  #passResidue(isForced = false): boolean {
    const ring = this.#residue;
    if (ring === null) return true;
    while (ring.unread > 0 && !this.isShut) {
      if (this.gate.isBlocked && !isForced) return false;
      const n = Math.min(CHUNK_BYTES, ring.unread);
      const sent = this.#head.send(ring, n);
      if (sent > 0) ring.passOn(sent);
      if (sent < n && !this.isShut && sent !== -EINTR) {
        this.#enlargeOrBlock();
        if (isForced && this.#isLarge) break;
      }
    }
    if (ring.unread > 0 && !this.isShut) return false;
    this.#residue = null;
    this.app.receiveRings.free(ring);
    return true;
  }

  /** Whether the program has left bytes unread that are not in its pair. */
  holdsUnread(): boolean {
    this.ring?.look();
    return (this.ring?.unread ?? 0) + (this.#residue?.unread ?? 0) > 0;
  }

  /** The connection is over: nobody wants what is left. */
  drop(): void {
    const { receiveRings } = this.app;
    if (this.ring !== null) {
      this.ring.end();
      receiveRings.forget(this.gate);
      receiveRings.free(this.ring);
      this.ring = null;
    }
    if (this.#residue !== null) receiveRings.free(this.#residue);
    this.#residue = null;
  }
}
