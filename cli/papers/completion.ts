/**
 * What the completions of bash and zsh have in common: which options there are, and what may follow
 * each, from the tables (cli/options.ts, cli/config/keys.ts).
 *
 * @module
 */
import { DEVICE_ROWS } from "../config/keys.ts";
import { ROWS, type ValueOption } from "../options.ts";

export const MADE_BY = "Made by `deno task papers` from cli/options.ts.";

/** Options that take a value. */
export function valueOptions(): ValueOption[] {
  return ROWS.filter((option): option is ValueOption => option.argument !== undefined);
}

/** The keys of --dev that have a fixed set of values. */
export function keysWithChoices(): { name: string; choices: readonly string[] }[] {
  return DEVICE_ROWS.flatMap(({ name, choices }) =>
    choices === undefined ? [] : [{ name, choices }]
  );
}

/** sed's script: from the table of --list, each run's name, or its process. */
export const RUN_NAMES = "1d; s/^- *\\([0-9]*\\).*/\\1/p; t; s/ .*//p";
