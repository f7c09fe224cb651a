/**
 * What the replies to requests tell of a stream socket: NUSE_STATE_* bits.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import type { StreamSocket } from "../../../stack/mod.ts";
import { STREAM_OPTION_STATE } from "./endpoint.ts";
import { streamOptionState } from "./unsent.ts";

export enum Phase {
  UNCONNECTED,
  CONNECTING,
  /** Or was once. */
  CONNECTED,
}

/** `optionState`: bits of the options that the endpoint knows. */
export function streamState(
  socket: StreamSocket,
  phase: Phase,
  optionState: number,
  isReadShut: boolean,
): number {
  const { isLocal, isPeerDone, soError } = socket;
  const bits = (optionState & STREAM_OPTION_STATE) | streamOptionState(socket) |
    (soError !== 0 ? P.NUSE_STATE_ERROR : 0) | (isReadShut ? P.NUSE_STATE_READ_SHUT : 0);
  if (phase === Phase.UNCONNECTED) return bits;
  const way = isLocal ? P.NUSE_STATE_LOCAL : 0;
  if (phase === Phase.CONNECTING) return bits | way | P.NUSE_STATE_CONNECTING;
  return bits | way | P.NUSE_STATE_CONNECTED | (isPeerDone ? P.NUSE_STATE_PEER_DONE : 0);
}
