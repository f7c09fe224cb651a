import { assertEquals, assertRejects } from "@std/assert";
import { EXIT_SOFTWARE, EXIT_USAGE, Failure } from "../../cli/base/failure.ts";
import { runSwitch } from "../../cli/switch.ts";

/** Runs the switch with a worker that answers its start message by `script`. */
async function run(script: string): Promise<void> {
  const source = `self.onmessage = ({ data }) => { ${script} };`;
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module" });
  try {
    await runSwitch("/x/lan", worker);
  } finally {
    worker.terminate();
  }
}

Deno.test("switch: ends when the worker says so, the path as given", async () => {
  await run('if (data.switchPath === "/x/lan") postMessage({ kind: "closed" });');
});

Deno.test("switch: a failed set-up is status 2, a crash 70", async () => {
  const failed = await assertRejects(
    () => run('postMessage({ kind: "failed", message: "no folder (make it)" });'),
    Failure,
  );
  assertEquals([failed.message, failed.status], ["no folder (make it)", EXIT_USAGE]);
  const crashed = await assertRejects(
    () => run('postMessage({ kind: "crashed", message: "lost", stack: "" });'),
    Failure,
  );
  assertEquals([crashed.message, crashed.status], ["the switch failed: lost", EXIT_SOFTWARE]);
  const uncaught = await assertRejects(() => run('throw new Error("odd");'), Failure);
  assertEquals(uncaught.status, EXIT_SOFTWARE);
});
