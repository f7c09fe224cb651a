import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Ended, judge, parseKnown } from "./known.ts";
import { isNamed, resultText } from "./suites.ts";

const ended = (test: string, outcome: Ended["outcome"]): Ended => ({ test, outcome });

Deno.test("the list has patterns, reasons and comments; no pattern without a reason", () => {
  assertEquals(parseKnown("# why\n\na.*.b  not yet, really\n"), [
    { pattern: "a.*.b", reason: "not yet, really" },
  ]);
  assertThrows(() => parseKnown("a.b\n"), Error, "without a reason");
});

Deno.test("what passes on the kernel must pass under nuse, or has a reason", () => {
  const onKernel = [
    ...["t.a", "t.b", "t.hangs", "t.six", "t.lost"].map((test) => ended(test, "started")),
    ...["t.a", "t.b", "t.hangs", "t.six", "t.lost"].map((test) => ended(test, "pass")),
    ended("t.fails", "fail"),
  ];
  const underNuse = [
    ended("t.a", "pass"),
    ended("t.b", "fail"),
    ended("t.hangs", "started"),
    ended("t.six", "skip"),
    ended("t.fails", "fail"),
  ];
  const known = parseKnown("t.s*x IPv6\nt.a gone\nt.other not run here\n");
  const verdict = judge(onKernel, underNuse, known);
  assertEquals(verdict.passed, 1);
  assertEquals(verdict.unexplained.map(({ test }) => test), ["t.b", "t.hangs", "t.lost"]);
  assertEquals([...verdict.explained], [["IPv6", 1]]);
  assertEquals(verdict.stale, ["t.a"]);
  const page = resultText([{ module: "test.t", verdict }], "3");
  assert(page.includes("1 pass on both, 1 on the kernel only, with a reason;\n3 without."));
});

Deno.test("a dot of a pattern is a dot", () => {
  const kernel = [ended("t.ab", "pass")];
  assertEquals(judge(kernel, [], parseKnown("t.a. x\n")).unexplained.length, 1);
});

Deno.test("modules are named with test_ or without, folders as a whole", () => {
  assert(isNamed("test.test_socket", ["socket"]) && isNamed("test.test_socket", ["test_socket"]));
  assert(isNamed("test.test_asyncio.test_events", ["asyncio"]));
  assert(!isNamed("test.test_socketserver", ["socket"]));
});
