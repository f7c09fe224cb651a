/**
 * The error queue of a datagram socket (IP_RECVERR, MSG_ERRQUEUE; ip(7)).
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";
import type { IpAddress } from "../base/ip_address.ts";
import { EMSGSIZE } from "../base/errno.ts";
import type { IcmpError } from "../base/network.ts";
import type { ErrorQueueEntry } from "./api.ts";

/** sock_extended_err.ee_origin */
const ORIGIN_LOCAL = 1;
const ORIGIN_ICMP = 2;
const ORIGIN_ICMP6 = 3;

export class ErrorQueue {
  readonly #entries: ErrorQueueEntry[] = [];

  constructor(readonly maxEntries: number) {}

  get length(): number {
    return this.#entries.length;
  }

  /** An ICMP error; `dataOff`: the program's own data in its quote. Returns false when full. */
  pushIcmp(memory: Memory, error: IcmpError, remotePort: number, dataOff: number): boolean {
    const end = error.quotedOff + error.quotedLen;
    return this.#push({
      errno: error.errno,
      origin: error.local.family === 6 ? ORIGIN_ICMP6 : ORIGIN_ICMP,
      type: error.type,
      code: error.code,
      info: error.mtu || error.pointer,
      offender: { addr: error.from, port: 0 },
      destination: { addr: error.remote, port: remotePort },
      payload: memory.u8.slice(Math.min(dataOff, end), end),
    });
  }

  /** A datagram of the program's was longer than the path MTU. */
  pushTooBig(destination: IpAddress, port: number, mtu: number): boolean {
    return this.#push({
      errno: EMSGSIZE,
      origin: ORIGIN_LOCAL,
      type: 0,
      code: 0,
      info: mtu,
      offender: null,
      destination: { addr: destination, port },
      payload: new Uint8Array(0),
    });
  }

  get first(): ErrorQueueEntry | null {
    return this.#entries[0] ?? null;
  }

  take(): ErrorQueueEntry | null {
    return this.#entries.shift() ?? null;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #push(entry: ErrorQueueEntry): boolean {
    if (this.#entries.length >= this.maxEntries) return false;
    this.#entries.push(entry);
    return true;
  }
}
