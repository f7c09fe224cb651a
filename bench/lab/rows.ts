/**
 * The rows of the net bench, with what each is to reach.
 *
 * @module
 */
import { awake } from "./awake.ts";
import type { Measure } from "./measure.ts";
import { iperf3, ping, pinged, transactions, udp } from "./measures.ts";
import { longestPause } from "./pause.ts";
import { redis, type RedisLoad, redisRate, redisStart, type Web, web } from "./servers.ts";
import { residentMemory, startTime } from "./start.ts";

type Aim = readonly [bar: number | null, goal?: number];

function tcp(name: string, reverse: boolean, streams: number, [bar, goal]: Aim): Measure {
  return {
    ...{ name, unit: "Gbit/s", bar, goal },
    run: (lab, path, secs) => iperf3(lab, path, secs, { reverse, streams }),
  };
}

function datagrams(name: string, size: number, isOut: boolean, [bar, goal]: Aim): Measure {
  return {
    ...{ name, unit: "1/s", bar, goal },
    run: (lab, path, secs) => udp(lab, path, secs, size, isOut),
  };
}

const roundTrips: Measure["run"] = (lab, path, secs) => transactions(lab, path, secs, "rr");

function nginx(name: string, of: Web, [bar, goal]: Aim): Measure {
  return {
    ...{ name, unit: "1/s", bar, goal, programs: ["nginx", "wrk"] },
    run: (lab, path, secs) => web(lab, path, secs, of),
  };
}

const REDIS = ["redis-server", "redis-benchmark"];

function commands(name: string, load: RedisLoad, [bar, goal]: Aim): Measure {
  return {
    ...{ name, unit: "1/s", bar, goal, programs: REDIS },
    run: async (lab, path, secs) => redisRate(await redis(lab, path, secs, load), load.command),
  };
}

const SET: RedisLoad = { command: "SET", pipeline: 1, perSec: 50_000 };
const GET: RedisLoad = { command: "GET", pipeline: 1, perSec: 50_000 };
const PIPELINED: RedisLoad = { command: "GET", pipeline: 16, perSec: 400_000 };
/** Of which the first quarter of a second is held against the others. */
const SECS_OF_START = 3;

/** The measure again in IPv6, against the kernel's. */
function in6(measure: Measure): Measure {
  return { ...measure, name: `${measure.name} -6`, family: 6 };
}

const TCP_OUT = tcp("TCP out", false, 1, [1.2, 1.8]);
const TCP_IN = tcp("TCP in", true, 1, [1, 1.2]);
const UDP_OUT = datagrams("UDP 1 KiB out", 1024, true, [2.5, 4]);
const UDP_IN = datagrams("UDP 1 KiB in", 1024, false, [1, 1.5]);
const RR: Measure = {
  ...{ name: "TCP request/response", unit: "1/s", bar: 1.3, goal: 2 },
  run: roundTrips,
};

export const MEASURES: readonly Measure[] = [
  TCP_OUT,
  TCP_IN,
  tcp("TCP out, 8 streams", false, 8, [0.9, 1.3]),
  tcp("TCP out, 64 streams", false, 64, [0.8, 1.3]),
  UDP_OUT,
  UDP_IN,
  datagrams("UDP 64 B out", 64, true, [2.5, 4]),
  datagrams("UDP 64 B in", 64, false, [1.1, 1.5]),
  RR,
  {
    ...{ name: "TCP request/response, awake", unit: "1/s", bar: 0.7, goal: 1 },
    run: (lab, path, secs) => awake(() => roundTrips(lab, path, secs)),
  },
  {
    ...{ name: "TCP connections", unit: "1/s", bar: null },
    run: (lab, path, secs) => transactions(lab, path, secs, "crr"),
  },
  nginx("nginx, 1 KiB", { file: "1k" }, [1, 1.2]),
  nginx("nginx, 1 MiB", { file: "1m" }, [0.9, 1.2]),
  nginx("nginx, a connection each", { file: "1k", isFresh: true }, [0.9, 1]),
  nginx("wrk, 1 KiB", { file: "1k", isClient: true }, [0.9, 1]),
  nginx("wrk, 1 MiB", { file: "1m", isClient: true }, [0.9, 1]),
  commands("redis SET", SET, [0.9, 1]),
  commands("redis GET", GET, [0.9, 1]),
  commands("redis GET -P 16", PIPELINED, [0.8, 1]),
  { name: "ping RTT", unit: "µs", bar: 100, run: ping },
  { name: "ping RTT, pinged", unit: "µs", bar: 30, goal: 20, run: pinged },
  {
    ...{ name: "ping RTT, pinged, awake", unit: "µs", bar: 12, goal: 8 },
    run: (lab, path, secs) => awake(() => pinged(lab, path, secs)),
  },
  { name: "start", unit: "ms", bar: 60, goal: 45, run: startTime },
  { name: "memory", unit: "MB", bar: 55, goal: 40, isNuseOnly: true, run: residentMemory },
  {
    ...{ name: "redis SET, first 250 ms", unit: "of later", bar: 0.7, goal: 0.9, programs: REDIS },
    run: async (lab, path) => redisStart(await redis(lab, path, SECS_OF_START, SET)),
  },
  ...[TCP_OUT, TCP_IN, UDP_OUT, UDP_IN, RR].map(in6),
  { name: "longest pause", unit: "ms", bar: 5, goal: 1, onceSec: 60, run: longestPause },
];
