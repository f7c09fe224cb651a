/**
 * Which source files are at work when a function is called.
 *
 * @module
 */
import { ROOT } from "../tidy/tree.ts";

const PREFIX = `file://${ROOT}/`;

/** Whose stack is not ours: the peer's work is done inside our device's calls. */
const PEER = `${PREFIX}tests/docs/cable.ts`;

/** Files on the call stack, but for tests and libraries. None: the peer is at work. */
function filesOnStack(): string[] {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const lines = new Error().stack?.split("\n") ?? [];
  Error.stackTraceLimit = before;
  if (lines.some((line) => line.includes(PEER))) return [];
  return lines.flatMap((line) => {
    const at = line.indexOf(PREFIX);
    if (at < 0) return [];
    const path = line.slice(at + PREFIX.length).replace(/:\d+:\d+\)?$/, "");
    return /^(tests|node_modules)\//.test(path) ? [] : [path];
  });
}

type Methods<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T];

/** Collects the files from which methods are called. */
export class Trace {
  readonly files = new Set<string>();
  readonly #restore: (() => void)[] = [];

  /** Notes who calls `target[name]`, when `counts` says that the call is of interest. */
  watch<T extends object>(
    target: T,
    name: Methods<T>,
    counts: (self: T, ...args: unknown[]) => boolean = () => true,
  ): void {
    const { files } = this;
    const own = Object.getOwnPropertyDescriptor(target, name);
    const original = target[name] as (...args: unknown[]) => unknown;
    const watcher = function (this: T, ...args: unknown[]): unknown {
      if (counts(this, ...args)) { for (const file of filesOnStack()) files.add(file); }
      return original.apply(this, args);
    };
    Object.defineProperty(target, name, { configurable: true, writable: true, value: watcher });
    this.#restore.push(() => {
      if (own === undefined) delete target[name];
      else Object.defineProperty(target, name, own);
    });
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
  }
}
