/**
 * What is done to any frame: link and IP header fields, lengths, options, offload metadata, byte
 * noise, two frames crossed.
 *
 * @module
 */
import { ipWord } from "../support/packet_types.ts";
import type { Prng } from "../support/prng.ts";
import { type Draft, FRAME_MAX, IP_OFF, LINK_LEN } from "./draft.ts";
import { DEAD_ADDR, LIVE_ADDRS, LOCAL_ADDRS } from "./setting.ts";

const ADDRS: readonly number[] = [
  0,
  0xffffffff,
  ...LOCAL_ADDRS,
  ...LIVE_ADDRS,
  DEAD_ADDR,
  ipWord("198.18.0.255"),
  ipWord("198.18.0.0"),
  ipWord("127.0.0.1"),
  ipWord("224.0.0.1"),
  ipWord("239.1.2.3"),
  ipWord("240.0.0.1"),
  ipWord("0.0.0.1"),
];
const PROTOCOLS: readonly number[] = [0, 1, 2, 6, 17, 41, 47, 58, 136, 255];
const ETHERTYPES: readonly number[] = [0x0800, 0x0806, 0x86dd, 0x8100, 0, 46, 1500, 0xffff];

export class FrameMutator {
  constructor(readonly prng: Prng, readonly draft: Draft) {}

  /** Changes one thing. `other`: a frame from somewhere else in the session, to cross with. */
  mutate(other: Uint8Array | null): void {
    const { prng } = this;
    const kind = prng.below(22);
    if (kind < 8) this.#ipField();
    else if (kind < 10) this.#ipOptions();
    else if (kind < 12) this.#link();
    else if (kind < 15) this.#noise();
    else if (kind < 17) this.#cutOrPad();
    else if (kind < 20) this.#offload();
    else if (kind === 20) this.#insertOrRemove();
    else if (other !== null) this.#cross(other);
  }

  #ipField(): void {
    const { prng, draft: { u8, dv } } = this;
    switch (prng.below(9)) {
      case 0: // version, header length
        if (prng.chance(0.5)) u8[IP_OFF] = 0x40 | prng.below(16);
        else u8[IP_OFF] = (prng.below(16) << 4) | 5;
        break;
      case 1:
        u8[IP_OFF + 1] = prng.below(256);
        break;
      case 2:
        dv.setUint16(IP_OFF + 2, this.#totalLen());
        break;
      case 3: // identification: as that of others
        dv.setUint16(IP_OFF + 4, prng.below(4));
        break;
      case 4: // flags and offset
        dv.setUint16(IP_OFF + 6, this.#fragmentField());
        break;
      case 5:
        u8[IP_OFF + 8] = prng.pick([0, 1, 2, 255, 64]);
        break;
      case 6:
        u8[IP_OFF + 9] = prng.pick(PROTOCOLS);
        break;
      case 7:
        dv.setUint32(IP_OFF + 12, prng.chance(0.9) ? prng.pick(ADDRS) : prng.next() >>> 0);
        break;
      default:
        dv.setUint32(IP_OFF + 16, prng.chance(0.9) ? prng.pick(ADDRS) : prng.next() >>> 0);
    }
  }

  #totalLen(): number {
    const { prng, draft } = this;
    const len = draft.len - IP_OFF;
    const some = [0, 1, 19, 20, 21, 27, 28, 39, 40, len - 1, len + 1, len - 8, len >> 1, 65535];
    return prng.pick(some) & 0xffff;
  }

  #fragmentField(): number {
    const { prng } = this;
    const flags = prng.pick([0, 0x2000, 0x4000, 0x6000, 0x8000, 0xe000]);
    return flags | prng.pick([0, 0, 1, 2, 185, 8189, 8190, 8191, prng.below(8192)]);
  }

  /** Options of the IP header: route recording, source routes, time stamps, malformed ones. */
  #ipOptions(): void {
    const { prng, draft } = this;
    if (!draft.isIpv4) return;
    const words = prng.between(1, 10);
    const old = draft.ipHeaderLen - 20;
    draft.resize(IP_OFF + 20, -Math.min(old, Math.max(0, draft.len - IP_OFF - 20)));
    draft.resize(IP_OFF + 20, words * 4);
    draft.u8[IP_OFF] = 0x45 + words;
    const end = IP_OFF + 20 + words * 4;
    for (let off = IP_OFF + 20; off < end;) {
      const code = prng.pick([0, 1, 7, 68, 131, 137, 130, 148, prng.below(256)]);
      draft.u8[off] = code;
      if (code < 2) {
        off++;
        continue;
      }
      const len = Math.min(end - off, prng.between(2, 12));
      draft.u8[off + 1] = prng.chance(0.8) ? len : prng.pick([0, 1, len + 1, 255]);
      for (let i = off + 2; i < off + len; i++) draft.u8[i] = prng.below(256);
      if (len > 2) draft.u8[off + 2] = prng.pick([4, 5, 0, 255]);
      off += Math.max(2, len);
    }
  }

  #link(): void {
    const { prng, draft: { u8, dv } } = this;
    const kind = prng.below(5);
    if (kind === 0) u8.fill(0xff, 0, 6);
    else if (kind === 1) u8.set([0x01, 0x00, 0x5e, 0, 0, 1], 0);
    else if (kind === 2) u8[5] ^= 1;
    else if (kind === 3) dv.setUint16(12, prng.pick(ETHERTYPES));
    else u8.set(u8.subarray(0, 6), 6); // from ourselves, says its source
  }

  #noise(): void {
    const { prng, draft } = this;
    if (draft.len === 0) return;
    const from = prng.chance(0.7) ? Math.min(IP_OFF, draft.len - 1) : 0;
    const span = Math.min(draft.len - from, prng.chance(0.8) ? 60 : draft.len);
    for (let n = prng.magnitude(1, 12); n > 0; n--) {
      const off = from + prng.below(span);
      if (prng.chance(0.5)) draft.u8[off] ^= 1 << prng.below(8);
      else draft.u8[off] = prng.pick([0, 0xff, 0x7f, 0x80, prng.below(256)]);
    }
  }

  #cutOrPad(): void {
    const { prng, draft } = this;
    const kind = prng.below(3);
    if (kind === 0) draft.len = prng.below(Math.min(draft.len, 80) + 1);
    else if (kind === 1) draft.len = prng.below(draft.len + 1);
    else {
      const by = prng.between(1, 64);
      draft.u8.fill(prng.below(256), draft.len, draft.len + by);
      draft.len = Math.min(FRAME_MAX, draft.len + by);
    }
  }

  /**
   * Metadata that does not fit the frame: a device or its driver gone wrong, or a guest that lies.
   */
  #offload(): void {
    const { prng, draft } = this;
    draft.csum = prng.pick([0, 1, 2, 2, 3]);
    if (prng.chance(0.4)) return;
    const text = Math.max(0, draft.len - LINK_LEN - 40);
    draft.gsoType = prng.pick([0, 1, 1, 1, 4, 5, 3, 255]);
    draft.gsoSize = prng.pick([0, 1, text >> 1, text, text + 1, 1448, 65535, prng.below(2000)]);
  }

  #insertOrRemove(): void {
    const { prng, draft } = this;
    const off = prng.below(Math.min(draft.len, 80) + 1);
    draft.resize(off, prng.pick([-8, -4, -2, -1, 1, 2, 4, 8]));
  }

  /** The head of this frame, the rest of another; cut at a header's end more often than not. */
  #cross(other: Uint8Array): void {
    const { prng, draft } = this;
    const at = prng.pick([LINK_LEN, IP_OFF + 20, IP_OFF + 40, prng.below(100)]);
    if (at > draft.len || at > other.length) return;
    draft.u8.set(other.subarray(at), at);
    draft.len = other.length;
  }
}
