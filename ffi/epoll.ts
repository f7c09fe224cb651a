/**
 * epoll with its events in the arena. Each descriptor carries two int32 of the owner's: a token (a
 * slot number) and a generation, by which the owner tells an event of a descriptor that it has
 * since removed.
 *
 * @module
 */
import type { Arena } from "./arena.ts";
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLL_EVENT } from "./abi/epoll.ts";
import { check } from "./errno.ts";
import { type Libc, libc } from "./libc.ts";

export class Epoll {
  readonly #sys: Libc = libc();
  readonly #arena: Arena;
  readonly #eventsOff: number;
  readonly #capacity: number;
  readonly #fd: number;

  /** `eventsOff`: `EPOLL_EVENT.LEN * capacity` bytes of the arena, kept as long as the object. */
  constructor(arena: Arena, eventsOff: number, capacity: number) {
    this.#arena = arena;
    this.#eventsOff = eventsOff;
    this.#capacity = capacity;
    this.#fd = check(this.#sys.epollCreate(), "epoll_create1", "cannot make an epoll descriptor");
  }

  add(fd: number, events: number, token: number, generation: number): number {
    return this.#sys.epollCtl(this.#fd, EPOLL_CTL_ADD, fd, events >>> 0, token, generation);
  }

  modify(fd: number, events: number, token: number, generation: number): number {
    return this.#sys.epollCtl(this.#fd, EPOLL_CTL_MOD, fd, events >>> 0, token, generation);
  }

  remove(fd: number): number {
    return this.#sys.epollCtl(this.#fd, EPOLL_CTL_DEL, fd, 0, 0, 0);
  }

  /** Waits for events until `deadlineUs` of CLOCK_MONOTONIC (0: not at all, Infinity: for ever). */
  wait(deadlineUs: number): number {
    return this.#sys.epollWait(
      this.#fd,
      this.#arena.base,
      this.#eventsOff,
      this.#capacity,
      deadlineUs,
    );
  }

  /** EPOLL* bits of the i-th event of the last wait. */
  events(i: number): number {
    return this.#arena.dv.getInt32(this.#eventsOff + i * EPOLL_EVENT.LEN, true);
  }

  token(i: number): number {
    const at = this.#eventsOff + i * EPOLL_EVENT.LEN + EPOLL_EVENT.DATA;
    return this.#arena.dv.getInt32(at, true);
  }

  generation(i: number): number {
    const at = this.#eventsOff + i * EPOLL_EVENT.LEN + EPOLL_EVENT.DATA + 4;
    return this.#arena.dv.getInt32(at, true);
  }

  close(): void {
    this.#sys.close(this.#fd);
  }
}
