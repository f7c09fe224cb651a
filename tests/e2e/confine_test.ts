/**
 * What nuse still may do while the program runs, as /proc shows it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { e2e, PEER, until } from "./fixture.ts";

const CAP_KILL = 1 << 5;
const CAP_NET_ADMIN = 1 << 12;
const CAP_SYS_PTRACE = 1 << 19;

interface Thread {
  readonly name: string;
  readonly capabilities: number;
  readonly noNewPrivs: string;
  readonly seccomp: string;
}

/** The threads of a process that have a filter. */
function filtered(pid: number): Thread[] {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name: tid }) => {
    const text = Deno.readTextFileSync(`/proc/${pid}/task/${tid}/status`);
    const field = (name: string) => text.match(new RegExp(`^${name}:\\t(.*)$`, "m"))?.[1] ?? "";
    return {
      name: Number(tid) === pid ? "main" : field("Name"),
      capabilities: Number(`0x${field("CapEff")}`),
      noNewPrivs: field("NoNewPrivs"),
      seccomp: field("Seccomp"),
    };
  });
  return threads.filter(({ seccomp }) => seccomp === "2");
}

e2e("while the program runs, the threads that serve it have next to no rights", async (f) => {
  const file = await Deno.makeTempFile();
  const script = `echo $PPID >${file}; ping -c 1 ${PEER}; sleep 10`;
  const idle = f.nuse(["sh", "-c", script]);
  await idle.waitFor("1 received"); // so the stack works without them
  const nuse = Number(await Deno.readTextFile(file));
  await Deno.remove(file);
  await until("they are confined", () => Promise.resolve(filtered(nuse).length >= 2));
  // Those that close others' descriptors have what the stack's has, which started them.
  const kept = new Map([["main", CAP_KILL]]);
  for (const { name, capabilities, noNewPrivs } of filtered(nuse)) {
    assertEquals([capabilities, noNewPrivs], [
      kept.get(name) ?? CAP_NET_ADMIN | CAP_SYS_PTRACE,
      "1",
    ], name);
  }
  idle.kill();
  await idle.done;
});
