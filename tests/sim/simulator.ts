/**
 * Discrete-event simulation of hosts and links under a virtual clock. Everything that happens
 * follows from the seed; a failure prints it with the last frames.
 *
 *     const sim = new Simulator(seed);
 *     const a = sim.addHost("a"), b = sim.addHost("b");
 *     sim.connect(a, b, { delayUs: 50_000, loss: { kind: "bernoulli", rate: 0.01 } });
 *     … applications …
 *     sim.run(() => isDone);
 *
 * After every step the invariants of every stack are checked (tests/support/invariants.ts).
 *
 * @module
 */
import { Prng } from "../support/prng.ts";
import { ForbiddenLog } from "../support/recording_log.ts";
import type { WireFrame } from "../support/packet_types.ts";
import { checkStack } from "../support/invariants.ts";
import { Capture } from "./capture.ts";
import { Channel, type ChannelOptions, PERFECT } from "./channel.ts";
import { EventQueue } from "./event_queue.ts";
import { Host, type HostOptions, type Nic, type NicOptions } from "./host.ts";

/** Turns at one instant before a stack counts as spinning. */
const MAX_TURNS_AT_ONE_TIME = 2_000;

export interface SimOptions {
  startUs: number;
  captureFrames: number;
  /** Invariants are checked after every n-th step; 0: never. */
  checkEvery: number;
}

export interface RunLimits {
  maxSteps: number;
  maxUs: number;
}

export interface LinkOptions extends ChannelOptions {
  mtu: number;
  /** Offloads of the first and of the second end. */
  offload: readonly [boolean, boolean];
  gro: boolean;
}

export interface Link {
  readonly ends: readonly [Nic, Nic];
  /** First end to second, second to first. */
  readonly channels: readonly [Channel, Channel];
}

export class Simulator {
  nowUs: number;
  steps = 0;
  readonly startUs: number;
  readonly prng: Prng;
  readonly capture: Capture;
  readonly hosts: Host[] = [];
  readonly #queue = new EventQueue();
  readonly #checkEvery: number;
  #turnsNow = 0;
  #networks = 0;

  constructor(readonly seed: number, options: Partial<SimOptions> = {}) {
    this.prng = new Prng(seed);
    this.startUs = options.startUs ?? 1_000_000;
    this.nowUs = this.startUs;
    this.capture = new Capture(options.captureFrames ?? 60, this.startUs);
    this.#checkEvery = options.checkEvery ?? 1;
  }

  at(atUs: number, run: (nowUs: number) => void): void {
    this.#queue.add(atUs, run);
  }

  after(delayUs: number, run: (nowUs: number) => void): void {
    this.#queue.add(this.nowUs + delayUs, run);
  }

  note(nowUs: number, where: string, frame: WireFrame, note: string): void {
    this.capture.add(nowUs, where, frame, note);
  }

  addHost(name: string, options: Partial<HostOptions> = {}): Host {
    const all: HostOptions = {
      family: 4,
      memoryBytes: 32 * 1024 * 1024,
      buffer: null,
      wakeDelayUs: 0,
      config: undefined,
      log: new ForbiddenLog(),
      ...options,
    };
    const schedule = (atUs: number, run: (nowUs: number) => void) => this.at(atUs, run);
    const host = new Host(name, all, this.prng.fork(), this.nowUs, schedule);
    this.hosts.push(host);
    return host;
  }

  /**
   * Joins two hosts by a link of its own /24: 198.18.n.1 and 198.18.n.2. `back` overrides b → a.
   */
  connect(
    a: Host,
    b: Host,
    options: Partial<LinkOptions> = {},
    back: Partial<ChannelOptions> = {},
  ): Link {
    const all: LinkOptions = {
      ...PERFECT,
      mtu: 1500,
      offload: [false, false],
      gro: false,
      ...options,
    };
    const net = (198 << 24 | 18 << 16 | this.#networks++ << 8) >>> 0;
    const nic = (host: Host, i: 0 | 1): Nic => {
      const options: NicOptions = {
        addr: net + 1 + i,
        mtu: all.mtu,
        offload: all.offload[i],
        gro: all.gro,
      };
      return host.addNic(options, this.nowUs);
    };
    const ends = [nic(a, 0), nic(b, 1)] as const;
    const forth = new Channel(`${a.name}>${b.name}`, all, this.prng.fork(), this, ends[1], ends[0]);
    const backOptions = { ...all, ...back };
    const backward = new Channel(
      `${b.name}>${a.name}`,
      backOptions,
      this.prng.fork(),
      this,
      ends[0],
      ends[1],
    );
    // Called only while some host takes its turn, so the clock is right.
    ends[0].send = (frame) => forth.send(frame, this.nowUs);
    ends[1].send = (frame) => backward.send(frame, this.nowUs);
    for (const end of ends) end.keepGso = all.offload[0] && all.offload[1];
    return { ends, channels: [forth, backward] };
  }

  /**
   * Joins hosts by one link that they share, a /24 of its own: 198.18.n.1 and on. A frame to one
   * MAC goes to that host alone, as behind a switch.
   */
  segment(hosts: readonly Host[], options: Partial<ChannelOptions> = {}): Nic[] {
    const all = { ...PERFECT, ...options };
    const net = (198 << 24 | 18 << 16 | this.#networks++ << 8) >>> 0;
    const ends = hosts.map((host, i) => {
      return host.addNic({ addr: net + 1 + i, mtu: 1500, offload: false, gro: false }, this.nowUs);
    });
    for (const end of ends) {
      const channels = ends.filter((other) => other !== end).map((other) => {
        const name = `${end.host.name}>${other.host.name}`;
        return new Channel(name, all, this.prng.fork(), this, other, end);
      });
      end.send = (frame) => {
        for (const channel of channels) {
          const { mac } = channel.to as Nic;
          const isTo = mac.every((byte, i) => byte === frame.bytes[i]);
          const copy = { ...frame, bytes: frame.bytes.slice() };
          if (isTo || (frame.bytes[0] & 1) !== 0) channel.send(copy, this.nowUs);
        }
      };
    }
    return ends;
  }

  /** Does the next thing. False when nothing is left to do, ever. */
  step(): boolean {
    let atUs = this.#queue.nextAtUs();
    let due: Host | null = null;
    for (const host of this.hosts) {
      const pollAtUs = host.stack.pollAtUs();
      if (Number.isNaN(pollAtUs)) throw new Error(`${host.name}: pollAtUs is NaN`);
      if (pollAtUs < atUs) {
        atUs = pollAtUs;
        due = host;
      }
    }
    if (atUs === Infinity) return false;
    this.#advance(atUs);
    if (due) due.turn(this.nowUs);
    else this.#queue.pop().run(this.nowUs);
    this.steps++;
    if (this.#checkEvery > 0 && this.steps % this.#checkEvery === 0) {
      for (const host of this.hosts) checkStack(host.stack);
    }
    return true;
  }

  #advance(atUs: number): void {
    if (Math.ceil(atUs) > this.nowUs) {
      this.nowUs = Math.ceil(atUs);
      this.#turnsNow = 0;
    } else if (++this.#turnsNow > MAX_TURNS_AT_ONE_TIME) {
      throw new Error(`time stands still: over ${MAX_TURNS_AT_ONE_TIME} turns at one instant`);
    }
  }

  /** Steps until `isDone`, or throws when the limits are passed or nothing is left to do. */
  run(isDone: () => boolean, limits: Partial<RunLimits> = {}): void {
    const maxSteps = this.steps + (limits.maxSteps ?? 2_000_000);
    const endUs = this.nowUs + (limits.maxUs ?? 3600e6);
    this.#guard(() => {
      while (!isDone()) {
        if (this.steps >= maxSteps) throw new Error(`not done after ${maxSteps} steps`);
        if (this.nowUs > endUs) throw new Error(`not done at ${this.nowUs - this.startUs} us`);
        if (!this.step()) throw new Error("not done, and nothing left to happen");
      }
    });
  }

  /** Lets the given time pass. */
  runFor(us: number, limits: Partial<RunLimits> = {}): void {
    const endUs = this.nowUs + us;
    let isOver = false;
    this.at(endUs, () => isOver = true);
    this.run(() => isOver, { maxUs: us + 1, ...limits });
  }

  /** Runs `body`; what it throws gets the seed and the capture. */
  #guard(body: () => void): void {
    try {
      body();
    } catch (error) {
      throw this.failure(error);
    }
  }

  failure(error: unknown): Error {
    const message = error instanceof Error ? error.message : String(error);
    const at = ((this.nowUs - this.startUs) / 1e6).toFixed(6);
    const hosts = this.hosts.map((host) => host.describe(this.nowUs)).join("\n");
    const what = `seed ${this.seed}, ${at} s, step ${this.steps}: ${message}`;
    return new Error(`${what}\n${this.capture.text()}\n${hosts}`, { cause: error });
  }
}
