/**
 * One run: the stack, the program, and the signals between the terminal and the two. Whose stack it
 * is, its own or another run's, is the business of a StackHost.
 *
 *     setup ──program started──► running ──program gone──► draining ──► exit
 *       └─ a signal: out          │ signals go to the program   └─ a signal: out
 *
 * Signals. What the terminal sends (Ctrl-C, Ctrl-\, Ctrl-Z, hang-up) reaches the program, and nuse
 * only waits for what the program makes of it. What a process sends to nuse alone is passed on.
 * When the program is stopped from the terminal, the front stops likewise, so that the shell
 * notices, and `fg` continues both; the stack goes on (front.ts). Without a front nuse is in the
 * program's process group, and stops itself.
 *
 * @module
 */
import { EPERM, errnoName } from "../ffi/errno.ts";
import {
  catchSignals,
  type ChildEvent,
  confineMain,
  dieBy,
  kill,
  launch,
  nextEvent,
  setPartner,
  SI_KERNEL,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGQUIT,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  stopSelf,
  type View,
} from "../ffi/child.ts";
import { findNative } from "../ffi/build_native.ts";
import { SHIM_LIBRARY } from "../ffi/shim/library.ts";
import { OwnEvent } from "../io/log/own_events.ts";
import { childEnv } from "./child_env.ts";
import { linkNetwork } from "./doorway.ts";
import { asSent, type Front, stopFront } from "./front.ts";
import { EXIT_NOT_EXECUTABLE, EXIT_SIGNAL_BASE, Failure, say } from "./base/failure.ts";
import type { Launched } from "./launcher.ts";
import { planNames, RESOLV_CONF } from "./name_servers.ts";
import type { Place, StackHost } from "./place.ts";
import type { Program } from "./program.ts";
import type { RunLog } from "./run_log.ts";
import { makeRunDir, removeRunDir, type RunDirSources, runDirSources } from "./run_dir.ts";
import {
  openRunDir,
  prepareSecureLibrary,
  removeSecureLibrary,
  type SecureLibrary,
} from "./secure_library.ts";
import { readStart, UnservedPrograms } from "./unserved.ts";

/** How long a program that was killed may keep nuse: others may hold its sockets for ever. */
const KILLED_DRAIN_MS = 10_000;
/** How long a joined program may take to end by itself when the stack has, and then by SIGHUP. */
const LEAVE_MS = 1000;
const ENDING_SIGNALS = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

type End = Extract<ChildEvent, { kind: "exited" | "killed" }>;
type Signal = Extract<ChildEvent, { kind: "signal" }>;

export interface SessionOptions {
  readonly stack: StackHost;
  readonly program: Program;
  /** The program's argv as byte strings. */
  readonly argv: readonly string[];
  readonly launched: Launched;
  /** null: the shell, if there is one, sees this process. */
  readonly front: Front | null;
  /** The program stays in nuse's own network namespace. */
  readonly isNetworkShared: boolean;
  /** -v: where to say what is done. */
  readonly tell: (message: string) => void;
  /** null: nobody has asked for one. */
  readonly log: RunLog | null;
}

/** How the run ended, for the process's own end. */
export interface Outcome {
  readonly status: number;
  /** The signal that ended the program; 0: none. */
  readonly signal: number;
}

/** A signal ended nuse before the program started. */
class Interrupted extends Error {
  constructor(readonly signal: number) {
    super(`signal ${signal}`);
  }
}

export class Session {
  readonly #options: SessionOptions;
  #phase: "setup" | "running" | "draining" = "setup";
  #pid = 0;
  /** The stack is over, and the program has been told to end. */
  #isGone = false;
  /** The program is behind the second door. */
  #isBehindDoor = false;
  /** For a program that changes user or group. */
  #secure: SecureLibrary | null = null;
  /** Signals that came while the program ran, and one of the terminal's that is still to come. */
  readonly #seen = new Set<number>();
  #awaited = 0;
  /** Rejects when the run cannot go on. */
  readonly #broken = Promise.withResolvers<never>();
  readonly #ended = Promise.withResolvers<End>();
  readonly #hurried = Promise.withResolvers<void>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#broken.promise.catch(() => {});
  }

  /** Throws Failure or SysError; whatever happens, the run directory is gone afterwards. */
  async run(): Promise<Outcome> {
    const { launched, log, program, stack } = this.#options;
    const sources = runDirSources(launched.env);
    const runDir = makeRunDir(sources);
    try {
      // Libraries first: what a first start compiles is compiled here, and said once.
      catchSignals();
      if (this.#options.front !== null) setPartner(this.#options.front.pid);
      void this.#watch();
      const shim = findNative(SHIM_LIBRARY.name, SHIM_LIBRARY.sources);
      const unserved = this.#unserved();
      const opened = stack.open({
        runDir,
        guestUid: program.guestUid,
        say,
        onCrash: this.#broken.reject,
        onGone: (isKilled) => this.#onGone(isKilled),
        onReport: (report) => unserved.take(report),
      });
      const place = await Promise.race([opened, this.#broken.promise]);
      place.notes.forEach(say);
      place.facts.forEach(this.#options.tell);
      const preload = this.#preloadName(shim, runDir, place.socketPath, sources);
      const networkLink = place.doorFd < 0 ? undefined : linkNetwork(runDir);
      this.#start(place, preload, this.#prepareNames(runDir, place), networkLink);
      const end = await Promise.race([this.#ended.promise, this.#broken.promise]);
      this.#phase = "draining";
      log?.tell(OwnEvent.CLI_ENDED, {
        status: end.kind === "exited" ? end.status : EXIT_SIGNAL_BASE + end.signal,
        signal: end.kind === "exited" ? 0 : end.signal,
      });
      await this.#drain(end);
      return end.kind === "exited"
        ? { status: end.status, signal: 0 }
        : { status: EXIT_SIGNAL_BASE + end.signal, signal: end.signal };
    } catch (error) {
      if (error instanceof Interrupted) {
        return { status: EXIT_SIGNAL_BASE + error.signal, signal: error.signal };
      }
      throw error;
    } finally {
      if (this.#phase === "running") kill(this.#pid, SIGKILL);
      if (this.#secure !== null) removeSecureLibrary(this.#secure);
      stack.close();
      removeRunDir(runDir);
    }
  }

  /** What LD_PRELOAD is to name; prepares the way for a program that becomes somebody else. */
  #preloadName(shim: string, runDir: string, socketPath: string, sources: RunDirSources): string {
    const { image, isSecure, guestUid } = this.#options.program;
    if (!isSecure) return shim;
    this.#secure = prepareSecureLibrary(shim, runDir, image, sources);
    if (guestUid !== null) openRunDir(runDir, socketPath, guestUid);
    return this.#secure.name;
  }

  #unserved(): UnservedPrograms {
    const { isNetworkShared } = this.#options;
    return new UnservedPrograms({
      ...{ say, isNetworkShared, readStart },
      isShimLent: () => this.#secure !== null,
      hasDoor: () => this.#isBehindDoor,
    });
  }

  /** Writes what the program is to find as /etc/resolv.conf; undefined: the host's will do. */
  #prepareNames(runDir: string, place: Place): View | undefined {
    const { names, nameservers, searchDomains, network } = place;
    const { tell } = this.#options;
    if (network === undefined) return undefined; // its resolver is on the host's network
    const { text, fact } = planNames({
      configured: names.nameservers,
      search: names.search,
      leased: nameservers,
      leasedSearch: searchDomains,
      read: readText,
    });
    tell(fact);
    if (text === null) return undefined;
    const file = `${runDir}/resolv.conf`;
    Deno.writeTextFileSync(file, text);
    Deno.chmodSync(file, 0o644); // whoever the program becomes
    return { file, inPlaceOf: RESOLV_CONF };
  }

  #start(place: Place, shim: string, view: View | undefined, networkLink?: string): void {
    const { program, argv, launched, stack, tell } = this.#options;
    const { doorFd, network, servicePid, socketPath } = place;
    const env = childEnv({
      env: launched.env,
      ...{ shim, socketPath, servicePid },
      parentPid: Deno.pid,
      obstacle: program.obstacle,
    });
    const path = program.path;
    const { softFiles, ignoresSigpipe } = launched;
    const loan = this.#secure?.loan;
    if (typeof network === "number") throw noNetwork(path, network);
    const hostname = place.names.hostname ?? undefined;
    const { pid, doorErrno, viewErrno } = launch({
      ...{ path, argv, env, softFiles, ignoresSigpipe, loan, network, hostname, view },
      networkLink,
      groupOf: this.#options.front?.pid,
      door: doorFd < 0 ? undefined : { fd: doorFd, isNeeded: program.obstacle !== null },
    });
    stack.started();
    this.#noteDoor(doorFd >= 0, doorErrno);
    if (viewErrno !== 0) tell(`/proc/net is the kernel's: ${errnoName(viewErrno)}`);
    if (pid < 0) {
      const [isLent, hasView] = [loan !== undefined, view !== undefined];
      throw notStarted(path, pid, { joins: place.joins, isLent, hasView, hostname });
    }
    tell(`started ${path}, pid ${pid}, with ${shim}`);
    this.#options.log?.tell(OwnEvent.CLI_STARTED, { program: path, pid });
    this.#pid = pid;
    this.#phase = "running";
    const confined = confineMain();
    if (confined < 0) tell(`the main thread keeps its rights: ${errnoName(confined)}`);
  }

  /** Throws Failure when the program cannot do without a door and has none. */
  #noteDoor(hasDoor: boolean, doorErrno: number): void {
    const { program: { path, obstacle }, tell } = this.#options;
    this.#isBehindDoor = hasDoor && doorErrno === 0;
    if (this.#isBehindDoor) return;
    const why = doorErrno === 0 ? "" : ` (no second door: ${errnoName(doorErrno)})`;
    if (obstacle !== null) throw new Failure(`${path} ${obstacle.why}${why} (${obstacle.advice})`);
    tell(`only the shim serves programs${why}`);
  }

  /** Waits until the stack has delivered what it holds, or somebody loses patience. */
  async #drain(end: End): Promise<void> {
    const { stack } = this.#options;
    const limits: Promise<unknown>[] = [this.#hurried.promise, this.#broken.promise];
    const wait = () => new Promise((resolve) => setTimeout(resolve, KILLED_DRAIN_MS));
    if (end.kind === "killed") limits.push(stack.unkept.then(wait));
    const facts = await Promise.race([stack.drain(), ...limits]);
    if (Array.isArray(facts)) facts.forEach(this.#options.tell);
    else {
      this.#options.tell("did not wait for what was still to be delivered");
      this.#options.log?.tell(OwnEvent.CLI_IMPATIENT);
    }
  }

  /** The stack, another's, is over: the program ends with it. */
  #onGone(isKilled: boolean): void {
    if (this.#phase === "setup") this.#broken.reject(new Failure("the nuse to join has ended"));
    if (isKilled) return this.#endProgram(SIGKILL);
    // It may be about to end by itself: what has ended the run may be its last socket's end.
    setTimeout(() => this.#endProgram(SIGHUP), LEAVE_MS);
    setTimeout(() => this.#endProgram(SIGKILL), 2 * LEAVE_MS);
  }

  #endProgram(signal: number): void {
    if (this.#phase !== "running") return;
    if (!this.#isGone) {
      say(`the nuse that it has joined has ended, and ${this.#options.program.path} with it`);
    }
    this.#isGone = true;
    kill(this.#pid, signal);
  }

  /** Handles events for as long as the process lives. */
  async #watch(): Promise<never> {
    for (;;) this.#onEvent(await nextEvent());
  }

  #onEvent(event: ChildEvent): void {
    switch (event.kind) {
      case "exited":
      case "killed":
        this.#awaited = this.#endingSignal(event);
        return this.#ended.resolve(event);
      case "stopped":
        // By SIGSTOP: by somebody who will continue the program, and not nuse.
        if (event.signal !== SIGSTOP) this.#stop(event.signal);
        return;
      case "signal":
        return this.#onSignal(asSent(event));
    }
  }

  /** The shell is to see that `signal` has stopped the program. */
  #stop(signal: number): void {
    const { front } = this.#options;
    if (front === null) stopSelf(signal);
    else stopFront(front, signal);
  }

  /** The signal that has ended the program and is still to be heard of here; 0: none. */
  #endingSignal(end: End): number {
    const signal = end.kind === "killed" ? end.signal : Math.max(end.status - EXIT_SIGNAL_BASE, 0);
    return this.#options.front === null || this.#seen.has(signal) ? 0 : signal;
  }

  #onSignal({ signal, code, pid }: Signal): void {
    // By way of the front a signal of the terminal may come after the end that it has brought.
    const isLate = this.#phase === "draining" && code === SI_KERNEL && signal === this.#awaited;
    const phase = isLate ? "running" : this.#phase;
    this.#options.log?.tell(OwnEvent.CLI_SIGNAL, { signal, pid, phase });
    if (isLate) {
      this.#awaited = 0;
    } else if (this.#phase === "running") {
      this.#seen.add(signal);
      const hasReachedProgram = code === SI_KERNEL || pid === this.#pid;
      if (!hasReachedProgram) kill(this.#pid, signal);
    } else if (signal === SIGTSTP) {
      this.#stop(signal);
    } else if (ENDING_SIGNALS.includes(signal)) {
      if (this.#phase === "setup") this.#broken.reject(new Interrupted(signal));
      this.#hurried.resolve();
    }
  }
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

/** What a program was to be given when it was started. */
interface Given {
  readonly joins: string | undefined;
  readonly isLent: boolean;
  readonly hasView: boolean;
  readonly hostname: string | undefined;
}

/** Why there is no program: -errno `errno`. */
function notStarted(path: string, errno: number, { joins, isLent, hasView, hostname }: Given) {
  const code = errnoName(errno);
  if (isLent) {
    const why = `cannot lend ${path} the shim in a mount namespace: ${code}`;
    return new Failure(`${why} (it changes user: nuse needs CAP_SYS_ADMIN for that)`);
  }
  if (errno === -EPERM && joins !== undefined) {
    const why = `cannot enter the network of ${joins}: ${code}`;
    return new Failure(`${why} (join it from the user namespace that it was started in)`);
  }
  if (errno === -EPERM && hasView) {
    const why = `cannot give ${path} its name servers: ${code}`;
    return new Failure(`${why} (it takes CAP_SYS_ADMIN, to mount ${RESOLV_CONF})`);
  }
  if (errno === -EPERM && hostname !== undefined) {
    const why = `cannot give ${path} the host name ${hostname}: ${code}`;
    return new Failure(`${why} (it takes CAP_SYS_ADMIN, or a network namespace of its own)`);
  }
  return new Failure(`cannot run ${path}: ${code} (check it)`, EXIT_NOT_EXECUTABLE);
}

/** The program does not get the host's instead. */
function noNetwork(path: string, errno: number): Failure {
  return new Failure(
    `cannot give ${path} an empty network namespace: ${
      errnoName(errno)
    } (it takes CAP_SYS_ADMIN, ` +
      "or user namespaces; --host-network leaves it the host's)",
  );
}

/** Ends this process as the program ended. */
export function leave({ status, signal }: Outcome): never {
  // A shell stops its loop when a child died by SIGINT; status 130 would not tell it.
  if (signal === SIGINT) dieBy(signal);
  Deno.exit(status);
}
