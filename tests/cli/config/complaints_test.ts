import { assertEquals, assertThrows } from "@std/assert";
import { Failure, Failures } from "../../../cli/base/failure.ts";
import { Complaints } from "../../../cli/config/complaints.ts";

const fail = (line: string) => (): never => {
  throw new Failure(line);
};

Deno.test("what fails is kept, what works is handed on, a bug is not hidden", () => {
  const complaints = new Complaints();
  complaints.throwIfAny();
  assertEquals(complaints.attempt(() => 7), 7);
  assertEquals(complaints.attempt(fail("f:1:1: x (y)")), null);
  assertThrows(() =>
    complaints.attempt(() => {
      throw new TypeError("bug");
    }), TypeError);
  assertEquals(complaints.count, 1);
  const only = assertThrows(() => complaints.throwIfAny(), Failure, "f:1:1: x (y)");
  assertEquals(only instanceof Failures, false);
});

Deno.test("in the order of the file; the others after them, as they came", () => {
  const complaints = new Complaints(["f:10:2: a (b)"]);
  for (const line of ["--dev x: a (b)", "f:9:12: a (b)", "a: b", "f:9:3: a (b)"]) {
    complaints.attempt(fail(line));
  }
  assertEquals(assertThrows(() => complaints.throwIfAny(), Failures).lines, [
    "f:9:3: a (b)",
    "f:9:12: a (b)",
    "f:10:2: a (b)",
    "--dev x: a (b)",
    "a: b",
  ]);
});
