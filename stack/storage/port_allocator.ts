/**
 * Ephemeral ports (RFC 6056): for connections the double-hash algorithm (3.3.4) as Linux has it
 * since 2022: 64 K counters, so that a destination of an attacker's choice shares its counter with
 * none; each pick moves its counter by a random step; and the hash changes every ten seconds. With
 * 256 counters of step 1, who is connected to could count the connections to others (Kol, Klein,
 * Gilad: Device Tracking via Linux's New TCP Source Port Selection Algorithm, 2022).
 *
 * Linux's split of the range by parity, which keeps its bind() quick, is left out: it halves what
 * an attacker has to guess. For bind to port 0 the port is random (3.3.1).
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import { SipHash } from "../base/siphash.ts";

const TABLE_LEN = 1 << 16;
/** A pick moves its counter by 1 to so many. */
const MAX_STEP = 8;
/** EPHEMERAL_PORT_SHUFFLE_PERIOD */
const SHUFFLE_PERIOD_US = 10e6;

export class PortAllocator {
  #low = 32768;
  #high = 60999;
  readonly #random: () => number;
  readonly #hash: SipHash;
  /**
   * One counter for each group of destinations; made by the first connection. They begin at 0: what
   * is added to them is as unpredictable as the key.
   */
  #table: Uint32Array | null = null;
  readonly #message = new Int32Array(10);

  constructor(random: () => number) {
    this.#random = random;
    this.#hash = SipHash.withRandomKey(random);
  }

  /** The range, both ends included (1..65535, low <= high). */
  setRange(low: number, high: number): void {
    this.#low = low;
    this.#high = high;
  }

  get low(): number {
    return this.#low;
  }

  get high(): number {
    return this.#high;
  }

  /** `own`: IP_LOCAL_PORT_RANGE, whose ends count as far as they are within ours. */
  #firstOf(own: number): number {
    const first = own & 0xffff;
    return first >= this.#low && first <= this.#high ? first : this.#low;
  }

  #lastOf(own: number): number {
    const last = own >>> 16;
    return last >= this.#low && last <= this.#high ? last : this.#high;
  }

  /** A port for a connection to `remote`:`remotePort`. -1: `isTaken` refused the whole range. */
  pickFor(
    local: IpAddress,
    remote: IpAddress,
    remotePort: number,
    nowUs: number,
    isTaken: (port: number) => boolean,
    own = 0,
  ): number {
    const low = this.#firstOf(own);
    const message = this.#message;
    local.putWords(message, 0);
    remote.putWords(message, 4);
    message[8] = remotePort;
    message[9] = nowUs / SHUFFLE_PERIOD_US;
    const group = this.#hash.hash(message, 10) & (TABLE_LEN - 1);
    const table = this.#table ??= new Uint32Array(TABLE_LEN);
    const rangeLen = this.#lastOf(own) - low + 1;
    const start = ((this.#hash.high >>> 0) + table[group]) % rangeLen;
    const step = (this.#random() >>> 0) % MAX_STEP;
    for (let tries = 0; tries < rangeLen; tries++) {
      const port = low + (start + tries) % rangeLen;
      if (isTaken(port)) continue;
      table[group] += Math.max(tries, step) + 1;
      return port;
    }
    return -1;
  }

  /** A random port for bind to port 0. -1: `isTaken` refused the whole range. */
  pickRandom(isTaken: (port: number) => boolean, own = 0): number {
    const low = this.#firstOf(own);
    const rangeLen = this.#lastOf(own) - low + 1;
    const start = (this.#random() >>> 0) % rangeLen;
    for (let tries = 0; tries < rangeLen; tries++) {
      const port = low + (start + tries) % rangeLen;
      if (!isTaken(port)) return port;
    }
    return -1;
  }
}
