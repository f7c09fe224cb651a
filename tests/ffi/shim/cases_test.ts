/** @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  envOf,
  FakeService,
  type Output,
  type Programs,
  runPreloaded,
  withPrograms,
} from "./fixture.ts";

/** What plain programs say, with and without the shim. */
const PLAIN_PROGRAMS = [
  ["sh", "-c", "echo one | cat; (exit 3); echo $?; ls /proc/self/fd | wc -l"],
  ["sh", "-c", "printf 'b\\na\\n' | sort | while read x; do echo $x; done 2>&1 <&0"],
  ["sh", "-c", "kill -TERM $$"],
];

async function output(args: string[]): Promise<{ code: number; text: string }> {
  const command = new Deno.Command(args[0], { args: args.slice(1) });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function runCases(t: Deno.TestContext, programs: Programs): Promise<void> {
  const fake = await FakeService.start(programs);
  try {
    const { text } = await output([programs.cases, "--list"]);
    const names = text.trim().split("\n");
    assert(names.length > 60, "cases are missing");
    for (const name of names) {
      await t.step(name, async () => {
        const result = await runPreloaded(programs, [programs.cases, name], envOf(fake));
        assertEquals(result.code, 0, result.text);
      });
    }
  } finally {
    await fake.stop();
  }
}

/** Waits until a process is blocked in the kernel. */
async function untilAsleep(pid: number): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    if (/\) S /.test(stat)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${pid} does not come to rest`);
}

/** What the program in `mode` ends with when its service is killed under it. */
async function serviceDies(programs: Programs, mode: string): Promise<Output> {
  const fake = await FakeService.start(programs);
  const child = new Deno.Command(programs.cases, {
    args: ["exec", mode, "1"],
    env: { LD_PRELOAD: programs.shim, ...envOf(fake) },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const goes = async () => {
    const { value } = await reader.read();
    assertEquals(new TextDecoder().decode(value), "go\n");
  };
  await goes();
  const writer = child.stdin.getWriter();
  if (mode === "unread") {
    fake.pause();
    await writer.write(new Uint8Array(1));
    await goes();
  }
  await reader.cancel();
  await untilAsleep(child.pid);
  await fake.stop();
  await writer.close();
  const [status, text] = await Promise.all([child.status, new Response(child.stderr).text()]);
  return { code: status.code, text };
}

async function deathSignal(programs: Programs): Promise<void> {
  const fake = await FakeService.start(programs);
  try {
    const env = { ...envOf(fake), NUSE_PDEATHSIG: String(Deno.pid) };
    const armed = await runPreloaded(programs, [programs.cases, "death_signal"], env);
    assertEquals(armed, { code: 0, text: "pdeathsig 9\n" });
    const orphan = await runPreloaded(programs, [programs.cases, "death_signal"], {
      ...env,
      NUSE_PDEATHSIG: "1",
    });
    assertEquals(orphan.code, 128 + 9);
  } finally {
    await fake.stop();
  }
}

Deno.test("the shim against a fake service", async (t) => {
  await withPrograms(async (programs) => {
    await runCases(t, programs);
    await t.step("a service that dies", async () => {
      for (const mode of ["outlive", "dialling", "unread"]) {
        assertEquals(await serviceDies(programs, mode), { code: 0, text: "" });
      }
    });
    await t.step("who waits for the network ends with it", async () => {
      for (const mode of ["accepting", "receiving", "prefork", "daemon"]) {
        assertEquals(await serviceDies(programs, mode), { code: 128 + 9, text: "" });
      }
    });
    await t.step("the first program dies with its parent", () => deathSignal(programs));
    await t.step("no service at that path", async () => {
      const env = { NUSE_SOCK: `${programs.dir}/nothing` };
      const result = await runPreloaded(
        programs,
        [programs.cases, "exec", "unreachable", "1"],
        env,
      );
      assertEquals(result, { code: 0, text: "still here\n" });
    });
    await t.step("no service wanted", async () => {
      const result = await runPreloaded(programs, [programs.cases, "exec", "native", "1"], {});
      assertEquals(result, { code: 0, text: "" });
    });
    await t.step("plain programs notice nothing", async () => {
      for (const args of PLAIN_PROGRAMS) {
        const expected = await output(args);
        const env = { NUSE_SOCK: `${programs.dir}/nothing` };
        assertEquals(await runPreloaded(programs, args, env), expected);
      }
    });
    await t.step("children of children have it too", async () => {
      const result = await runPreloaded(programs, ["sh", "-c", "sh -c 'cat /proc/self/maps'"], {
        NUSE_SOCK: `${programs.dir}/nothing`,
      });
      assertStringIncludes(result.text, programs.shim);
    });
  });
});
