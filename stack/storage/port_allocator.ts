/**
 * Ephemeral ports (RFC 6056): for connections the double-hash algorithm (3.3.4), which gives one
 * destination an unpredictable but slowly advancing sequence of ports; for bind to port 0 random
 * ones (3.3.1).
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import { SipHash } from "../base/siphash.ts";

const TABLE_LEN = 256;

export class PortAllocator {
  #low = 32768;
  #high = 60999;
  readonly #random: () => number;
  readonly #offsetHash: SipHash;
  readonly #tableHash: SipHash;
  /** One counter for each group of destinations. */
  readonly #table = new Int32Array(TABLE_LEN);
  readonly #message = new Int32Array(9);

  constructor(random: () => number) {
    this.#random = random;
    this.#offsetHash = SipHash.withRandomKey(random);
    this.#tableHash = SipHash.withRandomKey(random);
    for (let i = 0; i < TABLE_LEN; i++) this.#table[i] = random() & 0xffff;
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

  /** A port for a connection to `remote`:`remotePort`. -1: `isTaken` refused the whole range. */
  pickFor(
    local: IpAddress,
    remote: IpAddress,
    remotePort: number,
    isTaken: (port: number) => boolean,
  ): number {
    const message = this.#message;
    local.putWords(message, 0);
    remote.putWords(message, 4);
    message[8] = remotePort;
    const offset = this.#offsetHash.hash(message, 9) >>> 0;
    const group = this.#tableHash.hash(message, 9) & (TABLE_LEN - 1);
    const rangeLen = this.#high - this.#low + 1;
    for (let tries = 0; tries < rangeLen; tries++) {
      const step = this.#table[group] >>> 0;
      this.#table[group]++;
      const port = this.#low + (offset + step) % rangeLen;
      if (!isTaken(port)) return port;
    }
    return -1;
  }

  /** A random port for bind to port 0. -1: `isTaken` refused the whole range. */
  pickRandom(isTaken: (port: number) => boolean): number {
    const rangeLen = this.#high - this.#low + 1;
    const start = (this.#random() >>> 0) % rangeLen;
    for (let tries = 0; tries < rangeLen; tries++) {
      const port = this.#low + (start + tries) % rangeLen;
      if (!isTaken(port)) return port;
    }
    return -1;
  }
}
