/**
 * Options that a program wants in the IPv4 headers of what it sends (IP_OPTIONS, IP_RETOPTS; ip(7),
 * RFC 791 3.1): checked as Linux's ip_options_compile, and written for one packet. We are the first
 * that records its address and the time; a source route begins with the first hop, which is where
 * the packet is addressed to, and ends with the destination.
 *
 *     program:  LSRR | hop 1 | hop 2              to D
 *     packet:   to hop 1,  LSRR | hop 2 | D
 *
 * @module
 */
import { EINVAL, EPERM } from "../base/errno.ts";
import { IPV4_HEADER_LEN, OPTION_END, OPTION_NOP } from "../wire/ipv4.ts";
import type { HeaderOptions } from "../base/packet_shape.ts";
import {
  RECORD_ROUTE,
  recordingErrorAt,
  recordPassage,
  TIMESTAMP,
} from "../wire/ipv4_recording.ts";
import { readV4, v4Bytes } from "./option_codec.ts";

const LOOSE_ROUTE = 131;
const STRICT_ROUTE = 137;
const ROUTER_ALERT = 148;
/** Of a source route with one hop; where its hops begin. */
const ROUTE_MIN_LEN = 7;
const ROUTE_HOPS = 3;
export const DAY_MS = 86_400_000;

export class IpOptions implements HeaderOptions {
  /** int32; 0: there is no source route. */
  firstHop = 0;
  isStrict = false;
  /** Where the source route is; -1: nowhere. */
  routeAt = -1;

  /** `bytes`: as the program gave them, a multiple of 4. */
  constructor(readonly bytes: Uint8Array) {}

  /**
   * What the header of a packet from `src` to `dst` (int32, in the end) has. `dayMs`: milliseconds
   * since midnight UT. `isOurs`: of an int32 address.
   */
  ofPacket(src: number, dst: number, dayMs: number, isOurs: (addr: number) => boolean): Uint8Array {
    const header = new Uint8Array(IPV4_HEADER_LEN + this.bytes.length);
    header.set(this.bytes, IPV4_HEADER_LEN);
    recordPassage(new DataView(header.buffer), 0, header.length, src, dayMs, isOurs);
    const options = header.subarray(IPV4_HEADER_LEN);
    if (this.routeAt >= 0) {
      const hops = this.routeAt + ROUTE_HOPS;
      const end = this.routeAt + this.bytes[this.routeAt + 1];
      options.copyWithin(hops, hops + 4, end);
      options.set(v4Bytes(dst), end - 4);
    }
    return options;
  }
}

/**
 * Checks the options in `value`. `mayRaw`: the program may send packets of its own making
 * (CAP_NET_RAW). null: there are none; -EINVAL, -EPERM.
 */
export function compileIpOptions(value: Uint8Array, mayRaw: boolean): IpOptions | null | number {
  const bytes = new Uint8Array((value.length + 3) & ~3);
  bytes.set(value);
  if (bytes.length === 0) return null;
  const options = new IpOptions(bytes);
  const seen = new Set<number>();
  for (let at = 0; at < bytes.length;) {
    const kind = bytes[at];
    if (kind === OPTION_END) {
      bytes.fill(OPTION_END, at);
      break;
    }
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const len = at + 1 < bytes.length ? bytes[at + 1] : 0;
    if (len < 2 || at + len > bytes.length) return -EINVAL;
    if (!isSound(bytes.subarray(at, at + len), seen, mayRaw)) return -EINVAL;
    if (kind === LOOSE_ROUTE || kind === STRICT_ROUTE) {
      if (!mayRaw) return -EPERM;
      options.routeAt = at;
      options.isStrict = kind === STRICT_ROUTE;
      options.firstHop = readV4(bytes, at + ROUTE_HOPS);
    }
    at += len;
  }
  return options;
}

/** `seen`: which there have been of those that may be there once only. */
function isSound(option: Uint8Array, seen: Set<number>, mayRaw: boolean): boolean {
  const kind = option[0] === STRICT_ROUTE ? LOOSE_ROUTE : option[0];
  const isSecond = seen.has(kind);
  seen.add(kind);
  const { length } = option;
  const pointer = option[2];
  switch (kind) {
    case LOOSE_ROUTE:
      return !isSecond && pointer === 4 && length >= ROUTE_MIN_LEN && ((length - 3) & 3) === 0;
    case RECORD_ROUTE:
      if (isSecond || length < 3 || pointer < 4) return false;
      if (pointer > length) return true;
      if (pointer + 3 > length) return false;
      option.fill(0, pointer - 1, pointer + 3);
      return true;
    case TIMESTAMP:
      return !isSecond && isTimestampSound(option, mayRaw);
    case ROUTER_ALERT:
      return length >= 4;
    default:
      return mayRaw;
  }
}

function isTimestampSound(option: Uint8Array, mayRaw: boolean): boolean {
  const { length } = option;
  const pointer = option[2];
  if (length < 4 || pointer < 5) return false;
  const flag = option[3] & 15;
  if (pointer > length) return flag === 3 || option[3] >>> 4 !== 15;
  if (pointer + 3 > length) return false;
  if (flag === 0) return true;
  return flag === 1 || flag === 3 ? pointer + 7 <= length : mayRaw;
}

/**
 * The options of a received header (`header`, whole) as IP_RECVOPTS gives them: we have recorded
 * ourselves, too, by the address `dst`. `realtimeUs`: CLOCK_REALTIME.
 */
export function receivedIpOptions(
  header: Uint8Array,
  dst: number,
  realtimeUs: number,
  isOurs: (addr: number) => boolean,
): Uint8Array {
  const dv = new DataView(header.buffer, header.byteOffset, header.length);
  const dayMs = Math.floor(realtimeUs / 1000) % DAY_MS;
  if (recordingErrorAt(dv, 0, header.length) === 0) {
    recordPassage(dv, 0, header.length, dst, dayMs, isOurs);
  }
  return header.subarray(IPV4_HEADER_LEN);
}

/**
 * What an answer to a packet with these options (as received) should have, IP_RETOPTS: the records,
 * each with the next place for who answers (Linux's ip_options_echo).
 */
export function echoIpOptions(received: Uint8Array): Uint8Array {
  const echoed: number[] = [];
  for (let at = 0; at < received.length;) {
    const kind = received[at];
    if (kind === OPTION_END) break;
    const len = kind === OPTION_NOP ? 1 : received[at + 1];
    const option = received.slice(at, at + len);
    at += len;
    if (kind !== RECORD_ROUTE && kind !== TIMESTAMP) continue;
    const entry = kind === RECORD_ROUTE || (option[3] & 15) === 0 ? 4 : 8;
    if (option[2] + entry - 1 <= len) option[2] += entry;
    echoed.push(...option);
  }
  while ((echoed.length & 3) !== 0) echoed.push(OPTION_END);
  return Uint8Array.from(echoed);
}
