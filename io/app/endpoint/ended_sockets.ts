/**
 * Sockets whose pair is closed although the program may still hold its end: after a reset, a
 * time-out, or an end of both directions. An AF_UNIX end whose two directions are shut tells us
 * nothing more, not even that it was closed, so the service keeps no descriptor for it; what the
 * program may still ask (SO_ERROR, names, options) is answered from here, by cookie. The oldest go
 * first.
 *
 * @module
 */
import { NUSE_STATE_ERROR } from "../../../ffi/shim/protocol.ts";
import type { Endpoint as NetEndpoint, Socket, StreamSocket } from "../../../stack/mod.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Holders } from "./holders.ts";

export class EndedSocket {
  readonly kind: number;
  readonly socket: Socket;
  readonly local: NetEndpoint;
  readonly holders: Holders;
  readonly isPairOurs: boolean;
  readonly isContested: boolean;
  isCookieShown: boolean;
  readonly optionState: number;
  /** The pair tells of the error as well, until it has told somebody (stream_ends.ts). */
  isErrorShown = false;
  /** What has ended is no connection, but an attempt at one: there may be another. */
  isAttempt = false;
  /** That of an attempt; no connect() has told it yet. */
  isOutcomePending = false;
  readonly #state: number;
  #soError: number;

  /** `soError` has been taken from the stack's socket, which is not closed yet. */
  constructor(endpoint: Endpoint, soError: number) {
    this.kind = endpoint.kind;
    this.socket = endpoint.socket;
    this.#state = endpoint.state;
    this.local = endpoint.local;
    this.holders = endpoint.holders;
    this.isPairOurs = endpoint.isPairOurs;
    this.isContested = endpoint.isContested;
    this.isCookieShown = endpoint.isCookieShown;
    this.optionState = endpoint.optionState;
    this.#soError = soError;
  }

  /** NUSE_STATE_* bits. */
  get state(): number {
    return this.#state | (this.#soError !== 0 ? NUSE_STATE_ERROR : 0);
  }

  /** null once the connection is gone. */
  get remote(): NetEndpoint | null {
    return this.socket.remote();
  }

  /** The program has closed it without reading all: the peer is to know. */
  reset(nowUs: number): void {
    const { socket } = this;
    if (socket.kind === "stream") (socket as StreamSocket).abort(nowUs);
  }

  takeError(): number {
    const error = this.#soError;
    this.#soError = 0;
    return error;
  }
}

export class EndedSockets {
  readonly #byCookie = new Map<number, EndedSocket>();

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#byCookie.size;
  }

  add(endpoint: Endpoint, soError: number): EndedSocket {
    const ended = new EndedSocket(endpoint, soError);
    this.#byCookie.set(endpoint.cookie, ended);
    if (this.#byCookie.size > this.capacity) {
      const [oldest] = this.#byCookie.keys();
      this.#byCookie.delete(oldest);
    }
    return ended;
  }

  /** It lives again. */
  remove(cookie: number): void {
    this.#byCookie.delete(cookie);
  }

  get(cookie: number): EndedSocket | null {
    return this.#byCookie.get(cookie) ?? null;
  }
}
