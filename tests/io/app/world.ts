/**
 * A stack, a loop and a service in the test's own process, stepped by hand: every wait is bounded
 * in steps and in time, so that a test which hangs fails instead.
 *
 * @module
 */
import { Arena } from "../../../ffi/arena.ts";
import { EventLoop } from "../../../io/loop/loop.ts";
import { Service, type ServiceOptions } from "../../../io/app/mod.ts";
import { BuddyMemory, Stack, type StackConfigOverrides } from "../../../stack/mod.ts";
import { Program } from "./program.ts";

const ARENA_LEN = 1 << 27;
const STEP_US = 2000;
const LIMIT_MS = 5000;

export interface WorldOptions extends ServiceOptions {
  readonly config?: StackConfigOverrides;
}

export class World {
  readonly arena = Arena.map(ARENA_LEN);
  readonly memory = new BuddyMemory(this.arena.buffer);
  readonly stack: Stack;
  readonly loop: EventLoop;
  readonly service: Service;
  readonly runDir: string = Deno.makeTempDirSync({ prefix: "nuse-app-" });
  readonly #programs: Program[] = [];

  constructor(options: WorldOptions = {}) {
    let seed = 12345;
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      return seed;
    };
    const nowUs = Math.round(performance.now() * 1000);
    this.stack = new Stack({ memory: this.memory, random, nowUs, config: options.config });
    this.loop = new EventLoop(this.arena, this.memory, this.stack);
    Deno.chmodSync(this.runDir, 0o700);
    this.service = new Service(this.stack, this.loop, this.arena, this.runDir, options);
    this.loop.service = this.service;
  }

  /** A process under nuse, connected by path. */
  program(): Program {
    const program = Program.connect(this);
    this.#programs.push(program);
    return program;
  }

  /** One wake-up, which waits no longer than 2 ms. */
  step(): void {
    this.loop.step(this.loop.nowUs + STEP_US);
  }

  steps(count: number): void {
    for (let i = 0; i < count; i++) this.step();
  }

  /** Steps until `probe` gives something else than null or false. */
  until<T>(what: string, probe: () => T | null | false): T {
    const endMs = performance.now() + LIMIT_MS;
    while (performance.now() < endMs) {
      const found = probe();
      if (found !== null && found !== false) return found;
      this.step();
    }
    throw new Error(`waited in vain: ${what}`);
  }

  [Symbol.dispose](): void {
    for (const program of this.#programs) program.close();
    this.service.close(this.loop.nowUs);
    this.loop.close();
    Deno.removeSync(this.runDir, { recursive: true });
  }
}
