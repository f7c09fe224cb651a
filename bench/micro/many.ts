/**
 * Many connections on one stack: segments that come in for them, and what they weigh.
 *
 * @module
 */
import { connect, type Connection, establish, patch, setPayload } from "./connection.ts";
import { type Host, settle, START_US } from "./host.ts";
import { keep, mustBe } from "./measure.ts";

const SEGMENTS_A_TURN = 10;
const CONNECTION_INTERVAL_US = 10_000;
/** Coprime to the numbers of connections. */
const STRIDE = 7919;
const OPTIONS = {
  memoryBytes: 512 << 20,
  config: { tcp: { rcvBufInitBytes: 4096, sndBufInitBytes: 4096 } },
};

/**
 * One segment of a byte for the next of `busy` among `count` connections, each time it is called:
 * found, delivered, read; 10 to a wake-up, which sends what ACKs are due. Every busy connection
 * gets one each 10 ms of virtual time, however many there are, so that all have the same to do.
 */
export function segments(count: number, busy: number): () => void {
  const { near, all } = connect(count, OPTIONS);
  // The far end was made of objects between those of this one: they move together
  collectGarbage();
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

/** What one idle connection takes. */
export interface Weight {
  /** Objects, and the tables that they are in. */
  readonly heapBytes: number;
  /** Of the stack's memory: its buffers. */
  readonly arenaBytes: number;
}

/**
 * The weight of an idle connection, the far end's not counted. `isUsed`: a byte has gone each way.
 */
export async function weigh(count: number, isUsed: boolean): Promise<Weight> {
  const one = await weighHost(1, isUsed);
  const many = await weighHost(count, isUsed);
  return {
    heapBytes: (many.heapBytes - one.heapBytes) / (count - 1),
    arenaBytes: (many.arenaBytes - one.arenaBytes) / (count - 1),
  };
}

/** What a host with `count` idle connections takes: the heap with it less the heap without it. */
async function weighHost(count: number, isUsed: boolean): Promise<Weight> {
  const kept: { near: Host | null } = { near: idle(count, isUsed) };
  const arenaBytes = kept.near!.memory.usedBytes;
  const withHost = await heapBytes();
  kept.near = null;
  return { heapBytes: withHost - await heapBytes(), arenaBytes };
}

function idle(count: number, isUsed: boolean): Host {
  const { near, far, pairs } = establish(count, OPTIONS);
  for (const { client, server } of pairs) {
    if (!isUsed) break;
    for (const [from, to] of [[client, server], [server, client]]) {
      from.sendSpan(1);
      from.sendCommit(1, START_US);
      settle(near, far);
      mustBe(to.recvAvailable(), 1, "bytes received");
      to.recvConsume(1, START_US);
    }
  }
  // Delayed acknowledgments, and all else that is not idle
  for (let second = 1; second <= 10; second++) settle(near, far, START_US + second * 1_000_000);
  near.far = null;
  return near;
}

function collectGarbage(): void {
  // Imports would make the type check want @types/node, which is not among the libraries.
  const { setFlagsFromString } = globalThis.process.getBuiltinModule("node:v8");
  const { runInNewContext } = globalThis.process.getBuiltinModule("node:vm");
  setFlagsFromString("--expose-gc");
  setFlagsFromString("--compact-on-every-full-gc");
  (runInNewContext("gc") as () => void)();
}

/** Live objects and what they hold outside of the heap. */
async function heapBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((done) => setTimeout(done, 0));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
