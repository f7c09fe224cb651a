/**
 * All rings of the sending side (send_ring.ts): who may have one, their memory, and when they are
 * looked at.
 *
 *     hot     looked at in each turn of the loop; after some turns without bytes it cools
 *     asleep  every other, and all of them while the loop sleeps: the program tells (LOOK)
 *
 * So a connection that has a ring and is silent costs nothing but its memory, and loses it when it
 * is silent for long.
 *
 * @module
 */
import {
  EAGAIN,
  EOPNOTSUPP,
  GROW_SHARE,
  isWithin,
  type PinnableRing,
  type StreamSocket,
} from "../../../stack/mod.ts";
import { PAGE_LEN } from "../../../ffi/arena.ts";
import { type Account, isWithinShare } from "./account.ts";
import type { AppContext } from "./app_context.ts";
import { SendRing } from "./send_ring.ts";

/** At once, in each direction. */
export const RINGS_MAX = 128;
/** Of each ring, from the first on, and when there are many. */
const LENGTH = 1 << 22;
const LENGTH_OF_MANY = 1 << 20;
const MANY = 16;
const HOT_TURNS = 32;
/** A ring that is silent so long is given up, found in rounds. */
export const SILENT_MAX_US = 10_000_000;
export const ROUND_US = 1_000_000;

/** NUSE_RINGS: bytes go by rings both ways; with "send" from programs only, with "0" not at all. */
export function ringSetting(value = "1"): { rings: boolean; receiveRings: boolean } {
  return { rings: value !== "0", receiveRings: value !== "0" && value !== "send" };
}

/** Bytes of a ring that comes to `count` others. */
export function ringLength(count: number): number {
  return count < MANY ? LENGTH : LENGTH_OF_MANY;
}

/** Whose ring it is. */
export interface RingUser {
  readonly account: Account | null;
  readonly sendRing: SendRing | null;
  /** Takes what the program has put into its ring, and grants it what is free. */
  lookAtRing(nowUs: number): void;
  /** Back to the pair. */
  leaveRing(nowUs: number): void;
}

/** A ring, and its memory for the program. */
interface MadeRing {
  readonly ring: SendRing;
  readonly fd: number;
}

export class Rings {
  /** Whether programs get any. */
  isOn = false;
  readonly #users: (RingUser | null)[] = [];
  #count = 0;
  #hot: RingUser[] = [];
  /** Of connections that are over: frames may still point into their memory. */
  #retired: SendRing[] = [];
  #roundAtUs = 0;

  constructor(readonly app: AppContext) {}

  get size(): number {
    return this.#count;
  }

  /** Makes one for `socket`. Returns -errno: there is none. */
  make(user: RingUser, socket: StreamSocket, nowUs: number): MadeRing | number {
    const { app } = this;
    const { account } = user;
    if (!this.isOn || account === null) return -EOPNOTSUPP;
    const len = ringLength(this.#count);
    const isRoom = isWithinShare(account.rings, this.#count, RINGS_MAX) &&
      isWithin(app.memory, GROW_SHARE, 2 * len);
    if (!isRoom) return -EAGAIN;
    const made = this.#share(socket, len, nowUs);
    if (typeof made === "number") return made;
    this.app.counters.ringsMade++;
    this.#users[made.ring.number] = user;
    this.#count++;
    account.rings++;
    this.#hot.push(user);
    return made;
  }

  #share(socket: StreamSocket, len: number, nowUs: number): MadeRing | number {
    const { memory, sys, base } = this.app;
    const { sendRing: pinned } = socket;
    const pageOff = memory.alloc(PAGE_LEN);
    if (pageOff < 0) return -EAGAIN;
    const off = pinned.pin(len);
    const fd = off < 0 ? -EAGAIN : sys.ringCreate(pinned.capacity);
    if (fd < 0) {
      if (off >= 0) pinned.unpin();
      memory.free(pageOff, PAGE_LEN);
      return off < 0 ? fd : -EOPNOTSUPP;
    }
    const [off0, len0, off1, len1] = usedPieces(pinned);
    const { capacity } = pinned;
    const shared = sys.ringShare(fd, base, pageOff, off, capacity, off0, len0, off1, len1);
    if (shared < 0) {
      pinned.unpin();
      memory.free(pageOff, PAGE_LEN);
      sys.close(fd);
      return -EOPNOTSUPP;
    }
    let number = this.#users.indexOf(null);
    if (number < 0) number = this.#users.length;
    return { ring: new SendRing(this.app, pinned, pageOff, off, number, nowUs), fd };
  }

  /**
   * `ring` has ended (SendRing.end), its last bytes are TCP's: what TCP still has of it is private
   * from now on. False: there is no memory for that, and the connection is lost.
   */
  unshare(user: RingUser, ring: SendRing): boolean {
    this.#forget(user, ring);
    const { isDropped } = ring.ring;
    if (isDropped || !this.#makePrivate(ring)) {
      this.#retired.push(ring);
      return isDropped;
    }
    this.app.memory.free(ring.pageOff, PAGE_LEN);
    ring.ring.unpin();
    return true;
  }

  #makePrivate({ ring, pageOff, off, capacity }: SendRing): boolean {
    const { sys, base } = this.app;
    const [off0, len0, off1, len1] = usedPieces(ring);
    return sys.ringUnshare(base, pageOff, off, capacity, off0, len0, off1, len1) === 0;
  }

  #forget(user: RingUser, { number }: SendRing): void {
    this.#users[number] = null;
    this.#count--;
    const i = this.#hot.indexOf(user);
    if (i >= 0) this.#hot.splice(i, 1);
    if (user.account !== null) user.account.rings--;
  }

  /** Frames have left: nothing points into what has been retired. */
  afterFlush(): void {
    if (this.#retired.length === 0) return;
    const left: SendRing[] = [];
    for (const sendRing of this.#retired) {
      const { ring, pageOff } = sendRing;
      if (!ring.isDropped || !this.#makePrivate(sendRing)) {
        left.push(sendRing); // another time
        continue;
      }
      this.app.memory.free(pageOff, PAGE_LEN);
      ring.unpin();
    }
    this.#retired = left;
  }

  /** The program tells of bytes: its ring is looked at from now on. */
  heat(user: RingUser, ring: SendRing): void {
    ring.idleTurns = 0;
    ring.wake();
    if (!this.#hot.includes(user)) this.#hot.push(user);
  }

  /** Once a turn. */
  look(nowUs: number): void {
    if (this.#count === 0) return;
    const hot = this.#hot;
    for (let i = hot.length - 1; i >= 0; i--) {
      const user = hot[i];
      const ring = user.sendRing;
      if (ring === null) continue;
      if (ring.published() !== 0) {
        ring.idleTurns = 0;
        ring.lastUsedUs = nowUs;
      } else if (++ring.idleTurns > HOT_TURNS && ring.sleep()) {
        hot[i] = hot[hot.length - 1];
        hot.pop();
        continue;
      }
      ring.wake();
      user.lookAtRing(nowUs);
    }
    if (nowUs >= this.#roundAtUs) this.#leaveSilent(nowUs);
  }

  #leaveSilent(nowUs: number): void {
    this.#roundAtUs = nowUs + ROUND_US;
    for (const user of this.#users) {
      const ring = user?.sendRing ?? null;
      const isSilent = ring !== null && nowUs - ring.lastUsedUs > SILENT_MAX_US && ring.isQuiet;
      if (isSilent) user?.leaveRing(nowUs);
    }
  }

  /** Is there something in a ring that is looked at? */
  get hasNews(): boolean {
    for (const { sendRing } of this.#hot) {
      if (sendRing !== null && sendRing.published() !== 0) return true;
    }
    return false;
  }

  /** Before the loop sleeps. False: it must not, there is something to be taken. */
  sleep(): boolean {
    let isAsleep = true;
    for (const { sendRing } of this.#hot) {
      if (sendRing !== null && !sendRing.sleep()) isAsleep = false;
    }
    return isAsleep;
  }
}

/** Offsets in the block and lengths. */
function usedPieces({ headIndex, usedBytes, capacity }: PinnableRing): number[] {
  const len0 = Math.min(usedBytes, capacity - headIndex);
  return [headIndex, len0, 0, usedBytes - len0];
}
