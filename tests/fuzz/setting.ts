/**
 * The conditions of one session: everything that is fixed before its first step, drawn from its
 * seed.
 *
 * @module
 */
import type { StackConfigOverrides } from "../../stack/mod.ts";
import { ipWord } from "../support/packet_types.ts";
import type { Family } from "../support/families.ts";
import { Prng } from "../support/prng.ts";

export const LOCAL_ADDRS: readonly number[] = [ipWord("198.18.0.2"), ipWord("198.18.0.10")];
export const GATEWAY_ADDR = ipWord("198.18.0.1");
/** TCP from here comes in fragments too: what its streams carry is not held against the pattern. */
export const FRAGMENTING_ADDR = ipWord("198.18.0.66");
export const DEAD_ADDR = ipWord("198.18.0.200");
/** Answered for when the stack asks by ARP. */
export const LIVE_ADDRS: readonly number[] = [
  GATEWAY_ADDR,
  ipWord("198.18.0.3"),
  ipWord("198.18.0.4"),
  FRAGMENTING_ADDR,
];
/** Behind the gateway. */
export const FAR_ADDRS: readonly number[] = [ipWord("203.0.113.5"), ipWord("8.8.8.8")];

export interface Setting {
  readonly seed: number;
  readonly startUs: number;
  readonly mtu: number;
  readonly csumOffload: boolean;
  readonly segmentOffload: boolean;
  readonly memoryBytes: number;
  /** Received frames stay in place until the flush (StackOptions.areFramesStable). */
  readonly areFramesStable: boolean;
  readonly config: StackConfigOverrides;
  /** What the session speaks (tests/support/families.ts). Default: 4. */
  readonly family?: Family;
  /** IPv6: routers are asked, and believed. */
  readonly discovers?: boolean;
}

const SECOND = 1e6;
const DAY = 86400 * SECOND;

/** Clock readings around which something wraps: microseconds and milliseconds at 2^31 and 2^32. */
const STARTS: readonly number[] = [
  1,
  1000 * SECOND,
  2 ** 31 - 5 * SECOND,
  2 ** 32 - 5 * SECOND,
  (2 ** 31 - 5000) * 1000,
  (2 ** 32 - 5000) * 1000,
  400 * DAY,
];

export function drawSetting(seed: number): Setting {
  const prng = new Prng(seed);
  const csumOffload = prng.chance(0.5);
  const memoryBytes = prng.pick([8 << 20, 8 << 20, 8 << 20, 2 << 20, 768 << 10]);
  const setting = {
    seed,
    startUs: prng.pick(STARTS),
    mtu: prng.pick([1500, 1500, 1500, 576, 9000, 1280, 65535]),
    csumOffload,
    segmentOffload: csumOffload && prng.chance(0.7),
    memoryBytes,
    areFramesStable: memoryBytes > (1 << 20) && prng.chance(0.5),
    config: drawConfig(prng),
  };
  // Behind all else, so that the seeds of IPv4's sessions say what they said
  const family: Family = prng.chance(0.5) ? 6 : 4;
  if (family === 4) return setting;
  const { ip } = setting.config;
  const ip6 = { acceptRedirects6: prng.chance(0.5), forward6: prng.chance(0.3) };
  const config = { ...setting.config, ip: { ...ip, ...ip6 } };
  return { ...setting, family, discovers: prng.chance(0.5), config };
}

/** Small limits, so that a session gets to them. */
function drawConfig(prng: Prng): StackConfigOverrides {
  const small = prng.chance(0.25);
  return {
    ip: {
      txRows: prng.pick([4, 16, 256]),
      loopbackFrames: prng.pick([4, 64, 1024]),
      loopbackBytes: 1 << 20,
      fragmentHighBytes: 256 << 10,
      fragmentLowBytes: 192 << 10,
      routeCacheEntries: prng.pick([4, 64, 4096]),
      acceptRedirects: prng.chance(0.5),
      sharedMedia: prng.chance(0.5),
    },
    neighbour: { maxEntries: prng.pick([4, 32]), queueBytes: 32 << 10, queuePackets: 16 },
    socket: { receiveBufferBytes: 32 << 10, receiveBufferMaxBytes: 128 << 10 },
    tcp: {
      congestion: prng.pick(["cubic", "cubic", "reno", "bbr"]),
      rcvBufInitBytes: prng.pick([2048, 8192, 65536, 131072]),
      rcvBufMaxBytes: prng.pick([131072, 262144]),
      sndBufInitBytes: prng.pick([4096, 16384, 131072]),
      sndBufMaxBytes: 262144,
      timestamps: prng.chance(0.75),
      sack: prng.chance(0.8),
      windowScaling: prng.chance(0.8),
      timeWaitMax: prng.pick([2, 64]),
      orphanMax: prng.pick([2, 64]),
      synCookies: prng.pick([0, 1, 1, 2]),
      ecn: prng.pick([0, 1, 2]),
      fastOpen: prng.pick([0, 3, 3]),
      mtuProbing: prng.chance(0.7),
      mtuProbeIntervalUs: prng.pick([1, 600]) * SECOND,
      synBacklogMax: prng.pick([4, 64]),
      somaxconn: prng.pick([4, 64]),
      assemblerIntervalMax: prng.pick([4, 64, 1024]),
      keepIdleUs: prng.pick([10, 7200]) * SECOND,
      keepIntervalUs: 5 * SECOND,
      finWait2Us: prng.pick([2, 60]) * SECOND,
      timeWaitUs: prng.pick([2, 60]) * SECOND,
      retries2: small ? 4 : 15,
      orphanRetries: small ? 2 : 8,
      synRetries: small ? 2 : 6,
      synAckRetries: small ? 2 : 5,
      challengeAckPerSecond: prng.pick([10, 1000]),
      quickAckSegments: prng.pick([0, 16]),
    },
  };
}
