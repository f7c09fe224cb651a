import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sessionPicture } from "../../../cli/papers/picture.ts";

Deno.test("picture: a line of text for each that is not empty, at its own height", () => {
  const picture = sessionPicture("# a < b & c\n\nnuse: x\n");
  assertStringIncludes(picture, "># a &lt; b &amp; c</text>");
  const heights = [...picture.matchAll(/<text x="16" y="(\d+)"/g)].map(([, y]) => Number(y));
  assertEquals(heights, [60, 98]);
  assertMatch(picture, /^<svg [^>]*viewBox="0 0 805 119"/);
});
