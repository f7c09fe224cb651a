/**
 * The reply to a request that waits for something to happen. It belongs to the connection that the
 * request has come by, and whoever will give it keeps it: the one may cancel, the other answers.
 *
 * @module
 */

/** The result of a request whose reply comes later. */
export const REPLY_DEFERRED = 1;

/** Who owes the reply. */
export interface Debtor {
  /** The program waits no longer (CANCEL): answer now. `fillerLen`: see NUSE_OP_CONNECT. */
  cancelReply(fillerLen: number): void;
  /** The connection has ended: nobody would read the answer. */
  dropReply(): void;
}

/** What the reply tells of the socket. */
export interface RepliedSocket {
  /** NUSE_STATE_* bits. */
  readonly state: number;
  readonly cookie: number;
}

export abstract class DeferredReply {
  #debtor: Debtor | null = null;

  /** Sends the reply: `result` is 0 or -errno, `fillerLen` what the program is to write. */
  protected abstract send(result: number, socket: RepliedSocket, fillerLen: number): void;

  get isOwed(): boolean {
    return this.#debtor !== null;
  }

  /** `debtor` will give the reply. Returns the result of the request until then. */
  owe(debtor: Debtor): number {
    this.#debtor = debtor;
    return REPLY_DEFERRED;
  }

  give(result: number, socket: RepliedSocket, fillerLen: number): void {
    this.#debtor = null;
    this.send(result, socket, fillerLen);
  }

  cancel(fillerLen: number): void {
    this.#debtor?.cancelReply(fillerLen);
  }

  drop(): void {
    this.#debtor?.dropReply();
    this.#debtor = null;
  }
}
