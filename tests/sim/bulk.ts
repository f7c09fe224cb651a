/**
 * Bulk flows that share one bottleneck: how much of it they use, and how fairly.
 *
 *     deno run -A tests/sim/bulk.ts [FLOWS = 2] [MBIT/S = 100] [RTT MS = 50] [SECONDS = 60] [LOSS =
 * 0] [cubic]
 *
 * The queue holds one bandwidth-delay product.
 *
 * @module
 */
import { connect, listen, openStream } from "./apps.ts";
import { type LinkOptions, Simulator } from "./simulator.ts";
import { Transfer } from "./transfer.ts";

const FIRST_PORT = 5001;
const ENDLESS = 2 ** 30 - 1;

export interface BulkOptions {
  flows: number;
  rateBps: number;
  rttMs: number;
  seconds: number;
  /** What flows before this second does not count. */
  warmupSeconds: number;
  /** Seconds between the starts of two flows. */
  staggerSeconds: number;
  /** And by so much at most, at random, a flow starts later than that. */
  startSpreadMs: number;
  loss: number;
  congestion: string;
  /** Queue, in bandwidth-delay products. */
  queueBdp: number;
  /** Delay that varies by so much from frame to frame, as on any real path, order kept. */
  jitterUs: number;
  seed: number;
}

export const BULK: BulkOptions = {
  flows: 1,
  rateBps: 100e6,
  rttMs: 50,
  seconds: 20,
  warmupSeconds: 2,
  staggerSeconds: 0,
  startSpreadMs: 0,
  loss: 0,
  congestion: "cubic",
  queueBdp: 1,
  jitterUs: 0,
  seed: 1,
};

export interface BulkResult {
  /** Bytes a second that the program at the end of each flow has read. */
  readonly goodput: readonly number[];
  /** Share of the link's rate that carried frames. */
  readonly utilisation: number;
  readonly queueDrops: number;
  readonly peakQueueBytes: number;
}

export function runBulk(overrides: Partial<BulkOptions>): BulkResult {
  const o = { ...BULK, ...overrides };
  const sim = new Simulator(o.seed, { captureFrames: 20, checkEvery: 0 });
  const config = { tcp: { congestion: o.congestion } };
  const memoryBytes = 128 * 1024 * 1024;
  const a = sim.addHost("a", { config, memoryBytes });
  const b = sim.addHost("b", { config, memoryBytes });
  const link: Partial<LinkOptions> = {
    rateBps: o.rateBps,
    delayUs: o.rttMs * 500,
    queueBytes: Math.round(o.queueBdp * o.rateBps / 8 * o.rttMs / 1000),
    loss: { kind: "bernoulli", rate: o.loss },
    jitterUs: o.jitterUs,
    arpSafeUntilUs: Infinity,
  };
  const { ends, channels } = sim.connect(a, b, link, { loss: { kind: "none" } });
  const servers: Transfer[] = [];
  const prng = sim.prng.fork();
  for (let i = 0; i < o.flows; i++) {
    listen(sim, b, FIRST_PORT + i, 5, (socket) => {
      const server = new Transfer(sim, b, socket, {
        recvKey: i,
        recvBytes: -1,
        finishesLast: true,
      });
      servers[i] = server;
    });
    const spreadUs = prng.below(o.startSpreadMs * 1000 + 1);
    sim.after(i * o.staggerSeconds * 1e6 + spreadUs, (nowUs) => {
      const socket = openStream(a);
      new Transfer(sim, a, socket, { sendKey: i, sendBytes: ENDLESS });
      connect(sim, socket, ends[1].options.addr, FIRST_PORT + i);
      a.turn(nowUs);
    });
  }
  sim.runFor(o.warmupSeconds * 1e6, { maxSteps: 50_000_000 });
  const before = servers.map((s) => s.received);
  const sentBefore = channels[0].sentBytes;
  sim.runFor((o.seconds - o.warmupSeconds) * 1e6, { maxSteps: 50_000_000 });
  const span = o.seconds - o.warmupSeconds;
  return {
    goodput: servers.map((s, i) => (s.received - (before[i] ?? 0)) / span),
    utilisation: (channels[0].sentBytes - sentBefore) * 8 / span / o.rateBps,
    queueDrops: channels[0].queueDrops,
    peakQueueBytes: channels[0].peakQueueBytes,
  };
}

if (import.meta.main) {
  const [flows, mbit, rttMs, seconds, loss] = Deno.args.map(Number);
  const result = runBulk({
    flows: flows || 2,
    rateBps: (mbit || 100) * 1e6,
    rttMs: rttMs || 50,
    seconds: seconds || 60,
    loss: loss || 0,
    congestion: Deno.args[5] ?? "cubic",
  });
  console.log(`goodput   ${result.goodput.map((g) => (g * 8 / 1e6).toFixed(2)).join(" ")} Mbit/s`);
  console.log(`link used ${(result.utilisation * 100).toFixed(1)}%`);
  console.log(`queue     ${result.queueDrops} drops, at most ${result.peakQueueBytes} bytes`);
}
