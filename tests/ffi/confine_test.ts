/**
 * What the threads of nuse give up (host/confine.c), shown by trying and in /proc.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Attempts, Part } from "./confine_worker.ts";

const CAP_KILL = 1n << 5n;
const CAP_NET_ADMIN = 1n << 12n;
const CAP_SYS_PTRACE = 1n << 19n;

interface Outcome extends Attempts {
  /** Lines of /proc/self/task/TID/status of the one thread that has a filter. */
  readonly status: Readonly<Record<string, string>>;
}

async function confined(part: Part): Promise<Outcome> {
  const dir = await Deno.makeTempDir();
  const worker = new Worker(import.meta.resolve("./confine_worker.ts"), { type: "module" });
  try {
    const answer = Promise.withResolvers<Attempts>();
    worker.onmessage = ({ data }) => answer.resolve(data);
    worker.onerror = ({ message }) => answer.reject(new Error(message));
    worker.postMessage({ part, dir });
    return { ...await answer.promise, status: filteredThread() };
  } finally {
    worker.terminate();
    await Deno.remove(dir, { recursive: true });
  }
}

function filteredThread(): Record<string, string> {
  const all = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => {
    const lines = Deno.readTextFileSync(`/proc/self/task/${name}/status`).split("\n");
    return Object.fromEntries(lines.map((line) => line.split(":\t")));
  });
  const filtered = all.filter((status) => status.Seccomp === "2");
  assertEquals(filtered.length, 1, "threads with a filter");
  return filtered[0];
}

function assertCapabilities(status: Outcome["status"], kept: bigint): void {
  assertEquals(status.NoNewPrivs, "1");
  for (const set of ["CapEff", "CapPrm", "CapInh", "CapAmb"]) {
    assertEquals(BigInt(`0x${status[set]}`) & ~kept, 0n, `${set} ${status[set]}`);
  }
  if (Deno.uid() !== 0) return; // dropping from the bounding set takes CAP_SETPCAP
  assertEquals(BigInt(`0x${status.CapBnd}`) & ~kept, 0n, `CapBnd ${status.CapBnd}`);
}

Deno.test("the stack's thread executes, opens, connects, mounts, traces nothing", async () => {
  const { confined: result, forbidden, needed, status } = await confined("stack");
  assertEquals(result, 0);
  for (const [call, answer] of Object.entries(forbidden)) {
    assert(answer < 0, `${call} answered ${answer}`);
  }
  for (const [what, works] of Object.entries(needed)) assert(works, what);
  assertCapabilities(status, CAP_NET_ADMIN);
});

Deno.test("with a door it reaches into programs, and has nothing else more", async () => {
  const { confined: result, forbidden, needed, status } = await confined("stack with a door");
  assertEquals(result, 0);
  const { memory, ...others } = forbidden;
  assertEquals(memory, 0);
  for (const [call, answer] of Object.entries(others)) {
    assert(answer < 0, `${call} answered ${answer}`);
  }
  for (const [what, works] of Object.entries(needed)) assert(works, what);
  assertCapabilities(status, CAP_NET_ADMIN | CAP_SYS_PTRACE);
});

Deno.test("the main thread of a running program executes, mounts, traces nothing", async () => {
  const { confined: result, forbidden, needed, status } = await confined("main");
  assertEquals(result, 0);
  for (const call of ["execve", "mount", "ptrace", "unshare"]) {
    assert(forbidden[call] < 0, `${call} answered ${forbidden[call]}`);
  }
  for (const call of ["open", "create", "kill"]) assert(forbidden[call] >= 0, `${call} is needed`);
  for (const [what, works] of Object.entries(needed)) assert(works, what);
  assertCapabilities(status, CAP_KILL);
});
