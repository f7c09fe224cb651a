import { assert, assertEquals, assertMatch } from "@std/assert";
import denoConfig from "../../../deno.json" with { type: "json" };
import { complaint } from "../../../cli/build/prerequisites.ts";

Deno.test("of Deno's complaint its first line is shown", () => {
  const failing = "Download https://r/x\nerror: Failed loading x\n\nCaused by:\n    dns error\n";
  assertEquals(complaint(failing), "Failed loading x");
  assertEquals(complaint("\nsomething else\n"), "something else");
  assertEquals(complaint(""), "deno says nothing");
});

/** Imports the module in a Deno with empty caches and without network; what it throws. */
async function offline(call: string): Promise<string> {
  const caches = await Deno.makeTempDir();
  const module = JSON.stringify(import.meta.resolve("../../../cli/build/prerequisites.ts"));
  const code = `await (await import(${module})).${call}().catch((e) => console.log(e.message))`;
  try {
    const { stdout } = await new Deno.Command("unshare", {
      args: ["-n", Deno.execPath(), "eval", code],
      env: { DENO_DIR: `${caches}/deno` },
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } finally {
    await Deno.remove(caches, { recursive: true });
  }
}

const ROOT = new URL("../../..", import.meta.url).pathname;

/** Runs a task of deno.json where neither libraries nor caches nor a network are. */
async function offlineTask(task: string): Promise<{ code: number; lines: string[] }> {
  const dir = await Deno.makeTempDir();
  try {
    const tests = ["tests/lab", "tests/run.ts", "tests/run"];
    const needed = ["deno.json", "deno.lock", "cli/build", "ffi", ...tests];
    const cp = ["--parents", "-r", ...needed, dir];
    assert((await new Deno.Command("cp", { args: cp, cwd: ROOT }).output()).success);
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-n", Deno.execPath(), "task", task],
      cwd: dir,
      env: { DENO_DIR: `${dir}/cache`, NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
    return { code, lines: text.split("\n").filter((line) => !/^Task |^$/.test(line)) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test({
  name: "a task without libraries and network says so in one line, status 2",
  ignore: Deno.uid() !== 0,
  async fn() {
    for (
      const [task, who] of [["setup", "setup"], ["test", "the tests cannot run"], ["build", "nuse"]]
    ) {
      const { code, lines } = await offlineTask(task);
      assertEquals(code, 2, task);
      assertMatch(
        lines[0],
        new RegExp(`^${who}: nuse's libraries cannot be fetched: .+: check it\\)$`),
      );
      assertEquals(lines.length, 1, lines.join("\n"));
    }
  },
});

Deno.test("no task runs a script with libraries before they are there", () => {
  const { tasks } = denoConfig;
  const fetching = ["setup", "setup:bench", "libraries", "test", "test:netmap"];
  for (const [name, task] of Object.entries(tasks)) {
    if (fetching.includes(name)) continue;
    assert(typeof task !== "string" && fetching.includes(task.dependencies[0]), name);
  }
});

Deno.test({
  name: "without network, one line says what is missing; what is there is not fetched again",
  ignore: Deno.uid() !== 0,
  async fn() {
    const bundler = await offline("fetchBundler");
    assertMatch(bundler, /^deno bundle's esbuild cannot be fetched: .+ \(needs the network once/);
    assert(!bundler.includes("\n"));
    assertEquals(await offline("fetchLibraries"), "");
  },
});
