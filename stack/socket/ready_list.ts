/**
 * Sockets with news for their owner, in the order the news came. A socket is in the list once,
 * however many events it has.
 *
 * @module
 */
import type { Socket } from "./api.ts";

export class ReadyList {
  #ring: (Socket | null)[] = new Array(64).fill(null);
  #head = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds EVENT_* bits to the socket and queues it. */
  raise(socket: Socket, bits: number): void {
    socket.events |= bits;
    if (socket.isQueued) return;
    socket.isQueued = true;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#count) & (this.#ring.length - 1)] = socket;
    this.#count++;
  }

  /** The next socket, out of the list now; null when there is none. */
  take(): Socket | null {
    if (this.#count === 0) return null;
    const socket = this.#ring[this.#head] as Socket;
    this.#ring[this.#head] = null;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#count--;
    socket.isQueued = false;
    return socket;
  }

  #grow(): void {
    const old = this.#ring;
    const ring: (Socket | null)[] = new Array(old.length * 2).fill(null);
    for (let i = 0; i < old.length; i++) ring[i] = old[(this.#head + i) & (old.length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
