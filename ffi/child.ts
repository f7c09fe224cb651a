/**
 * The program that runs under nuse, and the signals that reach nuse on its behalf: the twin of
 * host/child.c. For the main thread; `nextEvent` waits on another one.
 *
 * Opens the host library a second time: the main thread needs a handful of its functions, and
 * binding all of libc.ts takes 3 ms of a start (0.2 ms these).
 *
 * @module
 */
import { AF_UNIX, SOCK_CLOEXEC, SOCK_SEQPACKET } from "./abi/socket.ts";
import { findNative, openNative } from "./build_native.ts";
import { check } from "./errno.ts";
import { cString, HOST_LIBRARY } from "./libc.ts";
import type { Network } from "./network.ts";
import { NUSE_DOOR_MARK } from "./shim/protocol.ts";

const SYMBOLS = {
  noteSignals: { name: "nuse_note_signals", parameters: [], result: "i32" },
  catchSignals: { name: "nuse_catch_signals", parameters: [], result: "i32" },
  /**
   * (path, argv and envp as C strings in a row, argc, envc, loan, host name, view and network link
   * as seven C strings, numbers as enumerated in child.c): pid
   */
  spawn: {
    name: "nuse_spawn",
    parameters: ["buffer", "buffer", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  /** (int32[4], timeoutMs): 1 and the event, or 0 */
  nextEvent: {
    name: "nuse_next_event",
    parameters: ["buffer", "i32"],
    result: "i32",
    nonblocking: true,
  },
  stopSelf: { name: "nuse_stop_self", parameters: ["i32"], result: "i32" },
  dieBy: { name: "nuse_die_by", parameters: ["i32"], result: "i32" },
  setPartner: { name: "nuse_set_partner", parameters: ["i32"], result: "void" },
  /** (pid, signal, origin) */
  passSignal: { name: "nuse_pass_signal", parameters: ["i32", "i32", "i32"], result: "i32" },
  kill: { name: "nuse_kill", parameters: ["i32", "i32"], result: "i32" },
  /** (eventfd) */
  ring: { name: "nuse_ring", parameters: ["i32"], result: "i32" },
  /** (domain, type, protocol, two int32) */
  socketpair: {
    name: "nuse_socketpair",
    parameters: ["i32", "i32", "i32", "buffer"],
    result: "i32",
  },
  close: { name: "nuse_close", parameters: ["i32"], result: "i32" },
  confineMain: { name: "nuse_confine_main", parameters: [], result: "i32" },
  hasCapabilities: { name: "nuse_has_capabilities", parameters: ["buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

let opened: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | null = null;

function sys(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
  opened ??= openNative(findNative(HOST_LIBRARY.name, HOST_LIBRARY.sources), SYMBOLS).symbols;
  return opened;
}

/** si_code of a signal made by the kernel: the terminal's Ctrl-C, for one. */
export const SI_KERNEL = 0x80;

/** si_code of what the partner has passed on (`setPartner`); `pid` is what it says of it. */
export const SI_PASSED = 1000;

/** Linux numbers, the same on x86 and arm64. */
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGKILL = 9;
export const SIGTERM = 15;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGRTMAX = 64;

export type ChildEvent =
  /** A signal came to nuse; `pid` sent it when `code` is not SI_KERNEL. */
  | {
    readonly kind: "signal";
    readonly signal: number;
    readonly code: number;
    readonly pid: number;
  }
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "killed"; readonly signal: number }
  | { readonly kind: "stopped"; readonly signal: number };

const EVENT_SIGNAL = 1;
const EVENT_EXITED = 2;
const EVENT_KILLED = 3;
const FOREVER = -1;
/** Of the numbers that `spawn` takes. */
const DOOR_ERROR = 7;
const VIEW_ERROR = 10;

/** A library that only the program and what it starts shall see (`lend_library` in child.c). */
export interface Loan {
  /** The file to copy. */
  readonly shim: string;
  /** An empty folder, to mount a tmpfs on. */
  readonly folder: string;
  /** The file that the copy covers, in a folder that the loader trusts. */
  readonly library: string;
}

/** A file that the program and what it starts see in the place of one of the host's. */
export interface View {
  readonly file: string;
  readonly inPlaceOf: string;
}

/** The way through the second door, which host/door_filter.c puts before the program. */
export interface Door {
  /** Our end of a socket by which the descriptor of the door goes to whoever answers there. */
  readonly fd: number;
  /** The program cannot do without. */
  readonly isNeeded: boolean;
}

/** What has become of a Launch. */
export interface Launched {
  /** Or -errno. */
  readonly pid: number;
  /** Why it is not behind the second door, positive; 0: it is, or was not to be. */
  readonly doorErrno: number;
  /** Why /proc/net is the kernel's, positive; 0: it is the stack's, or was not to be. */
  readonly viewErrno: number;
}

/** `groupOf` of a process that is to lead a group. */
export const OWN_GROUP = 0;

export interface Launch {
  readonly path: string;
  /** Byte strings: one character per byte, because neither need be UTF-8. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Soft limit of descriptors the program is to have; 0: nuse's. */
  readonly softFiles: number;
  /** The program is to ignore SIGPIPE: the other dispositions nuse has itself. */
  readonly ignoresSigpipe: boolean;
  readonly loan?: Loan;
  /** Default: nuse's own. */
  readonly network?: Network;
  /** Of which process's group it is to be, OWN_GROUP: of a new one. Default: of nuse's own. */
  readonly groupOf?: number;
  /** What the program sees of itself; default: nuse's own host name. */
  readonly hostname?: string;
  /** Default: it sees all of the host's files. */
  readonly view?: View;
  /** Default: it is served by the shim alone. */
  readonly door?: Door;
  /**
   * A symbolic link that leads from /proc to what stands there for /proc/net (host/view.c); takes a
   * door. Default: the kernel's.
   */
  readonly networkLink?: string;
}

/** What Deno handles by itself at some moment of its choosing, ending the process. */
const SIGNALS_OF_DENO = ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1"] as const;

/** From here on signals become events instead of ending nuse. Throws SysError. */
export function catchSignals(): void {
  check(sys().noteSignals(), "sigaction", "cannot read the signals' dispositions");
  // Deno sets a handler once a signal: made to do so now, it will not take ours away later.
  for (const signal of SIGNALS_OF_DENO) Deno.addSignalListener(signal, () => {});
  check(sys().catchSignals(), "sigaction", "cannot catch signals");
}

/** Byte strings, each ended by a NUL, as one buffer. */
function cStrings(byteStrings: readonly string[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(byteStrings.map((s) => `${s}\0`).join(""), (c) => c.charCodeAt(0));
}

/** Starts the program with nuse's own stdin, stdout and stderr. */
export function launch(options: Launch): Launched {
  const { path, argv, env, softFiles, ignoresSigpipe, loan, network, door } = options;
  const { hostname = "", groupOf = -1, networkLink = "", view = { file: "", inPlaceOf: "" } } =
    options;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const strings = cStrings([...argv, ...variables]);
  const lent = loan === undefined ? "\0\0" : `${loan.shim}\0${loan.folder}\0${loan.library}`;
  const texts = cString([lent, hostname, view.file, view.inPlaceOf, networkLink].join("\0"));
  // As enumerated in child.c.
  const numbers = new Int32Array([
    softFiles,
    ignoresSigpipe ? 1 : 0,
    network?.net ?? -1,
    network?.user ?? -1,
    groupOf,
    door?.fd ?? -1,
    door?.isNeeded ? 1 : 0,
    0,
    NUSE_DOOR_MARK % 2 ** 32,
    NUSE_DOOR_MARK / 2 ** 32,
    0,
  ]);
  const bytes = new Uint8Array(numbers.buffer);
  const pid = sys().spawn(cString(path), strings, argv.length, variables.length, texts, bytes);
  return { pid, doorErrno: numbers[DOOR_ERROR], viewErrno: numbers[VIEW_ERROR] };
}

/** Two ends of a socket, for `Door` and for who is to get the door; or -errno. */
export function doorSockets(): [number, number] | number {
  const fds = new Int32Array(2);
  const type = SOCK_SEQPACKET | SOCK_CLOEXEC;
  const made = sys().socketpair(AF_UNIX, type, 0, new Uint8Array(fds.buffer));
  return made < 0 ? made : [fds[0], fds[1]];
}

export function closeFd(fd: number): void {
  sys().close(fd);
}

/** As `launch`; returns the pid or -errno. */
export function spawn(options: Launch): number {
  return launch(options).pid;
}

/** Kept here: the memory has to outlive a call that is still waiting on its thread. */
const eventWords = new Int32Array(4);
const eventBytes = new Uint8Array(eventWords.buffer);

/** The next event. At most one call at a time. */
export async function nextEvent(): Promise<ChildEvent> {
  const r = await sys().nextEvent(eventBytes, FOREVER);
  check(r, "poll", "cannot wait for the program");
  const [kind, value, code, pid] = eventWords;
  if (kind === EVENT_SIGNAL) return { kind: "signal", signal: value, code, pid };
  if (kind === EVENT_EXITED) return { kind: "exited", status: value };
  return kind === EVENT_KILLED
    ? { kind: "killed", signal: value }
    : { kind: "stopped", signal: value };
}

/** Signals that process `pid` passes on are events with SI_PASSED from now on. */
export function setPartner(pid: number): void {
  sys().setPartner(pid);
}

/** Passes a signal on to the partner. `origin`: its `pid` there. Returns 0 or -errno. */
export function passSignal(pid: number, signal: number, origin: number): number {
  return sys().passSignal(pid, signal, origin);
}

/** Returns 0 or -errno. */
export function kill(pid: number, signal: number): number {
  return sys().kill(pid, signal);
}

/** Stops nuse as `signal` stops a program; returns once continued. */
export function stopSelf(signal: number): void {
  sys().stopSelf(signal);
}

/** Ends nuse by `signal`, so that a shell sees what ended the program. Does not return. */
export function dieBy(signal: number): void {
  sys().dieBy(signal);
}

/** Whether executing the file gains capabilities. */
export function hasCapabilities(path: string): boolean {
  return sys().hasCapabilities(cString(path)) === 1;
}

/**
 * The calling thread gives up what it does not need once the program runs: capabilities but
 * CAP_KILL, executing, mounting, tracing. Returns 0 or -errno.
 */
export function confineMain(): number {
  return sys().confineMain();
}

/** Adds one to an eventfd: whoever waits on it wakes up. */
export function ring(eventFd: number): void {
  sys().ring(eventFd);
}
