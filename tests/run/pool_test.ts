import { assert, assertEquals } from "@std/assert";
import { runJobs } from "./pool.ts";

const job = (name: string) => ({ name, files: [] });

/** Runs shell scripts as jobs, and collects what is shown. */
async function runScripts(scripts: readonly string[], width: number, limitMin = 1) {
  const shown: string[] = [];
  const results = await runJobs(scripts.map(job), {
    width,
    argv: ({ name }) => ["sh", "-c", name],
    cwd: "/",
    limitMin,
    lookMs: 100,
    show: (text) => shown.push(text),
  });
  return { results, shown };
}

Deno.test("a job is what deno test said; one that crashed is a failure", async () => {
  const { results } = await runScripts([
    "echo 'a ... ignored (0ms)'; echo 'ok | 3 passed | 0 failed | 1 ignored (1ms)'",
    "echo 'FAILED | 2 passed | 4 failed (1ms)'; exit 1",
    "exit 3",
    "true",
  ], 2);
  assertEquals(results, [
    { passed: 3, failed: 0, ignored: ["a"] },
    { passed: 2, failed: 4, ignored: [] },
    { passed: 0, failed: 1, ignored: [] },
    { passed: 0, failed: 0, ignored: [] },
  ]);
});

Deno.test("jobs run side by side, and each is shown as a whole", async () => {
  const dir = await Deno.makeTempDir();
  try {
    // Each waits for the other one's file: one after the other they would wait for ever.
    const meet = (own: string, other: string) =>
      `echo ${own} began; touch ${dir}/${own}; ` +
      `until [ -e ${dir}/${other} ]; do sleep 0.01; done; echo ${own} ended`;
    const { shown } = await runScripts([meet("x", "y"), meet("y", "x")], 2);
    assertEquals(shown.length, 2);
    for (const text of shown) assert(/(x|y) began\n\1 ended/.test(text), text);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a job that does not end is given up and counted", async () => {
  const { results, shown } = await runScripts(["echo begun; exec sleep 600"], 1, 0);
  assertEquals(results, [{ passed: 0, failed: 1, ignored: [] }]);
  assert(shown.join("").includes("begun"));
  assert(shown.at(-1)!.includes("stopped"));
});
