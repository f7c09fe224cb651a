import { assertEquals } from "@std/assert";
import { PAPERS } from "../../../cli/papers/papers.ts";

for (const { path, make } of PAPERS) {
  Deno.test(`${path} is current (else: deno task papers)`, async () => {
    const present = await Deno.readTextFile(new URL(`../../../${path}`, import.meta.url));
    assertEquals(present, make(present));
  });
}
