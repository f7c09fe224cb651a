/**
 * The options of an IPv4 header in which routers write who they are and what time it is: record
 * route and internet timestamp (RFC 791 3.1). A pointer, counted from 1, says where the next one
 * writes.
 *
 *     7  | length | pointer | addresses
 *     68 | length | pointer | overflow, flag | times, or addresses and times
 *
 * The options are well formed as such (ipv4.ts). Where RFC 791 leaves it open, as Linux.
 *
 * @module
 */
import { IPV4_HEADER_LEN, OPTION_END, OPTION_NOP } from "./ipv4.ts";

export const RECORD_ROUTE = 7;
export const TIMESTAMP = 68;
/** Flags of a timestamp. */
const TIMES_ONLY = 0;
const WITH_ADDRESSES = 1;
const OF_GIVEN_ADDRESSES = 3;
const OVERFLOW_MAX = 15;

/** Offset of the first option of a kind in the header at `off`, from there; 0: there is none. */
function findOption(dv: DataView, off: number, headerLen: number, wanted: number): number {
  for (let i = IPV4_HEADER_LEN; i < headerLen;) {
    const kind = dv.getUint8(off + i);
    if (kind === wanted) return i;
    if (kind === OPTION_END) return 0;
    i += kind === OPTION_NOP ? 1 : dv.getUint8(off + i + 1);
  }
  return 0;
}

/**
 * The byte, counted from the header's start, at which one of these options cannot be right (ICMP
 * parameter problem); 0: they are.
 */
export function recordingErrorAt(dv: DataView, off: number, headerLen: number): number {
  const route = findOption(dv, off, headerLen, RECORD_ROUTE);
  const error = route === 0 ? 0 : routeErrorAt(dv, off, route);
  if (error !== 0) return error;
  const time = findOption(dv, off, headerLen, TIMESTAMP);
  return time === 0 ? 0 : timeErrorAt(dv, off, time);
}

function routeErrorAt(dv: DataView, off: number, i: number): number {
  const len = dv.getUint8(off + i + 1);
  if (len < 3) return i + 1;
  const pointer = dv.getUint8(off + i + 2);
  if (pointer < 4) return i + 2;
  // Room for a part of an address is an error; no room is none.
  return pointer <= len && pointer + 3 > len ? i + 2 : 0;
}

function timeErrorAt(dv: DataView, off: number, i: number): number {
  const len = dv.getUint8(off + i + 1);
  if (len < 4) return i + 1;
  const pointer = dv.getUint8(off + i + 2);
  if (pointer < 5) return i + 2;
  const overflowAndFlag = dv.getUint8(off + i + 3);
  if (pointer > len) return overflowAndFlag >>> 4 === OVERFLOW_MAX ? i + 3 : 0;
  const need = entryLen(overflowAndFlag & 15);
  if (need === 0) return i + 3;
  return pointer + need - 1 > len ? i + 2 : 0;
}

/** Bytes of one entry; 0: no such flag. */
function entryLen(flag: number): number {
  if (flag === TIMES_ONLY) return 4;
  return flag === WITH_ADDRESSES || flag === OF_GIVEN_ADDRESSES ? 8 : 0;
}

/**
 * Writes that the packet has passed here: `addr`, by which it leaves, at `dayMs` (milliseconds
 * since midnight UT). `isOurs`: of an int32 address. The options are without error; the header's
 * checksum is the caller's.
 */
export function recordPassage(
  dv: DataView,
  off: number,
  headerLen: number,
  addr: number,
  dayMs: number,
  isOurs: (addr: number) => boolean,
): void {
  const route = off + findOption(dv, off, headerLen, RECORD_ROUTE);
  if (route !== off) {
    const pointer = dv.getUint8(route + 2);
    if (pointer <= dv.getUint8(route + 1)) {
      dv.setInt32(route + pointer - 1, addr);
      dv.setUint8(route + 2, pointer + 4);
    }
  }
  const time = off + findOption(dv, off, headerLen, TIMESTAMP);
  if (time !== off) recordTime(dv, time, addr, dayMs, isOurs);
}

function recordTime(
  dv: DataView,
  at: number,
  addr: number,
  dayMs: number,
  isOurs: (addr: number) => boolean,
): void {
  const pointer = dv.getUint8(at + 2);
  const overflowAndFlag = dv.getUint8(at + 3);
  if (pointer > dv.getUint8(at + 1)) {
    dv.setUint8(at + 3, overflowAndFlag + 0x10);
    return;
  }
  const flag = overflowAndFlag & 15;
  const entry = at + pointer - 1;
  if (flag === OF_GIVEN_ADDRESSES && !isOurs(dv.getInt32(entry))) return;
  if (flag === WITH_ADDRESSES) dv.setInt32(entry, addr);
  dv.setInt32(flag === TIMES_ONLY ? entry : entry + 4, dayMs);
  dv.setUint8(at + 2, pointer + entryLen(flag));
}
