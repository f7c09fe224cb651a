import { assertEquals } from "@std/assert";
import { DEVICE_ROWS, SECTIONS } from "../../../cli/config/keys.ts";

Deno.test("names are unique in a section, and those of --dev as well", () => {
  for (const [kind, keys] of Object.entries(SECTIONS)) {
    const names = keys.map(({ inFile }) => inFile);
    assertEquals(new Set(names).size, names.length, kind);
  }
  const names = DEVICE_ROWS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("what is outside of sections is in none, and no key is called like a section", () => {
  const global = SECTIONS.global.map(({ inFile }) => inFile);
  const inside = [...SECTIONS.interface, ...SECTIONS.route].map(({ inFile }) => inFile);
  assertEquals(inside.filter((name) => global.includes(name)), []);
  assertEquals([...global, ...inside].filter((name) => name in SECTIONS), []);
});

Deno.test("every example is a value, and so is every choice", () => {
  for (const { inFile, example, parse } of Object.values(SECTIONS).flat()) {
    parse({ text: example, from: inFile });
  }
  for (const { name, choices = [], parse } of DEVICE_ROWS) {
    for (const text of choices) parse({ text, from: name });
  }
});
