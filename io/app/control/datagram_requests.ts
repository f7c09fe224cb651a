/**
 * Requests about single datagrams: CHECK, whether one may be sent, and EXTRAS, control messages of
 * one that was received (stack/socket/received_extras.ts).
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import {
  AF_INET,
  AF_UNSPEC,
  type DatagramSocket,
  DGRAM_ADDR_OFF,
  DGRAM_FAMILY_OFF,
  DGRAM_FLAGS_OFF,
  DGRAM_HAS_ADDR,
  DGRAM_HEADER_LEN,
  EAFNOSUPPORT,
  EAGAIN,
  EINVAL,
  EMSGSIZE,
  EOPNOTSUPP,
  extrasLen,
  IpAddress,
} from "../../../stack/mod.ts";
import { DatagramEndpoint } from "../endpoint/datagram_endpoint.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { addressIn } from "../protocol/sockaddr.ts";
import type { Call } from "./call.ts";

/** CHECK: would a datagram to this address be sent? */
export function check(call: Call, endpoint: Endpoint): number {
  if (!(endpoint instanceof DatagramEndpoint)) return -EOPNOTSUPP;
  const result = checkDatagram(call, endpoint);
  // It may have left a record (IPV6_RECVPATHMTU), which is there when the send returns
  if (result === -EMSGSIZE) endpoint.pump(call.nowUs);
  return result;
}

function checkDatagram(call: Call, { socket }: DatagramEndpoint): number {
  const { app, request } = call;
  if (request.b === 1) return checkHeader(call, socket);
  if (request.dataLen === 0) {
    noteOwn(call, socket.remote()?.addr);
    return socket.check(null, 0, request.a);
  }
  const address = addressIn(app.memory.dv, request, socket.domain);
  if (typeof address === "number") return address;
  if (address.family === AF_UNSPEC) return -EAFNOSUPPORT;
  noteOwn(call, address.addr);
  return socket.check(address.addr, address.port, request.a, address.scopeId);
}

/** CHECK of a datagram whose header says more than where it goes. */
function checkHeader(call: Call, socket: DatagramSocket): number {
  const { app, request: { a: payloadLen, dataOff, dataLen } } = call;
  const { dv } = app.memory;
  if (dataLen < DGRAM_HEADER_LEN) return -EINVAL;
  const flags = dv.getUint16(dataOff + DGRAM_FLAGS_OFF, true);
  if (DGRAM_HEADER_LEN + extrasLen(dv, dataOff, flags) > dataLen) return -EINVAL;
  const family = dv.getUint16(dataOff + DGRAM_FAMILY_OFF, true) === AF_INET ? 4 : 6;
  const isNamed = (flags & DGRAM_HAS_ADDR) !== 0;
  const named = isNamed ? IpAddress.read(dv, dataOff + DGRAM_ADDR_OFF, family) : undefined;
  noteOwn(call, named ?? socket.remote()?.addr);
  return socket.checkHeader(dataOff, payloadLen, app.privilege.mayOpenRaw(call));
}

/** Tells whether what goes to `addr` stays in the stack. */
export function noteOwn({ app, reply }: Call, addr: IpAddress | undefined): void {
  const isOwn = addr !== undefined && (addr.isUnspecified || app.stack.isLocal(addr));
  reply.c = isOwn ? 1 : 0;
}

/** EXTRAS: the control messages of a received datagram, by their number. */
export function takeExtras({ app, request, reply }: Call, { socket }: Endpoint): number {
  if (socket.kind !== "datagram") return -EAGAIN;
  const messages = (socket as DatagramSocket).takeExtras(request.a, request.b === 1);
  if (messages === null) return -EAGAIN;
  reply.dataLen = Math.min(messages.length, P.NUSE_DATA_MAX);
  app.memory.u8.set(messages.subarray(0, reply.dataLen), reply.dataOff);
  return 0;
}
