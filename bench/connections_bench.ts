/**
 * Does a segment cost more when there are more connections? Each iteration is a 1-byte segment for the
 * next of 10, 1,000 or 10,000 connections (in no order that a cache could like), found, delivered and
 * read; 32 to a wake-up, which sends what ACKs are due.
 *
 * What grows with their number is what no longer fits into the CPU's caches: the connections' state.
 *
 * @module
 */
import { connect, type Connection, patch, setPayload } from "./micro/connection.ts";
import { START_US } from "./micro/host.ts";
import { keep, mustBe } from "./micro/keep.ts";

const SEGMENTS_A_TURN = 32;
/** Coprime to the numbers of connections. */
const STRIDE = 7919;

/** One segment for the next connection, each time it is called. */
function segments(count: number): () => void {
  const { near, all } = connect(count, {
    memoryBytes: 512 << 20,
    config: { tcp: { rcvBufInitBytes: 4096, sndBufInitBytes: 4096 } },
  });
  setPayload(near, 1);
  let nowUs = START_US;
  let next = 0;
  let n = 0;
  return () => {
    nowUs++;
    next = (next + STRIDE) % count;
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

for (const count of [10, 1_000, 10_000]) {
  Deno.bench({
    name: `1 B in, ${count.toLocaleString("en")} connections`,
    group: "time a segment, by connections",
    baseline: count === 10,
    fn: segments(count),
  });
}
