/**
 * Between two sockets of one stack Linux is synchronous: when send(), connect(), shutdown() or
 * close() has returned, poll() or a call that does not wait finds what it has done at the other
 * end. Here that goes from one pair through TCP or UDP into the other, and the shim asks (SETTLE)
 * before somebody could see that it is still under way (ffi/shim/core/settle.h).
 *
 * What the program has done before it asked is known to epoll, but perhaps not to the turn in which
 * the request is read: the answer comes at the end of the next one.
 *
 * @module
 */
import type { Debtor, DeferredReply } from "../protocol/deferred_reply.ts";

const NO_SOCKET = { state: 0, cookie: 0 };

class Settling implements Debtor {
  constructor(readonly reply: DeferredReply) {}

  cancelReply(): void {
    // it is answered in the next turn anyway
  }

  dropReply(): void {
    // so is this: `answer` finds that nothing is owed
  }

  answer(): void {
    if (this.reply.isOwed) this.reply.give(0, NO_SOCKET, 0);
  }
}

export class SettlingPrograms {
  /** Of this turn, and of the one before. */
  #asked: Settling[] = [];
  #waiting: Settling[] = [];

  /** The result of SETTLE. */
  wait(reply: DeferredReply): number {
    const settling = new Settling(reply);
    this.#asked.push(settling);
    return reply.owe(settling);
  }

  /** Somebody is to be answered in this turn. */
  get isDue(): boolean {
    return this.#waiting.length > 0;
  }

  /** Somebody is to be answered in the next turn. */
  get isAsked(): boolean {
    return this.#asked.length > 0;
  }

  /** The turn ends: what it has sent within the stack is delivered. */
  endTurn(): void {
    if (!this.isDue && !this.isAsked) return;
    const answered = this.#waiting;
    this.#waiting = this.#asked;
    this.#asked = [];
    for (const settling of answered) settling.answer();
  }
}
