/**
 * Finding and reading the configuration file: `--config`, else NUSECONF.
 *
 * @module
 */
import { Failure } from "../base/failure.ts";
import { type ConfigFile, parseConfigFile } from "./file.ts";
import type { Setting } from "./values.ts";

/** A longer one is something else. */
const FILE_MAX_BYTES = 1 << 20;

/** null: none is named. Throws Failure. */
export function readConfigFile(
  options: readonly string[],
  variable: string | undefined,
): ConfigFile | null {
  if (options.length > 1) throw new Failure("--config is given twice (once is enough)");
  const setting: Setting | null = options.length > 0
    ? { text: options[0], from: "--config" }
    : variable === undefined
    ? null
    : { text: variable, from: "NUSECONF" };
  if (setting === null) return null;
  const { text: path, from } = setting;
  if (path === "") throw new Failure(`${from} is empty (name a file, or unset it)`);
  return parseConfigFile(readText(path, from), path);
}

function readText(path: string, from: string): string {
  const bytes = new Uint8Array(FILE_MAX_BYTES + 1);
  let len = 0;
  try {
    // In pieces: it may be a pipe, as of `--config <(…)`
    using file = Deno.openSync(path);
    for (let n; len < bytes.length && (n = file.readSync(bytes.subarray(len))) !== null;) len += n;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/ \(os error.*$/, "") : error;
    throw new Failure(`${from}: cannot read ${path}: ${why} (name a file that can be read)`);
  }
  if (len > FILE_MAX_BYTES) {
    throw new Failure(`${from}: ${path} is longer than ${FILE_MAX_BYTES} bytes (is it another?)`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, len));
  } catch {
    throw new Failure(`${from}: ${path} is not text in UTF-8 (is it another file?)`);
  }
}
