/**
 * The command line: nuse's own options, then the program and its arguments, which nobody touches.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Failure } from "./base/failure.ts";
import { type Option, ROWS, type SwitchName, type ValueName } from "./options.ts";

export interface CommandLine {
  /** The options without a value that were given. */
  readonly switches: ReadonlySet<SwitchName>;
  /** What was given to each option with a value, in order; empty: nothing. */
  readonly values: Readonly<Record<ValueName, readonly string[]>>;
  /** The program and its arguments. */
  readonly command: readonly string[];
}

const takesValue = (option: Option) => option.argument !== undefined;
const WITH_VALUE = ROWS.filter(takesValue).map(({ name }) => name as ValueName);
const WITHOUT_VALUE = ROWS.filter((o) => !takesValue(o)).map(({ name }) => name as SwitchName);
const ALIASES = Object.fromEntries(
  ROWS.flatMap((o) => o.argument === undefined && o.short !== undefined ? [[o.short, o.name]] : []),
);

/** How many leading arguments are nuse's own. */
function ownCount(args: readonly string[]): number {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--" || arg === "-" || !arg.startsWith("-")) return i;
    const takesNext = WITH_VALUE.some((name) => arg === `--${name}`);
    if (takesNext) i++;
  }
  return args.length;
}

/** Throws Failure. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  // parseArgs would take a `--` or a `true` that belongs to the program: it sees only what is ours.
  const own = Math.min(ownCount(args), args.length);
  const parsed = parseArgs(args.slice(0, own), {
    boolean: WITHOUT_VALUE,
    string: WITH_VALUE,
    collect: WITH_VALUE,
    alias: ALIASES,
    unknown: (arg) => {
      throw new Failure(`unknown option ${arg} (nuse --help shows what there is)`);
    },
  });
  for (const name of WITH_VALUE) {
    if (parsed[name].includes("")) throw new Failure(`--${name} needs a value (see nuse --help)`);
  }
  const rest = args.slice(own);
  return {
    switches: new Set(WITHOUT_VALUE.filter((name) => parsed[name])),
    values: parsed,
    command: rest[0] === "--" ? rest.slice(1) : rest,
  };
}
