import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { e2e, PEER } from "./fixture.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");
/** What a bare Debian has, and the program that is to run. */
const TOOLS = ["sh", "env", "tar", "gzip", "tail", "tr", "mkdir", "mv", "rm", "ls", "id", "ping"];

e2e("deno task build: one file that needs neither Deno nor npm nor a compiler", async (f) => {
  const built = await f.ns.run([Deno.execPath(), "task", "build"], { cwd: ROOT, limitSec: 120 });
  assertEquals(built.code, 0, built.stderr);
  assert(/made dist\/nuse, \d+ MB, (by deno compile|self-extracting)/.test(built.stdout));
  const dir = await Deno.makeTempDir();
  try {
    await Deno.chmod(dir, 0o755);
    await Deno.mkdir(`${dir}/bin`);
    for (const tool of TOOLS) {
      const path = (await f.ns.run(["which", tool])).stdout.trim();
      await Deno.symlink(path, `${dir}/bin/${tool}`);
    }
    await Deno.copyFile(`${ROOT}/dist/nuse`, `${dir}/nuse`);
    const env = { ...f.env, PATH: `${dir}/bin`, HOME: dir, NUSE_CACHE: `${dir}/cache` };
    const ping = [`${dir}/nuse`, "ping", "-c", "3", "-i", "0.2", PEER];
    for (const _ of ["first start", "second start"]) {
      const r = await f.ns.run([
        "env",
        "-i",
        ...Object.entries(env).map((e) => e.join("=")),
        ...ping,
      ]);
      assertEquals([r.code, r.stderr], [0, ""]);
      assertStringIncludes(r.stdout, "3 received");
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);
