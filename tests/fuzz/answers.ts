/**
 * What one frame may cause to be sent: a few small answers, no more, or the stack would be an
 * amplifier; no
 * reset for a reset; nothing to many.
 *
 * @module
 */
import {
  type DecodedFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  PROTO_ICMP,
  PROTO_TCP,
  RST,
} from "../support/packet_types.ts";
import { ETHERTYPE_IPV6, type Family } from "../support/families.ts";
import { LINK_LEN } from "./draft.ts";
import { Failure } from "./failure.ts";

/** Answers of a few dozen bytes (ACK, RST, ARP, ICMP errors) that one frame may cause. */
const ANSWERS_MAX = 3;
const NEXT_FRAGMENT = 44;
const PROTO_ICMPV6 = 58;
const FRAGMENT_HEADERS_LEN = 48;
/** An ARP reply lets go what has waited for it. */
const ANSWERS_TO_ARP_MAX = 64;

export class Answers {
  /** `family`: what the wire speaks; a group of IPv4 stands for no group of IPv6. */
  constructor(readonly family: Family) {}

  #count = 0;
  #resets = 0;
  #echoBytesIn = 0;
  #echoBytesOut = 0;

  /** A frame comes in, and nothing else is going on. */
  begin(): void {
    this.#count = 0;
    this.#resets = 0;
  }

  onSent(frame: DecodedFrame): void {
    this.#count++;
    const { ip, tcp, icmp } = frame;
    if (ip === null) return;
    if (tcp !== null) {
      // Text is held to windows, not to what has come in
      if (tcp.payload.length > 0) this.#count--;
      if (tcp.flags & RST) this.#resets++;
      if (this.family === 4 && ip.dst >>> 28 >= 14) {
        throw new Failure("amplification: a segment to many");
      }
    } else if (ip.protocol === PROTO_ICMP) {
      // Echo replies are as long as what they answer, and may be in as many fragments
      if (ip.fragOff === 0 && icmp !== null && icmp.type !== 0) return;
      this.#count--;
      this.#echoBytesOut += frame.ipPayload.length;
    }
  }

  /** Of IPv6, and nothing that IPv4 has. A part of an echo reply is counted by its length. */
  onSent6(bytes: Uint8Array): void {
    const isPart = bytes[LINK_LEN + 6] === NEXT_FRAGMENT && bytes[LINK_LEN + 40] === PROTO_ICMPV6;
    if (isPart) this.#echoBytesOut += bytes.length - LINK_LEN - FRAGMENT_HEADERS_LEN;
    else this.#count++;
  }

  /** All that `bytes` has caused has been sent. */
  check(bytes: Uint8Array): void {
    const etherType = bytes.length < LINK_LEN ? 0 : bytes[12] << 8 | bytes[13];
    if (etherType === ETHERTYPE_IPV4) {
      this.#echoBytesIn += bytes.length;
      if (this.#resets > 0) checkMayReset(bytes, this.family);
    } else if (etherType === ETHERTYPE_IPV6) this.#echoBytesIn += bytes.length;
    const isOfNeighbours = etherType === ETHERTYPE_ARP || etherType === ETHERTYPE_IPV6;
    if (this.#count > (isOfNeighbours ? ANSWERS_TO_ARP_MAX : ANSWERS_MAX)) {
      throw new Failure(`amplification: ${this.#count} answers to one frame`);
    }
  }

  /** At the end of a session. */
  checkEchoes(): void {
    if (this.#echoBytesOut <= this.#echoBytesIn) return;
    throw new Failure(`amplification: ${this.#echoBytesOut} bytes of echo replies`);
  }
}

/**
 * Never a reset for a reset (RFC 9293 3.5.2), nor for what was sent to many (RFC 1122 4.2.3.10).
 */
function checkMayReset(bytes: Uint8Array, family: Family): void {
  const l4 = LINK_LEN + (bytes[14] & 15) * 4;
  const isFragment = ((bytes[20] << 8 | bytes[21]) & 0x3fff) !== 0;
  if (isFragment || bytes[23] !== PROTO_TCP) return;
  if (bytes[l4 + 13] & RST) throw new Failure("amplification: a reset for a reset");
  const isToGroup = family === 4 && bytes[30] >= 224;
  if (isToGroup || bytes[0] & 1) throw new Failure("amplification: a reset for many");
}
