/**
 * How the outcome of connect() reaches the program: the essay on connect(). The program's half is
 * ffi/shim/stream/connect.c.
 *
 * A unix pair is connected from the start: left alone it would be writable at once. So a connect()
 * that does not wait goes like this (CONNECT in protocol.h):
 *
 *     program (shim)                               service
 *     CONNECT ────────────────────────────────────► SYN
 *           ◄──────── -EINPROGRESS, n bytes of filler
 *     writes n bytes, makes SO_SNDBUF small
 *     poll: nothing                                 the handshake goes on
 *                                                   it ends well: reads the filler away
 *     poll: OUT, one edge
 *     SO_SNDBUF large again; data
 *
 *                                                   it ends badly: a byte with the program's end
 *                                                   of a fresh pair into the old one, then closes
 *     poll: IN OUT ERR HUP (for a moment only IN)   that, the filler unread
 *     SO_ERROR: asked of the service
 *     connect() again: CONNECT by the old cookie ─► answered with a = 1
 *     takes the fresh end, puts it in place of the old (replace_pair.c)
 *
 * A pair whose end is closed cannot be used again, hence the fresh one: its endpoint takes over
 * (stream_endpoint.ts), and the socket answers to both cookies (endpoint_table.ts). It waits in the
 * old pair, and is closed with it if the program is done with the socket.
 *
 * Behind the second door nobody is in the program to do its half. The filler is written, and
 * SO_SNDBUF made small, by a copy of its end, before connect() returns; large again when the
 * handshake has ended well. Where it ends badly no fresh pair is sent: the byte would be read. The
 * pair is closed with the filler unread, which gives ECONNRESET once, and the next connect() makes
 * the fresh one (stream_ends.ts, ../door/socket_calls.ts).
 *
 * A connect() that waits sends the request with WAIT: the reply comes with the outcome, later
 * (deferred_reply.ts), and nothing is done to the pair. A signal or SO_SNDTIMEO ends the wait:
 * CANCEL is answered with -EINPROGRESS and turns it into one that does not.
 *
 * @module
 */
import { FIONREAD, MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import { EAGAIN, EALREADY, EINPROGRESS, EINTR } from "../../../stack/mod.ts";
import type { Debtor, DeferredReply, RepliedSocket } from "../protocol/deferred_reply.ts";
import { type AppContext, SCRATCH_LEN } from "./app_context.ts";

export class Connecting implements Debtor {
  /** What the last connect() came to, no later one has reported yet (SS_CONNECTING). */
  isOutcomePending = false;
  /** Owed to a connect() that waits. */
  #reply: DeferredReply | null = null;
  /** Filler bytes still to come before the first byte of data. */
  #fillerLeft = 0;
  /** A connect() has failed for which nobody waits, and the pair does not show it yet. */
  #isFailureHidden = false;

  constructor(
    readonly app: AppContext,
    readonly fd: number,
    readonly socket: RepliedSocket,
  ) {}

  /** Drops what the program has written. */
  forget(): void {
    this.app.drainPair(this.fd);
    this.isOutcomePending = false;
    this.#isFailureHidden = false;
    this.#fillerLeft = 0;
  }

  /** An attempt is under way. */
  begin(fillerLen: number, reply: DeferredReply | null): number {
    this.#reply = reply;
    if (reply !== null) return reply.owe(this);
    this.#showInPair(fillerLen);
    return -EINPROGRESS;
  }

  #showInPair(fillerLen: number): void {
    this.isOutcomePending = true;
    this.#fillerLeft += fillerLen;
  }

  /** connect() while one is under way. */
  join(reply: DeferredReply | null): number {
    if (reply === null || this.#reply !== null) return -EALREADY;
    this.#reply = reply;
    return reply.owe(this);
  }

  /** Whoever waited does so no longer: the pair shows the outcome. */
  cancelReply(fillerLen: number): void {
    const expected = this.isOutcomePending ? 0 : fillerLen;
    if (expected > 0) this.#showInPair(expected);
    this.#answer(-EINPROGRESS, expected);
  }

  /** Whoever waited is not there any more. */
  dropReply(): void {
    this.#reply = null;
    this.isOutcomePending = true;
  }

  /** The handshake has ended well. */
  succeed(): void {
    if (this.#reply !== null) this.#report(0);
  }

  /** The handshake has ended badly. `takeError`: gives its errno to whoever waits. */
  fail(takeError: () => number): void {
    if (this.#reply !== null) this.#report(-takeError());
    else this.#isFailureHidden = true;
  }

  /** The attempt is over because the program wants that: nothing of it shows in the pair. */
  abandon(takeError: () => number): void {
    if (this.#reply !== null) this.#report(-takeError());
    this.isOutcomePending = false;
    this.drainFiller();
  }

  /** The pair is to show that connect() has failed, and the filler, if any, has come. */
  get isFailureDue(): boolean {
    if (!this.#isFailureHidden) return false;
    return this.#fillerLeft === 0 || this.app.sys.ioctlInt(this.fd, FIONREAD) > 0;
  }

  /** The socket goes while somebody waits. */
  giveUp(errno: number): void {
    if (this.#reply !== null) this.#report(-errno);
  }

  #report(result: number): void {
    this.isOutcomePending = false;
    this.#answer(result, 0);
  }

  #answer(result: number, fillerLen: number): void {
    const reply = this.#reply;
    this.#reply = null;
    reply?.give(result, this.socket, fillerLen);
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
