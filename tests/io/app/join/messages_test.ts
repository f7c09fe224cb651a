import { assertEquals } from "@std/assert";
import { decodeAnswer, decodeRequest, encodeJoin } from "../../../../io/app/join/messages.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("requests and answers: there and back", () => {
  const request = { ask: "join", version: "1" } as const;
  assertEquals(decodeRequest(encodeJoin(request)), request);
  const answer = { kind: "refused", version: "2", why: "ä" } as const;
  assertEquals(decodeAnswer(encodeJoin(answer)), answer);
});

Deno.test("what is no message is nothing, and throws nothing", () => {
  for (const text of ["", "{", "null", "7", "[]", '{"ask":"join"}', '{"ask":"x","version":"1"}']) {
    assertEquals(decodeRequest(bytes(text)), null, text);
  }
  for (const text of ["", "\xff", "null", '{"kind":"run"}', '{"version":1}']) {
    assertEquals(decodeAnswer(bytes(text)), null, text);
  }
});
