import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { handover, selfExtracting, v8Option } from "../../../cli/build/stub.ts";

const LAUNCHER = Deno.readTextFileSync(fromFileUrl(new URL("../../../nuse", import.meta.url)));
/** What every Debian has. */
const TOOLS = ["sh", "tar", "gzip", "tail", "tr", "mkdir", "mv", "rm", "ls", "id"];

/** Stands for Deno: prints how it was called and what it was given. */
const FAKE_DENO = `#!/bin/sh
echo "ran $*"
echo "dir $DENO_DIR"
/usr/bin/env
`;

async function payload(dir: string): Promise<Uint8Array<ArrayBuffer>> {
  await Deno.mkdir(`${dir}/stage`);
  await Deno.writeTextFile(`${dir}/stage/deno`, FAKE_DENO, { mode: 0o755 });
  await Deno.writeTextFile(`${dir}/stage/main.js`, "");
  const args = ["-czf", `${dir}/payload`, "-C", `${dir}/stage`, "."];
  assert((await new Deno.Command("tar", { args }).output()).success);
  return await Deno.readFile(`${dir}/payload`);
}

class Bench implements AsyncDisposable {
  private constructor(readonly dir: string) {}

  static async create(change = (file: Uint8Array<ArrayBuffer>) => file): Promise<Bench> {
    const dir = await Deno.makeTempDir();
    const file = change(await selfExtracting(await payload(dir), LAUNCHER, "1.2.3"));
    await Deno.writeFile(`${dir}/nuse`, file, { mode: 0o755 });
    await Deno.mkdir(`${dir}/bin`);
    for (const tool of TOOLS) await Deno.symlink(`/usr/bin/${tool}`, `${dir}/bin/${tool}`);
    return new Bench(dir);
  }

  async run(args: string[], env: Record<string, string> = {}) {
    const all = { PATH: `${this.dir}/bin`, NUSE_CACHE: `${this.dir}/cache`, ...env };
    const output = await new Deno.Command("/usr/bin/env", {
      args: [...Object.entries(all).map(([k, v]) => `${k}=${v}`), `${this.dir}/nuse`, ...args],
      clearEnv: true,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
  }

  get unpacked(): string[] {
    return [...Deno.readDirSync(`${this.dir}/cache`)].map((entry) => entry.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

Deno.test("it unpacks itself once and runs the bundle with the arguments as given", async () => {
  await using bench = await Bench.create();
  const first = await bench.run(["-v", "a b", "--"], { "nuse-eth0": "198.18.0.2" });
  assertEquals([first.code, first.stderr], [0, ""]);
  assertEquals(bench.unpacked.length, 1);
  const app = `${bench.dir}/cache/${bench.unpacked[0]}`;
  assertStringIncludes(first.stdout, `${app}/main.js -v a b --\n`);
  assertStringIncludes(first.stdout, `dir ${app}/cache\n`);
  assertStringIncludes(first.stdout, "\nnuse-eth0=198.18.0.2\n");
  await Deno.writeTextFile(`${app}/deno`, "#!/bin/sh\necho changed\n");
  assertEquals((await bench.run([])).stdout, "changed\n");
});

Deno.test("several first starts at once all succeed and leave one copy", async () => {
  await using bench = await Bench.create();
  const runs = await Promise.all([1, 2, 3, 4].map(() => bench.run([])));
  assertEquals(runs.map((r) => [r.code, r.stderr]), runs.map(() => [0, ""]));
  assertEquals(bench.unpacked.length, 1);
});

Deno.test("a damaged file and an unusable cache are said in one line, exit 2", async () => {
  await using bench = await Bench.create((file) => file.slice(0, file.length - 200));
  const damaged = await bench.run([]);
  assertEquals(damaged.code, 2);
  assert(damaged.stderr.startsWith("nuse: cannot unpack into "), damaged.stderr);
  assertEquals(bench.unpacked, []);
  const blocked = await bench.run([], { NUSE_CACHE: "/dev/null/x" });
  assertEquals(blocked.code, 2);
  assertStringIncludes(blocked.stderr, "set NUSE_CACHE to a folder with");
});

Deno.test("a cache that others can write is refused", async () => {
  await using bench = await Bench.create();
  for (const mode of [0o775, 0o757]) {
    await Deno.mkdir(`${bench.dir}/cache`, { recursive: true });
    await Deno.chmod(`${bench.dir}/cache`, mode);
    const { code, stdout, stderr } = await bench.run([]);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, "others can write");
  }
});

Deno.test("the part shared with the launcher is the marked one", () => {
  const part = handover(LAUNCHER);
  assertStringIncludes(part, "NUSE_LAUNCHER=");
  assert(!part.includes("exec"));
  assertThrows(() => handover("#!/bin/sh\n"), Error, "no marked part");
});

Deno.test("the launcher says how V8 is to be, and deno takes it", async () => {
  const option = v8Option(LAUNCHER);
  assertStringIncludes(handover(LAUNCHER), option);
  const args = ["eval", option, "console.log(1)"];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals([stdout, stderr].map((b) => new TextDecoder().decode(b)), ["1\n", ""]);
  assertThrows(() => v8Option("#!/bin/sh\n"), Error, "does not set nuse_v8");
});
