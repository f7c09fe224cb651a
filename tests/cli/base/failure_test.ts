import { assertEquals } from "@std/assert";
import { EXIT_SOFTWARE, EXIT_USAGE, Failure, report } from "../../../cli/base/failure.ts";
import { SysError } from "../../../ffi/errno.ts";

/** What `body` says on stderr, line by line. */
function heard(body: () => void): string[] {
  const lines: string[] = [];
  const before = console.error;
  console.error = (text: string) => lines.push(text);
  try {
    body();
  } finally {
    console.error = before;
  }
  return lines;
}

Deno.test("a person's mistake is one line and its own status", () => {
  const status: number[] = [];
  const lines = heard(() => {
    status.push(report(new Failure("no address (give one)"), true));
    status.push(report(new Failure("x: not found (look)", 127), false));
    status.push(report(new SysError("open", 13, "cannot open /x", { advice: "use sudo" }), false));
  });
  assertEquals(status, [EXIT_USAGE, 127, EXIT_USAGE]);
  assertEquals(lines, [
    "nuse: no address (give one)",
    "nuse: x: not found (look)",
    "nuse: cannot open /x: EACCES (use sudo)",
  ]);
});

Deno.test("a fault of nuse's own: one line, and where with -v", () => {
  const error = new TypeError("of\ntwo lines");
  assertEquals(heard(() => assertEquals(report(error, false), EXIT_SOFTWARE)), [
    "nuse: internal error: of two lines (-v shows where)",
  ]);
  const [first, trace] = heard(() => report(error, true));
  assertEquals(first, "nuse: internal error: of two lines");
  assertEquals(trace, error.stack);
  assertEquals(heard(() => report(new Failure("crash", EXIT_SOFTWARE), true)).length, 2);
});
