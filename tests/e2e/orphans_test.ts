import { assertEquals } from "@std/assert";
import { descendant, e2eWith, type Fixture, parentOf, SELF, until } from "./fixture.ts";

const e2e = e2eWith("curl", "python3");

/** Processes in a network namespace, by the text of its link in /proc. */
function processesIn(network: string): number[] {
  const all = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((n) => n > 0);
  return all.filter((pid) => networkOf(pid) === network);
}

/** null: it has ended. */
function networkOf(pid: number): string | null {
  try {
    return Deno.readLinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

async function isServing(f: Fixture): Promise<boolean> {
  const { stdout } = await f.peer(["curl", "-s", "-m", "2", `http://${SELF}:8000/`]).done;
  return stdout.includes("Directory listing");
}

e2e("nuse killed: a server that it leaves behind ends too, within 2 seconds", async (f) => {
  const script = "python3 -m http.server & wait";
  const running = f.nuse(["sh", "-c", script]);
  await until("an answer", () => isServing(f));
  const shell = await descendant(running.pid, `sh -c ${script}`);
  const network = networkOf(shell)!;
  assertEquals(processesIn(network).length, 2);
  Deno.kill(await parentOf(shell), "SIGKILL");
  await running.done;
  await until("no process", () => Promise.resolve(processesIn(network).length === 0), 2);
}, ["RAW"]);
