/**
 * Where a program runs: what its start takes of the stack, whether this process has that
 * (own_stack.ts) or another nuse (joined_stack.ts).
 *
 * @module
 */
import type { Network } from "../ffi/network.ts";
import type { Report } from "../io/app/protocol/reports.ts";
import type { NamesConfig } from "../io/config.ts";
import type { Failure } from "./base/failure.ts";

export interface Place {
  /** For NUSE_SOCK. */
  readonly socketPath: string;
  /** The process that serves. */
  readonly servicePid: number;
  /** To enter, or -errno: there can be none; undefined: the program stays in ours. */
  readonly network: Network | number | undefined;
  /** The other run whose network that is. */
  readonly joins?: string;
  /** The program's end of the way by which its door comes to the stack's thread; -1: none. */
  readonly doorFd: number;
  readonly names: NamesConfig;
  /** Of DHCP and of routers. */
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  /** Lines for a person, and for -v. */
  readonly notes: readonly string[];
  readonly facts: readonly string[];
}

export interface PlaceOptions {
  /** This run's own. */
  readonly runDir: string;
  /** The user that a setuid program becomes, or null. */
  readonly guestUid: number | null;
  /** Something for a person to read. */
  readonly say: (message: string) => void;
  /** The stack has failed. */
  readonly onCrash: (error: Failure) => void;
  /** The stack is another's and is over; `isKilled`: by force. */
  readonly onGone: (isKilled: boolean) => void;
  /** A program reports one that is not served. */
  readonly onReport: (report: Report) => void;
}

export interface StackHost {
  /** Makes the place. Rejects with Failure or SysError. */
  open(options: PlaceOptions): Promise<Place>;
  /** The program has started, or will not: what only that took is closed. */
  started(): void;
  /** Resolves when only what the first program left behind may keep the stack. */
  readonly unkept: Promise<void>;
  /** The program has ended: resolves to lines for -v when all is delivered that it has sent. */
  drain(): Promise<readonly string[]>;
  /** Whatever has happened. */
  close(): void;
}
