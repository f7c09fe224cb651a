/**
 * RING: a stream gets or gives up a ring, or tells of bytes in it (io/app/endpoint/send_ring.ts and
 * receive_ring.ts).
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import { EAGAIN, EOPNOTSUPP, NO_LOWAT } from "../../../stack/mod.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import type { Call } from "./call.ts";

/** Another process, which has the ring now, is taken for gone when it has been silent so long. */
const SILENT_US = 1_000_000;
const ANSWERED = [
  P.NUSE_RING_ENTER,
  P.NUSE_RING_RECEIVE_ENTER,
  P.NUSE_RING_RECEIVE_LEAVE,
  P.NUSE_RING_RECEIVE_SHOW,
];

export function ring(call: Call, endpoint: Endpoint): number {
  const { app, request, nowUs } = call;
  if (!(endpoint instanceof StreamEndpoint)) return -EOPNOTSUPP;
  const { sendRing } = endpoint;
  switch (request.a) {
    case P.NUSE_RING_ENTER:
      return enter(call, endpoint);
    case P.NUSE_RING_LOOK:
      if (sendRing === null) return 0;
      app.rings.heat(endpoint, sendRing);
      endpoint.lookAtRing(nowUs);
      return 0;
    case P.NUSE_RING_LEAVE:
      endpoint.leaveRing(nowUs);
      return 0;
    case P.NUSE_RING_RECEIVE_ENTER:
      return enterReceiving(call, endpoint);
    case P.NUSE_RING_RECEIVE_LEAVE:
      endpoint.leaveReceiveRing(nowUs);
      return 0;
    case P.NUSE_RING_RECEIVE_SHOW:
      endpoint.showReceiveRing(nowUs);
      return 0;
    default: // RECEIVE_LOOK: we are awake, and look at all of them in each turn
      return 0;
  }
}

export function isRingAnswered({ request }: Call): boolean {
  return ANSWERED.includes(request.a);
}

function enter({ app, reply, nowUs }: Call, endpoint: StreamEndpoint): number {
  const { sendRing, socket } = endpoint;
  if (sendRing !== null) {
    if (nowUs - sendRing.lastUsedUs < SILENT_US) return -EAGAIN;
    endpoint.leaveRing(nowUs);
  }
  const isFit = endpoint.isConnected && socket.takesData && socket.notsentLowat === NO_LOWAT;
  if (!isFit) return -EAGAIN;
  const made = app.rings.make(endpoint, socket, nowUs);
  if (typeof made === "number") return made;
  endpoint.enterRing(made.ring, nowUs);
  reply.passFd = made.fd;
  reply.a = made.ring.capacity;
  reply.b = made.ring.number;
  return 0;
}

function enterReceiving({ reply, nowUs }: Call, endpoint: StreamEndpoint): number {
  const { receiveRing } = endpoint;
  if (receiveRing !== null) {
    if (nowUs - receiveRing.lastUsedUs < SILENT_US) return -EAGAIN;
    endpoint.leaveReceiveRing(nowUs);
  }
  const made = endpoint.enterReceiveRing(nowUs);
  if (typeof made === "number") return made;
  reply.passFd = made.fd;
  reply.a = made.ring.capacity;
  return 0;
}
