import { assertEquals } from "@std/assert";
import { Span } from "../../../stack/base/span.ts";
import type { Span as SocketSpan } from "../../../stack/socket/api.ts";

Deno.test("Span: set answers the length of both pieces; it serves as the socket API's span", () => {
  const span = new Span();
  assertEquals(span.set(100, 3, 64, 4), 7);
  const { off0, len0, off1, len1 }: SocketSpan = span;
  assertEquals([off0, len0, off1, len1], [100, 3, 64, 4]);
});
