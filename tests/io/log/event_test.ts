import { assertEquals } from "@std/assert";
import { categoryOf, event, fillIn } from "../../../io/log/event.ts";

Deno.test("a row of a table: the category is in the name", () => {
  const row = event("tcp.timeout", "info", "no answer: {n}", "n");
  assertEquals(row, {
    name: "tcp.timeout",
    level: "info",
    message: "no answer: {n}",
    fields: ["n"],
  });
  assertEquals(categoryOf(row), "tcp");
});

Deno.test("a message is filled in; what is not known stays in its braces", () => {
  assertEquals(fillIn("{a} and {a}, {bUs}; {c}", { a: 1, bUs: "2 s" }), "1 and 1, 2 s; {c}");
  assertEquals(fillIn("{a}", { a: "{b}", b: "x" }), "{b}");
});
