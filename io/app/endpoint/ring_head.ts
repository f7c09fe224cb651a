/**
 * The head of a receive ring (receive_ring.ts): which of its bytes lie in the pair, so that it is
 * readable, level and edge, and whoever reads past the shim gets the right ones.
 *
 * There is a head always when bytes come into an empty ring: who reads sleeps in the pair, as ever
 * (signals, SO_RCVTIMEO), or polls it. Again when bytes come while the last head lies there
 * untouched: an edge for each arrival. And when the program has left bytes in the ring and does not
 * come back for them within a moment; its own poll, select and epoll know of them before that.
 *
 * A head that somebody has read who does not go on in the ring: he does not know of it, and gets
 * more. After some times the ring is given up.
 *
 * @module
 */
import { SIOCOUTQ } from "../../../ffi/abi/socket.ts";
import { NUSE_RING_BUSY, NUSE_RING_HEAD } from "../../../ffi/shim/protocol.ts";
import { EAGAIN, EINTR } from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";
import type { ReceiveRing } from "./receive_ring.ts";
import type { Unread } from "./unread.ts";

/** Bytes of a head; if there are no more than that in all, they go by the pair as a whole. */
const HEAD_BYTES = 64;
const LITTLE_BYTES = 4096;
/** The program does not come back for what it has left: microseconds until the pair shows it. */
const SHOW_US = 100;
/** After so long with the same head we look no more, and wait to be told. */
export const UNTOUCHED_US = 1000;
/** Whoever has taken the head through the shim goes on in the ring within that time. */
const GRACE_US = 200;
/** Given to whoever reads past the shim, and how often before the ring is given up. */
const RAW_BYTES = 1 << 14;
const RAW_READS_MAX = 3;
/** `show`: the ring is to be given up. */
export const GIVE_UP = -1;

/** The endpoint's watch for reads from its pair. */
export interface ReadWatch {
  readonly isWatchingReads: boolean;
  watchReads(isOn: boolean): void;
}

export class RingHead {
  /** The program does not read any more. */
  isShut = false;
  #movedAtUs = 0;
  #headAtUs = 0;
  /** Somebody has read from the pair. */
  #isRead = false;
  #drainedAtUs = 0;
  #rawReads = 0;

  /** `fd`: our end of the pair. */
  constructor(
    readonly app: AppContext,
    readonly fd: number,
    readonly watch: ReadWatch,
    readonly unread: Unread,
  ) {}

  /** Of a new ring. */
  begin(nowUs: number): void {
    this.noteMoved(nowUs);
    this.#headAtUs = nowUs;
  }

  /** The program has read from the ring. */
  noteMoved(nowUs: number): void {
    this.#movedAtUs = nowUs;
    this.#drainedAtUs = 0;
    this.#rawReads = 0;
    if (this.watch.isWatchingReads) this.watch.watchReads(false);
  }

  /** Somebody has read from the pair. */
  noteRead(): void {
    this.#isRead = true;
  }

  /** Bytes have come; `flags` as they were before. */
  noteArrival(ring: ReceiveRing, wasEmpty: boolean, flags: number, nowUs: number): void {
    const isUntouched = (flags & NUSE_RING_HEAD) !== 0 && nowUs !== this.#headAtUs;
    if (wasEmpty || isUntouched) this.#push(ring, HEAD_BYTES, nowUs);
  }

  /** Moves bytes into the pair, about `n`. */
  #push(ring: ReceiveRing, n: number, nowUs: number): void {
    if (!ring.claim()) return;
    const { unread } = ring;
    const wanted = unread <= LITTLE_BYTES ? unread : Math.min(n, unread);
    ring.release(wanted === 0 ? 0 : Math.max(0, this.send(ring, wanted)));
    this.#headAtUs = nowUs;
  }

  /** Sends the next `n` <= unread bytes, which stay in the ring. Returns how many, or -errno. */
  send(ring: ReceiveRing, n: number): number {
    const { app } = this;
    const first = ring.firstPiece(n);
    const sent = app.sys.send(this.fd, app.base, ring.nextOff(), first, ring.off, n - first, 0);
    if (sent > 0) this.unread.handOver(sent, 0);
    else if (sent !== -EAGAIN && sent !== -EINTR) this.isShut = true;
    return sent;
  }

  /** The pair shows that there is something in the ring, when this returns. */
  showNow(ring: ReceiveRing, flags: number, nowUs: number): void {
    const isShown = (flags & NUSE_RING_HEAD) !== 0 && !this.#isDrained;
    if (!isShown) this.#push(ring, HEAD_BYTES, nowUs);
  }

  get #isDrained(): boolean {
    return this.app.sys.ioctlInt(this.fd, SIOCOUTQ) <= 0;
  }

  /**
   * Sees to it that the pair shows what is in the ring, which is not empty. Returns when to look
   * again at the latest, or GIVE_UP.
   */
  show(ring: ReceiveRing, flags: number, nowUs: number): number {
    if ((flags & NUSE_RING_BUSY) !== 0) return nowUs + UNTOUCHED_US;
    if ((flags & NUSE_RING_HEAD) !== 0) return this.#watchHead(ring, nowUs);
    const dueUs = this.#movedAtUs + SHOW_US;
    if (nowUs < dueUs) return dueUs;
    this.#push(ring, HEAD_BYTES, nowUs);
    return nowUs + UNTOUCHED_US;
  }

  /** A head lies in the pair, unless somebody has read it who does not know of the ring. */
  #watchHead(ring: ReceiveRing, nowUs: number): number {
    const idleAtUs = Math.max(this.#movedAtUs, this.#headAtUs) + UNTOUCHED_US;
    if (!this.watch.isWatchingReads) {
      if (nowUs < idleAtUs) return idleAtUs;
      this.watch.watchReads(true);
      this.#isRead = true;
    }
    if (!this.#isRead) return Infinity;
    if (!this.#isDrained) {
      this.#isRead = false;
      this.#drainedAtUs = 0;
      return Infinity;
    }
    if (this.#drainedAtUs === 0) this.#drainedAtUs = nowUs;
    if (nowUs < this.#drainedAtUs + GRACE_US) return this.#drainedAtUs + GRACE_US;
    this.#drainedAtUs = 0;
    this.#rawReads++;
    if (this.#rawReads > RAW_READS_MAX) return GIVE_UP;
    this.#push(ring, RAW_BYTES, nowUs);
    return nowUs + GRACE_US;
  }
}
