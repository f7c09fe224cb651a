/**
 * The stack's worker: one message in, then the loop until told to drain. See worker_protocol.ts.
 *
 * @module
 */
import { Runtime, setupMessage } from "./runtime.ts";
import type { WorkerMessage, WorkerStart } from "./worker_protocol.ts";

function tell(message: WorkerMessage): void {
  postMessage(message);
}

function run(start: WorkerStart): void {
  const runtime = new Runtime({
    ...start,
    onTrouble: (message) => tell({ kind: "trouble", message }),
  });
  runtime.confine();
  const { socketPath, stopFd, notes, facts } = runtime;
  tell({ kind: "ready", socketPath, stopFd, notes, facts });
  runtime.serve();
  runtime.drain();
  tell({ kind: "drained", facts: runtime.counterLines() });
}

self.addEventListener("message", (event: MessageEvent<WorkerStart>) => {
  try {
    run(event.data);
  } catch (error) {
    const line = setupMessage(error);
    if (line !== null) return tell({ kind: "failed", message: line });
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    tell({ kind: "crashed", message, stack });
  }
});
