/**
 * A thread that confines itself as the stack's does and then tries what is forbidden. For
 * confine_test.ts: one message in (which confinement), one out.
 *
 * @module
 */
import { AF_INET, AF_UNIX, SOCK_STREAM } from "../../ffi/abi/socket.ts";
import { confineMain } from "../../ffi/child.ts";
import { cString, libc } from "../../ffi/libc.ts";
import { socketPair } from "../../ffi/socket.ts";

export interface Attempts {
  readonly confined: number;
  /** What each forbidden call answered: -1 (refused) or what it achieved. */
  readonly forbidden: Readonly<Record<string, number>>;
  /** Of calls that the thread needs: whether they worked. */
  readonly needed: Readonly<Record<string, boolean>>;
}

const C = Deno.dlopen("libc.so.6", {
  execv: { parameters: ["buffer", "pointer"], result: "i32" },
  mount: { parameters: ["buffer", "buffer", "buffer", "usize", "pointer"], result: "i32" },
  ptrace: { parameters: ["i32", "i32", "pointer", "pointer"], result: "i64" },
  process_vm_readv: {
    parameters: ["i32", "pointer", "usize", "pointer", "usize", "usize"],
    result: "isize",
  },
  unshare: { parameters: ["i32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
}).symbols;

const CLONE_FS = 0x200;
const PTRACE_SEIZE = 0x4206;
const TMPFS = cString("tmpfs");

function tryAll(dir: string): Record<string, number> {
  const sys = libc();
  return {
    execve: C.execv(cString("/bin/false"), null),
    mount: C.mount(TMPFS, cString(dir), TMPFS, 0n, null),
    ptrace: Number(C.ptrace(PTRACE_SEIZE, Deno.ppid, null, null)),
    unshare: C.unshare(CLONE_FS),
    kill: C.kill(Deno.ppid, 0),
    open: sys.open(cString("/etc/hostname"), 0, 0),
    create: sys.open(cString(`${dir}/made`), 0x41, 0o600),
    memory: C.process_vm_readv(Deno.ppid, null, 0n, null, 0n, 0n) < 0n ? -1 : 0,
    socket: sys.socket(AF_INET, SOCK_STREAM, 0),
    unixSocket: sys.socket(AF_UNIX, SOCK_STREAM, 0),
  };
}

/** Allocates enough for the collector and the JIT to work, and uses what the loop uses. */
function work(): Record<string, boolean> {
  const sys = libc();
  let kept: number[][] = [];
  for (let i = 0; i < 3e5; i++) {
    kept.push([i, i + 1]);
    if (kept.length > 20_000) kept = [];
  }
  const pair = socketPair(SOCK_STREAM);
  return {
    memory: kept.length > 0,
    random: crypto.getRandomValues(new Uint8Array(1 << 16)).some((byte) => byte !== 0),
    pair: typeof pair !== "number" && sys.close(pair[0]) === 0 && sys.close(pair[1]) === 0,
    eventfd: sys.close(sys.eventfd()) === 0,
    timerSlack: sys.timerSlack(1000) === 0,
  };
}

/** Which of nuse's threads it is to be. */
export type Part = "main" | "stack" | "stack with a door";

self.onmessage = ({ data }: MessageEvent<{ part: Part; dir: string }>) => {
  const sys = libc();
  const hasDoor = data.part === "stack with a door";
  const confined = data.part === "main" ? confineMain() : sys.confineStack(0, hasDoor ? 1 : 0, 0);
  const forbidden = tryAll(data.dir);
  self.postMessage({ confined, forbidden, needed: work() });
};
