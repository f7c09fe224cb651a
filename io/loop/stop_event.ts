/**
 * The eventfd that ends the loop's `run`: any thread may signal it.
 *
 * @module
 */
import type { Arena } from "../../ffi/arena.ts";
import { check } from "../../ffi/errno.ts";
import { type Libc, libc } from "../../ffi/libc.ts";

const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

/** For any thread of the process. */
export function signalEvent(eventFd: number): void {
  libc().write(eventFd, ONE, 8);
}

export class StopEvent {
  readonly #sys: Libc = libc();
  readonly fd: number;
  isSignalled = false;

  /** `countOff`: eight bytes of the arena, for the counter. Throws SysError. */
  constructor(readonly arena: Arena, readonly countOff: number) {
    this.fd = check(this.#sys.eventfd(), "eventfd", "cannot make an eventfd");
  }

  signal(): void {
    signalEvent(this.fd);
  }

  /** It is readable: takes note, and reads the counter away. */
  onEvents(): void {
    this.#sys.read(this.fd, this.arena.base, this.countOff, 8);
    this.isSignalled = true;
  }

  close(): void {
    this.#sys.close(this.fd);
  }
}
