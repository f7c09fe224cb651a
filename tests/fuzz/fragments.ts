/**
 * A packet in fragments, as a router would cut it, and as an attacker would: overlapping, doubled,
 * shuffled, with pieces missing.
 *
 * @module
 */
import type { Prng } from "../support/prng.ts";
import { type Draft, IP_OFF } from "./draft.ts";

const PIECES_MAX = 45;
/** As a rule. */
const PIECES = 6;

/** Cuts the IPv4 packet in the draft (which is used up) into frames. */
export function cutIntoFragments(prng: Prng, draft: Draft): Uint8Array[] {
  const whole = draft.bytes();
  const headEnd = Math.min(draft.l4Off, whole.length);
  const body = whole.subarray(headEnd);
  const id = prng.chance(0.3) ? prng.below(4) : prng.next() & 0xffff;
  let unit = 8 * prng.magnitude(1, 180);
  const most = prng.chance(0.1) ? PIECES_MAX : PIECES;
  if (body.length / unit > most) unit = 8 * Math.ceil(body.length / most / 8);
  const frames: Uint8Array[] = [];
  for (let pos = 0; pos < body.length; pos += unit) {
    const isLast = pos + unit >= body.length;
    frames.push(
      fragment(draft, whole, headEnd, id, pos, Math.min(body.length, pos + unit), !isLast),
    );
  }
  if (prng.chance(0.5)) disturb(prng, draft, frames);
  return frames;
}

function fragment(
  draft: Draft,
  whole: Uint8Array,
  headEnd: number,
  id: number,
  start: number,
  end: number,
  hasMore: boolean,
): Uint8Array {
  draft.load(whole);
  draft.u8.copyWithin(headEnd, headEnd + start, headEnd + end);
  draft.len = headEnd + end - start;
  draft.dv.setUint16(IP_OFF + 4, id);
  draft.dv.setUint16(IP_OFF + 6, (start >> 3) | (hasMore ? 0x2000 : 0));
  draft.fixIpLen();
  draft.fixIpChecksum();
  return draft.bytes();
}

/** Changes the row of fragments itself. */
function disturb(prng: Prng, draft: Draft, frames: Uint8Array[]): void {
  for (let n = prng.between(1, 3); n > 0 && frames.length > 0; n--) {
    const i = prng.below(frames.length);
    const j = prng.below(frames.length);
    const kind = prng.below(7);
    if (kind === 0) frames.splice(i, 1);
    else if (kind === 1) frames.splice(j, 0, frames[i]);
    else if (kind === 2) [frames[i], frames[j]] = [frames[j], frames[i]];
    else if (kind === 3) frames.reverse();
    else frames[i] = bend(prng, draft, frames[i]);
  }
}

/** One fragment at another place, or of another length. */
function bend(prng: Prng, draft: Draft, frame: Uint8Array): Uint8Array {
  draft.load(frame);
  const field = draft.dv.getUint16(IP_OFF + 6);
  const kind = prng.below(4);
  if (kind === 0) draft.dv.setUint16(IP_OFF + 6, field ^ 0x2000);
  else if (kind === 1) draft.dv.setUint16(IP_OFF + 6, (field + prng.between(-2, 2)) & 0xffff);
  else if (kind === 2) draft.dv.setUint16(IP_OFF + 6, 0x2000 | prng.pick([0, 1, 8189, 8191]));
  else draft.len = Math.max(IP_OFF + 20, draft.len - prng.pick([1, 4, 7, 8, 16]));
  draft.fixIpLen();
  draft.fixIpChecksum();
  return draft.bytes();
}
