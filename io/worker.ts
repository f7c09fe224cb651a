/**
 * The worker: one message in, then the loop of a stack or of a switch until told to end. See
 * worker_protocol.ts. What few ask for is loaded when it is asked for: every module takes its part
 * of a start.
 *
 * @module
 */
import { StackLog } from "./log/stack_log.ts";
import { optionsWithTrouble, ThreadLog } from "./log/thread_log.ts";
import type { NetmapOpener } from "./devices/open.ts";
import { Runtime, setupMessage } from "./runtime.ts";
import type { SwitchMessage, SwitchStart, WorkerMessage, WorkerStart } from "./worker_protocol.ts";

function tell(message: WorkerMessage | SwitchMessage): void {
  postMessage(message);
}

async function loadNetmap({ config }: WorkerStart): Promise<NetmapOpener | null> {
  if (!config.interfaces.some(({ kind }) => kind === "NETMAP")) return null;
  return (await import("./devices/netmap/open.ts")).openNetmap;
}

function run(start: WorkerStart, threadLog: ThreadLog | null, netmap: NetmapOpener | null): void {
  const onTrouble = (message: string) => tell({ kind: "trouble", message });
  const runtime = new Runtime({
    ...start,
    netmap,
    log: new StackLog(optionsWithTrouble(threadLog, onTrouble)),
    onReport: (report) => tell({ kind: "report", report }),
    onJoined: (count) => tell({ kind: "joined", count }),
    onTurnEnd: threadLog === null ? null : () => threadLog.flush(),
  });
  runtime.confine();
  const { socketPath, stopFd, nameservers, searchDomains, notes, facts } = runtime;
  threadLog?.flush();
  tell({ kind: "ready", socketPath, stopFd, nameservers, searchDomains, notes, facts });
  runtime.serve();
  runtime.drain();
  threadLog?.finish();
  tell({ kind: "drained", facts: runtime.counterLines() });
}

async function runSwitch({ switchPath }: SwitchStart): Promise<void> {
  const { FrameSwitch } = await import("./switch/switch.ts");
  const frameSwitch = new FrameSwitch(switchPath);
  const tellCounters = () => tell({ kind: "counters", line: frameSwitch.counterLine() });
  const tellFd = frameSwitch.addBell(tellCounters);
  tell({ kind: "listening", stopFd: frameSwitch.stopFd, tellFd });
  frameSwitch.serve();
  tellCounters();
  frameSwitch.close();
  tell({ kind: "closed" });
}

async function serve(start: WorkerStart | SwitchStart): Promise<void> {
  let threadLog: ThreadLog | null = null;
  try {
    if ("switchPath" in start) return await runSwitch(start);
    if (start.log !== null) threadLog = await ThreadLog.open(start.log);
    run(start, threadLog, await loadNetmap(start));
  } catch (error) {
    threadLog?.finish();
    const line = setupMessage(error);
    if (line !== null) return tell({ kind: "failed", message: line });
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    tell({ kind: "crashed", message, stack });
  }
}

self.addEventListener(
  "message",
  ({ data }: MessageEvent<WorkerStart | SwitchStart>) => void serve(data),
);
