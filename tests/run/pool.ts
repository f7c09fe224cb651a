/**
 * Jobs in processes of their own, several side by side. What one prints is shown when it has ended,
 * as a whole; one that crashes or hangs counts as a failure.
 *
 * @module
 */
import { patience } from "../lab/patience.ts";
import type { Job } from "./plan.ts";
import { parseIgnored, parseSummary, type Result } from "./summary.ts";

export interface PoolOptions {
  /** How many at a time. */
  readonly width: number;
  /** The command of a job. */
  readonly argv: (job: Job) => string[];
  readonly cwd: string;
  /** Minutes until a job is given up, on a machine that has nothing else to do. */
  readonly limitMin: number;
  /** How often that is looked at, milliseconds. */
  readonly lookMs?: number;
  readonly show: (text: string) => void;
}

const LOOK_MS = 5000;
/** What a job that is given up has to end by itself. */
const GRACE_MS = 5000;

/** Gives a process up when it has had `limitMin` minutes, more on a busy machine. */
class Limit {
  readonly #beganMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  isOver = false;

  constructor(child: Deno.ChildProcess, { limitMin, lookMs = LOOK_MS }: PoolOptions) {
    this.#timer = setInterval(() => {
      const lateMs = performance.now() - this.#beganMs - limitMin * 60_000 * patience();
      if (lateMs <= 0) return;
      const signal = lateMs > GRACE_MS ? "SIGKILL" : "SIGTERM";
      this.isOver = true;
      child.kill(signal);
    }, lookMs);
  }

  [Symbol.dispose]() {
    clearInterval(this.#timer);
  }
}

async function runJob(job: Job, options: PoolOptions): Promise<Result> {
  const beganMs = performance.now();
  const [command, ...args] = options.argv(job);
  const child = new Deno.Command(command, {
    args,
    cwd: options.cwd,
    env: Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  using limit = new Limit(child, options);
  const { code, stdout, stderr } = await child.output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  const summary = parseSummary(text) ?? { passed: 0, failed: 0 };
  if (code !== 0 && summary.failed === 0) summary.failed = 1;
  const secs = (performance.now() - beganMs) / 1000;
  options.show(`\n== ${job.name}: ${secs.toFixed(1)} s\n${text.trim()}\n`);
  if (limit.isOver) options.show(`${job.name}: stopped, it did not come to its end\n`);
  return { ...summary, ignored: parseIgnored(text) };
}

/** Runs all jobs, begun in their order; what each came to, in that order. */
export async function runJobs(jobs: readonly Job[], options: PoolOptions): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    while (next < jobs.length) {
      const i = next++;
      results[i] = await runJob(jobs[i], options);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.width, jobs.length) }, work));
  return results;
}
