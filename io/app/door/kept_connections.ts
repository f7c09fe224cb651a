/**
 * Connections taken off a listening pair for an accept() that a signal has ended meanwhile: the
 * next accept() gets them.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import type { Memory } from "../../../stack/mod.ts";

/** For all listeners together; beyond it the oldest are closed. */
const KEPT_MAX = 64;

interface Kept {
  readonly cookie: number;
  readonly fd: number;
  readonly record: Uint8Array;
}

export class KeptConnections {
  #kept: Kept[] = [];

  constructor(readonly memory: Memory, readonly close: (fd: number) => void) {}

  /** `cookie`: of the listener; `recordOff`: the connection's accept record. */
  keep(cookie: number, fd: number, recordOff: number): void {
    const record = this.memory.u8.slice(recordOff, recordOff + P.NUSE_ACCEPT_LEN);
    this.#kept.push({ cookie, fd, record });
    if (this.#kept.length > KEPT_MAX) this.close((this.#kept.shift() as Kept).fd);
  }

  /** The descriptor of the oldest one, its record at `recordOff`; -1: there is none. */
  take(cookie: number, recordOff: number): number {
    const found = this.#kept.findIndex((kept) => kept.cookie === cookie);
    if (found < 0) return -1;
    const [{ fd, record }] = this.#kept.splice(found, 1);
    this.memory.u8.set(record, recordOff);
    return fd;
  }

  closeAll(): void {
    for (const { fd } of this.#kept) this.close(fd);
    this.#kept = [];
  }
}
