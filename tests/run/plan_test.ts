import { assert, assertEquals } from "@std/assert";
import { isEndToEnd, LONGEST, plan, testsBelow } from "./plan.ts";

Deno.test("an end-to-end file is a job, and the others of a folder are one", () => {
  const jobs = plan([
    "tests/cli/a_test.ts",
    "tests/cli/papers/b_test.ts",
    "tests/stack/tcp/input/c_test.ts",
    "tests/stack/tcp/output/d_test.ts",
    "tests/e2e/e_test.ts",
    "tests/e2e/f_test.ts",
    "tests/g_test.ts",
  ]);
  const sorted = (a: { name: string }, b: { name: string }) => a.name < b.name ? -1 : 1;
  assertEquals(jobs.toSorted(sorted), [
    { name: "tests", files: ["tests/g_test.ts"] },
    { name: "tests/cli", files: ["tests/cli/a_test.ts"] },
    { name: "tests/cli/papers", files: ["tests/cli/papers/b_test.ts"] },
    { name: "tests/e2e/e_test.ts", files: ["tests/e2e/e_test.ts"] },
    { name: "tests/e2e/f_test.ts", files: ["tests/e2e/f_test.ts"] },
    {
      name: "tests/stack/tcp",
      files: ["tests/stack/tcp/input/c_test.ts", "tests/stack/tcp/output/d_test.ts"],
    },
  ]);
  assertEquals(jobs.filter(isEndToEnd).length, 2);
});

Deno.test("every file of tests is in one job, each once", () => {
  const files = testsBelow("tests");
  assert(files.includes("tests/run/plan_test.ts"));
  const planned = plan(files).flatMap((job) => job.files);
  assertEquals(planned.toSorted(), files.toSorted());
  assertEquals(new Set(files).size, files.length);
});

Deno.test("what takes longest is begun first, and is there", () => {
  const names = plan(testsBelow("tests")).map(({ name }) => name);
  const first = names.findIndex((name) => !LONGEST.includes(name));
  assertEquals(names.slice(0, first), LONGEST);
});
