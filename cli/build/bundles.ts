/**
 * nuse's two threads as a file each, instead of three hundred sources: they start sooner.
 *
 * As a program it makes `dist/start/KEY/main.js` and `worker.js`, for the launcher, which starts it
 * when a source has changed since. `dist/start/current` holds the KEY and the path of this Deno,
 * and its time is that before the first source was read, so that what changes meanwhile is noticed.
 * A folder is never changed: who has begun to start from it goes on. Where nothing can be made, as
 * without a network to fetch the bundler by, the KEY is "-SECOND", and nuse runs from the sources
 * until one changes or that second of the epoch has come.
 *
 * Nothing here may import what is still to be fetched.
 *
 * @module
 */
import { CONTENTS_FILE, libraryContents } from "../../ffi/build_native.ts";
import { HOST_LIBRARY } from "../../ffi/libc.ts";
import { SHIM_LIBRARY } from "../../ffi/shim/library.ts";
import { deno } from "./prerequisites.ts";

const ROOT = `${import.meta.dirname}/../..`;
const START = `${ROOT}/dist/start`;
/** Seconds in which the bundler must be there: it is fetched once. */
const LIMIT_SEC = 60;

/** The entry points, by what they become. */
const ENTRIES = { "main.js": "main.ts", "worker.js": "io/worker.ts" } as const;

/**
 * Makes the bundles in `dir`. Throws an Error of one line. For a browser, since what a library has
 * for Node.js loads a quarter of a start's code, whether or not the library is used.
 */
export async function bundle(dir: string, limitSec = 0): Promise<void> {
  await Promise.all(
    Object.entries(ENTRIES).map(async ([out, source]) => {
      const args = ["bundle", "--quiet", "--platform", "browser", "-o", `${dir}/${out}`, source];
      const { success, stderr } = await deno(args, limitSec);
      if (!success) throw new Error(`deno bundle failed: ${stderr.trim()}`);
    }),
  );
}

/** Seconds until what could not be made is tried again. */
const PAUSE_SEC = 3600;

/** The KEY where there are no bundles, as of `time`. */
function noKey(time: Date): string {
  return `-${Math.floor(time.getTime() / 1000) + PAUSE_SEC}`;
}

/** Makes `current` name KEY, as of `time`. */
function setCurrent(start: string, key: string, time: Date): void {
  const fresh = `${start}/current.${Deno.pid}`;
  Deno.writeTextFileSync(fresh, `${key} ${Deno.execPath()}\n`);
  Deno.utimeSync(fresh, time, time);
  Deno.renameSync(fresh, `${start}/current`);
}

/** The time of a file that is made now; Date has no room for all of it, and is early. */
function now(start: string): Date {
  const probe = `${start}/time.${Deno.pid}`;
  Deno.writeTextFileSync(probe, "");
  const { mtime } = Deno.statSync(probe);
  Deno.removeSync(probe);
  return mtime!;
}

/** Removes what no start has used for a while. */
function sweep(start: string, keep: readonly string[]): void {
  for (const { name, isDirectory } of [...Deno.readDirSync(start)]) {
    if (isDirectory && !keep.includes(name)) {
      Deno.removeSync(`${start}/${name}`, { recursive: true });
    }
  }
}

/** "": there is none. */
function currentKey(start: string): string {
  try {
    return Deno.readTextFileSync(`${start}/current`).split(" ")[0];
  } catch {
    return "";
  }
}

/** Makes the launcher's bundles anew; what hinders it is thrown when `current` says so. */
export async function makeStart(start = START, make = bundle): Promise<void> {
  Deno.mkdirSync(start, { recursive: true });
  const time = now(start);
  const before = currentKey(start);
  const dir = Deno.makeTempDirSync({ dir: start, prefix: "k" });
  try {
    Deno.chmodSync(dir, 0o755); // every user may start from it
    const contents = [HOST_LIBRARY, SHIM_LIBRARY].map(({ name, sources }) =>
      [name, libraryContents(sources)] as const
    );
    Deno.writeTextFileSync(`${dir}/${CONTENTS_FILE}`, JSON.stringify(Object.fromEntries(contents)));
    await make(dir, LIMIT_SEC);
  } catch (error) {
    Deno.removeSync(dir, { recursive: true });
    setCurrent(start, noKey(time), time);
    throw error;
  }
  const key = dir.slice(dir.lastIndexOf("/") + 1);
  setCurrent(start, key, time);
  sweep(start, [key, before]);
}

if (import.meta.main) {
  try {
    await makeStart();
  } catch (error) {
    console.error(`nuse: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
