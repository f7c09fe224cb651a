/**
 * Replays: a recorded frame acknowledges sequence numbers that the stack chose at random then. When
 * it has chosen others now, the acknowledgment fields are moved along, so that a reproducer stays
 * good.
 *
 * @module
 */
import { Draft, IP_OFF } from "./draft.ts";
import type { FrameStep } from "./steps.ts";
import type { WireWatch } from "./wire_watch.ts";

const draft = new Draft();

/** The step's frame as it has to be now; the very same bytes when nothing differs. */
export function reanchor(step: FrameStep, watch: WireWatch): Uint8Array {
  if (step.iss === 0) return step.bytes;
  draft.load(step.bytes);
  if (!draft.isTcp) return step.bytes;
  const { dv, l4Off: l4 } = draft;
  const ports = dv.getUint16(l4 + 2) * 65536 + dv.getUint16(l4);
  const known = watch.find(dv.getUint32(IP_OFF + 16), dv.getUint32(IP_OFF + 12), ports);
  if (known === null || !known.isOpen) return step.bytes;
  const by = (known.iss - step.iss) | 0;
  const tsBy = known.hasTs && step.tsBase !== 0 ? (known.tsBase - step.tsBase) | 0 : 0;
  if (by === 0 && tsBy === 0) return step.bytes;
  const checksum = dv.getUint16(l4 + 16);
  draft.fixL4Checksum();
  const isRight = dv.getUint16(l4 + 16) === checksum;
  dv.setInt32(l4 + 8, dv.getInt32(l4 + 8) + by);
  const end = draft.tcpTextOff;
  for (let off = l4 + 20; off + 1 < end;) {
    const kind = draft.u8[off];
    if (kind === 0) break;
    const len = kind === 1 ? 1 : draft.u8[off + 1];
    if (len === 0 || (kind !== 1 && (len < 2 || off + len > end))) break;
    if (kind === 8 && len === 10) dv.setInt32(off + 6, dv.getInt32(off + 6) + tsBy);
    if (kind === 5) {
      for (let at = off + 2; at + 4 <= off + len; at += 4) dv.setInt32(at, dv.getInt32(at) + by);
    }
    off += len;
  }
  dv.setUint16(l4 + 16, checksum);
  if (isRight) draft.fixL4Checksum();
  return draft.bytes();
}
