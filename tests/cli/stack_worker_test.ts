import { assert, assertEquals, assertRejects } from "@std/assert";
import { EXIT_SOFTWARE, EXIT_USAGE, Failure } from "../../cli/base/failure.ts";
import { StackWorker } from "../../cli/stack_worker.ts";
import type { WorkerStart } from "../../io/worker_protocol.ts";

const START: WorkerStart = {
  config: {
    interfaces: [],
    routes: [],
    names: { hostname: null, nameservers: [], search: [] },
    sysctls: {},
  },
  overrides: {},
  runDir: "/x",
  guestUid: null,
  networkCookie: null,
  doorFd: -1,
  userNamespace: null,
  log: null,
  run: {
    version: "1",
    name: null,
    pid: 1,
    frontPid: null,
    command: "true",
    since: "",
    isKept: false,
    isNetworkShared: false,
    names: { hostname: null, nameservers: [], search: [] },
  },
  capture: null,
  namespaces: { net: -1, user: -1 },
};

/** Runs `body` with a worker that answers its start message by `script`. */
async function withWorker(
  script: string,
  body: (worker: StackWorker, heard: { trouble: string[]; broken: Failure[] }) => Promise<void>,
): Promise<void> {
  const source = `self.onmessage = ({ data }) => { ${script} };`;
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module" });
  const heard = { trouble: [] as string[], broken: [] as Failure[] };
  try {
    await body(
      new StackWorker(worker, (line) => heard.trouble.push(line), (e) => heard.broken.push(e)),
      heard,
    );
  } finally {
    worker.terminate();
  }
}

const READY =
  '{ kind: "ready", socketPath: data.runDir, stopFd: -1, nameservers: [], searchDomains: [], ' +
  "notes: [], " +
  'facts: ["f"] }';

Deno.test("the start message goes out, ready and trouble come back", async () => {
  const script = `postMessage({ kind: "trouble", message: "odd" }); postMessage(${READY});`;
  await withWorker(script, async (worker, heard) => {
    const ready = await worker.start(START);
    assertEquals([ready.socketPath, ready.facts], ["/x", ["f"]]);
    assertEquals(heard, { trouble: ["odd"], broken: [] });
  });
});

Deno.test("a failed set-up is the person's business: status 2, the line as it came", async () => {
  const script = 'postMessage({ kind: "failed", message: "no such interface (look)" });';
  await withWorker(script, async (worker, heard) => {
    const error = await assertRejects(() => worker.start(START), Failure, "no such interface");
    assertEquals([error.status, heard.broken], [EXIT_USAGE, [error]]);
  });
});

Deno.test("a crash is nuse's own: status 70 and where it was, after ready too", async () => {
  const crash = 'postMessage({ kind: "crashed", message: "boom", stack: "at x" });';
  await withWorker(`postMessage(${READY}); ${crash}`, async (worker, heard) => {
    await worker.start(START);
    while (heard.broken.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const [error] = heard.broken;
    assertEquals([error.status, error.stack], [EXIT_SOFTWARE, "at x"]);
    assert(error.message.startsWith("the stack failed: boom ("));
  });
});

Deno.test("so is an exception that nobody caught", async () => {
  await withWorker("throw new TypeError('lost');", async (worker) => {
    const error = await assertRejects(() => worker.start(START), Failure, "lost");
    assertEquals(error.status, EXIT_SOFTWARE);
  });
});

Deno.test("drained brings the counters", async () => {
  const script = `postMessage(${READY}); postMessage({ kind: "drained", facts: ["ip: 1"] });`;
  await withWorker(script, async (worker) => {
    await worker.start(START);
    assertEquals(await worker.drain(), ["ip: 1"]);
  });
});
