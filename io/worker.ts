/**
 * The stack's worker: one message in, then the loop until told to drain. See worker_protocol.ts.
 *
 * @module
 */
import { StackLog } from "./log/stack_log.ts";
import { optionsWithTrouble, ThreadLog } from "./log/thread_log.ts";
import { Runtime, setupMessage } from "./runtime.ts";
import type { WorkerMessage, WorkerStart } from "./worker_protocol.ts";

function tell(message: WorkerMessage): void {
  postMessage(message);
}

function run(start: WorkerStart, threadLog: ThreadLog | null): void {
  const onTrouble = (message: string) => tell({ kind: "trouble", message });
  const runtime = new Runtime({
    ...start,
    log: new StackLog(optionsWithTrouble(threadLog, onTrouble)),
    onTurnEnd: threadLog === null ? null : () => threadLog.flush(),
  });
  runtime.confine();
  const { socketPath, stopFd, notes, facts } = runtime;
  threadLog?.flush();
  tell({ kind: "ready", socketPath, stopFd, notes, facts });
  runtime.serve();
  runtime.drain();
  threadLog?.finish();
  tell({ kind: "drained", facts: runtime.counterLines() });
}

async function serve(start: WorkerStart): Promise<void> {
  let threadLog: ThreadLog | null = null;
  try {
    if (start.log !== null) threadLog = await ThreadLog.open(start.log);
    run(start, threadLog);
  } catch (error) {
    threadLog?.finish();
    const line = setupMessage(error);
    if (line !== null) return tell({ kind: "failed", message: line });
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    tell({ kind: "crashed", message, stack });
  }
}

self.addEventListener("message", ({ data }: MessageEvent<WorkerStart>) => void serve(data));
