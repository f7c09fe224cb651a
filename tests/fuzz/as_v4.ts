/**
 * What the stack sends in a session of IPv6: looked at as it is (its form), and as the IPv4 that it
 * stands for (what it says).
 *
 * @module
 */
import { addressFor, frameToV4, hasTwin } from "../support/families.ts";
import { neighbourAnswer, takeNeighbourTalk } from "../support/neighbours6.ts";
import { PROTO_TCP, type WireFrame } from "../support/packet_types.ts";
import { PEER_MAC } from "../support/rig.ts";
import { frameText6 } from "../scripts/ip6/read.ts";
import { LINK_LEN } from "./draft.ts";
import { Failure } from "./failure.ts";
import { LIVE_ADDRS, LOCAL_ADDRS } from "./setting.ts";

const SRC = LINK_LEN + 8;

function bytesOf(word: number): Uint8Array {
  const bytes = new Uint8Array(16);
  addressFor(6, word).writeTo(bytes, 0);
  return bytes;
}

const LIVE = LIVE_ADDRS.map(bytesOf);
const LOCAL = LOCAL_ADDRS.map(bytesOf);
/** Routers that the session's frames tell of: fe80::1 to fe80::f. */
const LINK_LOCAL = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

function isAt(u8: Uint8Array, at: number, wanted: Uint8Array): boolean {
  return wanted.every((byte, i) => u8[at + i] === byte);
}

/** The answer to a question for a neighbour that is there; null: it is none, or nobody answers. */
export function answerNeighbour(sent: WireFrame): Uint8Array | null {
  const asked = takeNeighbourTalk(sent);
  if (asked === null || asked.length === 0) return null;
  const isThere = LIVE.some((addr) => isAt(asked, 0, addr)) ||
    (isAt(asked, 0, LINK_LOCAL) && asked[15] < 16);
  return isThere ? neighbourAnswer(sent, PEER_MAC) : null;
}

/** The frame in IPv4; null: there is nothing like it. Throws when it is not well formed. */
export function seenAsV4(sent: WireFrame, mtu: number): WireFrame | null {
  const { bytes } = sent;
  if (sent.gsoType === 0 && bytes.length > mtu + LINK_LEN) {
    throw new Failure(`wire: ${bytes.length - LINK_LEN} bytes of IPv6 for an MTU of ${mtu}`);
  }
  if (bytes[LINK_LEN + 6] === PROTO_TCP && bytes[LINK_LEN + 24] === 0xff) {
    throw new Failure("amplification: a segment to many");
  }
  if (hasTwin(sent)) return frameToV4(sent);
  const [, trouble] = frameText6(sent).split("!! ");
  if (trouble !== undefined) throw new Failure(`wire: IPv6 with ${trouble}`);
  return null;
}

/**
 * From an address that is neither ours by configuration nor of the link: a router passes it on.
 * `isAway`: the address that comes and goes is not there.
 */
export function isPassedOn({ bytes }: WireFrame, isAway: boolean): boolean {
  const ours = isAway ? LOCAL.slice(0, 1) : LOCAL;
  if (ours.some((addr) => isAt(bytes, SRC, addr))) return false;
  const isOfLink = bytes[SRC] === 0xfe && (bytes[SRC + 1] & 0xc0) === 0x80;
  const isNobody = bytes.subarray(SRC, SRC + 16).every((byte) => byte === 0);
  return !isOfLink && !isNobody;
}
