/**
 * The source files of the repository.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

export const ROOT = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");
const SKIPPED = new Set([".git", "node_modules", "dist", "results"]);

function* walk(dir: string): Generator<string> {
  for (const entry of Deno.readDirSync(`${ROOT}/${dir}`)) {
    if (SKIPPED.has(entry.name)) continue;
    const path = dir === "" ? entry.name : `${dir}/${entry.name}`;
    if (entry.isDirectory) yield* walk(path);
    else if (entry.isFile) yield path;
  }
}

/** Paths relative to the root, sorted. */
export const FILES: readonly string[] = [...walk("")].sort();

export function filesOf(pattern: RegExp): string[] {
  return FILES.filter((path) => pattern.test(path));
}

export function read(path: string): string {
  return Deno.readTextFileSync(`${ROOT}/${path}`);
}

/** Fails with one line for each thing found. */
export function expectNone(found: readonly string[], rule: string): void {
  if (found.length > 0) throw new Error(`${rule}:\n  ${found.join("\n  ")}`);
}
