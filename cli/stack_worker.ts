/**
 * The stack's worker as the main thread sees it.
 *
 * @module
 */
import { ring } from "../ffi/child.ts";
import type { WorkerMessage, WorkerStart } from "../io/worker_protocol.ts";
import type { Report } from "../io/app/protocol/reports.ts";
import { EXIT_SOFTWARE, Failure } from "./base/failure.ts";

export type Ready = Extract<WorkerMessage, { kind: "ready" }>;

/** A fault of nuse's own in the worker. */
class WorkerCrash extends Failure {
  constructor(message: string, trace: string) {
    super(`the stack failed: ${message} (-v shows where; please report it)`, EXIT_SOFTWARE);
    this.stack = trace;
  }
}

export class StackWorker {
  readonly #worker: Worker;
  readonly #ready = Promise.withResolvers<Ready>();
  readonly #drained = Promise.withResolvers<readonly string[]>();
  #stopFd = -1;
  /** A program reports one that is not served. */
  onReport: (report: Report) => void = () => {};
  /** So many programs of other nuse run on this stack. */
  onJoined: (count: number) => void = () => {};

  /** `onTrouble`: one line that a person should see. `onCrash`: the stack has ended. */
  constructor(
    worker: Worker,
    onTrouble: (message: string) => void,
    onCrash: (error: Failure) => void,
  ) {
    this.#worker = worker;
    const fail = (error: Failure) => {
      this.#ready.reject(error);
      onCrash(error);
    };
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      switch (data.kind) {
        case "ready":
          this.#stopFd = data.stopFd;
          return this.#ready.resolve(data);
        case "failed":
          return fail(new Failure(data.message));
        case "trouble":
          return onTrouble(data.message);
        case "report":
          return this.onReport(data.report);
        case "joined":
          return this.onJoined(data.count);
        case "crashed":
          return fail(new WorkerCrash(data.message, data.stack));
        case "drained":
          return this.#drained.resolve(data.facts);
      }
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      fail(new WorkerCrash(event.message, `${event.filename}:${event.lineno}`));
    };
    // A crash is reported once, by onCrash, whether or not somebody waits for it.
    this.#ready.promise.catch(() => {});
  }

  /** Sets the stack up. Rejects with Failure. */
  start(start: WorkerStart): Promise<Ready> {
    this.#worker.postMessage(start);
    return this.#ready.promise;
  }

  /** The worker delivers what is left and ends; resolves to lines for -v. */
  drain(): Promise<readonly string[]> {
    ring(this.#stopFd);
    return this.#drained.promise;
  }
}
