/**
 * Our answers to getsockopt and setsockopt on fresh sockets beside those of a kernel
 * (tests/lab/options_linux_6.18.jsonl, made by tests/lab/record_options.ts), and the list of what
 * differs: the tables of docs/socket_options.md.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { getOption, setOption, type Socket } from "../../../stack/mod.ts";
import { KINDS, LEVELS } from "../../lab/option_names.ts";
import type { Recorded } from "../../lab/record_options.ts";
import { Host } from "../net_fixture.ts";

const RECORD = new URL("../../lab/options_linux_6.18.jsonl", import.meta.url);
const PAGE = new URL("../../../docs/socket_options.md", import.meta.url);

/** "udp IP_TTL" → how it differs. */
type Differences = Map<string, string>;

/** What differs at a level is what the page lists; at least `least` comparisons are made. */
export function checkLevel(level: number, least: number): void {
  const { count, differences } = compareLevel(level);
  assert(count >= least, `${count} comparisons`);
  const listed = listedDifferences(level);
  const unlisted = [...differences].filter(([option]) => !listed.has(option));
  assertEquals(unlisted.map(([option, how]) => `${option}: ${how}`), []);
  assertEquals([...listed].filter((option) => !differences.has(option)), [], "these do not differ");
}

/** Compares every recorded option of a level; how many there were, and what differs. */
function compareLevel(level: number): { count: number; differences: Differences } {
  const rows = Deno.readTextFileSync(RECORD).trim().split("\n").slice(1);
  const records = rows.map((row) => JSON.parse(row) as Recorded);
  const names = new Map([...LEVELS.get(level)!.options].map(([name, number]) => [number, name]));
  const host = new Host();
  const differences: Differences = new Map();
  let count = 0;
  for (const record of records.filter((r) => r.level === level)) {
    for (const kind of record.kinds.split(" ")) {
      const found = compareOption(host, record, kind);
      count += 1 + record.sets.length;
      if (found !== "") differences.set(`${kind} ${names.get(record.name)}`, found);
    }
  }
  return { count, differences };
}

function fresh(host: Host, kind: string): Socket {
  const socket = host.stack.socket(...KINDS[kind]);
  assert(typeof socket !== "number");
  return socket;
}

/** How the answers differ, in a line; "": not at all. */
function compareOption(host: Host, { level, name, ...record }: Recorded, kind: string): string {
  const found: string[] = [];
  const compare = (what: string, ours: unknown, theirs: unknown) => {
    if (ours !== theirs) found.push(`${what} ${ours} instead of ${theirs}`);
  };
  const get = (socket: Socket, maxLen: number): string | number => {
    const value = getOption(socket, level, name, maxLen, host.nowUs, new Uint8Array(maxLen));
    return typeof value === "number" ? value : value.subarray(0, maxLen).toHex();
  };
  const socket = fresh(host, kind);
  compare("get", get(socket, 64), record.get);
  compare("get1", get(socket, 1), record.get1);
  socket.close(host.nowUs);
  for (const [hex, expected, after] of record.sets) {
    const changed = fresh(host, kind);
    const result = setOption(changed, level, name, Uint8Array.fromHex(hex), host.nowUs);
    compare(`set ${hex}`, result, expected);
    if (after !== undefined && result === 0) compare(`after ${hex}`, get(changed, 64), after);
    changed.close(host.nowUs);
  }
  return found.join("; ");
}

/** "udp IP_TTL", of all that the page lists in the section of a level. */
function listedDifferences(level: number): Set<string> {
  const { name } = LEVELS.get(level)!;
  const section = Deno.readTextFileSync(PAGE).split(/^## /m).find((s) => s.startsWith(`${name}\n`));
  const rows = (section ?? "").split("\n").filter((line) => /^\| `/.test(line));
  return new Set(rows.flatMap((row) => {
    const [, options, kinds] = row.split("|");
    const names = Array.from(options.matchAll(/`(\w+)`/g), ([, name]) => name);
    return names.flatMap((name) => kindsOf(kinds.trim(), level).map((kind) => `${kind} ${name}`));
  }));
}

/** "all": every kind of socket that has the level. */
function kindsOf(text: string, level: number): string[] {
  if (text !== "all") return text.split(", ");
  return Object.keys(KINDS).filter((kind) => {
    if (level === 6) return kind.startsWith("tcp");
    if (level === 17) return kind.startsWith("udp");
    return level === 41 ? kind.endsWith("6") : true;
  });
}
