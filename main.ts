/**
 * nuse: runs a program's network traffic through a TCP/IP stack of its own. See README.md.
 *
 * The stack's worker is started first: it takes 20 ms to boot, and waits for its start message.
 *
 * @module
 */
const isSource = import.meta.url.endsWith(".ts");
// What `deno task build` makes has everything in one folder: worker and compiled libraries.
if (!isSource) Deno.env.set("NUSE_NATIVE_DIR", import.meta.dirname!);
const workerUrl = new URL(isSource ? "./io/worker.ts" : "./worker.js", import.meta.url);
const worker = new Worker(workerUrl, { type: "module", name: "stack" });

const { main } = await import("./cli/run.ts").catch((error: Error) => {
  console.error(`nuse: ${error.message.split("\n")[0]} (the first start needs the network)`);
  Deno.exit(2);
});
await main(Deno.args, worker);
