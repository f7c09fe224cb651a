/**
 * `deno task build`: makes dist/nuse, one file that runs on a machine without Deno, npm or
 * compiler.
 *
 *     main.ts, io/worker.ts ── deno bundle ──► main.js, worker.js ─┐
 *     C sources ── cc ──► nuse_host.so, nuse_shim.so ──────────────┼─► dist/nuse
 *     Deno's runtime ──────────────────────────────────────────────┘
 *
 * With `denort`, Deno's small runtime, at hand ($DENORT_BIN, or in Deno's cache) `deno compile`
 * joins them; else a shell script does, which unpacks itself once (stub.ts). Both behave the same.
 * The network is needed once, for the libraries and the bundler (prerequisites.ts).
 *
 * @module
 */
import denoConfig from "../../deno.json" with { type: "json" };
import { buildNative } from "../../ffi/build_native.ts";
import { HOST_LIBRARY } from "../../ffi/libc.ts";
import { SHIM_LIBRARY } from "../../ffi/shim/library.ts";
import { bundle } from "./bundles.ts";
import { cachedDenort } from "./denort.ts";
import { deno, fetchBundler, fetchLibraries } from "./prerequisites.ts";
import { makeSelfExtracting, v8Option } from "./stub.ts";
import { helpIfAsked } from "./task_help.ts";

const ROOT = `${import.meta.dirname}/../..`;
const OUT = `${ROOT}/dist/nuse`;

async function must(args: readonly string[]): Promise<void> {
  const { success, stderr } = await deno(args);
  if (!success) throw new Error(`deno ${args[0]} failed: ${stderr.trim()}`);
}

/** Bundles and libraries, side by side in `dir`. */
async function stage(dir: string): Promise<void> {
  await bundle(dir);
  for (const { name, sources } of [HOST_LIBRARY, SHIM_LIBRARY]) {
    buildNative(sources, `${dir}/${name}.so`);
  }
}

async function compile(dir: string): Promise<void> {
  const parts = ["worker.js", `${HOST_LIBRARY.name}.so`, `${SHIM_LIBRARY.name}.so`];
  const includes = parts.flatMap((part) => ["--include", `${dir}/${part}`]);
  // Unpacked at first use: the loader wants the libraries as files.
  const flags = ["--quiet", "--allow-all", "--no-check", "--no-config", "--self-extracting"];
  const v8 = v8Option(await Deno.readTextFile(`${ROOT}/nuse`));
  await must(["compile", ...flags, v8, ...includes, "-o", OUT, `${dir}/main.js`]);
}

async function main(): Promise<void> {
  await fetchLibraries();
  await fetchBundler();
  await Deno.mkdir(`${ROOT}/dist`, { recursive: true });
  const dir = await Deno.makeTempDir({ prefix: "nuse-build-" });
  try {
    await stage(dir);
    const denort = Deno.env.get("DENORT_BIN") ?? await cachedDenort();
    if (denort !== null) await compile(dir);
    else await makeSelfExtracting(dir, `${ROOT}/nuse`, OUT, denoConfig.version);
    const { size } = await Deno.stat(OUT);
    const how = denort === null
      ? "self-extracting: a shell script with Deno's runtime inside (denort is not at hand)"
      : `by deno compile with ${denort}`;
    console.log(`made dist/nuse, ${Math.round(size / 1e6)} MB, ${how}`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

helpIfAsked(import.meta);
try {
  await main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`build: ${error.message}`);
  Deno.exit(1);
}
