/**
 * The peer's half of neighbour discovery, and of nothing else that hosts tell their link.
 *
 * @module
 */
import { onesSum } from "./checksum.ts";
import type { WireFrame } from "./packet_types.ts";

const IP = 14;
const ICMP = IP + 40;
export const HOP_BY_HOP = 0;
const ICMPV6 = 58;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const NONE = new Uint8Array(0);

/**
 * null: the frame is none of this. Else the address that is asked for, or nothing: an announcement,
 * a question whether an address is free, a report of groups.
 */
export function takeNeighbourTalk({ bytes }: WireFrame): Uint8Array | null {
  if (bytes[IP + 6] === HOP_BY_HOP) return NONE;
  if (bytes[IP + 6] !== ICMPV6) return null;
  const type = bytes[ICMP];
  if (type === ADVERTISEMENT) return NONE;
  if (type !== SOLICITATION) return null;
  const isAsker = bytes.subarray(IP + 8, IP + 24).some((byte) => byte !== 0);
  return isAsker ? bytes.slice(ICMP + 8, ICMP + 24) : NONE;
}

/** The answer to a question, of whoever it is for. */
export function neighbourAnswer({ bytes }: WireFrame, mac: Uint8Array): Uint8Array {
  const answer = new Uint8Array(ICMP + 32);
  answer.set(bytes.subarray(6, 12), 0);
  answer.set(mac, 6);
  answer.set([0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, ICMPV6, 255], 12);
  answer.set(bytes.subarray(ICMP + 8, ICMP + 24), IP + 8);
  answer.set(bytes.subarray(IP + 8, IP + 24), IP + 24);
  answer.set([ADVERTISEMENT, 0, 0, 0, 0x60, 0, 0, 0], ICMP);
  answer.set(bytes.subarray(ICMP + 8, ICMP + 24), ICMP + 8);
  answer.set([2, 1, ...mac], ICMP + 24);
  const sum = ~onesSum(answer, IP + 8, 32 + 32, ICMPV6 + 32) & 0xffff;
  answer[ICMP + 2] = sum >>> 8;
  answer[ICMP + 3] = sum & 255;
  return answer;
}
