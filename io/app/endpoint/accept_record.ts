/**
 * The record that an accepted connection is on the listening pair, and what the kernel charges the
 * sender for one that is unread.
 *
 * @module
 */
import { SIOCOUTQ, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import type { Libc } from "../../../ffi/libc.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import type { StreamSocket } from "../../../stack/mod.ts";
import { writeCookie } from "../protocol/message.ts";
import { writeSockaddr } from "../protocol/sockaddr.ts";
import { PairMaker } from "./pair.ts";

/**
 * Writes the record of `child`, whose pair has `cookie`, at `off`: NUSE_ACCEPT_LEN bytes. `state`:
 * NUSE_STATE_* bits. `scopeId`: of an address of one link, the interface.
 */
export function emitAcceptRecord(
  dv: DataView,
  u8: Uint8Array,
  off: number,
  child: Pick<StreamSocket, "peer" | "local" | "domain">,
  cookie: number,
  state: number,
  scopeId = 0,
): void {
  u8.fill(0, off, off + P.NUSE_ACCEPT_LEN);
  dv.setUint32(off + P.NUSE_ACCEPT_MAGIC_OFF, P.NUSE_ACCEPT_MAGIC, true);
  dv.setUint32(off + P.NUSE_ACCEPT_KIND_OFF, P.NUSE_KIND_STREAM, true);
  writeCookie(dv, off + P.NUSE_ACCEPT_COOKIE_OFF, cookie);
  const peer = child.peer(); // also of a connection that is over by now
  const peerOff = off + P.NUSE_ACCEPT_PEER_OFF;
  writeSockaddr(u8, peerOff, child.domain, peer.addr, peer.port, scopeId);
  const local = child.local();
  const localOff = off + P.NUSE_ACCEPT_LOCAL_OFF;
  writeSockaddr(u8, localOff, child.domain, local.addr, local.port, scopeId);
  dv.setUint16(off + P.NUSE_ACCEPT_DOMAIN_OFF, child.domain, true);
  dv.setUint32(off + P.NUSE_ACCEPT_STATE_OFF, state, true);
}

/**
 * What one unread record is charged (SIOCOUTQ), bytes: the same for all, so that the charge of a
 * pair tells how many wait in it. Measured on a pair of its own, with any descriptor `anyFd`; 0: it
 * cannot be. `off`: NUSE_ACCEPT_LEN bytes of memory.
 */
export function measureRecordCharge(
  sys: Libc,
  base: Deno.PointerObject,
  off: number,
  anyFd: number,
): number {
  const pair = new PairMaker();
  if (pair.open(SOCK_STREAM) < 0) return 0;
  const n = sys.sendFd(pair.ownFd, base, off, P.NUSE_ACCEPT_LEN, anyFd);
  const charge = n === P.NUSE_ACCEPT_LEN ? sys.ioctlInt(pair.ownFd, SIOCOUTQ) : 0;
  pair.close();
  return Math.max(0, charge);
}
