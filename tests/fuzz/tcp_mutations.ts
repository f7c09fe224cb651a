/**
 * What is done to a TCP segment that was well formed: one field at a time, with the values at which
 * comparisons turn.
 *
 * @module
 */
import { RST } from "../support/packet_types.ts";
import type { Prng } from "../support/prng.ts";
import { type Draft, FRAME_MAX } from "./draft.ts";
import type { FlowView } from "./flow_view.ts";

const OPTIONS_MAX = 40;

/** Distances at which 32-bit sequence arithmetic changes its mind. */
const FAR: readonly number[] = [
  0x7fffffff,
  -0x80000000,
  -0x7fffffff,
  0x40000000,
  65535,
  65536,
  1 << 30,
];

export class TcpMutator {
  constructor(readonly prng: Prng, readonly draft: Draft, readonly view: FlowView) {}

  /** Changes one thing of the segment in the draft, which is one of `view`'s. */
  mutate(): void {
    const { prng } = this;
    const kind = prng.below(20);
    if (kind < 4) this.#setSeq();
    else if (kind < 7) this.#setAck();
    else if (kind < 9) this.#setFlags();
    else if (kind < 11) this.#setWindow();
    else if (kind === 11) this.#setUrgent();
    else if (kind < 16) this.#setOptions();
    else if (kind === 16) this.#setDataOffset();
    else if (kind < 19) this.#setTextLen();
    else this.#setPorts();
  }

  #near(base: number): number {
    const { prng } = this;
    const kind = prng.below(8);
    if (kind < 5) return (base + prng.between(-2, 2)) | 0;
    if (kind === 5) return (base + prng.pick(FAR)) | 0;
    return (base + prng.between(-3000, 3000)) | 0;
  }

  #textLen(): number {
    return this.draft.len - this.draft.tcpTextOff;
  }

  #setSeq(): void {
    const { prng, view, draft } = this;
    const edge = view.rcvNxt + view.rcvWnd;
    let base = view.rcvNxt;
    switch (prng.below(9)) {
      case 0:
        base = edge;
        break;
      case 1:
        base = edge - this.#textLen();
        break;
      case 2:
        base = view.lastAckSent;
        break;
      case 3:
        base = view.irs;
        break;
      case 4:
        base = view.rcvNxt - this.#textLen();
        break;
      case 5:
        base = prng.pick([0, 0x7fffffff, -0x80000000, -1]);
        break;
      case 6:
        base = prng.next();
        break;
      case 7:
        if (view.gapCount > 0) base = view.gapEdges[prng.below(view.gapCount)];
    }
    draft.dv.setInt32(draft.l4Off + 4, this.#near(base));
  }

  #setAck(): void {
    const { prng, view, draft } = this;
    let base = view.sndUna;
    switch (prng.below(8)) {
      case 0:
        base = view.sndNxt;
        break;
      case 1:
        base = view.sndUna - view.maxSndWnd;
        break;
      case 2:
        base = view.iss;
        break;
      case 3:
        base = prng.next();
        break;
      case 4:
        base = prng.pick([0, 0x7fffffff, -0x80000000, -1]);
        break;
      case 5:
        if (view.sentCount > 0) base = view.sentEdges[prng.below(view.sentCount)];
    }
    draft.dv.setInt32(draft.l4Off + 8, this.#near(base));
  }

  #setFlags(): void {
    const { prng, draft } = this;
    const off = draft.l4Off + 13;
    const kind = prng.below(4);
    if (kind === 0) draft.u8[off] = prng.below(256);
    else if (kind < 3) draft.u8[off] ^= 1 << prng.below(8);
    else draft.u8[off - 1] ^= 1 << prng.below(4); // reserved bits and AE
    // Few resets, or no connection would grow old
    if (prng.chance(0.8)) draft.u8[off] &= ~RST;
  }

  #setWindow(): void {
    const { prng, draft, view } = this;
    const value = prng.pick([0, 0, 1, 2, view.smss - 1, view.smss, 65535, prng.below(65536)]);
    draft.dv.setUint16(draft.l4Off + 14, value);
  }

  #setUrgent(): void {
    const { prng, draft } = this;
    draft.u8[draft.l4Off + 13] |= 0x20;
    const len = this.#textLen();
    draft.dv.setUint16(draft.l4Off + 18, prng.pick([0, 1, len, len + 1, len - 1, 65535]) & 0xffff);
  }

  #setDataOffset(): void {
    const { prng, draft } = this;
    const off = draft.l4Off + 12;
    draft.u8[off] = (prng.below(16) << 4) | (draft.u8[off] & 15);
  }

  #setTextLen(): void {
    const { prng, draft, view } = this;
    const textOff = draft.tcpTextOff;
    const wnd = view.rcvWnd;
    const len = prng.pick([0, 1, 2, view.smss, view.smss + 1, wnd, wnd + 1, prng.below(3000)]);
    draft.len = Math.min(FRAME_MAX, textOff + Math.min(Math.max(0, len), 65_000));
  }

  #setPorts(): void {
    const { prng, draft } = this;
    const off = draft.l4Off + 2 * prng.below(2);
    draft.dv.setUint16(off, prng.pick([0, 80, 81, 65535, draft.dv.getUint16(off) ^ 1]));
  }

  /** New options in the place of the old ones, or some of the old ones' bytes changed. */
  #setOptions(): void {
    const { prng, draft } = this;
    const first = draft.l4Off + 20;
    const oldLen = draft.tcpTextOff - first;
    const kind = prng.below(6);
    if (kind === 0 && oldLen > 0) {
      for (let n = prng.between(1, 4); n > 0; n--) {
        draft.u8[first + prng.below(oldLen)] = prng.below(256);
      }
      return;
    }
    if (kind === 1 && this.#changeTimestamps(first, oldLen)) return;
    if (draft.len < first) return;
    draft.resize(first, -oldLen);
    draft.resize(first, OPTIONS_MAX);
    let off = first;
    const keepsTimestamps = this.view.hasTimestamps && prng.chance(0.7);
    if (keepsTimestamps) off = this.#timestamps(off);
    for (let n = prng.between(0, 4); n > 0; n--) off = this.#option(off, first + OPTIONS_MAX);
    // Padded: with end-of-list, NOPs or whatever
    const padded = first + ((off - first + 3) & ~3);
    draft.u8.fill(prng.pick([0, 1, 1, 0x5a]), off, padded);
    draft.resize(padded, -(first + OPTIONS_MAX - padded));
    const l4 = draft.l4Off;
    draft.u8[l4 + 12] = ((padded - l4) << 2) | (draft.u8[l4 + 12] & 15);
  }

  #changeTimestamps(first: number, len: number): boolean {
    const { prng, draft: { dv }, view } = this;
    if (len < 12 || dv.getUint32(first) !== 0x0101080a) return false;
    const distance = prng.pick([0, -1, -2, 1, -500, 0x7fffffff, -0x80000000, 100_000, -100_000]);
    if (prng.chance(0.6)) dv.setInt32(first + 4, (view.tsRecent + distance) | 0);
    else dv.setInt32(first + 8, prng.pick([0, prng.next(), dv.getInt32(first + 8) + distance]));
    return true;
  }

  #timestamps(off: number): number {
    const { draft: { dv }, view, prng } = this;
    dv.setUint32(off, 0x0101080a);
    dv.setInt32(off + 4, (view.tsRecent + prng.below(4)) | 0);
    dv.setInt32(off + 8, prng.chance(0.5) ? 0 : prng.next());
    return off + 12;
  }

  /** One option at `off`, sometimes malformed; returns where it ends, at most `end`. */
  #option(off: number, end: number): number {
    const { prng, draft: { u8, dv } } = this;
    const room = end - off;
    if (room < 2) return off;
    const kind = prng.pick([0, 1, 2, 3, 4, 5, 5, 5, 5, 8, 14, 19, 28, 29, 34, 253, 254, -1]);
    if (kind === 5) return this.#sack(off, end);
    const code = kind < 0 ? prng.below(256) : kind;
    u8[off] = code;
    if (code < 2 && prng.chance(0.9)) return off + 1;
    const usual: Record<number, number> = { 2: 4, 3: 3, 4: 2, 8: 10, 14: 3, 19: 18, 28: 4, 34: 10 };
    let len = usual[code] ?? prng.between(2, 12);
    if (len > room) return off;
    for (let i = off + 2; i < off + len; i++) u8[i] = prng.below(256);
    if (code === 2) dv.setUint16(off + 2, prng.pick([0, 1, 48, 88, 536, 1460, 65535]));
    if (code === 3) u8[off + 2] = prng.pick([0, 7, 14, 15, 255]);
    if (prng.chance(0.15)) u8[off + 1] = prng.pick([0, 1, 2, len - 1, len + 1, room + 1, 40, 255]);
    else u8[off + 1] = len;
    if (prng.chance(0.05)) len = Math.max(2, len - 1); // the next begins inside this one
    return off + len;
  }

  #sack(off: number, end: number): number {
    const { prng, draft: { u8, dv } } = this;
    const blocks = Math.min(prng.between(1, 4), (end - off - 2) >> 3);
    if (blocks < 1) return off;
    u8[off] = 5;
    u8[off + 1] = 2 + 8 * blocks;
    for (let i = 0; i < blocks; i++) {
      const left = this.#sackEdge();
      const at = off + 2 + 8 * i;
      dv.setInt32(at, left);
      const kind = prng.below(8);
      if (kind === 0) dv.setInt32(at + 4, left);
      else if (kind === 1) dv.setInt32(at + 4, (left - prng.magnitude(1, 5000)) | 0);
      else if (kind < 5) dv.setInt32(at + 4, (left + prng.magnitude(1, 20_000)) | 0);
      else dv.setInt32(at + 4, this.#sackEdge());
    }
    if (prng.chance(0.1)) u8[off + 1] = prng.pick([0, 2, 9, 11, 2 + 8 * blocks + 8, 34, 42]);
    return off + 2 + 8 * blocks;
  }

  #sackEdge(): number {
    const { prng, view } = this;
    const kind = prng.below(10);
    if (kind < 5 && view.sentCount > 0) {
      const edge = view.sentEdges[prng.below(view.sentCount)];
      return kind < 3 ? edge : (edge + prng.between(-3, 3)) | 0;
    }
    if (kind < 7) return this.#near(view.sndUna);
    if (kind < 9) return this.#near(view.sndNxt);
    return prng.next();
  }
}
