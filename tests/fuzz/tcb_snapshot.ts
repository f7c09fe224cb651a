/**
 * What a connection looks like, as numbers: to see what a segment has changed of it. Compiled from
 * the names of the fields: a loop over names would cost more than the stack itself.
 *
 * @module
 */
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";

/** Of the objects that hang on it. */
const PARTS: readonly string[] = [
  "sent.count",
  "sent.sackedBytes",
  "sent.lostBytes",
  "sent.retransBytes",
  "sndRing.usedBytes",
  "rcvRing.usedBytes",
  "assembler.count",
  "rtt.srttUs",
  "rtt.rtoUs",
];

type Reader = (tcb: Tcb, into: Float64Array) => void;

/** Of the first connection seen; all have the same. */
let names: string[] = [];
let read: Reader | null = null;

function compile(tcb: Tcb): Reader {
  const own = Object.entries(tcb).filter(([, v]) =>
    typeof v === "number" || typeof v === "boolean"
  );
  names = [...own.map(([name]) => name), ...PARTS];
  const lines = names.map((name, i) => `a[${i}] = +t.${name};`);
  return new Function("t", "a", lines.join("\n")) as Reader;
}

export class TcbSnapshot {
  #tcb: Tcb | null = null;
  #before = new Float64Array(0);
  #after = new Float64Array(0);

  /** null: there is none to remember. */
  take(tcb: Tcb | null): void {
    this.#tcb = tcb;
    if (tcb === null) return;
    read ??= compile(tcb);
    if (this.#before.length !== names.length) {
      this.#before = new Float64Array(names.length);
      this.#after = new Float64Array(names.length);
    }
    read(tcb, this.#before);
  }

  /** Names and values of what has changed since, but for `allowed`; empty: nothing. */
  changes(allowed: ReadonlySet<string>): string {
    if (this.#tcb === null || read === null) return "";
    const before = this.#before;
    const after = this.#after;
    read(this.#tcb, after);
    let text = "";
    for (let i = 0; i < names.length; i++) {
      if (before[i] === after[i] || allowed.has(names[i])) continue;
      text += ` ${names[i]} ${before[i]} -> ${after[i]}`;
    }
    return text;
  }
}
