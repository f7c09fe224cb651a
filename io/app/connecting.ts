/**
 * How the outcome of connect() reaches the program. Two ways, by what the request asks for:
 *
 *     it waits: the reply to the request itself, when the handshake has ended
 *     it does not: the pair shows it
 *         under way   the program's end is full of filler: not writable
 *         connected   the filler is drained: writable
 *         failed      a mark is put into the pair, then the filler drained: readable and writable
 *
 * The marks are taken off by the shim, which is told how many there are.
 *
 * @module
 */
import { MSG_DONTWAIT } from "../../ffi/abi/socket.ts";
import { EAGAIN, EALREADY, EINPROGRESS, EINTR } from "../../stack/mod.ts";
import { type AppContext, SCRATCH_LEN } from "./app_context.ts";

/** Where the reply to a connect() that waits has to go. */
export interface ConnectWaiter {
  /** `result`: 0 or -errno; `fillerLen`: bytes that the program shall put into its end. */
  connectEnded(result: number, fillerLen: number): void;
}

/** The result of a request whose reply comes later. */
export const REPLY_DEFERRED = 1;

export class Connecting {
  /** What the last connect() came to, no later one has reported yet (SS_CONNECTING). */
  isOutcomePending = false;
  #waiter: ConnectWaiter | null = null;
  /** Filler bytes still to come before the first byte of data. */
  #fillerLeft = 0;
  /** A connect() has failed: what the program wrote after the filler belongs to no connection. */
  #isStale = false;
  #markCount = 0;

  constructor(readonly app: AppContext, readonly fd: number) {}

  /** Before an attempt: what the program wrote in vain is not to be taken for data. */
  prepare(): void {
    if (this.#isStale) this.forget();
  }

  /** Drops what the program has written. */
  forget(): void {
    this.app.drainPair(this.fd);
    this.isOutcomePending = false;
    this.#isStale = false;
    this.#fillerLeft = 0;
  }

  /** An attempt is under way. */
  begin(fillerLen: number, waiter: ConnectWaiter | null): number {
    this.#waiter = waiter;
    if (waiter !== null) return REPLY_DEFERRED;
    this.#showInPair(fillerLen);
    return -EINPROGRESS;
  }

  #showInPair(fillerLen: number): void {
    this.isOutcomePending = true;
    this.#fillerLeft += fillerLen;
  }

  /** connect() while one is under way. */
  join(waiter: ConnectWaiter | null): number {
    if (waiter === null || this.#waiter !== null) return -EALREADY;
    this.#waiter = waiter;
    return REPLY_DEFERRED;
  }

  get isWaitedFor(): boolean {
    return this.#waiter !== null;
  }

  /** Whoever waited does so no longer. */
  cancel(fillerLen: number): void {
    const expected = this.isOutcomePending ? 0 : fillerLen;
    if (expected > 0) this.#showInPair(expected);
    this.#answer(-EINPROGRESS, expected);
  }

  /** Whoever waited is not there any more. */
  abandon(): void {
    this.#waiter = null;
    this.isOutcomePending = true;
  }

  /** The handshake has ended well. */
  succeed(): void {
    if (this.#waiter !== null) this.#report(0);
  }

  /** The handshake has ended badly. `takeError`: gives its errno to whoever waits. */
  fail(takeError: () => number): void {
    this.#isStale = true;
    if (this.#waiter !== null) return this.#report(-takeError());
    const { sys, base, recordOff } = this.app;
    const n = sys.send(this.fd, base, recordOff, 1, 0, 0, 0);
    if (n === 1) this.#markCount++;
  }

  /** The socket goes while somebody waits. */
  giveUp(errno: number): void {
    if (this.#waiter !== null) this.#report(-errno);
  }

  #report(result: number): void {
    this.isOutcomePending = false;
    this.#answer(result, 0);
  }

  #answer(result: number, fillerLen: number): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.connectEnded(result, fillerLen);
  }

  /** How many marks the shim is to take off. */
  takeMarks(): number {
    const count = this.#markCount;
    this.#markCount = 0;
    return count;
  }

  /** Reads the filler; true when it is all gone. */
  drainFiller(): boolean {
    while (this.#fillerLeft > 0) {
      const { sys, base, scratchOff } = this.app;
      const len = Math.min(this.#fillerLeft, SCRATCH_LEN);
      const n = sys.recv(this.fd, base, scratchOff, len, 0, 0, MSG_DONTWAIT);
      if (n === -EINTR) continue;
      if (n === -EAGAIN) return false;
      if (n <= 0) this.#fillerLeft = 0;
      else this.#fillerLeft -= n;
    }
    return true;
  }
}
