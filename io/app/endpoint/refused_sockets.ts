/**
 * Sockets that a program has made itself and that there was no room for (OPEN, which has no reply):
 * why, for its first request that has one. The oldest are forgotten first.
 *
 * @module
 */
export class RefusedSockets {
  readonly #errnos = new Map<number, number>();

  constructor(readonly capacity: number) {}

  add(cookie: number, errno: number): void {
    this.#errnos.set(cookie, errno);
    if (this.#errnos.size <= this.capacity) return;
    for (const oldest of this.#errnos.keys()) {
      this.#errnos.delete(oldest);
      return;
    }
  }

  /** 0: it was not refused. */
  errnoOf(cookie: number): number {
    return this.#errnos.get(cookie) ?? 0;
  }
}
