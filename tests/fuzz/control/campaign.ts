/**
 * Fuzzes the service: sessions of hostile programs, on their control connections and over their
 * pairs, with an honest program beside them. After each session nothing of them is left: no
 * connection, no socket, no descriptor; at the end no memory.
 *
 * The same seed draws the same messages; the kernel's and the clock's part in it differs.
 *
 * @module
 */
import { Arena } from "../../../ffi/arena.ts";
import { Prng } from "../../support/prng.ts";
import { World } from "../../io/app/world.ts";
import { Failure } from "../failure.ts";
import { Honest } from "./honest.ts";
import { Hostile, HOSTILE_MEMORY_LEN } from "./hostile.ts";

const SESSION_MESSAGES = 2000;
const PROGRAMS = 3;
const HONEST_EVERY = 100;
const LIMITS = { maxSockets: 512, maxClients: 32, maxEnded: 64 };
const MS = 1000;
/** What a closed connection leaves is gone soon. */
const TCP = { timeWaitUs: 5 * MS, finWait2Us: 5 * MS, orphanRetries: 1, synRetries: 1 };

export interface ControlTotals {
  readonly seed: number;
  messages: number;
  sessions: number;
  requests: number;
  requestsMalformed: number;
  socketsOpened: number;
  socketsRefused: number;
  bytesToNetwork: number;
  datagramsToNetwork: number;
  faults: number;
}

export class ControlCampaign {
  readonly totals: ControlTotals;
  readonly #world = new World({ ...LIMITS, config: { tcp: TCP } });
  readonly #memory = Arena.map(HOSTILE_MEMORY_LEN);
  readonly #honest: Honest;
  #hostiles: Hostile[] = [];

  /** `onSession` is told after each. */
  constructor(readonly seed: number, readonly onSession: (totals: ControlTotals) => void) {
    this.totals = {
      seed,
      messages: 0,
      sessions: 0,
      requests: 0,
      requestsMalformed: 0,
      socketsOpened: 0,
      socketsRefused: 0,
      bytesToNetwork: 0,
      datagramsToNetwork: 0,
      faults: 0,
    };
    this.#honest = new Honest(this.#world);
  }

  /** null, or what has failed, with what the programs had done last. */
  run(messages: number): Failure | null {
    const before = this.#world.memory.usedBytes;
    try {
      while (this.totals.messages < messages) {
        this.#session(Math.min(SESSION_MESSAGES, messages - this.totals.messages));
        this.onSession(this.totals);
      }
      this.#honest.close();
      this.#until("memory is left", () => this.#world.memory.usedBytes <= before);
      return null;
    } catch (error) {
      return this.#describe(error);
    }
  }

  close(): void {
    for (const hostile of this.#hostiles) hostile.close();
    this.#honest.close();
    this.#world[Symbol.dispose]();
  }

  #session(messages: number): void {
    const world = this.#world;
    const { totals } = this;
    const descriptors = countDescriptors();
    const prng = new Prng(Math.imul(this.seed, 0x9e3779b1) + totals.sessions++ | 0);
    this.#hostiles = Array.from({ length: PROGRAMS }, () => {
      return new Hostile(prng, this.#memory, world.service.socketPath, this.#honest.token);
    });
    for (let i = 1; i <= messages; i++) {
      const hostile = prng.pick(this.#hostiles);
      hostile.act();
      if (prng.chance(0.8)) {
        world.loop.step(0);
        hostile.read();
      }
      if (i % HONEST_EVERY === 0) this.#honest.check();
      this.#checkFaults();
    }
    totals.messages += messages;
    for (const hostile of this.#hostiles) hostile.close();
    this.#until("connections are left", () => world.service.clientCount === 1);
    this.#until("sockets are left", () => {
      this.#honest.check();
      return world.service.socketCount === this.#honest.socketCount;
    });
    this.#until("descriptors are left", () => countDescriptors() === descriptors);
    this.#checkFaults();
    this.#count();
  }

  #checkFaults(): void {
    const { counters, firstFault } = this.#world.service;
    if (counters.faults > 0) throw new Failure(`fault: ${firstFault}`);
  }

  #until(what: string, isSo: () => boolean): void {
    try {
      this.#world.until(what, isSo);
    } catch (error) {
      throw error instanceof Failure ? error : new Failure(`left behind: ${what}`, error);
    }
  }

  #count(): void {
    const { counters } = this.#world.service;
    const { totals } = this;
    totals.requests = counters.requests;
    totals.requestsMalformed = counters.requestsMalformed;
    totals.socketsOpened = counters.socketsOpened;
    totals.socketsRefused = counters.socketsRefused;
    totals.bytesToNetwork = counters.bytesToNetwork;
    totals.datagramsToNetwork = counters.datagramsToNetwork;
    totals.faults = counters.faults;
  }

  #describe(error: unknown): Failure {
    const { sessions, messages } = this.totals;
    const text = error instanceof Failure ? error.message : `threw ${(error as Error).stack}`;
    const last = this.#hostiles.map(({ history }, i) => `program ${i}: ${history.join("; ")}`);
    const where = `seed ${this.seed}, session ${sessions - 1}, after ${messages} messages`;
    return new Failure([text, where, ...last].join("\n"), error);
  }
}

function countDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}
