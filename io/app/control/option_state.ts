/**
 * What the shim has to know of the options, from the state bits of every reply: which control
 * messages recvmsg is to carry, and whether close() waits (SO_LINGER).
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import {
  IP_PKTINFO,
  IP_RECVORIGDSTADDR,
  IP_RECVTOS,
  IP_RECVTTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_RECVTCLASS,
  SO_LINGER,
  SO_RXQ_OVFL,
  SO_TIMESTAMP,
  SO_TIMESTAMP_NEW,
  SO_TIMESTAMPING,
  SO_TIMESTAMPING_NEW,
  SO_TIMESTAMPNS,
  SO_TIMESTAMPNS_NEW,
  SOL_SOCKET,
} from "../../../stack/mod.ts";

/** SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE: make them, tell them. */
const RX_SOFTWARE = 0x18;

/** The NUSE_STATE_* bit that the option switches, 0: none. */
function stateBit(level: number, name: number): number {
  if (level === SOL_SOCKET) {
    if (name === SO_TIMESTAMP || name === SO_TIMESTAMP_NEW) return P.NUSE_STATE_TIMESTAMP;
    if (name === SO_RXQ_OVFL) return P.NUSE_STATE_RXQ_OVFL;
    if (name === SO_TIMESTAMPING || name === SO_TIMESTAMPING_NEW) return P.NUSE_STATE_TIMESTAMPING;
    if (name === SO_TIMESTAMPNS || name === SO_TIMESTAMPNS_NEW) return P.NUSE_STATE_TIMESTAMPNS;
  } else if (level === IPPROTO_IP) {
    if (name === IP_PKTINFO) return P.NUSE_STATE_PKTINFO;
    if (name === IP_RECVORIGDSTADDR) return P.NUSE_STATE_ORIGDSTADDR;
    if (name === IP_RECVTTL) return P.NUSE_STATE_RECVTTL;
    if (name === IP_RECVTOS) return P.NUSE_STATE_RECVTOS;
  } else if (level === IPPROTO_IPV6) {
    if (name === IPV6_RECVPKTINFO) return P.NUSE_STATE_PKTINFO6;
    if (name === IPV6_RECVHOPLIMIT) return P.NUSE_STATE_RECVHOPLIMIT;
    if (name === IPV6_RECVTCLASS) return P.NUSE_STATE_RECVTCLASS;
  }
  return 0;
}

/** `value`: struct linger; a time of 0 is not waited for. */
function lingerState(state: number, value: Uint8Array): number {
  const isSet = (bytes: Uint8Array) => bytes.some((byte) => byte !== 0);
  const waits = isSet(value.subarray(0, 4)) && isSet(value.subarray(4, 8));
  return waits ? state | P.NUSE_STATE_LINGER : state & ~P.NUSE_STATE_LINGER;
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
  if (level === SOL_SOCKET && name === SO_LINGER) return lingerState(state, value);
  const bit = stateBit(level, name);
  if (bit === 0) return state;
  const stamps = P.NUSE_STATE_TIMESTAMP | P.NUSE_STATE_TIMESTAMPNS;
  const cleared = (bit & stamps) !== 0 ? state & ~stamps : state & ~bit;
  const isOn = bit === P.NUSE_STATE_TIMESTAMPING
    ? (value[0] & RX_SOFTWARE) === RX_SOFTWARE
    : value.some((byte) => byte !== 0);
  return isOn ? cleared | bit : cleared;
}
