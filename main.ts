/**
 * nuse: runs a program's network traffic through a TCP/IP stack of its own. See README.md.
 *
 * The stack's worker is started first: it takes 20 ms to boot, and waits for its start message. A
 * front (cli/front.ts) needs none.
 *
 * @module
 */
const isSource = import.meta.url.endsWith(".ts");
// What `deno task build` makes has everything in one folder: worker and compiled libraries.
const workerUrl = new URL(isSource ? "./io/worker.ts" : "./worker.js", import.meta.url);
const bootWorker = () => new Worker(workerUrl, { type: "module", name: "stack" });

async function load<T>(module: Promise<T>): Promise<T> {
  return await module.catch((error: Error) => {
    console.error(`nuse: ${error.message.split("\n")[0]} (is this folder complete?)`);
    Deno.exit(2);
  });
}

const { isFrontNeeded } = await load(import("./cli/launcher.ts"));
const isFront = isFrontNeeded();
// Most likely no stack of its own is wanted; an argument of the program's may look like that, too.
const isOthers = Deno.args.some((arg) => /^--(join|list)\b/.test(arg));
const worker = isFront || isOthers ? null : bootWorker();
const { main } = await load(import("./cli/run.ts"));
await main(Deno.args, { isFront, worker: () => worker ?? bootWorker() });
