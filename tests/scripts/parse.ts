/**
 * Reads a packet script. The language is described in tests/scripts/README.md.
 *
 * @module
 */
import {
  type Action,
  type PacketSpec,
  type Script,
  ScriptError,
  type Step,
  type TimeSpec,
} from "./ast.ts";
import { parsePacket } from "./notation.ts";

const CLAUSE = /^#\s*((RFC \d+|Linux|POSIX)\b.*)$/;
const AT_ONCE: TimeSpec = { loUs: 0, hiUs: 0, isExact: true };

export function parseScript(path: string, text: string): Script {
  const lines = text.split("\n");
  const clause = CLAUSE.exec(lines[0]);
  if (!clause) {
    throw new ScriptError(
      `${path}:1: the first line must name the clause, as in "# RFC 9293 3.5: ..."`,
    );
  }
  const settings = new Map<string, string>();
  const steps: Step[] = [];
  lines.forEach((raw, i) => {
    const line = raw.replace(/(^|\s)#.*$/, "").trim();
    if (line === "") return;
    try {
      const set = /^set\s+(\S+)\s+(.+)$/.exec(line);
      if (set) {
        if (steps.length > 0) throw new Error("settings stand before everything else");
        settings.set(set[1], set[2]);
      } else steps.push(parseStep(i + 1, line, settings.get("family") === "6"));
    } catch (error) {
      throw new ScriptError(`${path}:${i + 1}: ${(error as Error).message}\n    ${raw}`);
    }
  });
  return { path, clause: clause[1], settings, steps };
}

function parseStep(line: number, text: string, isIp6: boolean): Step {
  const m = /^(\*|\+[\d.]+?(?:\.\.[\d.]+)?)\s+(.*)$/.exec(text);
  const time = m ? parseTime(m[1]) : AT_ONCE;
  return { line, text, time, action: parseAction(m ? m[2] : text, isIp6) };
}

function parseTime(text: string): TimeSpec {
  if (text === "*") return { loUs: 0, hiUs: Infinity, isExact: false };
  const [lo, hi] = text.slice(1).split("..");
  const loUs = seconds(lo);
  return hi === undefined
    ? { loUs, hiUs: loUs, isExact: true }
    : { loUs, hiUs: seconds(hi), isExact: false };
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`not a time: "${text}"`);
  return Math.round(value * 1e6);
}

function parseAction(text: string, isIp6: boolean): Action {
  const packet: (text: string) => PacketSpec = isIp6
    ? (text) => ({ what: "ip6", flow: "a", text: text.trim(), modifiers: [] })
    : parsePacket;
  if (text.startsWith("< ")) return { kind: "inject", packet: packet(text.slice(2)) };
  if (text.startsWith("> ")) return { kind: "expect", packet: packet(text.slice(2)) };
  const named = /^([a-z]\w*):\s+(.*)$/.exec(text);
  const [before, after] = (named ? named[2] : text).split("->");
  const [name, ...args] = before.trim().split(/\s+/);
  return {
    kind: "call",
    target: named ? named[1] : null,
    name,
    args,
    result: after === undefined ? null : after.trim(),
  };
}
