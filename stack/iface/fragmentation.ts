/**
 * Cutting a packet that is longer than the path MTU into fragments (RFC 791 3.2, RFC 8200 4.5). The
 * payload is not copied: every fragment is a row that points into the same pieces; the transport
 * header goes with the first.
 *
 *   cutter.start(tx, mtu);
 *   for (;;) { cutter.fill(tx); …header, queue…; if (!cutter.more) break; tx.begin(); }
 *
 * @module
 */
import type { TxFrames } from "../base/frames.ts";
import { IPV4_HEADER_LEN, IPV4_MF } from "../wire/ipv4.ts";
import { PayloadSlice } from "./payload_slice.ts";

export class Fragmenter {
  /** There are fragments after the one filled in last. */
  more = false;
  /** Flags and offset field of the fragment filled in last, in IPv4. */
  flagsAndOffset = 0;
  /** Where it begins in the whole, bytes. */
  offset = 0;
  readonly #payload = new PayloadSlice();
  #l4Len = 0;
  #maxData = 0;
  /** Data already in fragments, transport header included. */
  #pos = 0;

  /**
   * Begins with the row under construction, IP header not yet prepended. Returns false when not
   * even the transport header fits the first fragment. `headersLen`: of what is prepended to each.
   */
  start(tx: TxFrames, mtu: number, headersLen = IPV4_HEADER_LEN): boolean {
    const row = tx.count;
    this.#payload.take(tx, row);
    this.#l4Len = tx.hdrLen[row];
    this.#maxData = (mtu - headersLen) & ~7;
    this.#pos = 0;
    this.more = true;
    return this.#maxData >= Math.max(8, this.#l4Len);
  }

  /**
   * Gives the row under construction (for the first fragment: still the same one) the next data.
   */
  fill(tx: TxFrames): void {
    const row = tx.count;
    const total = this.#l4Len + this.#payload.length;
    const len = Math.min(this.#maxData, total - this.#pos);
    if (this.#pos === 0) this.#payload.give(tx, row, 0, len - this.#l4Len);
    else this.#payload.give(tx, row, this.#pos - this.#l4Len, len);
    this.offset = this.#pos;
    this.flagsAndOffset = this.#pos >> 3;
    this.#pos += len;
    this.more = this.#pos < total;
    if (this.more) this.flagsAndOffset |= IPV4_MF;
  }
}
