/**
 * Work, counted and not timed: how often the blocks of the repository's own code were entered, by
 * the counters that V8 keeps for coverage. The count of a body is the same on every machine and
 * under every load, so that a test can say what something may cost.
 *
 * A loop counts once a turn, a branch once when it is taken. What a call of the runtime does inside
 * itself (`copyWithin`, `sort`) is not seen. Nor is a function without a branch: it has no counter
 * of its own, and the calls that V8 counts are lost where it optimises.
 *
 * V8 puts the counters into a function when it compiles it, at the first call: the counting begins
 * when this module is loaded and lasts as long as the test file.
 *
 * @module
 */

// An import would make the type check want @types/node, which is not among the libraries.
const { Session } = globalThis.process.getBuiltinModule("node:inspector");

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

const ROOT = new URL("../..", import.meta.url);
const session = new Session();

function post(method: string, params: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) =>
    session.post(method, params, (error, result) => error ? reject(error) : resolve(result))
  );
}

session.connect();
await post("Profiler.enable");
await post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/** Blocks entered by `body` in the modules under a folder of the repository. */
export async function blocksEntered(body: () => void, folder = "stack/"): Promise<number> {
  const start = new URL(folder, ROOT).href;
  await post("Profiler.takePreciseCoverage");
  body();
  const { result } = await post("Profiler.takePreciseCoverage") as Coverage;
  let blocks = 0;
  for (const { url, functions } of result) {
    if (!url.startsWith(start)) continue;
    for (const { ranges } of functions) {
      if (ranges.length > 1) { for (const { count } of ranges) blocks += count; }
    }
  }
  return blocks;
}
