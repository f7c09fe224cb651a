/**
 * Calls of programs that wait for something to be put into a socket's pair, by the socket's cookie.
 * Only those wait here that no pair can make wait: what came through the second door.
 *
 * @module
 */

/** Goes on, or waits again. */
export type Retry = () => void;

export class ParkedCalls {
  readonly #byCookie = new Map<number, Retry[]>();
  #woken: Retry[] = [];

  park(cookie: number, retry: Retry): void {
    const waiting = this.#byCookie.get(cookie);
    if (waiting === undefined) this.#byCookie.set(cookie, [retry]);
    else waiting.push(retry);
  }

  /** A call that waits for nothing any more, when there is time. */
  soon(retry: Retry): void {
    this.#woken.push(retry);
  }

  /** Something has been put there, or never will be again: whoever waits is to look. */
  wake(cookie: number): void {
    const waiting = this.#byCookie.get(cookie);
    if (waiting === undefined) return;
    this.#byCookie.delete(cookie);
    this.#woken.push(...waiting);
  }

  /** Lets those that were woken go on; apart from `wake`, whose caller is amid other things. */
  runWoken(): void {
    if (this.#woken.length === 0) return;
    const woken = this.#woken;
    this.#woken = [];
    for (const retry of woken) retry();
  }

  /** How many sockets are waited for. */
  get size(): number {
    return this.#byCookie.size;
  }
}
