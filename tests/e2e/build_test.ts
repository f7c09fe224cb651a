import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, PEER } from "./fixture.ts";

const e2e = e2eWith("cc", "ping");

const ROOT = `${import.meta.dirname}/../..`;
/** What a bare Debian has, and the program that is to run. */
const TOOLS = [
  "sh",
  "env",
  "tar",
  "gzip",
  "tail",
  "head",
  "tr",
  "mkdir",
  "mv",
  "rm",
  "ls",
  "id",
  "ping",
];

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
    // Only the self-extracting form unpacks anything to speak of.
    const first = built.stdout.includes("self-extracting") ? /^nuse: unpacking \d+ MB .*\n$/ : /^$/;
    for (const said of [first, /^$/]) {
      const r = await f.ns.run([
        "env",
        "-i",
        ...Object.entries(env).map((e) => e.join("=")),
        ...ping,
      ]);
      assertEquals(r.code, 0, r.stderr);
      assertMatch(r.stderr, said);
      assertStringIncludes(r.stdout, "3 received");
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);
