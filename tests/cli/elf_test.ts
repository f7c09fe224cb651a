import { assertEquals, assertNotEquals } from "@std/assert";
import { inspectElf, type ReadAt } from "../../cli/elf.ts";
import { elfFile } from "./elf_file.ts";

function reader(file: Uint8Array): ReadAt {
  return (offset, length) => file.subarray(offset, offset + length);
}

Deno.test("both classes, both byte orders", () => {
  for (const bits of [32, 64] as const) {
    for (const isLittle of [true, false]) {
      const elf = inspectElf(
        reader(elfFile({ bits, isLittle, machine: 8, interpreter: "/lib/x" })),
      );
      assertEquals(elf, { bits, machine: 8, interpreter: "/lib/x", isGo: false });
    }
  }
});

Deno.test("static, static-pie and fixed-address programs", () => {
  assertEquals(inspectElf(reader(elfFile({ interpreter: null })))?.interpreter, null);
  assertEquals(inspectElf(reader(elfFile({ interpreter: null, type: 2 })))?.interpreter, null);
  assertNotEquals(inspectElf(reader(elfFile({ type: 2 })))?.interpreter, null);
});

Deno.test("the Go linker's note, after another note", () => {
  assertEquals(inspectElf(reader(elfFile({ note: "Go\0" })))?.isGo, true);
  assertEquals(inspectElf(reader(elfFile({ note: "Gp\0" })))?.isGo, false);
});

Deno.test("objects, cut files and nonsense are no programs", () => {
  assertEquals(inspectElf(reader(elfFile({ type: 1 }))), null);
  assertEquals(inspectElf(reader(new Uint8Array(0))), null);
  assertEquals(inspectElf(reader(elfFile().subarray(0, 63))), null);
  assertEquals(inspectElf(reader(elfFile().subarray(0, 100))), null);
  const badClass = elfFile();
  badClass[4] = 7;
  assertEquals(inspectElf(reader(badClass)), null);
  const badOrder = elfFile();
  badOrder[5] = 3;
  assertEquals(inspectElf(reader(badOrder)), null);
});

Deno.test("any single changed byte is survived", () => {
  const good = elfFile({ note: "Go\0" });
  for (let at = 0; at < good.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const bad = good.slice();
      bad[at] = value;
      inspectElf(reader(bad));
    }
  }
});

Deno.test("an interpreter's name as long as a path may be, and no longer", () => {
  const withNameOf = (size: number) => {
    const file = new Uint8Array(1024 + size).fill(0x2f);
    file.set(elfFile());
    const view = new DataView(file.buffer);
    const asked = 64 + 56; // the second program header
    view.setBigUint64(asked + 8, 1024n, true);
    view.setBigUint64(asked + 32, BigInt(size), true);
    file[file.length - 1] = 0;
    return inspectElf(reader(file))?.interpreter?.length;
  };
  assertEquals([withNameOf(2), withNameOf(4096), withNameOf(4097)], [1, 4095, undefined]);
});
