/**
 * Which socket options make recvmsg carry control messages: the shim builds these and learns from
 * the state bits of every reply which are wanted.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import {
  IP_PKTINFO,
  IP_RECVTOS,
  IP_RECVTTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_RECVTCLASS,
  SO_TIMESTAMP,
  SO_TIMESTAMP_NEW,
  SO_TIMESTAMPNS,
  SO_TIMESTAMPNS_NEW,
  SOL_SOCKET,
} from "../../../stack/mod.ts";

/** The NUSE_STATE_* bit that the option switches, 0: none. */
function stateBit(level: number, name: number): number {
  if (level === SOL_SOCKET) {
    if (name === SO_TIMESTAMP || name === SO_TIMESTAMP_NEW) return P.NUSE_STATE_TIMESTAMP;
    if (name === SO_TIMESTAMPNS || name === SO_TIMESTAMPNS_NEW) return P.NUSE_STATE_TIMESTAMPNS;
  } else if (level === IPPROTO_IP) {
    if (name === IP_PKTINFO) return P.NUSE_STATE_PKTINFO;
    if (name === IP_RECVTTL) return P.NUSE_STATE_RECVTTL;
    if (name === IP_RECVTOS) return P.NUSE_STATE_RECVTOS;
  } else if (level === IPPROTO_IPV6) {
    if (name === IPV6_RECVPKTINFO) return P.NUSE_STATE_PKTINFO6;
    if (name === IPV6_RECVHOPLIMIT) return P.NUSE_STATE_RECVHOPLIMIT;
    if (name === IPV6_RECVTCLASS) return P.NUSE_STATE_RECVTCLASS;
  }
  return 0;
}

/**
 * The bits after the option has been set to `value`. The two kinds of time stamp exclude each
 * other.
 */
export function nextOptionState(
  state: number,
  level: number,
  name: number,
  value: Uint8Array,
): number {
  const bit = stateBit(level, name);
  if (bit === 0) return state;
  const stamps = P.NUSE_STATE_TIMESTAMP | P.NUSE_STATE_TIMESTAMPNS;
  const cleared = (bit & stamps) !== 0 ? state & ~stamps : state & ~bit;
  return value.some((byte) => byte !== 0) ? cleared | bit : cleared;
}
