/**
 * The way of a stream's bytes from the program to TCP: out of the pair, and out of the ring if
 * there is one (send_ring.ts), straight into the send ring.
 *
 * @module
 */
import { MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import { EAGAIN, EINTR, type StreamSocket } from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";
import { PairWrites } from "./pair_writes.ts";
import type { RingUser } from "./rings.ts";
import { BROKEN, Claim, type SendRing } from "./send_ring.ts";
import { roomForUnsent } from "./unsent.ts";

/** Bytes a system call, here and in the other direction. */
export const CHUNK_BYTES = 1 << 18;
/** Bytes a turn and direction: other sockets come in between. */
export const TURN_BYTES = 1 << 20;

/** What became of a turn. */
export enum Taken {
  /** What there is, or what there is room for. */
  ALL,
  /** There is more. */
  PART,
  /** The program writes no more: FIN. */
  END,
  /** Its end is lost, or it has done what it must not. */
  LOST,
}

export class FromProgram {
  /** The pair may hold bytes or EOF. */
  isReadable = false;
  /** EOF is behind the bytes in the pair: a short read does not mean that it is empty. */
  isEndAhead = false;
  readonly writes: PairWrites;
  ring: SendRing | null = null;

  /** `fd`: our end of the pair; `user`: whose ring it is. */
  constructor(
    readonly app: AppContext,
    readonly fd: number,
    readonly socket: StreamSocket,
    readonly user: RingUser,
  ) {
    this.writes = new PairWrites(app.sys, fd, socket);
  }

  take(nowUs: number): Taken {
    const { app, socket } = this;
    if (!this.takeRing(nowUs)) return Taken.LOST;
    let left = TURN_BYTES;
    while (this.isReadable) {
      if (this.ring !== null) {
        const claim = this.#claim(this.ring, nowUs);
        if (claim !== Taken.ALL) return claim;
      }
      const most = Math.min(CHUNK_BYTES, this.writes.nextPiece(), roomForUnsent(socket));
      const { off0, len0, off1, len1 } = socket.sendSpan(most);
      const room = this.#isTooFull() ? 0 : len0 + len1;
      const n = room === 0
        ? 0
        : app.sys.recv(this.fd, app.base, off0, len0, off1, len1, MSG_DONTWAIT);
      this.ring?.release(Math.max(n, 0));
      if (room === 0) return Taken.ALL; // EVENT_WRITABLE goes on
      if (n > 0) {
        this.#commit(n, nowUs);
        left -= n;
        if (n < room && !this.isEndAhead && !this.writes.hasMark) this.isReadable = false;
        else if (left <= 0) return Taken.PART;
      } else if (n === 0) {
        this.isReadable = false;
        return Taken.END;
      } else if (n === -EAGAIN) {
        this.isReadable = false;
        this.writes.commit(0, nowUs); // the span is not needed
      } else if (n !== -EINTR) {
        return Taken.LOST;
      }
    }
    return Taken.ALL;
  }

  /**
   * The program sleeps in the pair when its ring is full. It is not woken for a little room
   * (stack/tcp/output/send_buffer.ts), of which EVENT_WRITABLE tells.
   */
  #isTooFull(): boolean {
    const { ring, socket } = this;
    if (ring === null || socket.isRoomToWakeFor) return false;
    socket.holdWriter();
    return true;
  }

  #commit(n: number, nowUs: number): void {
    this.writes.commit(n, nowUs);
    this.app.counters.bytesToNetwork += n;
  }

  /**
   * Takes what is in the ring, which comes before what is in the pair, and grants what is free.
   * False: LOST.
   */
  takeRing(nowUs: number): boolean {
    const { ring } = this;
    if (ring === null) return true;
    const n = ring.published();
    if (n === BROKEN) {
      this.app.counters.ringsBroken++;
      return false;
    }
    if (!this.socket.takesData) return this.leaveRing(nowUs); // the pair says what has become of it
    this.#accept(n, nowUs);
    ring.grant(this.socket.sendSpace());
    return true;
  }

  /** `n` bytes that lie where they belong; nobody wants them once the program has ended. */
  #accept(n: number, nowUs: number): void {
    let left = this.socket.takesData ? n : 0;
    this.app.counters.bytesByRing += left;
    while (left > 0) {
      const piece = Math.min(left, this.writes.nextPiece());
      this.#commit(piece, nowUs);
      this.ring?.take(piece);
      left -= piece;
    }
  }

  /** ALL: the pair may be read now. */
  #claim(ring: SendRing, nowUs: number): Taken {
    switch (ring.claim(nowUs)) {
      case Claim.DONE:
        return Taken.ALL;
      case Claim.NEWS:
        return this.takeRing(nowUs) ? Taken.PART : Taken.LOST;
      case Claim.BUSY:
        return Taken.PART;
      case Claim.STUCK:
        return this.leaveRing(nowUs) ? Taken.ALL : Taken.LOST;
    }
  }

  /** Back to the pair alone. False: the connection cannot go on. */
  leaveRing(nowUs: number): boolean {
    const { ring } = this;
    if (ring === null) return true;
    const n = ring.end();
    if (n > 0) this.#accept(n, nowUs);
    this.ring = null;
    return this.app.rings.unshare(this.user, ring) && n !== BROKEN;
  }
}
