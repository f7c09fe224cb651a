/**
 * RING: a stream gets or gives up a ring, or tells of bytes in it (io/app/endpoint/send_ring.ts).
 *
 * @module
 */
import { NUSE_RING_ENTER, NUSE_RING_LOOK } from "../../../ffi/shim/protocol.ts";
import { EAGAIN, EOPNOTSUPP, NO_LOWAT } from "../../../stack/mod.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import type { Call } from "./call.ts";

/** Another process, which has the ring now, is taken for gone when it has been silent so long. */
const SILENT_US = 1_000_000;

export function ring(call: Call, endpoint: Endpoint): number {
  const { app, request, nowUs } = call;
  if (!(endpoint instanceof StreamEndpoint)) return -EOPNOTSUPP;
  const { sendRing } = endpoint;
  if (request.a === NUSE_RING_ENTER) return enter(call, endpoint);
  if (sendRing === null) return 0;
  if (request.a === NUSE_RING_LOOK) {
    app.rings.heat(endpoint, sendRing);
    endpoint.lookAtRing(nowUs);
  } else {
    endpoint.leaveRing(nowUs);
  }
  return 0;
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
