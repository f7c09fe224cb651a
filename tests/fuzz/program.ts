/**
 * What programs do at random: open, use and end sockets of all kinds. Ports are fixed ones, so that
 * a session with steps left out still has the same connections.
 *
 * @module
 */
import type { Prng } from "../support/prng.ts";
import { ipWord } from "../support/packet_types.ts";
import { RAW_PROTOCOL } from "./calls.ts";
import { GROUP_ADDR, PING_IDS, UDP_PORTS } from "./other_grammar.ts";
import { DEAD_ADDR, FAR_ADDRS, LIVE_ADDRS, LOCAL_ADDRS } from "./setting.ts";
import type { World } from "./world.ts";

export const LISTEN_PORTS: readonly number[] = [80, 81, 8080];
export const PEER_PORTS: readonly number[] = [1000, 1001, 443, 7, 65535];
const LOOPBACK = ipWord("127.0.0.1");
export const SLOTS = 24;
/** Slots by use: listeners, connections, datagram sockets. */
const LISTENERS = 3;
const DATAGRAMS = 18;

const IP_HDRINCL = 3;
/** Level, name and plausible values of options that change how a connection behaves. */
const OPTIONS: readonly (readonly [number, number, readonly number[]])[] = [
  [6, 1, [0, 1]], // TCP_NODELAY
  [6, 2, [0, 88, 536, 1460]], // TCP_MAXSEG
  [6, 3, [0, 1]], // TCP_CORK
  [6, 4, [1, 10]], // TCP_KEEPIDLE
  [6, 5, [1, 5]],
  [6, 6, [1, 3]],
  [6, 7, [1, 3]], // TCP_SYNCNT
  [6, 8, [-1, 0, 1, 10]], // TCP_LINGER2
  [6, 9, [0, 1, 3]], // TCP_DEFER_ACCEPT
  [6, 10, [0, 2048, 8192, 65535]], // TCP_WINDOW_CLAMP
  [6, 12, [0, 1]], // TCP_QUICKACK
  [6, 18, [0, 100, 3000]], // TCP_USER_TIMEOUT
  [6, 23, [0, 5]], // TCP_FASTOPEN
  [6, 30, [0, 1, 1]], // TCP_FASTOPEN_CONNECT
  [6, 34, [0, 1]], // TCP_FASTOPEN_NO_COOKIE
  [1, 2, [0, 1]], // SO_REUSEADDR
  [1, 15, [0, 1]], // SO_REUSEPORT
  [1, 7, [0, 2304, 20_000, 200_000]], // SO_SNDBUF
  [1, 8, [0, 2304, 20_000, 200_000]], // SO_RCVBUF
  [1, 9, [0, 1]], // SO_KEEPALIVE
  [1, 18, [1, 1000]], // SO_RCVLOWAT
  [1, 47, [0, 1000, 1_000_000, -1]], // SO_MAX_PACING_RATE
  [0, 1, [0, 0x10, 0xff]], // IP_TOS
  [0, 2, [1, 64, 255]], // IP_TTL
  [0, 10, [0, 1, 2, 3]], // IP_MTU_DISCOVER
  [0, 21, [0, 1, 64, 65]], // IP_MINTTL
  [0, 11, [0, 1]], // IP_RECVERR
  [0, IP_HDRINCL, [0, 1]],
];
/** SO_MAX_PACING_RATE, TCP_USER_TIMEOUT, TCP_DEFER_ACCEPT: level and name. */
const UNBOUNDED: readonly (readonly [number, number])[] = [[1, 47], [6, 18], [6, 9]];
const ALGORITHMS: readonly string[] = ["cubic", "newreno", "reno", "bbr"];
const TCP_INFO = 11;
const TCP_CONGESTION = 13;
const SO_LINGER = 13;

export interface Call {
  name: string;
  slot: number;
  args: number[];
}

export class Program {
  constructor(readonly prng: Prng, readonly world: World) {}

  /** The calls with which every session begins: somebody listens. */
  opening(): Call[] {
    const calls: Call[] = [];
    for (let i = 0; i < LISTENERS; i++) calls.push(...this.#listener(i));
    return calls;
  }

  /** The next call, or a few that belong together. */
  next(): Call[] {
    const { prng } = this;
    // The second address goes and comes back
    if (prng.chance(0.003)) return [{ name: "address", slot: 0, args: [prng.below(2)] }];
    if (prng.chance(0.002)) return this.#route();
    const slot = prng.below(SLOTS);
    const taken = this.world.calls.slot(slot);
    if (taken === null) {
      if (slot < LISTENERS) return this.#listener(slot);
      return slot < DATAGRAMS ? this.#connection(slot) : this.#datagramSocket(slot);
    }
    if (prng.chance(0.15)) {
      const isAny = slot >= DATAGRAMS && prng.chance(0.5);
      return [isAny ? this.#anyOption(slot) : this.#option(slot)];
    }
    if (slot < LISTENERS) return this.#onListener(slot);
    return slot < DATAGRAMS ? this.#onStream(slot) : this.#onDatagram(slot);
  }

  /** A route goes; the next calls bring all of them back, as a rule. */
  #route(): Call[] {
    const { prng } = this;
    if (prng.chance(0.4)) {
      return [{ name: "route", slot: 0, args: [prng.below(FAR_ADDRS.length + 1), 0] }];
    }
    return [0, ...FAR_ADDRS.keys().map((i) => i + 1)].map((n) => (
      { name: "route", slot: 0, args: [n, 1] }
    ));
  }

  #listener(slot: number): Call[] {
    const { prng } = this;
    const addr = prng.chance(0.8) ? 0 : prng.pick(LOCAL_ADDRS);
    // Two may share a port if both want to (SO_REUSEPORT)
    const isShared = prng.chance(0.4);
    const port = LISTEN_PORTS[isShared && slot === 1 ? 0 : slot];
    return [
      { name: prng.chance(0.1) ? "tcp6" : "tcp", slot, args: [] },
      option(slot, 1, 2, 1),
      ...(isShared ? [option(slot, 1, 15, 1)] : []),
      option(slot, 6, 23, prng.pick([0, 1, 5])), // TCP_FASTOPEN
      { name: "bind", slot, args: [addr, port] },
      { name: "listen", slot, args: [prng.pick([0, 1, 8, 100])] },
    ];
  }

  #connection(slot: number): Call[] {
    const { prng, world } = this;
    // Rather take what has come in
    const listener = prng.below(LISTENERS);
    if (prng.chance(0.75)) return [{ name: "accept", slot: listener, args: [slot] }];
    if (world.stack.tcp.flowCount > 40) return [];
    const kind = prng.below(20);
    let addr = prng.pick(LIVE_ADDRS);
    let port = prng.pick(PEER_PORTS);
    if (kind === 0) addr = DEAD_ADDR;
    else if (kind < 4) addr = prng.pick(FAR_ADDRS);
    else if (kind < 7) {
      addr = prng.pick([LOOPBACK, ...LOCAL_ADDRS]);
      port = prng.pick(LISTEN_PORTS);
    } else if (kind === 7) addr = prng.pick([0, 0xffffffff, GROUP_ADDR, ipWord("198.18.0.255")]);
    const calls: Call[] = [{ name: prng.chance(0.1) ? "tcp6" : "tcp", slot, args: [] }];
    if (prng.chance(0.3)) calls.push(this.#option(slot));
    // A fixed port keeps a reproducer good; the same end twice is what TIME-WAIT is about
    const local = 40_000 + slot % 6;
    calls.push(option(slot, 1, 2, 1));
    if (prng.chance(0.9)) calls.push({ name: "bind", slot, args: [0, local] });
    const isFast = prng.chance(0.25);
    const isByFlag = isFast && prng.chance(0.3); // MSG_FASTOPEN, else TCP_FASTOPEN_CONNECT
    if (isFast && !isByFlag) calls.push(option(slot, 6, 30, 1));
    calls.push({ name: isByFlag ? "connectfast" : "connect", slot, args: [addr, port] });
    if (isFast) calls.push({ name: "write", slot, args: [prng.magnitude(1, 3000), 0] });
    return calls;
  }

  #onListener(slot: number): Call[] {
    const { prng } = this;
    const kind = prng.below(100);
    if (kind < 90) {
      return [{ name: "accept", slot, args: [prng.between(LISTENERS, DATAGRAMS - 1)] }];
    }
    if (kind < 94) return [{ name: "listen", slot, args: [prng.pick([0, 1, 4, 50])] }];
    if (kind < 98) return [{ name: "close", slot, args: [] }];
    return [{ name: "shutdown", slot, args: [prng.below(3)] }];
  }

  #onStream(slot: number): Call[] {
    const { prng } = this;
    const kind = prng.below(1000);
    if (kind < 500) {
      const len = prng.chance(0.4) ? prng.magnitude(3000, 100_000) : prng.magnitude(1, 3000);
      return [{ name: "write", slot, args: [len, prng.chance(0.1) ? 1 : 0] }];
    }
    if (kind < 900) return [{ name: "read", slot, args: [prng.magnitude(1, 200_000)] }];
    if (kind < 920) return [{ name: "peek", slot, args: [prng.magnitude(1, 200_000)] }];
    if (kind < 945) return [{ name: "shutdown", slot, args: [prng.pick([0, 1, 1, 2])] }];
    if (kind < 970) return this.#close(slot);
    if (kind < 972) return [{ name: "abort", slot, args: [] }];
    if (kind < 974) return [{ name: "disconnect", slot, args: [] }];
    if (kind < 976) return [{ name: "discard", slot, args: [] }];
    if (kind < 986) return [{ name: "getoption", slot, args: [6, TCP_INFO, 256] }];
    if (kind < 996) return [{ name: "error", slot, args: [] }];
    const addr = prng.pick([...LIVE_ADDRS, ...LOCAL_ADDRS]);
    const port = prng.pick(prng.chance(0.5) ? PEER_PORTS : LISTEN_PORTS);
    if (kind < 998) return [{ name: "connect", slot, args: [addr, port] }];
    return [{ name: "listen", slot, args: [prng.below(4)] }];
  }

  /** Most programs read to the end first: unread bytes make a close a reset. */
  #close(slot: number): Call[] {
    const close: Call = { name: "close", slot, args: [] };
    return this.prng.chance(0.7) ? [{ name: "read", slot, args: [1 << 20] }, close] : [close];
  }

  #option(slot: number): Call {
    const { prng } = this;
    const kind = prng.below(12);
    if (kind === 0) {
      const on = prng.below(2);
      return { name: "setoption", slot, args: [1, SO_LINGER, on, 0, 0, 0, prng.below(3), 0, 0, 0] };
    }
    if (kind === 1) {
      const name = new TextEncoder().encode(prng.pick(ALGORITHMS));
      return { name: "setoption", slot, args: [6, TCP_CONGESTION, ...name] };
    }
    if (kind === 3) return this.#anyOption(slot);
    const [level, name, values] = prng.pick(OPTIONS);
    if (kind === 2) return { name: "getoption", slot, args: [level, name, 64] };
    return option(slot, level, name, prng.pick(values));
  }

  /** Whatever a program may try. */
  #anyOption(slot: number): Call {
    const { prng } = this;
    const level = prng.pick([0, 1, 6, 17, 41, 255, prng.below(300)]);
    const name = prng.below(80);
    // So slow, or so patient, that a connection would not end within a session
    if (UNBOUNDED.some(([l, n]) => l === level && n === name)) return this.#option(slot);
    if (prng.chance(0.3)) {
      return { name: "getoption", slot, args: [level, name, prng.pick([0, 1, 3, 4, 8, 300])] };
    }
    const value = Array.from({ length: prng.pick([0, 1, 3, 4, 4, 4, 5, 8, 16, 40]) }, () => {
      return prng.pick([0, 0, 1, 0xff, prng.below(256)]);
    });
    return { name: "setoption", slot, args: [level, name, ...value] };
  }

  // ---- datagrams

  #datagramSocket(slot: number): Call[] {
    const { prng } = this;
    const kind = prng.below(10);
    if (kind < 5) {
      const calls: Call[] = [{ name: prng.chance(0.15) ? "udp6" : "udp", slot, args: [] }];
      calls.push(option(slot, 1, 2, 1));
      if (prng.chance(0.3)) calls.push(option(slot, 1, 15, 1));
      if (prng.chance(0.9)) {
        const addr = prng.pick([0, 0, LOCAL_ADDRS[0], LOOPBACK]);
        calls.push({ name: "bind", slot, args: [addr, prng.pick(UDP_PORTS)] });
      }
      calls.push(option(slot, 1, 6, 1)); // SO_BROADCAST
      if (prng.chance(0.2)) calls.push(this.#join(slot));
      return calls;
    }
    if (kind < 8) {
      return [
        { name: "ping", slot, args: [] },
        { name: "bind", slot, args: [0, prng.pick(PING_IDS)] },
      ];
    }
    // TCP, UDP and ICMP raw sockets only listen: what they sent would look like the stack's own
    const protocol = prng.pick([RAW_PROTOCOL, RAW_PROTOCOL, 1, 6, 17, 2]);
    const create: Call = { name: "raw", slot, args: [protocol] };
    return prng.chance(0.5) ? [create, option(slot, 0, IP_HDRINCL, 1)] : [create];
  }

  /** IP_ADD_MEMBERSHIP or IP_DROP_MEMBERSHIP; the same with a source, or without one of all. */
  #join(slot: number): Call {
    const { prng } = this;
    const group = [239, 1, 2, prng.chance(0.8) ? 3 : prng.below(4)];
    if (prng.chance(0.4)) {
      const name = prng.pick([37, 38, 39, 39, 40]);
      const [ours, source] = [LOCAL_ADDRS[0], prng.pick(LIVE_ADDRS)].map((word) =>
        [24, 16, 8, 0].map((shift) => (word >>> shift) & 255)
      );
      return { name: "setoption", slot, args: [0, name, ...group, ...ours, ...source] };
    }
    const name = prng.chance(0.7) ? 35 : 36;
    return { name: "setoption", slot, args: [0, name, ...group, 0, 0, 0, 0, 2, 0, 0, 0] };
  }

  #onDatagram(slot: number): Call[] {
    const { prng, world } = this;
    const socket = world.calls.slot(slot)!.socket;
    const kind = prng.below(100);
    const isMute = socket.type === 3 && socket.protocol !== RAW_PROTOCOL;
    if (kind < 50 && !isMute) return [{ name: "send", slot, args: this.#sendArgs() }];
    if (kind < 82) return [{ name: "recv", slot, args: [prng.between(1, 40)] }];
    if (kind < 85) return [{ name: "peek", slot, args: [prng.between(1, 40)] }];
    if (kind < 88) return [{ name: "errqueue", slot, args: [] }];
    if (kind < 90) return [{ name: "error", slot, args: [] }];
    if (kind < 93) {
      return [{ name: "connect", slot, args: [prng.pick(LIVE_ADDRS), prng.pick([0, 7, 53])] }];
    }
    if (kind < 95) return [{ name: "disconnect", slot, args: [] }];
    if (kind < 96) return [{ name: "shutdown", slot, args: [prng.below(4)] }];
    if (kind < 98) return [this.#join(slot)];
    return [{ name: "close", slot, args: [] }];
  }

  #sendArgs(): number[] {
    const { prng } = this;
    const addr = prng.pick([0, LOOPBACK, DEAD_ADDR, GROUP_ADDR, ...LIVE_ADDRS, ...LOCAL_ADDRS]);
    const len = prng.chance(0.1) ? prng.magnitude(1400, 66_000) : prng.below(1400);
    return [
      addr,
      prng.pick([53, 5000, 7, 0, 65535]),
      len,
      prng.chance(0.1) ? 2 ** prng.below(6) : 0,
    ];
  }
}

function option(slot: number, level: number, name: number, n: number): Call {
  const bytes = [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255];
  return { name: "setoption", slot, args: [level, name, ...bytes] };
}
