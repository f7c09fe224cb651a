/**
 * What comes from the npm registry, fetched before anything needs it: later no network is asked
 * for. Pinned: the libraries by deno.lock, hash included; the bundler (esbuild) by Deno, which asks
 * for the one version that it was made with.
 *
 * As a program (`deno task libraries`) it fetches the libraries: the tasks whose scripts import
 * them run it first, so that what is missing is said here, in one line. deno.json therefore keeps
 * Deno from fetching by itself (`nodeModulesDir`). Exit status: 0, or 2 when they cannot be had.
 * The launcher's first bundles are made with it, as the starts of tests and benches, in namespaces
 * of their own, have no network to fetch the bundler by; nuse does without them, too.
 *
 * Nothing here may import what is still to be fetched.
 *
 * @module
 */

import { helpIfAsked } from "./task_help.ts";

const ROOT = `${import.meta.dirname}/../..`;
const MODULES = `${ROOT}/node_modules`;
const TEXT = new TextDecoder();
/** Seconds in which the registry must have given the libraries, as in the launcher. */
const LIBRARIES_LIMIT_SEC = 7;

/** timeout(1)'s exit status when the time was up. */
const TIMED_OUT = 124;

interface Ran {
  readonly success: boolean;
  readonly stderr: string;
}

/** Runs this Deno on the repository, quietly; for `limitSec` at most (0: however long it takes). */
export async function deno(args: readonly string[], limitSec = 0): Promise<Ran> {
  const { success, code, stderr } = await new Deno.Command("timeout", {
    args: [String(limitSec), Deno.execPath(), ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code === TIMED_OUT) return { success, stderr: "npm's registry does not answer" };
  return { success, stderr: TEXT.decode(stderr) };
}

/** The first line of what Deno says is wrong. */
export function complaint(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const line = lines.find((text) => text.startsWith("error: ")) ??
    lines.find((text) => text !== "");
  return (line ?? "deno says nothing").replace(/^error: /, "");
}

async function fetched(what: string, args: readonly string[], limitSec?: number): Promise<void> {
  const { success, stderr } = await deno(args, limitSec);
  if (success) return;
  throw new Error(
    `${what} cannot be fetched: ${complaint(stderr)} (needs the network once: check it)`,
  );
}

/** What a file holds; null: it is not there. */
async function contents(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * The libraries of deno.lock, into node_modules, unless they are there: the launcher's mark in it
 * is the deno.lock that it was made from. Throws an Error of one line.
 */
export async function fetchLibraries(): Promise<void> {
  const mark = `${MODULES}/.nuse-ready`;
  const lock = await Deno.readTextFile(`${ROOT}/deno.lock`);
  if (await contents(mark) === lock) return;
  await fetched("nuse's libraries", ["install", "--quiet", "--frozen"], LIBRARIES_LIMIT_SEC);
  await Deno.writeTextFile(mark, lock);
}

/** The bundler of `deno bundle`, into Deno's cache. Throws an Error of one line. */
export async function fetchBundler(): Promise<void> {
  const out = await Deno.makeTempFile({ suffix: ".js" });
  try {
    const anything = `${import.meta.dirname}/denort.ts`;
    await fetched("deno bundle's esbuild", ["bundle", "--quiet", "-o", out, anything]);
  } finally {
    await Deno.remove(out);
  }
}

/** The launcher's bundles, if none were made yet; bundles.ts notes when they cannot be. */
async function makeFirstStart(): Promise<void> {
  if (await contents(`${ROOT}/dist/start/current`) !== null) return;
  await deno(["run", "--allow-all", "--cached-only", `${import.meta.dirname}/bundles.ts`]);
}

helpIfAsked(import.meta);
if (import.meta.main) {
  try {
    await fetchLibraries();
    await makeFirstStart();
  } catch (error) {
    console.error(`nuse: ${(error as Error).message}`);
    Deno.exit(2);
  }
}
