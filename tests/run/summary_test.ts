import { assertEquals } from "@std/assert";
import { closingLine, parseIgnored, parseSummary } from "./summary.ts";

Deno.test("the summary of deno test, with colours, steps and what was ignored", () => {
  assertEquals(parseSummary("x ... ok\n\nok | 12 passed | 0 failed (81ms)\n"), {
    passed: 12,
    failed: 0,
  });
  const colored = "\x1b[0m\x1b[31mFAILED\x1b[0m | 5 passed (3 steps) | 2 failed | 7 ignored " +
    "(2 steps) | 1 filtered out \x1b[38;5;245m(1s)\x1b[0m\n";
  assertEquals(parseSummary(colored), { passed: 5, failed: 2 });
});

Deno.test("the names of what was ignored", () => {
  const output = "a: one ... ok (5ms)\n\x1b[0mRAW: two (left out: no tmux) ... " +
    "\x1b[33mignored\x1b[0m \x1b[38;5;245m(0ms)\x1b[0m\n";
  assertEquals(parseIgnored(output), ["RAW: two (left out: no tmux)"]);
  assertEquals(parseIgnored("ok | 1 passed | 0 failed | 1 ignored (1ms)\n"), []);
});

Deno.test("a test's own output is not taken for the summary; none is none", () => {
  const both = "ok | 1 passed | 0 failed (1ms)\nmore\nFAILED | 2 passed | 1 failed (1ms)\n";
  assertEquals(parseSummary(both), { passed: 2, failed: 1 });
  assertEquals(parseSummary("panicked\n"), null);
});

Deno.test("the last line counts what was left out only when something was", () => {
  const all = { passed: 3, failed: 1, ignored: [] };
  assertEquals(closingLine([all, all]), "6 passed, 2 failed");
  assertEquals(
    closingLine([all, { passed: 0, failed: 0, ignored: ["a", "b"] }]),
    "3 passed, 1 failed, 2 skipped",
  );
});
