/**
 * TCP through a whole stack: a frame in at the bottom until its bytes are in the program's hands,
 * and the program's bytes until their frame is with the device. Virtual time; 16 frames to a
 * wake-up.
 *
 * Not in these figures: system calls, and the copy between the program and the ring.
 *
 * @module
 */
import { setOption } from "../../stack/mod.ts";
import {
  connect,
  type Connection,
  GSO_PAYLOAD,
  MSS,
  patch,
  patchAck,
  setPayload,
} from "./connection.ts";
import { type Host, START_US } from "./host.ts";
import { keep, mustBe, warmed } from "./measure.ts";

/** Buffers as auto-tuning leaves them on a fast path. */
const BUFFERS = { tcp: { rcvBufInitBytes: 8 << 20, sndBufInitBytes: 4 << 20 } };
const FRAMES_A_TURN = 16;
const FRAME_US = 10;
const WARM_UP_ROUNDS = 200;
const WARM_US = START_US + WARM_UP_ROUNDS * FRAME_US;

function connection(): { near: Host; c: Connection } {
  const { near, all } = connect(1, { config: BUFFERS });
  return { near, c: all[0] };
}

/** In-order segments of `payloadLen` bytes, read at once. */
function benchIn(name: string, payloadLen: number, baseline = false): void {
  const { near, c } = connection();
  const { socket } = c;
  let nowUs = START_US;
  let n = 0;
  setPayload(near, payloadLen);
  Deno.bench({
    name,
    group: "TCP segment in",
    baseline,
    fn: warmed(() => {
      nowUs += FRAME_US;
      patch(near, c);
      near.input(nowUs);
      c.seq = (c.seq + payloadLen) | 0;
      mustBe(socket.recvAvailable(), payloadLen, "bytes received");
      if (payloadLen > 0) {
        keep(socket.recvSpan(payloadLen).off0);
        socket.recvConsume(payloadLen, nowUs);
      }
      if (++n % FRAMES_A_TURN === 0) near.turn(nowUs);
    }),
  });
}

benchIn("65,160 B in one frame (GRO), in order", GSO_PAYLOAD, true);
benchIn("1,448 B in order", MSS);
benchIn("1 B in order", 1);
benchIn("pure ACK, nothing new", 0);

/** `payloadLen` bytes from the program to the device. Ready for the ACK. */
function sendOne(near: Host, c: Connection, payloadLen: number, nowUs: number): void {
  const before = near.sent;
  keep(c.socket.sendSpan(payloadLen).off0);
  c.socket.sendCommit(payloadLen, nowUs);
  near.turn(nowUs);
  mustBe(near.sent, before + 1, "frames sent");
  mustBe(near.sentPayloadLen, payloadLen, "bytes sent");
}

function ackIt(near: Host, nowUs: number): void {
  patchAck(near);
  near.input(nowUs);
}

/** A connection whose congestion window holds whatever one call sends. */
function warmConnection(): { near: Host; c: Connection } {
  const { near, c } = connection();
  setOption(c.socket, 6, 1, Uint8Array.of(1, 0, 0, 0), START_US); // TCP_NODELAY
  setPayload(near, 0);
  patch(near, c);
  for (let i = 0; i < WARM_UP_ROUNDS; i++) {
    const nowUs = START_US + i * FRAME_US;
    c.socket.sendSpan(GSO_PAYLOAD);
    c.socket.sendCommit(GSO_PAYLOAD, nowUs);
    while (c.socket.unackedBytes > 0) {
      near.turn(nowUs);
      ackIt(near, nowUs);
    }
  }
  mustBe(c.socket.unackedBytes, 0, "bytes in flight");
  return { near, c };
}

for (
  const [what, payloadLen] of [
    ["65,160 B (TSO)", GSO_PAYLOAD],
    ["1,448 B", MSS],
    ["1 B", 1],
  ] as const
) {
  const { near, c } = warmConnection();
  let nowUs = WARM_US;
  Deno.bench({
    name: `${what} out, and the ACK for it in`,
    group: "TCP segment out",
    baseline: payloadLen === GSO_PAYLOAD,
    fn: warmed(() => {
      nowUs += FRAME_US;
      sendOne(near, c, payloadLen, nowUs);
      ackIt(near, nowUs);
      mustBe(c.socket.unackedBytes, 0, "bytes in flight");
    }),
  });
}
