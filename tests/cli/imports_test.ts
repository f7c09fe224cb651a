/** @module */
import { assertEquals } from "@std/assert";
import type { ReadAt } from "../../cli/elf.ts";
import { findUnserved, importsOf } from "../../cli/imports.ts";

interface Linked {
  /** Names of symbols: wanted from others, or its own. */
  readonly wanted?: readonly string[];
  readonly own?: readonly string[];
  readonly needed?: readonly string[];
  readonly runpath?: string;
}

const SECTIONS_OFF = 64;
const SECTION_LEN = 64;
const CONTENT_OFF = 512;

/** A 64-bit file with the sections that a linker leaves: strings, symbols, what is needed. */
function linked({ wanted = [], own = [], needed = [], runpath }: Linked): Uint8Array {
  const file = new Uint8Array(8192);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setBigUint64(40, BigInt(SECTIONS_OFF), true);
  view.setUint16(58, SECTION_LEN, true);
  view.setUint16(60, 4, true);
  let text = "\0";
  const named = (name: string) => {
    const at = text.length;
    text += `${name}\0`;
    return at;
  };
  const section = (index: number, type: number, off: number, len: number) => {
    const at = SECTIONS_OFF + SECTION_LEN * index;
    view.setUint32(at + 4, type, true);
    view.setBigUint64(at + 24, BigInt(off), true);
    view.setBigUint64(at + 32, BigInt(len), true);
    view.setUint32(at + 40, 1, true); // the strings'
  };
  const symbols = [...wanted.map((name) => [name, 0]), ...own.map((name) => [name, 7])] as const;
  symbols.forEach(([name, place], i) => {
    const at = CONTENT_OFF + 24 * i;
    view.setUint32(at, named(String(name)), true);
    view.setUint16(at + 6, Number(place), true);
  });
  const dynamicOff = CONTENT_OFF + 24 * symbols.length;
  const rows = [...needed.map((name) => [1, name]), ...(runpath ? [[29, runpath]] : [])] as const;
  rows.forEach(([tag, name], i) => {
    view.setBigUint64(dynamicOff + 16 * i, BigInt(tag), true);
    view.setBigUint64(dynamicOff + 16 * i + 8, BigInt(named(String(name))), true);
  });
  const textOff = dynamicOff + 16 * rows.length;
  file.set(new TextEncoder().encode(text), textOff);
  section(1, 3, textOff, text.length);
  section(2, 11, CONTENT_OFF, 24 * symbols.length);
  section(3, 6, dynamicOff, 16 * rows.length);
  return file;
}

const reader = (file: Uint8Array): ReadAt => (off, len) => file.subarray(off, off + len);

Deno.test("imports: what is wanted from others, libraries, their folders", () => {
  const file = linked({
    wanted: ["socket", "fdopen"],
    own: ["main"],
    needed: ["libc.so.6"],
    runpath: "$ORIGIN/lib:/opt/lib",
  });
  assertEquals(importsOf(reader(file)), {
    symbols: ["socket", "fdopen"],
    libraries: ["libc.so.6"],
    folders: ["$ORIGIN/lib", "/opt/lib"],
  });
});

Deno.test("imports: what is cut short or something else has none", () => {
  const none = { symbols: [], libraries: [], folders: [] };
  assertEquals(importsOf(reader(new Uint8Array(10))), none);
  assertEquals(importsOf(reader(new TextEncoder().encode(`#!/bin/sh\n${" ".repeat(99)}`))), none);
  const file = linked({ wanted: ["socket"], needed: ["libx.so.1"] });
  for (let len = 0; len < file.length; len += 7) importsOf(reader(file.subarray(0, len)));
  assertEquals(importsOf(reader(file.subarray(0, 200))), none);
});

Deno.test("imports: of the libraries, too, wherever they lie; each once, libc not", () => {
  const files: Record<string, Uint8Array> = {
    "/opt/x/bin/program": linked({
      wanted: ["socket", "fdopen"],
      needed: ["libc.so.6", "libring.so.1"],
      runpath: "$ORIGIN/../lib",
    }),
    "/opt/x/bin/../lib/libring.so.1": linked({
      wanted: ["fdopen", "socket", "io_uring_setup"],
      needed: ["libring.so.1", "libother.so.2"],
    }),
    "/usr/lib/libother.so.2": linked({ wanted: ["dlmopen"], own: ["aio_read"] }),
    "/usr/lib/libc.so.6": linked({ wanted: ["rcmd"] }),
  };
  const found = findUnserved(
    "/opt/x/bin/program",
    (path) => path in files ? reader(files[path]) : null,
  );
  assertEquals(found.map(({ symbol, library, isOfShim }) => [symbol, library, isOfShim]), [
    ["fdopen", "", true],
    ["io_uring_setup", "libring.so.1", false],
    ["dlmopen", "libother.so.2", true],
  ]);
});
