/** @module */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { UnservedPrograms } from "../../cli/unserved.ts";
import * as P from "../../ffi/shim/protocol.ts";
import { elfFile } from "./elf_file.ts";

interface ImageCase {
  path?: string;
  flags?: number;
  mode?: number;
  owner?: [number, number];
  caller?: [number, number];
  file?: Uint8Array;
}

const SERVED = P.NUSE_IMAGE_PRELOADED | P.NUSE_IMAGE_SHIM_READABLE;
const DYNAMIC = elfFile({});

/** As the shim writes it. */
function image(c: ImageCase): Uint8Array {
  const { path = "/bin/x", flags = SERVED, mode = 0o100755, file = DYNAMIC } = c;
  const bytes = new Uint8Array(P.NUSE_IMAGE_PATH_OFF + path.length + file.length);
  const dv = new DataView(bytes.buffer);
  const fields = [flags, mode, ...(c.owner ?? [0, 0]), ...(c.caller ?? [0, 0]), path.length];
  fields.forEach((field, i) => dv.setUint32(4 * i, field, true));
  bytes.set(new TextEncoder().encode(path), P.NUSE_IMAGE_PATH_OFF);
  bytes.set(file, P.NUSE_IMAGE_PATH_OFF + path.length);
  return bytes;
}

function linesFor(reports: Uint8Array[], options = {}): string[] {
  const lines: string[] = [];
  const programs = new UnservedPrograms({
    say: (line) => lines.push(line),
    isNetworkShared: false,
    isShimLent: () => false,
    hasDoor: () => false,
    readStart: () => null,
    ...options,
  });
  for (const data of reports) programs.take({ op: P.NUSE_OP_IMAGE, data });
  return lines;
}

Deno.test("a program that the shim will be in is not spoken of", () => {
  assertEquals(linesFor([image({}), image({ mode: 0o104755 }), image({ caller: [7, 7] })]), []);
});

Deno.test("what keeps the shim out is said, once for each program", () => {
  const cases: [ImageCase, string][] = [
    [{ file: elfFile({ interpreter: null }) }, "statically linked"],
    [{ file: elfFile({ note: "Go\0" }) }, "Go program"],
    [{ file: elfFile({ interpreter: "/lib/ld-musl-x86_64.so.1" }) }, "musl"],
    [{ flags: P.NUSE_IMAGE_SHIM_READABLE }, "without nuse's LD_PRELOAD"],
    [{ flags: P.NUSE_IMAGE_PRELOADED }, "cannot read the shim"],
    [{ mode: 0o104755, caller: [7, 7] }, "gains rights"],
    [{ mode: 0o102755, owner: [0, 5] }, "gains rights"],
    [{ flags: SERVED | P.NUSE_IMAGE_HAS_CAPABILITIES, caller: [7, 7] }, "gains rights"],
  ];
  for (const [c, words] of cases) {
    const lines = linesFor([image(c), image(c)]);
    assertEquals(lines.length, 1, words);
    assertStringIncludes(lines[0], `/bin/x has no network: it`);
    assertStringIncludes(lines[0], words);
  }
});

Deno.test("setuid is no obstacle to a lent shim; who shares the host's network is said to", () => {
  const setuid = image({ mode: 0o104755, caller: [7, 7] });
  assertEquals(linesFor([setuid], { isShimLent: () => true }), []);
  const [line] = linesFor([setuid], { isNetworkShared: true });
  assertStringIncludes(line, "uses the host's network");
});

Deno.test("a script is what its interpreter is", () => {
  const script = image({ file: new TextEncoder().encode("#!/bin/static -x\n") });
  const readStart = (path: string) =>
    path === "/bin/static" ? elfFile({ interpreter: null }) : null;
  const [line] = linesFor([script], { readStart });
  assertStringIncludes(line, "/bin/x has no network: it is statically linked");
  assertEquals(linesFor([script]), []);
  const ring = () => new TextEncoder().encode("#!/bin/ring\n");
  assertEquals(linesFor([script], { readStart: ring }), []);
});

Deno.test("a report that is no report says nothing, a path's control characters do nothing", () => {
  const cut = image({ path: "/bin/long" }).subarray(0, P.NUSE_IMAGE_PATH_OFF + 4);
  assertEquals(linesFor([new Uint8Array(3), cut]), []);
  const [line] = linesFor([image({ path: "/\x1b[2J\n", flags: 0 })]);
  assertStringIncludes(line, "/?[2J? has no network");
});

Deno.test("a packet socket: which program, and what to do", () => {
  const lines: string[] = [];
  const programs = new UnservedPrograms({
    say: (line) => lines.push(line),
    isNetworkShared: false,
    isShimLent: () => false,
    hasDoor: () => false,
    readStart: () => null,
  });
  const data = new TextEncoder().encode("tcpdump");
  for (let i = 0; i < 2; i++) programs.take({ op: P.NUSE_OP_PACKET_SOCKET, data });
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0], "tcpdump is refused a packet socket");
});
