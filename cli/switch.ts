/**
 * `nuse --switch PATH`: runs a switch in the worker until a signal ends it.
 *
 * @module
 */
import { ring } from "../ffi/child.ts";
import type { SwitchMessage, SwitchStart } from "../io/worker_protocol.ts";
import { EXIT_SOFTWARE, Failure, say } from "./base/failure.ts";

const ENDS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Resolves when the switch has ended, its counters told. Rejects with Failure. */
export function runSwitch(path: string, worker: Worker): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<SwitchMessage>) => {
    switch (data.kind) {
      case "listening":
        for (const signal of ENDS) Deno.addSignalListener(signal, () => ring(data.stopFd));
        Deno.addSignalListener("SIGUSR1", () => ring(data.tellFd));
        return say(`switch at ${path}: join it by pipe=${path} (SIGUSR1 shows its counters)`);
      case "counters":
        return say(`switch: ${data.line}`);
      case "closed":
        return resolve();
      case "failed":
        return reject(new Failure(data.message));
      case "crashed":
        return reject(new Failure(`the switch failed: ${data.message}`, EXIT_SOFTWARE));
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Failure(`the switch failed: ${event.message}`, EXIT_SOFTWARE));
  };
  const start: SwitchStart = { switchPath: path };
  worker.postMessage(start);
  return promise;
}
