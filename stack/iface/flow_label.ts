/**
 * Flow labels (RFC 6437): the packets of one connection have one label, those of two hardly ever
 * the same, and nobody can tell it beforehand. A route has mixed in the addresses and a secret
 * (`seed`); what is left for each packet is protocol and ports.
 *
 * @module
 */
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4.ts";
import { LABEL_MASK } from "../base/packet_shape.ts";
import type { IpAddress } from "../base/ip_address.ts";

function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

/** Of the flows between two addresses; `secret`: random int32, the same for all. */
export function flowSeed(src: IpAddress, dst: IpAddress, secret: number): number {
  let seed = secret;
  for (const word of [src.w0, src.w1, src.w2, src.w3, dst.w0, dst.w1, dst.w2, dst.w3]) {
    seed = mix(seed ^ word);
  }
  return seed;
}

/** The label of a packet whose transport header is at `l4`; never 0, which would say "none". */
export function flowLabel(dv: DataView, l4: number, protocol: number, seed: number): number {
  const hasPorts = protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP;
  const ports = hasPorts ? dv.getInt32(l4) : 0;
  return (mix(seed ^ ports ^ protocol) & LABEL_MASK) || 1;
}
