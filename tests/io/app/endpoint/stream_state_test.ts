import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { Phase, streamState } from "../../../../io/app/endpoint/stream_state.ts";
import { NO_LOWAT, type StreamSocket } from "../../../../stack/mod.ts";

const SOCKET = {
  isLocal: true,
  isPeerDone: true,
  soError: 111,
  notsentLowat: NO_LOWAT,
  fixedSendBuffer: 0,
  wantsInq: false,
};

function state(phase: Phase, isReadShut: boolean, changed = {}): number {
  return streamState({ ...SOCKET, ...changed } as StreamSocket, phase, 0, isReadShut);
}

Deno.test("stream state: where it leads to is told once it leads somewhere", () => {
  assertEquals(state(Phase.UNCONNECTED, false), P.NUSE_STATE_ERROR);
  assertEquals(
    state(Phase.CONNECTING, false, { soError: 0 }),
    P.NUSE_STATE_LOCAL | P.NUSE_STATE_CONNECTING,
  );
  assertEquals(
    state(Phase.CONNECTED, true, { soError: 0, isLocal: false }),
    P.NUSE_STATE_CONNECTED | P.NUSE_STATE_PEER_DONE | P.NUSE_STATE_READ_SHUT,
  );
  assertEquals(
    state(Phase.CONNECTED, false, {
      isPeerDone: false,
      soError: 0,
      isLocal: false,
      wantsInq: true,
    }),
    P.NUSE_STATE_CONNECTED | P.NUSE_STATE_INQ,
  );
});
