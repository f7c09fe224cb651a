/**
 * close() with SO_LINGER: it waits until the peer has acknowledged all that was written and the
 * FIN, or for the time set (the shim counts that, and sends CANCEL). The socket has no endpoint any
 * more, or one without a program: it is known here by its cookie as long as it delivers.
 *
 * @module
 */
import type { StreamSocket } from "../../../stack/mod.ts";
import type { Debtor, DeferredReply } from "../protocol/deferred_reply.ts";

class LingeringSocket implements Debtor {
  #reply: DeferredReply | null = null;

  constructor(readonly cookie: number, readonly socket: StreamSocket) {}

  /** Of several that wait, which no honest program has, the first is answered late. */
  wait(reply: DeferredReply): number {
    if (this.#reply !== null) return 0;
    this.#reply = reply;
    return reply.owe(this);
  }

  /** The time is up: close() is done, delivery goes on. */
  cancelReply(): void {
    this.answer();
  }

  dropReply(): void {
    this.#reply = null;
  }

  answer(): void {
    const reply = this.#reply;
    this.#reply = null;
    reply?.give(0, { state: 0, cookie: this.cookie }, 0);
  }
}

export class LingeringSockets {
  readonly #byCookie = new Map<number, LingeringSocket>();

  /** The program has closed the socket, whose cookie this is. */
  add(cookie: number, socket: StreamSocket): void {
    const { lingerOn, lingerSeconds } = socket.options;
    if (!lingerOn || lingerSeconds === 0 || this.#byCookie.has(cookie)) return;
    this.#byCookie.set(cookie, new LingeringSocket(cookie, socket));
  }

  /** close() is a reset (SO_LINGER of 0 seconds): what has no room in the send ring is lost. */
  isReset({ options: { lingerOn, lingerSeconds } }: StreamSocket): boolean {
    return lingerOn && lingerSeconds === 0;
  }

  /** The result of CLOSE: 0 when there is nothing to wait for. */
  wait(cookie: number, reply: DeferredReply): number {
    return this.#byCookie.get(cookie)?.wait(reply) ?? 0;
  }

  /** Answers for those that have delivered everything. Once a turn. */
  check(): void {
    if (this.#byCookie.size === 0) return;
    for (const [cookie, lingering] of this.#byCookie) {
      if (lingering.socket.isDelivering) continue;
      this.#byCookie.delete(cookie);
      lingering.answer();
    }
  }
}
