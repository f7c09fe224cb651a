/**
 * Joining a run that has no privilege: a PIPE, in a user namespace of its own.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type RunOptions, start } from "../lab/netns.ts";
import { giveToNobody, NOBODY, OPEN_ROOT, POWERLESS } from "../lab/nobody.ts";
import { until } from "./fixture.ts";

const NUSE = `${OPEN_ROOT}/nuse`;
const PORT = "8000";

Deno.test("PIPE: without privilege by name; root joins it, too, and lists it", async () => {
  const folder = Deno.makeTempDirSync();
  giveToNobody(folder);
  const name = `t-${crypto.randomUUID().slice(0, 12)}`;
  // Where root looks for the runs of others, whatever the environment says.
  const env = { TMPDIR: "/tmp", XDG_RUNTIME_DIR: "" };
  const nuse = (argv: string[], options: RunOptions = {}) =>
    start([...POWERLESS, NUSE, ...argv], { env, limitSec: 40, ...options });
  const dev = `p=198.18.0.1/24,pipe=${folder}/cable`;
  const first = nuse(["--dev", dev, "--name", name, "sh", "-c", "echo here; exec sleep 600"]);
  try {
    await first.waitFor("here");
    const script = ["python3", "-S", "-u", "-m", "http.server", PORT];
    const server = nuse(["--join", name, ...script]);
    const fetch = ["curl", "-s", "-m", "5", `http://198.18.0.1:${PORT}/`];
    await until("the page", async () => {
      const { stdout } = await nuse(["--join", name, ...fetch]).done;
      return stdout.includes("Directory listing");
    }, 20);
    const listed = await nuse(["--list"]).done;
    assertStringIncludes(listed.stdout, name, listed.stderr);
    const id = await nuse(["--join", name, "id", "-u"]).done;
    assertEquals(id.stdout.trim(), String(Deno.uid() === 0 ? NOBODY : Deno.uid()), id.stderr);
    if (Deno.uid() === 0) {
      const root = (argv: string[]) => start([`${import.meta.dirname}/../../nuse`, ...argv]).done;
      const mine = await root(["--join", name, ...fetch]);
      assertStringIncludes(mine.stdout, "Directory listing", mine.stderr);
      assertStringIncludes((await root(["--list"])).stdout, name);
    }
    server.kill("SIGINT");
    assert((await server.done).code !== 2);
  } finally {
    first.kill();
    await first.done;
    await Deno.remove(folder, { recursive: true });
  }
});
