import { assertEquals } from "@std/assert";
import { cText } from "../../../stack/base/c_text.ts";

Deno.test("cText: up to the first NUL, or all", () => {
  const cases: [bytes: number[], text: string][] = [
    [[0x65, 0x74, 0x68, 0x30, 0, 0x78, 0], "eth0"],
    [[0x6c, 0x6f], "lo"],
    [[0, 0x78], ""],
    [[], ""],
    [[0xe9, 0], "\xe9"],
  ];
  for (const [bytes, text] of cases) assertEquals(cText(Uint8Array.from(bytes)), text);
});
