/**
 * Runs mutants, one at a time, on a copy of the tree: the working tree is never touched.
 *
 * A mutant is killed when the tests named for it fail, or do not come to an end; it survives when
 * they pass. Tests that fail without any mutant would kill everything: those that have killed are
 * run once more without, all together, at the end (`unproven`).
 *
 * @module
 */
import { type Mutant, mutate } from "./mutant.ts";

export type Verdict = "killed" | "killed by time" | "survived" | "stale" | "no proof";

/** What became of a mutant; `by` and `how`: which tests killed it, and what they said. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly by: string | null;
  readonly how: string;
}

export interface RunnerOptions {
  /** The tree to copy: a git repository, with what is not committed. */
  readonly root: string;
  /** Seconds for one run of the tests. */
  readonly limitSec: number;
}

export class Runner {
  readonly #options: RunnerOptions;
  readonly #copy: string;

  private constructor(options: RunnerOptions, copy: string) {
    this.#options = options;
    this.#copy = copy;
  }

  static async create(options: RunnerOptions): Promise<Runner> {
    const copy = await Deno.makeTempDir({ prefix: "nuse-mutate-" });
    try {
      await copyTree(options.root, copy);
      return new Runner(options, copy);
    } catch (error) {
      await Deno.remove(copy, { recursive: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#copy, { recursive: true });
  }

  /** One path of tests after the other, so that the nearest, which comes first, decides quickly. */
  async run(mutant: Mutant): Promise<Outcome> {
    const path = `${this.#copy}/${mutant.file}`;
    const source = await Deno.readTextFile(path).catch(() => "");
    const mutated = mutate(source, mutant);
    if (mutated === null) return { verdict: "stale", by: null, how: "" };
    await Deno.writeTextFile(path, mutated);
    try {
      for (const [i, tests] of mutant.tests.entries()) {
        const { code, how } = await this.#test([tests], mutant.tests.slice(0, i));
        if (code === null) return { verdict: "killed by time", by: tests, how };
        if (code !== 0) return { verdict: "killed", by: tests, how };
      }
    } finally {
      await Deno.writeTextFile(path, source);
    }
    return { verdict: "survived", by: null, how: "" };
  }

  /** Which of these tests fail without any mutant, and so prove nothing. */
  async unproven(paths: readonly string[]): Promise<Set<string>> {
    const all = [...new Set(paths)];
    if (all.length === 0 || (await this.#test(all)).code === 0) return new Set();
    if (all.length === 1) return new Set(all);
    const half = all.length >> 1;
    const parts = [await this.unproven(all.slice(0, half)), await this.unproven(all.slice(half))];
    return new Set(parts.flatMap((part) => [...part]));
  }

  /** The status of `deno test`, null: it took too long. A fault may well be one of types, too. */
  async #test(
    tests: readonly string[],
    done: readonly string[] = [],
  ): Promise<{ code: number | null; how: string }> {
    const limitSec = this.#options.limitSec * tests.length;
    const deno = [
      ...[Deno.execPath(), "test", "--allow-all", "--no-check", "--quiet", "--fail-fast"],
      "--permit-no-files",
    ];
    // Files of a folder that have had their turn
    const seen = done.filter((path) => path.startsWith(`${tests[0]}/`)).map((f) => `--ignore=${f}`);
    const { code, stdout } = await new Deno.Command("timeout", {
      args: ["-k", "5", String(limitSec), ...deno, ...seen, ...tests],
      cwd: this.#copy,
      // What a mutant of the C sources compiles to must not be found by anybody else
      env: { NUSE_CACHE: `${this.#copy}/.cache`, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    const how = /^error: .*/m.exec(new TextDecoder().decode(stdout))?.[0] ?? "";
    return { code: code === TIMED_OUT || code === KILLED ? null : code, how };
  }
}

/** timeout(1)'s status, and that of SIGKILL after it. */
const TIMED_OUT = 124;
const KILLED = 137;

/** What git knows of, and what it would be told of. */
async function copyTree(from: string, to: string): Promise<void> {
  const list = ["-C", from, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { success, stdout, stderr } = await new Deno.Command("git", { args: list }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  for (const path of new Set(new TextDecoder().decode(stdout).split("\0"))) {
    // Listed, but removed from the working tree
    if (path === "" || !isThere(`${from}/${path}`)) continue;
    if (path.includes("/")) {
      await Deno.mkdir(`${to}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    }
    await Deno.copyFile(`${from}/${path}`, `${to}/${path}`);
  }
  // The libraries, which git does not know of
  const libraries = `${from}/node_modules`;
  if (isThere(libraries)) await Deno.symlink(libraries, `${to}/node_modules`);
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
