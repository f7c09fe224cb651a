/**
 * All rings of the receiving side (receive_ring.ts): who may have one, their memory, and when they
 * are looked at: in each turn of the loop. When it sleeps, it wakes for that as early as their
 * users want it, or when the program tells.
 *
 * @module
 */
import { EAGAIN, EOPNOTSUPP, GROW_SHARE, isWithin } from "../../../stack/mod.ts";
import { PAGE_LEN } from "../../../ffi/arena.ts";
import { type Account, isWithinShare } from "./account.ts";
import type { AppContext } from "./app_context.ts";
import { ReceiveRing } from "./receive_ring.ts";
import { ringLength, RINGS_MAX, ROUND_US, SILENT_MAX_US } from "./rings.ts";

/** Whose ring it is. */
export interface ReceiveRingUser {
  readonly account: Account | null;
  readonly receiveRing: ReceiveRing | null;
  /** The window waits for the program to read. */
  readonly isHeldBack: boolean;
  /** Sees what the program has read. Returns when it is to be asked again at the latest. */
  lookAtReceiveRing(nowUs: number): number;
  /** Back to the pair. */
  leaveReceiveRing(nowUs: number): void;
}

/** A ring, and its memory for the program. */
export interface MadeReceiveRing {
  readonly ring: ReceiveRing;
  readonly fd: number;
}

export class ReceiveRings {
  /** Whether programs get any. */
  isOn = false;
  readonly #users: ReceiveRingUser[] = [];
  #roundAtUs = 0;

  constructor(readonly app: AppContext) {}

  get size(): number {
    return this.#users.length;
  }

  /**
   * Makes one for `user`, whose pair may hold `pairBytes`. Returns -errno: there is none.
   */
  make(user: ReceiveRingUser, pairBytes: number, nowUs: number): MadeReceiveRing | number {
    const { app } = this;
    const { account } = user;
    if (!this.isOn || account === null) return -EOPNOTSUPP;
    const { length: count } = this.#users;
    const len = ringLength(count);
    const isRoom = isWithinShare(account.receiveRings, count, RINGS_MAX) &&
      isWithin(app.memory, GROW_SHARE, len);
    if (!isRoom) return -EAGAIN;
    const made = this.#share(len, pairBytes, nowUs);
    if (typeof made === "number") return made;
    app.counters.receiveRingsMade++;
    account.receiveRings++;
    this.#users.push(user);
    return made;
  }

  #share(len: number, pairBytes: number, nowUs: number): MadeReceiveRing | number {
    const { memory, sys, base } = this.app;
    const pageOff = memory.alloc(PAGE_LEN);
    const off = pageOff < 0 ? -1 : memory.alloc(len);
    const fd = off < 0 ? -EAGAIN : sys.ringCreate(len);
    const shared = fd < 0 ? fd : sys.ringShare(fd, base, pageOff, off, len, 0, 0, 0, 0);
    if (shared >= 0) {
      return { ring: new ReceiveRing(this.app, pageOff, off, len, pairBytes, nowUs), fd };
    }
    if (fd >= 0) sys.close(fd);
    if (off >= 0) memory.free(off, len);
    if (pageOff >= 0) memory.free(pageOff, PAGE_LEN);
    return off < 0 ? -EAGAIN : -EOPNOTSUPP;
  }

  /** `user` has left its ring, which may still hold bytes (`free`). */
  forget(user: ReceiveRingUser): void {
    const i = this.#users.indexOf(user);
    if (i < 0) return;
    this.#users.splice(i, 1);
    if (user.account !== null) user.account.receiveRings--;
  }

  /** What was in the ring has gone its way. */
  free({ pageOff, off, capacity }: ReceiveRing): void {
    const { memory, sys, base } = this.app;
    // Without memory for that it stays shared with a program that has given it up, and taken
    if (sys.ringUnshare(base, pageOff, off, capacity, 0, 0, 0, 0) !== 0) return;
    memory.free(off, capacity);
    memory.free(pageOff, PAGE_LEN);
  }

  /** Once a turn. */
  look(nowUs: number): void {
    const users = this.#users;
    let againUs = Infinity;
    this.app.loop.tendAtUs = Infinity;
    for (let i = users.length - 1; i >= 0; i--) {
      const atUs = users[i].lookAtReceiveRing(nowUs);
      if (atUs < againUs) againUs = atUs;
    }
    this.lookBy(againUs);
    if (users.length > 0 && nowUs >= this.#roundAtUs) this.#leaveSilent(nowUs);
  }

  /** There is something to be seen to by then. */
  lookBy(atUs: number): void {
    const { loop } = this.app;
    if (atUs < loop.tendAtUs) loop.tendAtUs = atUs;
  }

  #leaveSilent(nowUs: number): void {
    this.#roundAtUs = nowUs + ROUND_US;
    for (const user of [...this.#users]) {
      const ring = user.receiveRing;
      if (ring === null || ring.unread > 0) continue;
      if (nowUs - ring.lastUsedUs > SILENT_MAX_US) user.leaveReceiveRing(nowUs);
    }
  }

  /** Has a program read what somebody waits for? */
  get hasNews(): boolean {
    for (const { isHeldBack, receiveRing } of this.#users) {
      if (isHeldBack && receiveRing !== null && receiveRing.hasNews) return true;
    }
    return false;
  }

  /** Before the loop sleeps. False: it must not, a program has just read. */
  sleep(): boolean {
    let isAsleep = true;
    for (const { isHeldBack, receiveRing } of this.#users) {
      if (isHeldBack && receiveRing !== null && !receiveRing.sleep()) isAsleep = false;
    }
    return isAsleep;
  }
}
