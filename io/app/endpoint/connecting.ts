/**
 * How the outcome of connect() reaches the program. Two ways, by what the request asks for:
 *
 *     it waits: the reply to the request itself, when the handshake has ended
 *     it does not: the pair shows it, as poll() does for a TCP socket
 *         under way   the program's end is full of filler: nothing
 *         connected   the filler is drained: OUT
 *         failed      our end is closed, the filler unread: IN OUT ERR HUP
 *
 * (For a moment before that only IN: the byte of the next paragraph comes first.)
 *
 * A pair whose end is closed cannot be used again, but connect() may be called again: the socket
 * gets another pair (stream_endpoint.ts), whose end for the program waits in the old one, with a
 * byte.
 *
 * @module
 */
import { FIONREAD, MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import { EAGAIN, EALREADY, EINPROGRESS, EINTR } from "../../../stack/mod.ts";
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
  /** A connect() has failed for which nobody waits, and the pair does not show it yet. */
  #isFailureHidden = false;

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
    this.#isFailureHidden = false;
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
    if (this.#waiter !== null) this.#report(-takeError());
    else this.#isFailureHidden = true;
  }

  /** The pair is to show that connect() has failed, and the filler, if any, has come. */
  get isFailureDue(): boolean {
    if (!this.#isFailureHidden) return false;
    return this.#fillerLeft === 0 || this.app.sys.ioctlInt(this.fd, FIONREAD) > 0;
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

  /** Reads the filler; true when it is all gone. */
  drainFiller(): boolean {
    if (this.#isFailureHidden) return false;
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
