/**
 * A configuration file, line by line, in the format of the original:
 *
 *     sysctl net.ipv4.tcp_sack 0        # outside of sections: what is the whole stack's
 *
 *     interface eth0                    # a section: until a blank line, or the next one
 *         address 198.18.0.2/24
 *
 *     route
 *         network 0.0.0.0/0
 *         gateway 198.18.0.1
 *
 * A `#` at the start of a line or after a space begins a comment; so a line of comment alone is not
 * blank. A value is the rest of its line; in double quotes it may hold " #" (`\"` and `\\` are a
 * quote and a backslash).
 *
 * Everything that is wrong is collected: the person gets all of a file at once. Here is what a line
 * can tell alone; what the sections mean, and mean together, is build.ts's.
 *
 * @module
 */
import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import { type FileKey, type SectionKind, SECTIONS } from "./keys.ts";
import type { Setting } from "./values.ts";

/** What was said in one section, or outside of all. */
export interface Section {
  readonly kind: SectionKind;
  /** Where it begins. */
  readonly from: string;
  /** Of an interface. */
  readonly name: Setting | null;
  /** By key, in the order of the file. */
  readonly settings: Map<string, Setting[]>;
  /** Something in it is wrong and said already. */
  isBroken: boolean;
}

export interface ConfigFile {
  readonly global: Section;
  readonly sections: readonly Section[];
  /** What is wrong, a line each. */
  readonly complaints: readonly string[];
}

/** A line without its comment and the space around: `key`, then its value. */
interface Line {
  readonly key: Setting;
  readonly value: Setting;
}

const WORDS: readonly string[] = ["interface", "route"];

/** The value of the only, or the last, `key`. */
export function only(section: Section, key: string): Setting | undefined {
  return section.settings.get(key)?.at(-1);
}

/** How `text` is written so that it reads back the same. */
export function quoted(text: string): string {
  const isPlain = text !== "" && text === text.trim() && !/^["#]|\s#/.test(text);
  return isPlain ? text : `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** `path`: what the file is called in messages. */
export function parseConfigFile(text: string, path: string): ConfigFile {
  const parser = new Parser(path);
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  lines.forEach((line, i) => parser.line(line, i + 1));
  return parser.file;
}

class Parser {
  readonly #path: string;
  readonly #global: Section;
  readonly #sections: Section[] = [];
  readonly #complaints: string[] = [];
  #section: Section;
  /** The section's first word was none that we know: what belongs to it cannot be judged. */
  #isLost = false;
  /** A blank line has ended this one. */
  #ended: Section | null = null;

  constructor(path: string) {
    this.#path = path;
    this.#global = this.#newSection("global", `${path}:1:1`, null);
    this.#section = this.#global;
  }

  get file(): ConfigFile {
    return { global: this.#global, sections: this.#sections, complaints: this.#complaints };
  }

  line(text: string, number: number): void {
    if (text.trim() === "") {
      if (this.#section !== this.#global) this.#ended = this.#section;
      this.#section = this.#global;
      this.#isLost = false;
      return;
    }
    try {
      const line = this.#split(text, number);
      if (line === null) return;
      if (WORDS.includes(line.key.text)) this.#begin(line);
      else this.#set(line);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#complaints.push(error.message);
      this.#section.isBroken = true;
    }
  }

  #newSection(kind: SectionKind, from: string, name: Setting | null): Section {
    return { kind, from, name, settings: new Map(), isBroken: false };
  }

  /** null: a comment. */
  #split(text: string, number: number): Line | null {
    const at = (index: number) => `${this.#path}:${number}:${index + 1}`;
    const setting = (value: string, index: number): Setting => ({
      text: value,
      from: at(index),
      placeAt: (offset) => at(index + offset),
    });
    const indent = text.search(/\S/);
    if (text[indent] === "#") return null;
    const [key] = text.slice(indent).match(/^\S+/)!;
    const gap = text.slice(indent + key.length).search(/\S/);
    const start = gap < 0 ? text.length : indent + key.length + gap;
    const rest = text.slice(start);
    const value = rest.startsWith('"') ? unquote(rest, at(start)) : withoutComment(rest);
    return { key: setting(key, indent), value: setting(value, start) };
  }

  /** `interface NAME` or `route`. */
  #begin({ key, value }: Line): void {
    const kind = key.text as "interface" | "route";
    const section = this.#newSection(kind, key.from, kind === "interface" ? value : null);
    this.#sections.push(section);
    this.#section = section;
    this.#isLost = false;
    this.#ended = null;
    if (kind === "route" && value.text !== "") {
      throw new Failure(
        `${value.from}: a route has no name (expected nothing more; network comes on its own line)`,
      );
    }
    if (kind === "route") return;
    if (value.text === "") {
      throw new Failure(`${key.from}: an interface without a name (e.g. eth0)`);
    }
    const first = this.#sections.find((s) => s !== section && s.name?.text === value.text);
    if (first !== undefined) {
      throw new Failure(`${value.from}: a second interface ${value.text} (first: ${first.from})`);
    }
  }

  #set({ key, value }: Line): void {
    const section = this.#section;
    const row = SECTIONS[section.kind].find(({ inFile }) => inFile === key.text);
    if (row === undefined) return this.#refuse(key);
    if (value.text === "") {
      throw new Failure(`${key.from}: ${key.text} has no value (expected ${expected(row)})`);
    }
    const before = section.settings.get(key.text) ?? [];
    if (before.length > 0 && row.isRepeatable !== true) {
      throw new Failure(`${key.from}: a second ${key.text} (first: ${before[0].from})`);
    }
    const same = before.find(({ text }) => text === value.text);
    if (same !== undefined) {
      throw new Failure(`${value.from}: ${key.text} ${value.text} again (first: ${same.from})`);
    }
    row.parse(value);
    section.settings.set(key.text, [...before, value]);
  }

  /** Throws what is wrong with a key that this section has not. */
  #refuse(key: Setting): void {
    if (this.#isLost) return;
    const { kind } = this.#section;
    const here = [
      ...SECTIONS[kind].map(({ inFile }) => inFile),
      ...(kind === "global" ? WORDS : []),
    ];
    const homes = homesOf(key.text);
    this.#isLost = kind === "global";
    if (homes.length === 0) {
      const meant = nearest(key.text, here);
      const hint = meant === null ? "" : `; did you mean ${meant}?`;
      throw new Failure(
        `${key.from}: unknown key "${key.text}" (expected ${here.join(", ")}${hint})`,
      );
    }
    if (homes[0] === "global") {
      throw new Failure(`${key.from}: ${key.text} in a section (expected a blank line before it)`);
    }
    const ended = kind === "global" ? this.#ended : null;
    if (ended !== null && homes.includes(ended.kind)) {
      ended.isBroken = true;
      throw new Failure(
        `${key.from}: ${key.text} after the end of the section (a blank line ends it: take it out)`,
      );
    }
    const home = homes.join(" or ");
    throw new Failure(`${key.from}: ${key.text} belongs to ${home} (expected ${here.join(", ")})`);
  }
}

function expected({ argument, example }: FileKey): string {
  return `${argument}, e.g. ${example}`;
}

/** The kinds of section that have a key of that name. */
function homesOf(key: string): SectionKind[] {
  const kinds = Object.keys(SECTIONS) as SectionKind[];
  return kinds.filter((kind) => SECTIONS[kind].some(({ inFile }) => inFile === key));
}

function withoutComment(text: string): string {
  return text.replace(/(^|\s)#.*$/, "").trimEnd();
}

function unquote(text: string, from: string): string {
  const [, inside, after] = text.match(/^"((?:[^"\\]|\\["\\])*)"(.*)$/) ?? [];
  if (inside === undefined) throw new Failure(`${from}: no closing quote (expected "...")`);
  if (withoutComment(after).trim() !== "") {
    throw new Failure(`${from}: more after the closing quote (expected the end of the line)`);
  }
  return inside.replaceAll(/\\(["\\])/g, "$1");
}
