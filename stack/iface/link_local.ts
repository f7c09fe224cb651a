/**
 * IPv4 link-local addresses (RFC 3927): which to try, without anybody to ask.
 *
 * @module
 */
import { IpAddress } from "../base/ip_address.ts";

/** 169.254/16 */
export const LINK_LOCAL_PREFIX_LEN = 16;
/** 169.254.1.0; the first and the last 256 addresses are reserved (RFC 3927 2.1). */
const FIRST = 0xa9fe0100;
const COUNT = 0x10000 - 512;

/**
 * The address to try as number `attempt`: the same for the same MAC address every time, so that a
 * host tends to keep its own (RFC 3927 2.1).
 */
export function linkLocalCandidate(mac: Uint8Array, attempt: number): IpAddress {
  let state = attempt | 0;
  for (const byte of mac) state = scramble(state ^ byte);
  return IpAddress.v4((FIRST + (state >>> 0) % COUNT) | 0);
}

/** Spreads every bit over the word (the finalizer of MurmurHash3). */
function scramble(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) + 0x9e3779b9 | 0;
}
