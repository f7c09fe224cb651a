import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  BOTH,
  commandOf,
  descendant,
  e2eWith,
  type Fixture,
  NUSE,
  parentOf,
  PEER,
  until,
} from "./fixture.ts";
import { stopAndGoOn, Terminal } from "./terminal.ts";

const e2e = e2eWith("ping", "cc", "tmux", "ss");

/** Interfaces, sockets and run directories that a nuse would leave behind. */
async function traces(f: Fixture): Promise<string> {
  const links = (await f.ns.run(["ip", "-o", "link"])).stdout.split("\n")
    .filter((line) => line.includes("nuse")).join("\n");
  const packets = (await f.ns.run(["ss", "-0", "-a", "-H"])).stdout;
  return links + packets;
}

async function isPinged(f: Fixture): Promise<boolean> {
  return (await f.peer(["ping", "-c", "1", "-W", "1", f.self]).done).code === 0;
}

e2e("exit status, stdin, stdout pass through; nuse itself says nothing", async (f) => {
  assertEquals((await f.nuse(["sh", "-c", "exit 3"]).done).code, 3);
  assertEquals((await f.nuse(["true"]).done).code, 0);
  assertEquals((await f.nuse(["sh", "-c", "kill -TERM $$"]).done).code, 143);
  assertEquals((await f.nuse(["sh", "-c", "kill -KILL $$"]).done).code, 137);
  for (const shell of ["sh", "bash"]) { // bash has a getenv and an unsetenv of its own
    assertEquals((await f.nuse([shell, "-c", "sh -c 'exit 5'; exit $?"]).done).code, 5, shell);
  }
  const cat = await f.nuse(["cat"], { stdin: "through\n" }).done;
  assertEquals([cat.stdout, cat.stderr, cat.code], ["through\n", "", 0]);
  const verbose = await f.nuse(["-v", "echo", "x"]).done;
  assertEquals(verbose.stdout, "x\n");
  assert(verbose.stderr.includes("nuse"), verbose.stderr);
  assertEquals(await traces(f), "");
});

e2e("program not found: 127; not executable: 126; nothing serves it: 2", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const missing = await f.nuse(["no-such-program-here"]).done;
    assertEquals(missing.code, 127);
    assertEquals(missing.stderr.trim().split("\n").length, 1, missing.stderr);
    await Deno.writeTextFile(`${dir}/plain`, "not a program");
    assertEquals((await f.nuse([`${dir}/plain`]).done).code, 126);
    await Deno.writeTextFile(`${dir}/s.c`, "int main(void) { return 0; }");
    await f.ns.run(["cc", "-static", "-o", `${dir}/static`, `${dir}/s.c`]);
    const fixed = await f.nuse(["--host-network", `${dir}/static`]).done;
    assertEquals(fixed.code, 2, fixed.stderr);
    assertStringIncludes(fixed.stderr, "static");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

e2e("the interface is there while the program runs and gone after", async (f) => {
  const idle = f.nuse(["sleep", "600"]);
  await until("an answer", () => isPinged(f));
  const during = (await f.ns.run(["ip", "-o", "addr", "show", "nuse-tap"])).stdout;
  assertStringIncludes(during, "198.18.0.1/24");
  idle.kill("SIGTERM");
  await idle.done;
  assertEquals(await traces(f), "");
}, ["TAP"]);

e2e(
  "killing nuse leaves no interface, socket or stuck child",
  async (f) => {
    const idle = f.nuse(["sleep", "31.25"]);
    await until("an answer", () => isPinged(f));
    const child = await descendant(idle.pid, "sleep 31.25");
    Deno.kill(await parentOf(child), "SIGKILL");
    await idle.done;
    await until("the child's end", async () => (await commandOf(child)) === "", 5);
    await until("no trace", async () => (await traces(f)) === "", 5);
  },
  undefined,
  BOTH,
);

e2e("killing the child ends nuse with 128+n", async (f) => {
  const idle = f.nuse(["sleep", "32.25"]);
  Deno.kill(await descendant(idle.pid, "sleep 32.25"), "SIGTERM");
  assertEquals((await idle.done).code, 143);
  assertEquals(await traces(f), "");
});

e2e("SIGTERM to nuse reaches the child", async (f) => {
  const script = "trap 'echo got it; exit 5' TERM; echo up; while :; do sleep 0.1; done";
  const running = f.nuse(["sh", "-c", script]);
  await running.waitFor("up");
  running.kill("SIGTERM");
  const r = await running.done;
  assertStringIncludes(r.stdout, "got it");
});

e2e("job control: Ctrl-Z stops the program and not its network; fg, Ctrl-C", async (f) => {
  const env = Object.entries(f.env).map(([k, v]) => `${k}=${v}`).join(" ");
  await using terminal = await Terminal.open(f);
  await stopAndGoOn(terminal, `env ${env} ${NUSE} ping -i 0.2 ${PEER}`, async () => {
    assert(await isPinged(f), "the stack is stopped, too");
  });
}, ["RAW"]);

const COUNTS = `n=0
trap 'n=$((n+1)); echo got=$n' USR1
echo up=$$
while :; do sleep 0.1; done`;

e2e("in a terminal: a signal to nuse reaches the program, once; SIGKILL ends both", async (f) => {
  const env = Object.entries(f.env).map(([k, v]) => `${k}=${v}`).join(" ");
  const script = await Deno.makeTempFile();
  await Deno.writeTextFile(script, COUNTS);
  await using terminal = await Terminal.open(f);
  const shows = async (text: string) => (await terminal.screen()).includes(text);
  await terminal.type(`env ${env} ${NUSE} bash ${script} &`, "Enter");
  await until("the program", () => shows("up="), 15);
  const program = Number((await terminal.screen()).match(/up=(\d+)/)![1]);
  for (const count of [1, 2]) {
    await terminal.type("kill -USR1 $!", "Enter");
    await until("the signal", () => shows(`got=${count}`));
  }
  await terminal.type("kill -KILL $!", "Enter");
  await until("the program's end", async () => (await commandOf(program)) === "");
  await until("no trace", async () => (await traces(f)) === "");
  await Deno.remove(script);
}, ["RAW"]);
