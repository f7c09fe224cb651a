/**
 * One request in the making: the message, what came along with it, and room for its reply. Reused.
 *
 * @module
 */
import type { Account } from "../endpoint/account.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { Rights } from "../endpoint/privilege.ts";
import type { Holder } from "../endpoint/holders.ts";
import type { DeferredReply } from "../protocol/deferred_reply.ts";
import { MESSAGE_MAX_LEN, Reply, Request } from "../protocol/message.ts";

/** Whom the request comes from. */
export interface Caller {
  /** On whom what is shown counts. */
  readonly holder: Holder;
  /** What the process holds. */
  readonly account: Account;
  /** For a request that waits. */
  readonly later: DeferredReply;
  /** Another connection of the same program: takes the descriptor over, false when it cannot. */
  attach(fd: number, isThread: boolean): boolean;
}

export class Call {
  readonly request = new Request();
  readonly reply: Reply;
  /** Where the request lies; one byte longer than a request, so that a longer one shows. */
  readonly requestOff: number;
  /** Where the descriptors that came with it are put, two int32. */
  readonly fdOff: number;
  /** The descriptor that came along, -1: none, or taken. Closed if nobody takes it. */
  fd = -1;
  /** A second one, likewise. */
  secondFd = -1;
  /** What the caller may do; null: what came along shows it. */
  rights: Rights | null = null;
  /** Set by whoever has read the request. */
  caller!: Caller;
  nowUs = 0;

  constructor(readonly app: AppContext) {
    this.requestOff = app.allocate(MESSAGE_MAX_LEN + 1);
    this.fdOff = app.allocate(8);
    this.reply = new Reply(app.allocate(MESSAGE_MAX_LEN));
  }

  /** The descriptor is the caller's of this function to close. */
  takeFd(): number {
    const fd = this.fd;
    this.fd = -1;
    return fd;
  }

  /**
   * Whether a descriptor of the socket that the request names came along. `isPairOurs`: nobody else
   * has written to it, so that closing it is quick; it is done here, as the program may be about to
   * close its own, and what that does has to show at once.
   */
  showsSocket(isPairOurs: boolean): boolean {
    const { app: { pairs, sys }, request: { cookie } } = this;
    if (this.fd >= 0 && pairs.cookieOf(this.fd) === cookie) {
      if (isPairOurs) sys.close(this.takeFd());
      return true;
    }
    return this.secondFd >= 0 && pairs.cookieOf(this.secondFd) === cookie;
  }

  /** Closes what came along and was not taken. */
  closeFds(): void {
    const { sys } = this.app;
    if (this.fd >= 0) sys.closeLater(this.takeFd());
    if (this.secondFd >= 0) sys.closeLater(this.secondFd);
    this.secondFd = -1;
  }
}
