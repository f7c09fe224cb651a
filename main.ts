/**
 * nuse: runs a program's network traffic through a TCP/IP stack of its own. See README.md.
 *
 * The stack's worker is started first: it takes 20 ms to boot, and waits for its start message.
 *
 * @module
 */
const isSource = import.meta.url.endsWith(".ts");
// What `deno task build` makes has everything in one folder: worker and compiled libraries.
const workerUrl = new URL(isSource ? "./io/worker.ts" : "./worker.js", import.meta.url);
const worker = new Worker(workerUrl, { type: "module", name: "stack" });

const { main } = await import("./cli/run.ts").catch((error: Error) => {
  console.error(`nuse: ${error.message.split("\n")[0]} (is this folder complete?)`);
  Deno.exit(2);
});
await main(Deno.args, worker);
