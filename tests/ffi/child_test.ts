import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { SI_KERNEL } from "../../ffi/child.ts";

const MAIN = fromFileUrl(new URL("./child_main.ts", import.meta.url));

interface Event {
  kind: string;
  pid: number;
  status: number;
  signal: number;
  code: number;
  /** Of "spawned". */
  doorErrno?: number;
}

/** Starts `argv` as nuse would. `wrapper`: a shell command that ends in "$@". */
function start(argv: string[], { wrapper = 'exec "$@"', env = {} } = {}) {
  const nuse = [Deno.execPath(), "run", "-A", MAIN, ...argv];
  return new Deno.Command("sh", {
    args: ["-c", wrapper, "sh", ...nuse],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(argv: string[], options = {}): Promise<{ stdout: string; events: Event[] }> {
  const { stdout, stderr } = await start(argv, options).output();
  const lines = decode(stderr).split("\n").filter((line) => line.startsWith("{"));
  return { stdout: decode(stdout), events: lines.map((line) => JSON.parse(line)) };
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** glibc uses signals 32 and 33 itself, and its posix_spawn leaves them ignored. */
function withoutInternal(status: string): string {
  return status.replace(/[0-9a-f]{16}/g, (hex) => (BigInt(`0x${hex}`) & ~(3n << 31n)).toString(16));
}

/** The next event line of a running one. */
function eventReader(child: Deno.ChildProcess): () => Promise<Event> {
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  return async () => {
    while (!seen.includes("\n")) seen += (await reader.read()).value ?? "{}\n";
    const line = seen.slice(0, seen.indexOf("\n"));
    seen = seen.slice(line.length + 1);
    return JSON.parse(line);
  };
}

Deno.test("exit status, signal, arguments and environment", async () => {
  const exited = await run(
    ["/bin/sh", "-c", 'printf "%s." "$0" "$@" "$A"; exit 3', "x", "", "y z"],
    {
      env: { A: "b\nc" },
    },
  );
  assertEquals(exited.stdout, "x..y z.b\nc.");
  assertEquals(exited.events[1], { kind: "exited", status: 3 } as Event);
  const killed = await run(["/bin/sh", "-c", "kill -9 $$"]);
  assertEquals(killed.events[1], { kind: "killed", signal: 9 } as Event);
});

Deno.test("what cannot be executed answers -errno", async () => {
  assertEquals((await run(["/no/such/program"])).events[0].pid, -2);
  assertEquals((await run(["/etc/passwd"])).events[0].pid, -13);
});

Deno.test("dispositions, mask and limit are those that nuse was started with", async () => {
  const show = ["/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"];
  for (const wrapper of ['exec "$@"', 'trap "" INT USR1; exec "$@"']) {
    const native = await new Deno.Command("sh", { args: ["-c", wrapper, "sh", ...show] }).output();
    const under = await run(show, { wrapper });
    assertEquals(withoutInternal(under.stdout), withoutInternal(decode(native.stdout)));
  }
  const limited = await run(["/bin/sh", "-c", "ulimit -Sn"], { env: { SOFT_FILES: "321" } });
  assertEquals(limited.stdout, "321\n");
  for (const [wanted, bit] of [["0", 0n], ["1", 1n]] as const) {
    const { stdout } = await run(show, { env: { IGNORES_SIGPIPE: wanted } });
    const mask = BigInt(`0x${stdout.match(/SigIgn:\s*(\w+)/)![1]}`);
    assertEquals(mask >> 12n & 1n, bit);
  }
});

Deno.test("a door that cannot be made ends a program that needs one, and no other", async () => {
  const argv = ["/bin/echo", "runs"];
  const wanted = await run(argv, { env: { NO_DOOR: "wanted" } });
  assertEquals(wanted.stdout, "runs\n");
  const { doorErrno } = wanted.events[0];
  assert(doorErrno !== undefined && doorErrno > 0);
  const needed = await run(argv, { env: { NO_DOOR: "needed" } });
  assertEquals([needed.stdout, needed.events.length], ["", 1]);
  assertEquals(needed.events[0].pid, -doorErrno);
});

Deno.test("SIGCHLD without a program is nothing to be told", async () => {
  const { events } = await run(["/bin/true"], { env: { SIGNALS_AFTER: "1" } });
  assertEquals(events.map(({ kind }) => kind), ["spawned", "exited", "signal"]);
  assertEquals(events[2].signal, 12);
});

Deno.test("a signal comes with its sender, and does not end nuse", async () => {
  const child = start(["/bin/sleep", "20"]);
  const next = eventReader(child);
  const { pid } = await next();
  child.kill("SIGTERM");
  const signal = await next();
  assertEquals([signal.kind, signal.signal, signal.pid], ["signal", 15, Deno.pid]);
  assert(signal.code !== SI_KERNEL);
  Deno.kill(pid, "SIGKILL");
  assertEquals((await next()).kind, "killed");
  await child.status;
  await child.stdout.cancel();
});

Deno.test("a stopped program stops nuse; both go on together", async () => {
  const child = start(["/bin/sleep", "20"]);
  const next = eventReader(child);
  const { pid } = await next();
  Deno.kill(pid, "SIGTSTP");
  assertEquals((await next()).kind, "stopped");
  await until(() => stateOf(child.pid) === "T");
  Deno.kill(pid, "SIGCONT");
  child.kill("SIGCONT");
  await until(() => stateOf(child.pid) !== "T");
  assertEquals((await next()).signal, 18);
  Deno.kill(pid, "SIGTERM");
  assertEquals(await next(), { kind: "killed", signal: 15 } as Event);
  await child.status;
  await child.stdout.cancel();
});

Deno.test("the program dies with nuse", async () => {
  const child = start(["/bin/sleep", "20"]);
  const { pid } = await eventReader(child)();
  child.kill("SIGKILL");
  await child.status;
  await until(() => stateOf(pid) === null);
  await child.stdout.cancel();
});

/** "R", "S", "T" ...; null: no such process, or only its remains. */
function stateOf(pid: number): string | null {
  try {
    const state = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1][0];
    return state === "Z" ? null : state;
  } catch {
    return null;
  }
}

async function until(probe: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!probe()) {
    if (Date.now() > end) throw new Error("waited 5 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
