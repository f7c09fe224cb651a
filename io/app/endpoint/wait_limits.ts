/**
 * How long calls wait at the second door: SO_RCVTIMEO of the socket, or SO_SNDTIMEO, which the
 * kernel keeps for us (on the pair), but cannot end a wait by that is ours.
 *
 * @module
 */
import { SO_RCVTIMEO_OLD, SOL_SOCKET } from "../../../ffi/abi/socket.ts";
import type { Libc } from "../../../ffi/libc.ts";

/** struct timeval (64-bit). */
const TIMEVAL_LEN = 16;
const US_PER_S = 1_000_000;

/** The loop, which is to wake then. */
interface Waker {
  serviceAtUs: number;
}

interface Limit {
  readonly untilUs: number;
  readonly onTimeout: () => void;
}

export class WaitLimits {
  readonly #time = new BigInt64Array(2);
  readonly #timeBytes = new Uint8Array(this.#time.buffer);
  /** By whoever waits. */
  readonly #limits = new Map<object, Limit>();

  constructor(readonly sys: Libc, readonly loop: Waker) {}

  /** Of the socket `fd`, microseconds; 0: for ever. `option`: SO_RCVTIMEO or SO_SNDTIMEO. */
  ofSocket(fd: number, option: number = SO_RCVTIMEO_OLD): number {
    const n = this.sys.getsockopt(fd, SOL_SOCKET, option, this.#timeBytes, TIMEVAL_LEN);
    return n < 0 ? 0 : Number(this.#time[0]) * US_PER_S + Number(this.#time[1]);
  }

  /** `who` waits no longer than until then. */
  set(who: object, untilUs: number, onTimeout: () => void): void {
    this.#limits.set(who, { untilUs, onTimeout });
    this.#tellLoop();
  }

  /** `who` does not wait any more. */
  clear(who: object): void {
    if (this.#limits.delete(who)) this.#tellLoop();
  }

  /** Until when `who` waits; 0: for ever, or it does not. */
  untilUs(who: object): number {
    return this.#limits.get(who)?.untilUs ?? 0;
  }

  /** Calls `onTimeout` of those whose time is up. */
  expire(nowUs: number): void {
    if (this.#limits.size === 0 || this.loop.serviceAtUs > nowUs) return;
    for (const [who, { untilUs, onTimeout }] of this.#limits) {
      if (untilUs > nowUs) continue;
      this.#limits.delete(who);
      onTimeout();
    }
    this.#tellLoop();
  }

  #tellLoop(): void {
    let firstUs = Infinity;
    for (const { untilUs } of this.#limits.values()) firstUs = Math.min(firstUs, untilUs);
    this.loop.serviceAtUs = firstUs;
  }
}
