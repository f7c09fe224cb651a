/**
 * The living endpoints by cookie, and how many of them a program still holds.
 *
 * @module
 */
import type { Endpoint } from "./endpoint.ts";

export class EndpointTable {
  readonly #byCookie = new Map<number, Endpoint>();
  readonly #byFormerCookie = new Map<number, Endpoint>();
  #goneCount = 0;
  /** When a program last let go of a socket. */
  lastReleaseUs = 0;

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#byCookie.size;
  }

  /** Sockets that programs hold; the others are only being emptied. */
  get heldCount(): number {
    return this.#byCookie.size - this.#goneCount;
  }

  get isFull(): boolean {
    return this.#byCookie.size >= this.capacity;
  }

  get(cookie: number): Endpoint | null {
    return this.#byCookie.get(cookie) ?? this.#byFormerCookie.get(cookie) ?? null;
  }

  values(): IterableIterator<Endpoint> {
    return this.#byCookie.values();
  }

  add(endpoint: Endpoint): void {
    this.#byCookie.set(endpoint.cookie, endpoint);
    if (endpoint.formerCookie !== 0) this.#byFormerCookie.set(endpoint.formerCookie, endpoint);
    if (endpoint.isProgramGone) this.#goneCount++;
  }

  noteGone(nowUs: number): void {
    this.#goneCount++;
    this.lastReleaseUs = nowUs;
  }

  remove(endpoint: Endpoint, nowUs: number): void {
    if (!this.#byCookie.delete(endpoint.cookie)) return;
    this.#byFormerCookie.delete(endpoint.formerCookie);
    if (endpoint.isProgramGone) this.#goneCount--;
    else this.lastReleaseUs = nowUs;
  }
}
