/**
 * The threads that have stopped at the second door, and their processes. A number that the kernel
 * gives may be another's by the next call: so each time it is asked whether the thread is still one
 * of that process; the process itself is known by a pidfd, which no other can get.
 *
 * @module
 */
import { EPOLLIN } from "../../../ffi/abi/epoll.ts";
import type { DoorCalls } from "../../../ffi/door.ts";
import type { Libc } from "../../../ffi/libc.ts";
import type { Account, Accounts } from "../endpoint/account.ts";
import { Holder } from "../endpoint/holders.ts";
import { DeferredReply, type RepliedSocket } from "../protocol/deferred_reply.ts";

/** Known at once, each process by a descriptor of ours; beyond it starts anew. */
const THREADS_MAX = 512;

export class DoorProcess {
  readonly holder = new Holder();
  /** The pidfd is closed. */
  isForgotten = false;

  constructor(readonly pid: number, readonly pidfd: number) {
    this.holder.connections = 1; // for as long as it is known
  }
}

/** Told what a connect() that waited has come to. */
export type LateAnswer = (thread: DoorThread, result: number) => void;

/** An answer, and to which call. */
export interface Undelivered {
  readonly call: Uint8Array;
  readonly result: number;
}

/** A thread; the reply that it may be owed is that to the call that it waits in. */
export class DoorThread extends DeferredReply {
  /** The call that it waits in; null: none. */
  waiting: Uint8Array | null = null;
  /** What was to be answered when a signal came; null: it was in time. */
  undelivered: Undelivered | null = null;

  constructor(
    readonly id: number,
    /** Another object for the same process, when that has been forgotten meanwhile. */
    public process: DoorProcess,
    readonly lateAnswer: LateAnswer,
  ) {
    super();
  }

  protected override send(result: number, _socket: RepliedSocket, _fillerLen: number): void {
    this.lateAnswer(this, result);
  }
}

export class DoorThreads {
  readonly #calls: DoorCalls;
  readonly #sys: Libc;
  readonly #accounts: Accounts;
  readonly #lateAnswer: LateAnswer;
  readonly #threads = new Map<number, DoorThread>();
  readonly #processes = new Map<number, DoorProcess>();
  readonly #pidfd = new Int32Array(1);
  readonly #pidfdBytes = new Uint8Array(this.#pidfd.buffer);

  constructor(calls: DoorCalls, sys: Libc, accounts: Accounts, lateAnswer: LateAnswer) {
    this.#calls = calls;
    this.#sys = sys;
    this.#accounts = accounts;
    this.#lateAnswer = lateAnswer;
  }

  /** The thread with this number, which waits at the door; null: it has gone. */
  of(id: number): DoorThread | null {
    const known = this.#threads.get(id);
    if (known !== undefined && this.#isStill(known)) return known;
    if (this.#threads.size >= THREADS_MAX) this.clear();
    const pid = this.#calls.processOf(id, this.#pidfdBytes);
    if (pid < 0) return null;
    const thread = new DoorThread(id, this.#process(pid, this.#pidfd[0]), this.#lateAnswer);
    this.#threads.set(id, thread);
    return thread;
  }

  /** For a thread that has waited: false: it has gone. */
  renew(thread: DoorThread): boolean {
    if (!thread.process.isForgotten && this.#isStill(thread)) return true;
    const fresh = this.of(thread.id);
    if (fresh === null || fresh.process.pid !== thread.process.pid) return false;
    thread.process = fresh.process;
    return true;
  }

  #isStill({ id, process }: DoorThread): boolean {
    return this.#isAlive(process) && this.#calls.isThreadOf(process.pid, id) === 1;
  }

  /** A pidfd becomes readable when the process ends. */
  #isAlive({ pidfd }: DoorProcess): boolean {
    return this.#sys.poll(pidfd, EPOLLIN, 0) === 0;
  }

  /** `pidfd` is a new one, closed here if the process is known. */
  #process(pid: number, pidfd: number): DoorProcess {
    const known = this.#processes.get(pid);
    if (known !== undefined && this.#isAlive(known)) {
      this.#sys.close(pidfd);
      return known;
    }
    if (known !== undefined) this.#forget(known);
    const fresh = new DoorProcess(pid, pidfd);
    this.#processes.set(pid, fresh);
    return fresh;
  }

  #forget(process: DoorProcess): void {
    process.holder.connections = 0;
    process.isForgotten = true;
    this.#sys.close(process.pidfd);
  }

  account(process: DoorProcess): Account {
    return this.#accounts.of(process.pid);
  }

  clear(): void {
    for (const process of this.#processes.values()) this.#forget(process);
    this.#processes.clear();
    this.#threads.clear();
  }
}
