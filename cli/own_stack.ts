/**
 * The stack of this run: its worker, the programs' network, the way to the second door, its name.
 *
 * @module
 */
import { CAPTURES_MAX, makeNetwork, type Network } from "../ffi/network.ts";
import type { RunFacts } from "../io/app/join/messages.ts";
import type { Config } from "../io/config.ts";
import type { LogSettings } from "../io/log/levels.ts";
import { overridesOf } from "../stack/sysctl.ts";
import { Doorway } from "./doorway.ts";
import type { Place, PlaceOptions, StackHost } from "./place.ts";
import { baseOf } from "./run_dir.ts";
import { NameHold, sweepNames } from "./runs.ts";
import { StackWorker } from "./stack_worker.ts";

export interface OwnStackOptions {
  /** Just booted, waiting for its start message. */
  readonly worker: Worker;
  readonly config: Config;
  readonly facts: RunFacts;
  /** The second door is to serve what the shim does not. */
  readonly hasDoor: boolean;
  /** null: nobody has asked for one. */
  readonly log: LogSettings | null;
}

export class OwnStack implements StackHost {
  readonly #options: OwnStackOptions;
  #doorway: Doorway | null = null;
  #worker: StackWorker | null = null;
  #name: NameHold | null = null;
  #joined = 0;
  readonly #unkept = Promise.withResolvers<void>();
  #isDraining = false;

  constructor(options: OwnStackOptions) {
    this.#options = options;
  }

  async open({ runDir, guestUid, say, onCrash, onReport }: PlaceOptions): Promise<Place> {
    const { config, facts, hasDoor, log } = this.#options;
    sweepNames(baseOf(runDir));
    if (facts.name !== null) this.#name = NameHold.take(facts.name, runDir);
    // Those who join get their descriptors as well: they stay open.
    const captures = Math.min(config.interfaces.length, CAPTURES_MAX);
    const network = facts.isNetworkShared ? undefined : makeNetwork(captures);
    if (hasDoor) this.#doorway = Doorway.make();
    const worker = new StackWorker(this.#options.worker, say, onCrash);
    this.#worker = worker;
    worker.onReport = onReport;
    worker.onJoined = (count) => this.#onJoined(count);
    const made = typeof network === "object" ? network : null;
    const ready = await worker.start({
      config,
      overrides: overridesOf(config.sysctls),
      runDir,
      guestUid,
      networkCookie: made?.cookie ?? null,
      doorFd: this.#doorway?.stackFd ?? -1,
      userNamespace: made === null ? null : userNamespaceOf(made),
      log,
      run: facts,
      capture: made?.capture ?? null,
      namespaces: { net: made?.net ?? -1, user: made?.user ?? -1 },
    });
    const { socketPath, nameservers, searchDomains, notes } = ready;
    return {
      ...{ socketPath, network, nameservers, searchDomains, notes, facts: ready.facts },
      servicePid: Deno.pid,
      doorFd: this.#doorway?.programFd ?? -1,
      names: config.names,
    };
  }

  started(): void {
    this.#doorway?.close();
  }

  get unkept(): Promise<void> {
    return this.#unkept.promise;
  }

  #onJoined(count: number): void {
    this.#joined = count;
    this.#look();
  }

  #look(): void {
    const isKept = this.#options.facts.isKept && this.#joined > 0;
    if (this.#isDraining && !isKept) this.#unkept.resolve();
  }

  drain(): Promise<readonly string[]> {
    this.#isDraining = true;
    this.#look();
    return this.#worker?.drain() ?? Promise.resolve([]);
  }

  close(): void {
    this.#doorway?.close();
    this.#name?.release();
  }
}

/** The inode of the user namespace that has been made for it; null: none has. */
function userNamespaceOf({ user }: Network): number | null {
  return user < 0 ? null : Deno.statSync(`/proc/self/fd/${user}`).ino;
}
