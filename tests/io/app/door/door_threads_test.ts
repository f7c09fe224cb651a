/** @module */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { DoorCalls } from "../../../../ffi/door.ts";
import type { Libc } from "../../../../ffi/libc.ts";
import { type DoorThread, DoorThreads } from "../../../../io/app/door/door_threads.ts";
import type { Accounts } from "../../../../io/app/endpoint/account.ts";

/** Processes and their threads, by numbers; a pidfd is the process's number and 1000. */
class Machine {
  readonly processes = new Map<number, number[]>();
  readonly closed: number[] = [];
  readonly late: [id: number, result: number][] = [];
  /** Of a process whose number is used anew: those before it have ended. */
  readonly ended = new Set<number>();
  #generation = 0;
  readonly threads: DoorThreads;

  constructor() {
    const calls = {
      processOf: (id: number, into: Uint8Array) => {
        for (const [pid, ids] of this.processes) {
          if (!ids.includes(id)) continue;
          const pidfd = 1000 * ++this.#generation + pid;
          new DataView(into.buffer).setInt32(0, pidfd, true);
          return pid;
        }
        return -3;
      },
      isThreadOf: (pid: number, id: number) => this.processes.get(pid)?.includes(id) ? 1 : 0,
    };
    const sys = {
      poll: (pidfd: number) => this.ended.has(pidfd) ? 1 : 0,
      close: (fd: number) => this.closed.push(fd),
    };
    const accounts = { of: (pid: number) => ({ pid }) };
    this.threads = new DoorThreads(
      calls as unknown as DoorCalls,
      sys as unknown as Libc,
      accounts as unknown as Accounts,
      (thread, result) => this.late.push([thread.id, result]),
    );
  }

  of(id: number): DoorThread {
    const thread = this.threads.of(id);
    assert(thread !== null, `no thread ${id}`);
    return thread;
  }
}

Deno.test("threads of one process have it in common; who has gone is nobody", () => {
  const machine = new Machine();
  machine.processes.set(10, [10, 11]).set(20, [20]);
  const [first, second, other] = [machine.of(10), machine.of(11), machine.of(20)];
  assertEquals(first.process, second.process);
  assertNotEquals(first.process, other.process);
  assertEquals([first.process.pid, first.process.holder.connections], [10, 1]);
  assertEquals(machine.of(10), first);
  assertEquals(machine.closed, [2010], "the second thread's descriptor of the process");
  assertEquals(machine.threads.of(99), null);
  assertEquals(Object(machine.threads.account(other.process)).pid, 20);
});

Deno.test("a number that is used anew is another process, its thread another", () => {
  const machine = new Machine();
  machine.processes.set(10, [10, 11]);
  const before = machine.of(10);
  machine.ended.add(1010);
  const after = machine.of(10);
  assertNotEquals(after, before);
  assertEquals([before.process.isForgotten, before.process.holder.isGone], [true, true]);
  assertEquals([after.process.isForgotten, machine.closed], [false, [1010]]);
  // A thread that has moved to another process
  machine.processes.set(10, [10]).set(30, [30, 11]);
  assertEquals(machine.of(11).process.pid, 30);
});

Deno.test("who has waited is renewed while his process lives", () => {
  const machine = new Machine();
  machine.processes.set(10, [10]).set(20, [20]);
  const [thread, other] = [machine.of(10), machine.of(20)];
  const { process } = thread;
  assertEquals([machine.threads.renew(thread), thread.process], [true, process]);
  machine.threads.clear();
  assertEquals([process.isForgotten, machine.closed], [true, [1010, 2020]]);
  assertEquals(machine.threads.renew(thread), true);
  assertNotEquals(thread.process, process);
  assertEquals([thread.process.pid, thread.process.isForgotten], [10, false]);
  machine.processes.delete(20);
  assertEquals(machine.threads.renew(other), false);
  machine.processes.set(40, [20]);
  assertEquals(machine.threads.renew(other), false, "the number is another process's");
});

Deno.test("so many are known at once: beyond that it starts anew", () => {
  const machine = new Machine();
  for (let pid = 1; pid <= 513; pid++) machine.processes.set(pid, [pid]);
  const first = machine.of(1);
  for (let pid = 2; pid <= 512; pid++) machine.of(pid);
  assertEquals([first.process.isForgotten, machine.closed.length], [false, 0]);
  machine.of(513);
  assertEquals([first.process.isForgotten, machine.closed.length], [true, 512]);
});

Deno.test("a late answer goes to the thread that waits", () => {
  const machine = new Machine();
  machine.processes.set(10, [10]);
  const thread = machine.of(10);
  thread.owe({ cancelReply: () => {}, dropReply: () => {} });
  assertEquals(thread.isOwed, true);
  thread.give(-111, { state: 0, cookie: 0 }, 0);
  assertEquals([machine.late, thread.isOwed], [[[10, -111]], false]);
});
