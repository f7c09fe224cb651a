/**
 * "Everything goes wrong": a two-way transfer whose link, hosts, buffers, sizes and manners all
 * follow from one seed. Every byte must arrive, in order, once; both sides must reach CLOSED;
 * memory must be as at the start.
 *
 * @module
 */
import type { Prng } from "../support/prng.ts";
import { ForbiddenLog } from "../support/recording_log.ts";
import type { Channel } from "./channel.ts";
import type { LogSink, StreamSocket, TcpConfig } from "../../stack/mod.ts";
import { addressFor, type Family } from "../support/families.ts";
import { connect, listen, openStream, setBuffers, setInt } from "./apps.ts";
import type { Loss } from "./impairment.ts";
import type { Host } from "./host.ts";
import { type LinkOptions, Simulator } from "./simulator.ts";
import { Transfer, type TransferOptions } from "./transfer.ts";

const PORT = 80;
/** Of a link of IPv6 (RFC 8200 5). */
const LEAST_MTU6 = 1280;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_FASTOPEN = 23;
const TCP_FASTOPEN_CONNECT = 30;
const TCP_FASTOPEN_NO_COOKIE = 34;
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
/** Longer than TIME-WAIT, FIN-WAIT-2 and the last retransmission of an orphan. */
const AFTERMATH_US = 1200e6;
/** Half a megabyte in writes of two bytes takes 800,000 steps. */
const LIMITS = { maxSteps: 2_000_000, maxUs: 6 * 3600e6 };

/** A run does not spend more than this in pauses, or so. */
const TOTAL_PAUSE_US = 600e6;

/** Two buffers that every run uses again, dirty as the run before left them. */
const MEMORY_BYTES = 16 * 1024 * 1024;
const buffers = [new ArrayBuffer(MEMORY_BYTES), new ArrayBuffer(MEMORY_BYTES)];

export interface Outcome {
  readonly bytes: number;
  readonly steps: number;
  readonly virtualUs: number;
  readonly isAborted: boolean;
  readonly mishaps: Mishaps;
}

/** What the two directions of the link have done to frames, and what TCP did about it. */
export interface Mishaps {
  readonly frames: number;
  readonly lost: number;
  readonly queueDrops: number;
  readonly marked: number;
  readonly corrupted: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly retransmitted: number;
  readonly timeouts: number;
}

function mishapsOf(channels: readonly Channel[], hosts: readonly Host[]): Mishaps {
  const sum = (of: (channel: Channel) => number) => channels.reduce((n, c) => n + of(c), 0);
  const tcp = hosts.map((host) => host.stack.counters.tcp);
  return {
    frames: sum((c) => c.sentFrames),
    lost: sum((c) => c.lost),
    queueDrops: sum((c) => c.queueDrops),
    marked: sum((c) => c.marked),
    corrupted: sum((c) => c.corrupted),
    duplicated: sum((c) => c.duplicated),
    reordered: sum((c) => c.reordered),
    retransmitted: tcp.reduce((n, t) => n + t.retransSegs, 0),
    timeouts: tcp.reduce((n, t) => n + t.timeouts, 0),
  };
}

function randomLoss(p: Prng): Loss {
  const kind = p.below(4);
  if (kind === 0) return { kind: "none" };
  if (kind === 1) {
    return {
      kind: "gilbert",
      goodToBad: 0.002 + 0.02 * p.float(),
      badToGood: 0.1 + 0.4 * p.float(),
      lossGood: 0.002 * p.float(),
      lossBad: 0.3 + 0.5 * p.float(),
    };
  }
  return { kind: "bernoulli", rate: kind === 2 ? 0.02 * p.float() : 0.15 * p.float() };
}

function randomLink(p: Prng, mtu: number): Partial<LinkOptions> {
  const rateBps = p.chance(0.2) ? Infinity : p.magnitude(100_000, 1_000_000_000);
  const delayUs = p.chance(0.2) ? p.below(50) : p.magnitude(100, 300_000);
  const isOff = p.chance(0.3);
  return {
    rateBps,
    delayUs,
    mtu,
    queueBytes: rateBps === Infinity ? Infinity : p.magnitude(8 * mtu, 500_000),
    codel: p.chance(0.3),
    loss: randomLoss(p),
    jitterUs: p.chance(0.5) ? p.below(delayUs + 10) : 0,
    reorderRate: p.chance(0.5) ? 0.1 * p.float() : 0,
    reorderUs: delayUs + 1000,
    duplicateRate: p.chance(0.4) ? 0.1 * p.float() : 0,
    corruptRate: p.chance(0.4) ? 0.05 * p.float() : 0,
    offload: isOff ? [false, false] : [p.chance(0.5), p.chance(0.5)],
    gro: p.chance(0.5),
  };
}

function randomHost(
  p: Prng,
  tcp: Partial<TcpConfig>,
): Pick<Host["options"], "wakeDelayUs" | "config"> {
  const ecn = p.pick([0, 1, 2]);
  return {
    wakeDelayUs: p.chance(0.5) ? 0 : p.magnitude(1, 3000),
    config: {
      tcp: {
        timestamps: p.chance(0.7),
        sack: p.chance(0.7),
        windowScaling: p.chance(0.8),
        // close() leaves data to be delivered without us: an unlucky path must not end that early.
        orphanRetries: 15,
        congestion: p.pick(["cubic", "reno", "bbr"]),
        ecn,
        ...tcp,
      },
    },
  };
}

function randomManners(p: Prng, mtu: number, sizes: readonly number[]): Partial<TransferOptions> {
  const writeMax = p.magnitude(1, 200_000);
  const readMax = p.magnitude(mtu, 200_000);
  // Never, now and then, or after nearly every call: a slow reader closes its window.
  const pauseChance = p.pick([0, 0.1 * p.float(), p.float()]);
  const pauses = pauseChance * (sizes[0] + sizes[1]) / (0.5 * Math.min(writeMax, readMax));
  return {
    writeMax,
    readMax,
    pauseChance,
    pauseMaxUs: Math.min(
      p.magnitude(100, 3_000_000),
      1 + Math.floor(TOTAL_PAUSE_US / (pauses + 1)),
    ),
    closesAbruptly: p.chance(0.3),
  };
}

/** Prepares a socket: buffers and Nagle by chance, keepalive where the other side may vanish. */
function prepare(p: Prng, socket: StreamSocket, isAborted: boolean, nowUs: number): void {
  if (isAborted) {
    setInt(socket, SOL_SOCKET, SO_KEEPALIVE, 1, nowUs);
    setInt(socket, IPPROTO_TCP, TCP_KEEPIDLE, 30, nowUs);
    setInt(socket, IPPROTO_TCP, TCP_KEEPINTVL, 10, nowUs);
  }
  if (p.chance(0.6)) {
    setBuffers(socket, p.magnitude(2304, 100_000), p.magnitude(1152, 50_000), nowUs);
  }
  if (p.chance(0.3)) setInt(socket, IPPROTO_TCP, TCP_NODELAY, 1, nowUs);
}

/** A server that takes text with any SYN. */
function prepareFastServer(socket: StreamSocket, nowUs: number): void {
  setInt(socket, IPPROTO_TCP, TCP_FASTOPEN, 5, nowUs);
  setInt(socket, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1, nowUs);
}

/** A client that has been to the server before. */
function prepareFastClient(
  p: Prng,
  host: Host,
  socket: StreamSocket,
  addr: number,
  nowUs: number,
): void {
  const known = { cookie: new Uint8Array(8), mss: p.pick([100, 536, 1460]) };
  host.stack.tcp.cookieCache.set(addressFor(host.options.family, addr), known);
  setInt(socket, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1, nowUs);
}

/**
 * Runs the scenario of `seed`, with `tcp` instead of what chance has chosen; `log` hears of both
 * hosts, which speak `family`. Throws with seed and capture when anything is not as it must be.
 */
export function runScenario(
  seed: number,
  tcp: Partial<TcpConfig> = {},
  log: LogSink = new ForbiddenLog(),
  family: Family = 4,
): Outcome {
  const sim = new Simulator(seed, { startUs: seed % 5 === 0 ? 2 ** 40 + seed : 1_000_000 });
  const p = sim.prng;
  const drawn = p.pick([296, 576, 1006, 1280, 1500, 1500, 1500, 4352, 9000]);
  const mtu = family === 4 ? drawn : Math.max(LEAST_MTU6, drawn);
  const link = randomLink(p, mtu);
  const hosts = ["a", "b"].map((name, i) =>
    sim.addHost(name, { ...randomHost(p, tcp), buffer: buffers[i], log, family })
  );
  const [a, b] = hosts;
  // A neighbour that cannot be found ends connect() with EHOSTUNREACH: not what this is about.
  const arpSafeUntilUs = sim.startUs + 10e6;
  const back = { ...link, ...randomLink(p, mtu), arpSafeUntilUs };
  const net = sim.connect(a, b, { ...link, arpSafeUntilUs }, back);
  const sizes = [0, 1].map(() => p.chance(0.1) ? 0 : p.magnitude(1, 500_000));
  const isAborted = p.chance(0.1);
  // Whoever has nothing to write and closes a fast open at once never opens it
  const isFast = sizes[0] > 0 && p.chance(0.15);
  const manners = [0, 1].map(() => randomManners(p, mtu, sizes));
  const options = (side: 0 | 1): Partial<TransferOptions> => ({
    ...manners[side],
    sendKey: seed * 2 + side,
    recvKey: seed * 2 + 1 - side,
    sendBytes: sizes[side],
    recvBytes: sizes[1 - side],
    mayFail: isAborted,
    abortAtBytes: isAborted && side === seed % 2 ? p.below(sizes[0] + sizes[1] + 1) : -1,
  });
  let server: Transfer | null = null;
  const listener = listen(sim, b, PORT, 5, (socket) => {
    server = new Transfer(sim, b, socket, options(1));
  }, (socket) => {
    prepare(p, socket, isAborted, sim.nowUs);
    if (isFast) prepareFastServer(socket, sim.nowUs);
  });
  const socket = openStream(a);
  prepare(p, socket, isAborted, sim.nowUs);
  const { addr } = net.ends[1].options;
  if (isFast) prepareFastClient(p, a, socket, addr, sim.nowUs);
  const client = new Transfer(sim, a, socket, options(0));
  connect(sim, socket, addr, PORT);
  a.turn(sim.nowUs);
  const isServed = () => server !== null || (isAborted && client.isOver);
  const isOver = () => client.isOver && isServed() && (server?.isOver ?? true);
  sim.run(isOver, LIMITS);
  const virtualUs = sim.nowUs - sim.startUs;
  checkTransfers(sim, isAborted, client, server, sizes);
  listener.socket.close(sim.nowUs);
  b.turn(sim.nowUs);
  checkAftermath(sim, hosts);
  const mishaps = mishapsOf(net.channels, hosts);
  return { bytes: sizes[0] + sizes[1], steps: sim.steps, virtualUs, isAborted, mishaps };
}

function checkTransfers(
  sim: Simulator,
  isAborted: boolean,
  client: Transfer,
  server: Transfer | null,
  sizes: readonly number[],
): void {
  if (isAborted) return;
  if (client.received !== sizes[1] || server?.received !== sizes[0]) {
    throw sim.failure(
      new Error(
        `received ${client.received} of ${sizes[1]} and ${server?.received} of ${sizes[0]} bytes`,
      ),
    );
  }
}

/** Long after: nothing armed that matters, nothing held. */
export function checkAftermath(sim: Simulator, hosts: readonly Host[]): void {
  sim.runFor(AFTERMATH_US, { maxSteps: 100_000 });
  for (const host of hosts) {
    const left = host.memory.usedBytes - host.idleBytes;
    if (left !== 0) throw sim.failure(new Error(`${host.name}: ${left} bytes were not given back`));
    if (!host.stack.isQuiet()) throw sim.failure(new Error(`${host.name} is not quiet`));
  }
}
