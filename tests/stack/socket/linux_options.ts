/**
 * What Linux 6.18 answers to getsockopt and setsockopt on fresh sockets, recorded
 * (linux_options.jsonl, a line an option), and the comparison of our answers with it. Values are
 * hexadecimal bytes, errors are -errno. What differs on purpose, options that we do not have, is
 * not in the record.
 *
 * @module
 */
import { getOption, setOption } from "../../../stack/mod.ts";
import { assert, assertEquals } from "@std/assert";
import type { Socket } from "../../../stack/mod.ts";
import { Host } from "../net_fixture.ts";

interface Recorded {
  /** Kinds of socket that answer alike. */
  readonly kinds: string;
  readonly level: number;
  readonly name: number;
  /** With room for 64 bytes, and for one. */
  readonly get: string | number;
  readonly get1: string | number;
  /** Value set, result, and what getsockopt gives after success. */
  readonly sets: readonly [string, number, (string | number)?][];
}

const KINDS: Readonly<Record<string, readonly [number, number, number]>> = {
  udp: [2, 2, 0],
  tcp: [2, 1, 0],
  raw: [2, 3, 1],
  udp6: [10, 2, 0],
  tcp6: [10, 1, 0],
};

function toBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function toHex(value: Uint8Array | number): string | number {
  if (typeof value === "number") return value;
  return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Compares every recorded option of a level; returns how many comparisons were made. */
export function compareLevel(level: number): number {
  const text = Deno.readTextFileSync(new URL("linux_options.jsonl", import.meta.url));
  const records = text.trim().split("\n").map((line) => JSON.parse(line) as Recorded);
  const host = new Host();
  let count = 0;
  for (const record of records) {
    if (record.level !== level) continue;
    for (const kind of record.kinds.split(" ")) count += compareOption(host, record, kind);
  }
  return count;
}

function compareOption(host: Host, record: Recorded, kind: string): number {
  const { level, name } = record;
  const [domain, type, protocol] = KINDS[kind];
  const fresh = (): Socket => {
    const socket = host.stack.socket(domain, type, protocol);
    assert(typeof socket !== "number");
    return socket;
  };
  const get = (socket: Socket, maxLen: number) => {
    const value = getOption(socket, level, name, maxLen, host.nowUs);
    return toHex(typeof value === "number" ? value : value.subarray(0, maxLen));
  };
  const what = `${kind} level ${level} option ${name}`;
  const socket = fresh();
  assertEquals([get(socket, 64), get(socket, 1)], [record.get, record.get1], what);
  socket.close(host.nowUs);
  for (const [value, expected, after] of record.sets) {
    const changed = fresh();
    const result = setOption(changed, level, name, toBytes(value), host.nowUs);
    assertEquals(result, expected, `${what} set to ${value}`);
    if (after !== undefined) assertEquals(get(changed, 64), after, `${what} after ${value}`);
    changed.close(host.nowUs);
  }
  return 1 + record.sets.length;
}
