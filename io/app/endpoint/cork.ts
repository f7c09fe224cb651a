/**
 * One datagram out of several sends: MSG_MORE and UDP_CORK (udp(7)).
 *
 * As in Linux, where it goes is said by the first send; a send that makes it too long drops the
 * whole. Control messages between header and payload are not kept.
 *
 * @module
 */
import {
  DGRAM_FLAGS_OFF,
  DGRAM_HAS_EXTRAS,
  DGRAM_HEADER_LEN,
  DGRAM_MORE,
  EMSGSIZE,
  ENOMEM,
  extrasLen,
  UDP_MAX_PAYLOAD_LEN,
} from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";

const BUFFER_LEN = DGRAM_HEADER_LEN + UDP_MAX_PAYLOAD_LEN;

export class Cork {
  /** UDP_CORK */
  isOn = false;
  #off = -1;
  #payloadLen = -1;

  constructor(readonly app: AppContext) {}

  /** Whether a datagram has been begun. */
  get isPending(): boolean {
    return this.#payloadLen >= 0;
  }

  /** Adds a message (header, payload of `payloadLen` bytes). Returns 0 or -errno. */
  add(off: number, payloadLen: number): number {
    const { u8, dv } = this.app.memory;
    if (!this.isPending) {
      const allocated = this.#begin(off);
      if (allocated < 0) return allocated;
    }
    const before = this.#payloadLen;
    if (before + payloadLen > UDP_MAX_PAYLOAD_LEN) {
      this.drop();
      return -EMSGSIZE;
    }
    const flags = dv.getUint16(off + DGRAM_FLAGS_OFF, true);
    const from = off + DGRAM_HEADER_LEN + extrasLen(dv, off, flags);
    u8.copyWithin(this.#off + DGRAM_HEADER_LEN + before, from, from + payloadLen);
    this.#payloadLen = before + payloadLen;
    const flagsOff = this.#off + DGRAM_FLAGS_OFF;
    dv.setUint16(flagsOff, dv.getUint16(flagsOff, true) & ~(DGRAM_MORE | DGRAM_HAS_EXTRAS), true);
    return 0;
  }

  #begin(off: number): number {
    const { memory } = this.app;
    if (this.#off < 0) this.#off = memory.alloc(BUFFER_LEN);
    if (this.#off < 0) return -ENOMEM;
    memory.u8.copyWithin(this.#off, off, off + DGRAM_HEADER_LEN);
    this.#payloadLen = 0;
    return 0;
  }

  /** What is pending is not to be sent. */
  drop(): void {
    this.#payloadLen = -1;
  }

  /** Hands the whole to `send`, which must be done with the memory when it returns. */
  push(send: (off: number, payloadLen: number) => number): number {
    const payloadLen = this.#payloadLen;
    this.#payloadLen = -1;
    return send(this.#off, payloadLen);
  }

  free(): void {
    if (this.#off >= 0) this.app.memory.free(this.#off, BUFFER_LEN);
    this.#off = -1;
  }
}
