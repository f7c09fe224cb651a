/**
 * What the command line says of this run among others: its name, or whose stack it joins; and what
 * does not go together.
 *
 * @module
 */
import { Failure } from "./base/failure.ts";
import type { CommandLine } from "./args.ts";
import { checkedName } from "./runs.ts";

export interface RunRequest {
  /** --name; null: it has none. */
  readonly name: string | null;
  /** --join, a name or a process; null: it makes a stack of its own. */
  readonly join: string | null;
  readonly isKept: boolean;
}

/** What the stack that is joined has been told already. */
const OF_THE_STACK = ["dev", "route", "config", "sysctl", "log", "log-file", "log-format"] as const;
const OF_THE_FIRST = ["keep", "host-network", "no-ipv6"] as const;

/** Throws Failure. */
export function runRequest({ values, switches }: CommandLine): RunRequest {
  if (values.name.length > 1) throw new Failure("--name is given twice (once is enough)");
  if (values.join.length > 1) {
    throw new Failure("--join is given twice (a program has one network)");
  }
  if (switches.has("json")) throw new Failure("--json goes with --list (leave it out)");
  const [name = null] = values.name;
  const [join = null] = values.join;
  const isKept = switches.has("keep");
  if (join === null) return { name: name === null ? null : checkedName(name), join, isKept };
  const given = [
    ...name === null ? [] : ["name"],
    ...OF_THE_STACK.filter((option) => values[option].length > 0),
    ...OF_THE_FIRST.filter((option) => switches.has(option)),
  ];
  if (given.length > 0) {
    const options = given.map((option) => `--${option}`).join(" ");
    throw new Failure(`--join takes the network of ${join} as it is (leave out ${options})`);
  }
  return { name: null, join: /^\d+$/.test(join) ? join : checkedName(join), isKept };
}

/** --list takes no program, and nothing else. Throws Failure. */
export function checkList({ values, switches, command }: CommandLine): void {
  const others = Object.values(values).some((given) => given.length > 0);
  if (command.length > 0 || others || switches.has("keep")) {
    throw new Failure("--list shows what runs, and runs nothing (leave out the rest)");
  }
}
