/**
 * What the main thread and the stack's worker say to each other: one message in, then messages out.
 * After `ready` the worker sits in its loop and reads no message; ringing `stopFd` tells it to
 * drain.
 *
 * @module
 */
import type { CaptureFds } from "../ffi/network.ts";
import type { StackConfigOverrides } from "../stack/mod.ts";
import type { RunFacts } from "./app/join/messages.ts";
import type { Report } from "./app/protocol/reports.ts";
import type { Config } from "./config.ts";
import type { LogSettings } from "./log/levels.ts";

export interface WorkerStart {
  readonly config: Config;
  /** What its sysctls say: their table is the command line's, and not loaded by the worker. */
  readonly overrides: StackConfigOverrides;
  /** Private folder for the control socket. */
  readonly runDir: string;
  /** The user that a setuid program becomes, who is let in too; null: no such program. */
  readonly guestUid: number | null;
  /** SO_NETNS_COOKIE of the program's network namespace; null: it is ours. */
  readonly networkCookie: bigint | null;
  /** Where doors arrive (io/app/door), the worker's to close; -1: there will be none. */
  readonly doorFd: number;
  /** The inode of the user namespace that owns the program's network; null: that of nuse. */
  readonly userNamespace: number | null;
  /** null: nobody has asked for a log. */
  readonly log: LogSettings | null;
  /** What this run is, for others that join it. */
  readonly run: RunFacts;
  /** For packet sockets, the worker's to keep; null: there are none. */
  readonly capture: CaptureFds | null;
  /** Descriptors that those get, the process's to keep: see JoinOptions. */
  readonly namespaces: { readonly net: number; readonly user: number };
}

/** Instead of a WorkerStart: the worker is a switch. */
export interface SwitchStart {
  /** Where it listens. */
  readonly switchPath: string;
}

/** What a switch says, and nothing else. */
export type SwitchMessage =
  | {
    readonly kind: "listening";
    /** An eventfd: once rung, the switch says `counters`, `closed`, and ends. */
    readonly stopFd: number;
    /** An eventfd: rung, the switch says `counters`. */
    readonly tellFd: number;
  }
  | { readonly kind: "counters"; readonly line: string }
  | { readonly kind: "closed" }
  | Extract<WorkerMessage, { kind: "failed" | "crashed" }>;

export type WorkerMessage =
  | {
    readonly kind: "ready";
    /** For NUSE_SOCK. */
    readonly socketPath: string;
    /** An eventfd: once rung, the worker drains, says `drained` and ends. */
    readonly stopFd: number;
    /** Of DHCP and of routers. */
    readonly nameservers: readonly string[];
    readonly searchDomains: readonly string[];
    /** What a person should know: lines for stderr. */
    readonly notes: readonly string[];
    /** What was set up: lines for -v. */
    readonly facts: readonly string[];
  }
  /** Set-up failed by the person's or the machine's doing: one line says it all. */
  | { readonly kind: "failed"; readonly message: string }
  /** A device failed while the program ran. */
  | { readonly kind: "trouble"; readonly message: string }
  /** A program reports one that is not served. */
  | { readonly kind: "report"; readonly report: Report }
  /** So many joined programs run now. */
  | { readonly kind: "joined"; readonly count: number }
  /** A fault of nuse's own. */
  | { readonly kind: "crashed"; readonly message: string; readonly stack: string }
  /** Everything is delivered. `facts`: counters that are not zero, for -v. */
  | { readonly kind: "drained"; readonly facts: readonly string[] };
