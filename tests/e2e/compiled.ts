/**
 * C programs of the end-to-end tests: compiled for a test, run on the kernel and under nuse, and
 * what they print compared.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Fixture } from "./fixture.ts";

const FLAGS = ["-O1", "-Wall", "-Wextra", "-pthread"];

const programs = new Map<string, Promise<string>>();

/** Compiles `sources`, once for a file of tests; the program's path. */
function compiled(
  sources: readonly string[],
  flags: readonly string[],
  compiler: string,
): Promise<string> {
  const key = [compiler, ...flags, ...sources].join(" ");
  const known = programs.get(key) ?? compile(sources, flags, compiler);
  programs.set(key, known);
  return known;
}

async function compile(
  sources: readonly string[],
  flags: readonly string[],
  compiler: string,
): Promise<string> {
  const dir = Deno.makeTempDirSync();
  addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
  const program = `${dir}/${sources[0].replace(/^.*\/|\.c$/g, "")}`;
  const paths = sources.map((name) => `${import.meta.dirname}/${name}`);
  const args = [...FLAGS, ...flags, "-o", program, ...paths];
  const made = await new Deno.Command(compiler, { args, stderr: "piped" }).output();
  assertEquals([made.code, new TextDecoder().decode(made.stderr)], [0, ""]);
  return program;
}

/** Compiles `sources` (names in this folder) to one program, which `use` gets the path of. */
export async function withProgram(
  sources: readonly string[],
  use: (program: string) => Promise<void>,
  flags: readonly string[] = [],
  compiler = "cc",
): Promise<void> {
  await use(await compiled(sources, flags, compiler));
}

/**
 * What `native` prints on the peer's kernel has all `words` in it; `under` prints the same under
 * nuse.
 */
export async function assertSame(
  f: Fixture,
  native: string[],
  words: readonly string[],
  under = native,
): Promise<void> {
  const expected = await f.b.run(native);
  for (const word of words) assertStringIncludes(expected.stdout, word);
  const seen = await f.nuse(under).done;
  assertEquals(seen.stdout, expected.stdout, `${under.join(" ")}: ${seen.stderr}`);
}
