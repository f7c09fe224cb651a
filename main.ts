/**
 * nuse: runs a program's network traffic through a TCP/IP stack of its own. See README.md.
 *
 * The stack's worker is started first: it takes 20 ms to boot, and waits for its start message.
 *
 * @module
 */
const isSource = import.meta.url.endsWith(".ts"); // else a bundle, which has the worker beside it
const workerUrl = new URL(isSource ? "./io/worker.ts" : "./worker.js", import.meta.url);
const worker = new Worker(workerUrl, { type: "module", name: "stack" });

const { main } = await import("./cli/run.ts");
await main(Deno.args, worker);
