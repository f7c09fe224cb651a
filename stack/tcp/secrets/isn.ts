/**
 * Initial sequence numbers by RFC 6528: ISN = M + F(local, remote, ports, secret), M a clock of 4
 * microseconds. And the secret offset of the timestamp clock between each pair of hosts (RFC 7323
 * 7.1).
 *
 * @module
 */
import { SipHash } from "../../base/siphash.ts";
import { portsWord } from "../../storage/hash_table.ts";
import type { Flow } from "../base/flow.ts";

const M_TICK_US = 4;

export class IsnGenerator {
  readonly #isnHash: SipHash;
  readonly #tsHash: SipHash;
  readonly #words = new Int32Array(9);

  constructor(random: () => number) {
    this.#isnHash = SipHash.withRandomKey(random);
    this.#tsHash = SipHash.withRandomKey(random);
  }

  isn(flow: Flow, nowUs: number): number {
    this.#words[8] = portsWord(flow.localPort, flow.remotePort);
    this.#setAddresses(flow);
    return (Math.floor(nowUs / M_TICK_US) + this.#isnHash.hash(this.#words, 9)) | 0;
  }

  /**
   * One offset for all connections between two hosts: the peer sees a monotonic clock (RFC 6191).
   */
  timestampOffset(flow: Flow): number {
    this.#setAddresses(flow);
    return this.#tsHash.hash(this.#words, 8);
  }

  #setAddresses({ local, remote }: Flow): void {
    local.putWords(this.#words, 0);
    remote.putWords(this.#words, 4);
  }
}
