/**
 * Messages that reach a datagram pair without the shim's header, because the program's write went
 * past it: stdio writes by a call inside the C library that nobody can interpose, as does bash for
 * `echo hi >/dev/udp/HOST/PORT`. The whole message is payload then, for the connected peer.
 *
 * What is a header is told by the token in it (protocol.h): 64 random bits that leave the service
 * only for the shims, so that no payload, whoever made it up, is taken for a header.
 *
 * @module
 */
import {
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  DGRAM_PAYLOAD_LEN_OFF,
  DGRAM_TOKEN_OFF,
} from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";
import { PAYLOAD_MAX_LEN } from "./datagram_slots.ts";

/** Whether the message of `lenBytes` bytes at `off` begins with a header that a shim has made. */
export function hasHeader(app: AppContext, off: number, lenBytes: number): boolean {
  const { memory: { dv }, token } = app;
  return lenBytes >= DGRAM_HEADER_LEN && dv.getUint16(off, true) === DGRAM_MAGIC &&
    dv.getInt32(off + DGRAM_TOKEN_OFF, true) === token.low &&
    dv.getInt32(off + DGRAM_TOKEN_OFF + 4, true) === token.high;
}

/**
 * Makes the plain message a datagram to the connected peer, in place: the payload moves up by the
 * length of the header. False: it is too long for any datagram.
 */
export function addHeader(app: AppContext, off: number, lenBytes: number): boolean {
  const { u8, dv } = app.memory;
  if (lenBytes > PAYLOAD_MAX_LEN) return false;
  u8.copyWithin(off + DGRAM_HEADER_LEN, off, off + lenBytes);
  u8.fill(0, off, off + DGRAM_HEADER_LEN);
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint32(off + DGRAM_PAYLOAD_LEN_OFF, lenBytes, true);
  return true;
}
