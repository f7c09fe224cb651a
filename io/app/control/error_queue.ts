/**
 * ERRQUEUE: one entry of a socket's error queue as recvmsg(MSG_ERRQUEUE) needs it: struct
 * sock_extended_err and what goes with it (ffi/shim/protocol.h, NUSE_EE_*).
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import { type DatagramSocket, EAGAIN, type ErrorQueueEntry } from "../../../stack/mod.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { scopeIdOf, writeSockaddr } from "../protocol/sockaddr.ts";
import type { Call } from "./call.ts";

/** ERRQUEUE: the oldest entry, taken off; or, `b`, whether there is one. */
export function takeErrorEntry({ app, request, reply }: Call, { socket }: Endpoint): number {
  if (socket.kind !== "datagram") return -EAGAIN;
  const stays = request.b === 1;
  const entry = (socket as DatagramSocket).takeErrorQueue(stays);
  if (entry === null) return -EAGAIN;
  if (stays) return 0;
  const { dv, u8 } = app.memory;
  const scopeId = scopeIdOf(app.stack, socket);
  const { domain } = socket;
  reply.dataLen = writeErrorEntry(dv, u8, reply.dataOff, P.NUSE_DATA_MAX, domain, entry, scopeId);
  return 0;
}

/** Writes `entry` at `off`, the payload cut to fit `maxLen`; returns the length of the whole. */
export function writeErrorEntry(
  dv: DataView,
  u8: Uint8Array,
  off: number,
  maxLen: number,
  domain: number,
  entry: ErrorQueueEntry,
  scopeId = 0,
): number {
  u8.fill(0, off, off + P.NUSE_EE_PAYLOAD_OFF);
  dv.setUint32(off + P.NUSE_EE_ERRNO_OFF, entry.errno, true);
  u8[off + P.NUSE_EE_ORIGIN_OFF] = entry.origin;
  u8[off + P.NUSE_EE_TYPE_OFF] = entry.type;
  u8[off + P.NUSE_EE_CODE_OFF] = entry.code;
  dv.setUint32(off + P.NUSE_EE_INFO_OFF, entry.info, true);
  const { offender, destination } = entry;
  if (offender !== null) {
    writeSockaddr(u8, off + P.NUSE_EE_OFFENDER_OFF, domain, offender.addr, offender.port, scopeId);
  }
  const destinationOff = off + P.NUSE_EE_DESTINATION_OFF;
  writeSockaddr(u8, destinationOff, domain, destination.addr, destination.port, scopeId);
  const len = Math.min(entry.payload.length, maxLen - P.NUSE_EE_PAYLOAD_OFF);
  u8.set(entry.payload.subarray(0, len), off + P.NUSE_EE_PAYLOAD_OFF);
  return P.NUSE_EE_PAYLOAD_OFF + len;
}
