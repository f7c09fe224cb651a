import { e2eWith, type Fixture, SELF, until } from "./fixture.ts";

const e2e = e2eWith("curl", "python3");

/** Processes in nuse's namespace. */
async function processes(f: Fixture): Promise<number[]> {
  const { stdout } = await f.b.run(["ip", "netns", "pids", f.ns.name]);
  return stdout.trim().split("\n").filter((line) => line !== "").map(Number);
}

async function parentOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(status.match(/PPid:\s+(\d+)/)![1]);
}

async function isServing(f: Fixture): Promise<boolean> {
  const { stdout } = await f.peer(["curl", "-s", "-m", "2", `http://${SELF}:8000/`]).done;
  return stdout.includes("Directory listing");
}

/** The process that runs `argv0`. */
async function named(f: Fixture, argv0: string): Promise<number> {
  for (const pid of await processes(f)) {
    const words = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    if (words.startsWith(`${argv0}\0`)) return pid;
  }
  throw new Error(`no ${argv0}`);
}

e2e("nuse killed: a server that it leaves behind ends too, within 2 seconds", async (f) => {
  const running = f.nuse(["sh", "-c", "python3 -m http.server & wait"]);
  await until("an answer", () => isServing(f));
  const nuse = await parentOf(await named(f, "sh"));
  Deno.kill(nuse, "SIGKILL");
  await running.done;
  await until("no process", async () => (await processes(f)).length === 0, 2);
}, ["RAW"]);
