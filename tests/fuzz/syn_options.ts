/**
 * The options of a SYN as peers send them: all the usual ones, seldom a value at the edge, and Fast
 * Open.
 *
 * @module
 */
import type { Prng } from "../support/prng.ts";
import type { Draft } from "./draft.ts";
import type { FlowView } from "./flow_view.ts";

const SCALE_MAX = 14;
const OPTIONS_MAX = 40;

export class SynOptions {
  constructor(readonly prng: Prng, readonly draft: Draft, readonly view: FlowView) {}

  /** A request for a cookie, the cookie, or something like one. Returns where the option ends. */
  #fastOpen(off: number, end: number): number {
    const { prng, view, draft: { u8 } } = this;
    const kind = prng.below(8);
    let cookie = view.cookie;
    if (kind < 2) cookie = new Uint8Array(0);
    else if (kind === 2 || cookie === null) {
      cookie = Uint8Array.from(
        { length: prng.pick([8, 8, 4, 16, 6, 5, 18]) },
        () => prng.below(256),
      );
    }
    if (off + 2 + cookie.length > end) return off;
    u8[off] = 34;
    u8[off + 1] = 2 + cookie.length;
    u8.set(cookie, off + 2);
    return off + 2 + cookie.length;
  }

  /** Writes them at `first`; returns how long they are, padded. */
  write(first: number, isAck: boolean, nowUs: number): number {
    const { prng, draft: { u8, dv } } = this;
    let off = first;
    if (prng.chance(0.9)) {
      dv.setUint16(off, 0x0204);
      dv.setUint16(off + 2, prng.pick([1460, 1460, 536, 1, 0, 65535, 8960, 88, 256]));
      off += 4;
    }
    if (prng.chance(0.8)) {
      dv.setUint16(off, 0x0402);
      off += 2;
    }
    if (prng.chance(0.8)) {
      u8[off] = 8;
      u8[off + 1] = 10;
      dv.setInt32(off + 2, prng.chance(0.9) ? prng.next() : prng.pick([0, -1, 0x7fffffff]));
      const now = (Math.floor(nowUs / 1000) + this.view.tsOffset) | 0;
      dv.setInt32(off + 6, isAck ? now : 0);
      off += 10;
    }
    if (prng.chance(0.8)) {
      u8[off] = 3;
      u8[off + 1] = 3;
      u8[off + 2] = prng.chance(0.95) ? prng.below(SCALE_MAX + 1) : prng.pick([15, 31, 255]);
      off += 3;
    }
    if (prng.chance(0.25)) off = this.#fastOpen(off, first + OPTIONS_MAX);
    while (((off - first) & 3) !== 0) u8[off++] = 1;
    return off - first;
  }
}
