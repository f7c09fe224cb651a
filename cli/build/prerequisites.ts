/**
 * What comes from the npm registry, fetched before anything needs it: later no network is asked
 * for. Pinned: the libraries by deno.lock, hash included; the bundler (esbuild) by Deno, which asks
 * for the one version that it was made with.
 *
 * Nothing here may import what is still to be fetched.
 *
 * @module
 */

const ROOT = `${import.meta.dirname}/../..`;
const TEXT = new TextDecoder();

interface Ran {
  readonly success: boolean;
  readonly stderr: string;
}

/** Runs this Deno on the repository, quietly. */
export async function deno(args: readonly string[]): Promise<Ran> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { success, stderr: TEXT.decode(stderr) };
}

/** The first line of what Deno says is wrong. */
export function complaint(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const line = lines.find((text) => text.startsWith("error: ")) ??
    lines.find((text) => text !== "");
  return (line ?? "deno says nothing").replace(/^error: /, "");
}

async function fetched(what: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await deno(args);
  if (success) return;
  throw new Error(
    `${what} cannot be fetched: ${complaint(stderr)} (needs the network once: check it)`,
  );
}

/** The libraries of deno.lock, into node_modules. Throws an Error of one line. */
export function fetchLibraries(): Promise<void> {
  return fetched("nuse's libraries", ["install", "--quiet", "--frozen"]);
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
