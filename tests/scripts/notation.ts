/**
 * Reads packets in the field's notation: `S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK>`.
 *
 * @module
 */
import { parseIgmpText } from "../support/igmp.ts";
import type { IcmpSpec, NumberSpec, OptionSpec, PacketSpec, SegmentSpec, Term } from "./ast.ts";

const FLAGS: Readonly<Record<string, number>> = {
  F: 0x01,
  S: 0x02,
  R: 0x04,
  P: 0x08,
  ".": 0x10,
  U: 0x20,
  E: 0x40,
  W: 0x80,
  "-": 0,
};

export const ANY: NumberSpec = { kind: "any" };

export function literal(value: number): NumberSpec {
  return { kind: "sum", terms: [{ sign: 1, value }] };
}

/** "12", "*", "100..200", ">=5", "$a+10", "last". */
export function parseNumber(text: string): NumberSpec {
  if (text === "*") return ANY;
  const range = /^(-?\d+)\.\.(-?\d+)$/.exec(text);
  if (range) return { kind: "range", lo: Number(range[1]), hi: Number(range[2]) };
  const bound = /^(>=|<=|>|<)(-?\d+)$/.exec(text);
  if (bound) {
    const n = Number(bound[2]);
    if (bound[1] === ">=") return { kind: "range", lo: n, hi: Infinity };
    if (bound[1] === ">") return { kind: "range", lo: n + 1, hi: Infinity };
    return { kind: "range", lo: -Infinity, hi: bound[1] === "<" ? n - 1 : n };
  }
  if (!/^-?(\d+|last|\$\w+)([+-](\d+|last|\$\w+))*$/.test(text)) {
    throw new Error(`not a number: "${text}"`);
  }
  const terms: Term[] = [];
  for (const m of text.matchAll(/([+-]?)(\d+|last|\$\w+)/g)) {
    terms.push({ sign: m[1] === "-" ? -1 : 1, value: /^\d/.test(m[2]) ? Number(m[2]) : m[2] });
  }
  return { kind: "sum", terms };
}

export function parsePacket(text: string): PacketSpec {
  const { rest, modifiers } = splitModifiers(text.trim());
  const words = rest.split(/\s+/);
  if (words[0] === "udp") return parseUdp(words.slice(1), modifiers);
  if (words[0] === "icmp") return parseIcmp(words.slice(1), modifiers);
  if (words[0] === "igmp") {
    return { what: "igmp", flow: "a", message: parseIgmpText(words.slice(1).join(" ")), modifiers };
  }
  return parseSegment(rest, modifiers);
}

/** Takes the bracketed lists off the end: `… [CE] [1:1461]`. */
function splitModifiers(text: string): { rest: string; modifiers: string[] } {
  const modifiers: string[] = [];
  const rest = text.replace(/\[([^\]]*)\]/g, (_all, inner: string) => {
    modifiers.push(...inner.split(",").map((m) => m.trim()));
    return "";
  });
  return { rest: rest.trim(), modifiers };
}

/** "b:" in front names a flow. */
function takeFlow(words: string[]): string {
  const m = /^([a-z]\w*):$/.exec(words[0] ?? "");
  if (!m) return "a";
  words.shift();
  return m[1];
}

function parseUdp(words: string[], modifiers: string[]): PacketSpec {
  const flow = takeFlow(words);
  const m = /^\((\d+)\)$/.exec(words.join(" "));
  if (!m) throw new Error("a datagram is written: udp (LENGTH)");
  return { what: "udp", flow, len: Number(m[1]), modifiers };
}

function parseIcmp(words: string[], all: string[]): IcmpSpec {
  const flow = takeFlow(words);
  const name = words.shift() ?? "";
  const fields = new Map<string, number>();
  let len = 0;
  while (words.length > 0) {
    const word = words.shift() as string;
    const size = /^\((\d+)\)$/.exec(word);
    if (size) len = Number(size[1]);
    else fields.set(word, Number(words.shift()));
  }
  const quoteText = all.find((m) => /^-?\d+:-?\d+$/.test(m));
  const quote = quoteText ? quoteText.split(":").map(Number) as [number, number] : null;
  const modifiers = all.filter((m) => m !== quoteText);
  return { what: "icmp", flow, name, fields, len, quote, modifiers };
}

function parseFlags(text: string): { flags: number; ignoresPush: boolean } {
  const ignoresPush = text.includes("P?");
  let flags = 0;
  for (const letter of text.replace("P?", "")) {
    if (!(letter in FLAGS)) throw new Error(`unknown flag "${letter}" in "${text}"`);
    flags |= FLAGS[letter];
  }
  return { flags, ignoresPush };
}

/** Flow, flags, sequence numbers, fields, options. */
const SEGMENT = new RegExp(
  [
    /^(?:([a-z]\w*):\s+)?/,
    /([FSRPUEW.?-]+)\s+/,
    /(-?\d+|\*):(-?\d+|\*)\((\d+|\*)\)\s*/,
    /([^<]*)/,
    /(?:<([^>]*)>)?$/,
  ].map((part) => part.source).join(""),
);

function parseSegment(text: string, modifiers: string[]): SegmentSpec {
  // A bound such as "win >=100" must not be taken for the end of the option list.
  const m = SEGMENT.exec(text.replace(/(win|ack) (>=|<=|>|<)(\d+)/g, (_a, w, op, n) => {
    return `${w} ${openRange(op, Number(n))}`;
  }));
  if (!m) throw new Error("a segment is written: FLAGS SEQ:END(LEN) [ack N] [win N] [<OPTIONS>]");
  const [, flow, flagWord, from, to, size, fieldText, optionText] = m;
  const seq = parseNumber(from);
  const len = parseNumber(size);
  if (from !== "*" && to !== "*" && size !== "*" && Number(to) - Number(from) !== Number(size)) {
    throw new Error(`${from}:${to} is not ${size} bytes`);
  }
  const { flags, ignoresPush } = parseFlags(flagWord);
  const fields = parseFields(fieldText);
  const hasAck = (flags & 0x10) !== 0;
  if (hasAck !== fields.has("ack")) {
    throw new Error(hasAck ? "flag . needs ack N" : "ack N needs flag .");
  }
  return {
    what: "tcp",
    flow: flow ?? "a",
    flags,
    ignoresPush,
    seq,
    len,
    ack: fields.get("ack") ?? null,
    win: fields.get("win") ?? null,
    urg: fields.get("urg") ?? null,
    options: optionText === undefined ? null : parseOptions(optionText),
    modifiers,
  };
}

function openRange(op: string, n: number): string {
  const HIGH = 0xffff_ffff;
  if (op === ">=") return `${n}..${HIGH}`;
  if (op === ">") return `${n + 1}..${HIGH}`;
  return `0..${op === "<" ? n - 1 : n}`;
}

function parseFields(text: string): Map<string, NumberSpec> {
  const fields = new Map<string, NumberSpec>();
  const words = text.split(/\s+/).filter((w) => w !== "");
  for (let i = 0; i < words.length; i += 2) {
    if (!["ack", "win", "urg"].includes(words[i])) throw new Error(`unknown field "${words[i]}"`);
    if (words[i + 1] === undefined) throw new Error(`${words[i]} needs a value`);
    fields.set(words[i], parseNumber(words[i + 1]));
  }
  return fields;
}

export function parseOptions(text: string): OptionSpec[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "").map(parseOption);
}

function parseOption(text: string): OptionSpec {
  const words = text.split(/\s+/);
  switch (words[0]) {
    case "nop":
    case "eol":
    case "sackOK":
      return { kind: words[0] };
    case "mss":
    case "wscale":
      return { kind: words[0], value: parseNumber(words[1]) };
    case "TS":
      if (words[1] !== "val" || words[3] !== "ecr") throw new Error(`write: TS val N ecr N`);
      return { kind: "ts", val: parseNumber(words[2]), ecr: parseNumber(words[4]) };
    case "sack":
      return { kind: "sack", blocks: words.slice(1).map(parseBlock) };
    case "opt": {
      const [code, hex] = words[1].split(":");
      const bytes = (hex ?? "").match(/../g) ?? [];
      return {
        kind: "raw",
        code: Number(code),
        data: Uint8Array.from(bytes, (b) => parseInt(b, 16)),
      };
    }
    default:
      throw new Error(`unknown TCP option "${text}"`);
  }
}

function parseBlock(text: string): [number, number] {
  const m = /^(-?\d+):(-?\d+)$/.exec(text);
  if (!m) throw new Error(`a SACK block is written LEFT:RIGHT, not "${text}"`);
  return [Number(m[1]), Number(m[2])];
}
