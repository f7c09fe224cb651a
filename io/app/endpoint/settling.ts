/**
 * Between two sockets of ours Linux is synchronous: when send() has returned, poll() or a read that
 * does not wait finds the bytes on the other end. Here they go from one pair through TCP into the
 * other, which is done when this turn's flush is; the shim waits for that (SETTLE).
 *
 * @module
 */
import type { Debtor, DeferredReply } from "../protocol/deferred_reply.ts";

class Settling implements Debtor {
  constructor(readonly cookie: number, readonly state: number, readonly reply: DeferredReply) {}

  cancelReply(): void {
    // it is answered in this turn anyway
  }

  dropReply(): void {
    // so is this: `answer` finds that nothing is owed
  }

  answer(): void {
    if (this.reply.isOwed) this.reply.give(0, this, 0);
  }
}

export class SettlingSockets {
  #waiting: Settling[] = [];

  /** The result of SETTLE. */
  wait(cookie: number, state: number, reply: DeferredReply): number {
    const settling = new Settling(cookie, state, reply);
    this.#waiting.push(settling);
    return reply.owe(settling);
  }

  /** The flush is done, and what it has brought is delivered. */
  answer(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settling of waiting) settling.answer();
  }
}
