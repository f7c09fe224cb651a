/**
 * The process that a shell sees. A shell waits for the process that it has started to end or to
 * stop; Ctrl-Z is to stop that and the program, and not the stack, which has to answer the network
 * as a kernel would. So where there is a terminal, nuse is two processes:
 *
 *     shell ── front ── nuse: the stack ── program
 *               └──── one process group ──────┘       nuse has a group of its own
 *
 * The terminal's signals reach front and program. The front passes every signal on to nuse, and
 * says who sent it (SI_PASSED): what the kernel sent has reached the program, what a process sent
 * to the front alone has not, and nuse passes that on (session.ts). When the program has stopped,
 * nuse asks the front to stop likewise, and the shell takes the terminal back; `fg` continues front
 * and program. The front ends as nuse ends, and nuse when the front is killed.
 *
 * nuse is started by the front as the front was, with NUSE_FRONT: the front's pid and its parent's.
 *
 * @module
 */
import {
  catchSignals,
  type ChildEvent,
  confineMain,
  dieBy,
  nextEvent,
  OWN_GROUP,
  passSignal,
  setPartner,
  SI_KERNEL,
  SI_PASSED,
  SIGINT,
  SIGRTMAX,
  SIGSTOP,
  spawn,
  stopSelf,
} from "../ffi/child.ts";
import { errnoName } from "../ffi/errno.ts";
import { EXIT_SIGNAL_BASE, Failure } from "./base/failure.ts";
import { byteString, FRONT, parseEnvironment, variables } from "./launcher.ts";

/** Where a signal came from that the front passes on: this, or the pid of who sent it. */
const FROM_KERNEL = -1;

type Signal = Extract<ChildEvent, { kind: "signal" }>;

/** The front of this nuse. */
export interface Front {
  readonly pid: number;
  /** The front's parent, which is the shell. */
  readonly parentPid: number;
}

/** The front that has started this process, by its NUSE_FRONT; null: there is none. */
export function frontOf(text: string | undefined, ppid: number): Front | null {
  const [pid, parentPid] = (text ?? "").split(" ").map(Number);
  return pid === ppid && parentPid > 0 ? { pid, parentPid } : null;
}

/** What a signal was when it came to the front. */
export function asSent(event: Signal): Signal {
  if (event.code !== SI_PASSED) return event;
  const isKernel = event.pid === FROM_KERNEL;
  return { ...event, code: isKernel ? SI_KERNEL : 0, pid: isKernel ? 0 : event.pid };
}

/**
 * The front is to stop as `signal` has stopped the program. A real-time signal says so: these
 * queue, where a second SIGTSTP is lost while the terminal's own has not been handled yet.
 */
export function stopFront(front: Front, signal: number): void {
  passSignal(front.pid, SIGRTMAX, signal);
}

/** Ends as nuse ends. Throws Failure or SysError. */
export async function stayInFront(): Promise<never> {
  catchSignals();
  const pid = startNuse();
  setPartner(pid);
  confineMain();
  for (;;) onEvent(await nextEvent(), pid);
}

/** Throws Failure. */
function startNuse(): number {
  const environ = Deno.readFileSync("/proc/self/environ");
  const { ignoresSigpipe } = parseEnvironment(environ);
  const env = variables(byteString(environ).split("\0"));
  const argv = byteString(Deno.readFileSync("/proc/self/cmdline")).split("\0").slice(0, -1);
  const pid = spawn({
    path: Deno.execPath(),
    argv,
    env: { ...env, [FRONT]: `${Deno.pid} ${Deno.ppid}` },
    softFiles: 0,
    ignoresSigpipe,
    groupOf: OWN_GROUP,
  });
  if (pid < 0) throw new Failure(`cannot start the stack's process: ${errnoName(pid)} (try again)`);
  return pid;
}

function onEvent(event: ChildEvent, nuse: number): void {
  switch (event.kind) {
    case "exited":
      return Deno.exit(event.status);
    case "killed":
      if (event.signal === SIGINT) dieBy(event.signal);
      return Deno.exit(EXIT_SIGNAL_BASE + event.signal);
    case "stopped": // before it could handle signals; SIGCONT is passed on
      if (event.signal !== SIGSTOP) stopSelf(event.signal);
      return;
    case "signal":
      if (event.code === SI_PASSED) stopSelf(event.pid);
      else passSignal(nuse, event.signal, event.code === SI_KERNEL ? FROM_KERNEL : event.pid);
  }
}
