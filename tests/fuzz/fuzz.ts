/**
 * Fuzzes `Stack.input`, or the service by hostile programs' messages.
 *
 *     deno task fuzz [--frames 10000000] [--seed 1] [--record]
 *     deno task fuzz --messages 1000000 [--seed 1] [--record]     the service (control/)
 *     deno task fuzz FILE...                                      replays reproducers
 *
 * Prints a line of progress and in the end the figures; with --record these also go to
 * bench/results/fuzz-SEED-TIME.json or fuzz-control-SEED-TIME.json. Writes every failure of the
 * stack, cut down, to a file of its own in a new folder of the system's for temporary ones. When
 * the bug is fixed, move that file to tests/fuzz/corpus/. Exit status 1 when anything failed.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { saveReport } from "../../bench/lab/results.ts";
import type { Totals } from "./campaign.ts";
import { fuzzControl } from "./control/report.ts";
import type { Report } from "./fuzz_worker.ts";
import { readReproducer } from "./reproducer.ts";
import { replay } from "./session.ts";
import { stepText } from "./steps.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const PROGRESS_MS = 2000;
/**
 * Without a finished session for so long, the stack hangs (cutting a failure down takes a minute).
 */
const HANG_MS = 180_000;
const STEPS_SHOWN = 30;

function replayFiles(paths: readonly string[]): number {
  let failed = 0;
  for (const path of paths) {
    const { setting, steps } = readReproducer(Deno.readTextFileSync(path));
    const failure = replay(setting, steps, true);
    if (failure !== null) failed++;
    console.log(`${path}: ${failure?.message ?? "ok"}`);
  }
  return failed === 0 ? 0 : 1;
}

/** The figures of a run. */
interface Result extends Partial<Totals> {
  readonly seconds: number;
  readonly framesPerSecond: number;
  readonly residentMiB: number;
  readonly failures: readonly { readonly kind: string; readonly count: number }[];
}

class Fuzz {
  readonly #startMs = performance.now();
  #lastMs = performance.now();
  #totals: Totals | null = null;
  #found = 0;
  /** Where the failures go; made for the first one. */
  #folder = "";
  readonly #worker = new Worker(new URL("./fuzz_worker.ts", import.meta.url), { type: "module" });

  constructor(readonly seed: number, readonly frames: number) {}

  /** Returns the figures. */
  run(): Promise<Result> {
    return new Promise((resolve) => {
      const progress = setInterval(() => {
        this.#show();
        if (performance.now() - this.#lastMs < HANG_MS) return;
        end(this.#end([[`hang: session ${this.#totals?.sessions ?? 0} does not end`, 1]]));
      }, PROGRESS_MS);
      const end = (result: Result) => {
        clearInterval(progress);
        this.#worker.terminate();
        resolve(result);
      };
      this.#worker.onmessage = ({ data }: MessageEvent<Report>) => {
        this.#lastMs = performance.now();
        if (data.kind === "found") this.#onFound(data);
        else this.#totals = data.totals;
        if (data.kind === "end") end(this.#end(data.failures));
      };
      this.#worker.onerror = (event) => {
        end(this.#end([[event.message, 1]]));
      };
      this.#worker.postMessage({ seed: this.seed, frames: this.frames });
    });
  }

  #show(): void {
    const t = this.#totals;
    if (t === null) return;
    const seconds = (performance.now() - this.#startMs) / 1000;
    console.log(
      `${t.frames} frames, ${Math.round(t.frames / seconds)}/s, ${t.sessions} sessions, ` +
        `${t.ways} ways, ${this.#found} kinds of failure`,
    );
  }

  #onFound({ found, file }: Extract<Report, { kind: "found" }>): void {
    this.#found++;
    if (this.#found === 1) this.#folder = Deno.makeTempDirSync({ prefix: "nuse-fuzz-" });
    const path = `${this.#folder}/seed-${this.seed}-failure-${this.#found}.json`;
    Deno.writeTextFileSync(path, file);
    const { steps } = readReproducer(file);
    console.log(`\nseed ${this.seed}, session ${found.session}, step ${found.step}:`);
    console.log(found.message.split("\n").slice(0, 4).join("\n").slice(0, 1000));
    for (const step of steps.slice(-STEPS_SHOWN)) {
      console.log(`    ${stepText(step).slice(0, 200)}`);
    }
    console.log(`${steps.length} steps in ${path}\n`);
  }

  #end(failures: readonly (readonly [string, number])[]): Result {
    this.#show();
    const seconds = (performance.now() - this.#startMs) / 1000;
    return {
      ...this.#totals,
      seconds: Math.round(seconds * 10) / 10,
      framesPerSecond: Math.round((this.#totals?.frames ?? 0) / seconds),
      residentMiB: Math.round(Deno.memoryUsage().rss / 2 ** 20),
      failures: failures.map(([kind, count]) => ({ kind, count })),
    };
  }
}

async function show(name: string, result: object, isRecorded: boolean): Promise<void> {
  console.log(JSON.stringify(result, null, 2));
  if (isRecorded) console.log(`recorded in ${await saveReport(name, result)}`);
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["frames", "messages", "seed"],
    boolean: ["record"],
    default: { frames: "10000000", seed: "1" },
  });
  if (args._.length > 0) return replayFiles(args._.map(String));
  const seed = Number(args.seed);
  if (args.messages) {
    const result = fuzzControl(seed, Number(args.messages));
    await show(`fuzz-control-${seed}`, result, args.record);
    return result.failure === null ? 0 : 1;
  }
  const result = await new Fuzz(seed, Number(args.frames)).run();
  await show(`fuzz-${seed}`, result, args.record);
  for (const { kind, count } of result.failures) console.log(`${count} × ${kind}`);
  console.log(result.failures.length === 0 ? "nothing failed" : "FAILED");
  return result.failures.length === 0 ? 0 : 1;
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await main());
