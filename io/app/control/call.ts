/**
 * One request in the making: the message, what came along with it, and room for its reply. Reused.
 *
 * @module
 */
import type { Account } from "../endpoint/account.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { DeferredReply } from "../protocol/deferred_reply.ts";
import { MESSAGE_MAX_LEN, Reply, Request } from "../protocol/message.ts";

/** Whom the request comes from. */
export interface Caller {
  /** What the process holds. */
  readonly account: Account;
  /** For a request that waits. */
  readonly later: DeferredReply;
  /** Another connection of the same program: takes the descriptor over, false when it cannot. */
  attach(fd: number): boolean;
}

export class Call {
  readonly request = new Request();
  readonly reply: Reply;
  /** Where the request lies; one byte longer than a request, so that a longer one shows. */
  readonly requestOff: number;
  /** Where the descriptor that came with it is put, an int32. */
  readonly fdOff: number;
  /** The descriptor that came along, -1: none, or taken. Closed if nobody takes it. */
  fd = -1;
  /** Set by whoever has read the request. */
  caller!: Caller;
  nowUs = 0;

  constructor(readonly app: AppContext) {
    this.requestOff = app.allocate(MESSAGE_MAX_LEN + 1);
    this.fdOff = app.allocate(4);
    this.reply = new Reply(app.allocate(MESSAGE_MAX_LEN));
  }

  /** The descriptor is the caller's of this function to close. */
  takeFd(): number {
    const fd = this.fd;
    this.fd = -1;
    return fd;
  }
}
