/**
 * Does a segment cost more when there are more connections? Each iteration is a 1-byte segment for
 * the next connection, found, delivered and read; 10 to a wake-up, which sends what ACKs are due.
 * Every busy connection gets one each 10 ms of virtual time, however many there are, so that all
 * have the same to do.
 *
 * With 10 busy ones and the rest idle the time is flat: finding a connection does not depend on the
 * number of them. With all of them busy, in an order that no cache can follow, it grows by what it
 * takes to fetch each one's state from memory, and by the depth of a heap with all their timers.
 *
 * @module
 */
import { connect, type Connection, patch, setPayload } from "./micro/connection.ts";
import { START_US } from "./micro/host.ts";
import { keep, mustBe, warmed } from "./micro/measure.ts";

const SEGMENTS_A_TURN = 10;
const CONNECTION_INTERVAL_US = 10_000;
/** Coprime to the numbers of connections. */
const STRIDE = 7919;

/** One segment for the next of the `busy` connections, each time it is called. */
function segments(count: number, busy: number): () => void {
  const { near, all } = connect(count, {
    memoryBytes: 512 << 20,
    config: { tcp: { rcvBufInitBytes: 4096, sndBufInitBytes: 4096 } },
  });
  setPayload(near, 1);
  const stepUs = CONNECTION_INTERVAL_US / busy;
  let nowUs = START_US;
  let next = 0;
  let n = 0;
  return () => {
    nowUs += stepUs;
    next = (next + STRIDE) % busy;
    const c: Connection = all[next];
    patch(near, c);
    near.input(nowUs);
    c.seq = (c.seq + 1) | 0;
    mustBe(c.socket.recvAvailable(), 1, "bytes received");
    keep(c.socket.recvSpan(1).off0);
    c.socket.recvConsume(1, nowUs);
    if (++n % SEGMENTS_A_TURN === 0) near.turn(nowUs);
  };
}

for (
  const [count, busy] of [
    [10, 10],
    [1_000, 10],
    [10_000, 10],
    [1_000, 1_000],
    [10_000, 10_000],
  ]
) {
  const [all, some] = [count, busy].map((n) => n.toLocaleString("en"));
  Deno.bench({
    name: count === busy ? `${all} connections, all busy` : `${all} connections, ${some} busy`,
    group: "time a segment, by connections",
    baseline: count === 10,
    fn: warmed(segments(count, busy)),
  });
}
