import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { handover, selfExtracting, v8Option } from "../../../cli/build/stub.ts";

const LAUNCHER = Deno.readTextFileSync(fromFileUrl(new URL("../../../nuse", import.meta.url)));
/** What every Debian has. */
const TOOLS = ["sh", "tar", "gzip", "tail", "head", "tr", "mkdir", "mv", "rm", "ls", "id"];
/** What the first start says, on a pipe. */
const UNPACKING = /^nuse: unpacking 93 MB into \S+\/cache, once\n$/;

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
  await Deno.writeFile(`${dir}/stage/library.so`, new Uint8Array(64 << 10));
  const args = ["-czf", `${dir}/payload`, "-C", `${dir}/stage`, "."];
  assert((await new Deno.Command("tar", { args }).output()).success);
  return await Deno.readFile(`${dir}/payload`);
}

const lastLine = (text: string) => text.trim().split("\n").at(-1)!;

class Bench implements AsyncDisposable {
  private constructor(readonly dir: string) {}

  static async create(change = (file: Uint8Array<ArrayBuffer>) => file): Promise<Bench> {
    const dir = await Deno.makeTempDir();
    const file = change(await selfExtracting(await payload(dir), LAUNCHER, "1.2.3", 93));
    await Deno.writeFile(`${dir}/nuse`, file, { mode: 0o755 });
    await Deno.mkdir(`${dir}/bin`);
    for (const tool of TOOLS) await Deno.symlink(`/usr/bin/${tool}`, `${dir}/bin/${tool}`);
    return new Bench(dir);
  }

  /** `mounts`: arguments of a mount(8) that only this run sees. */
  async run(args: string[], env: Record<string, string> = {}, mounts?: string[]) {
    const all = { PATH: `${this.dir}/bin`, NUSE_CACHE: `${this.dir}/cache`, ...env };
    const enter = mounts === undefined
      ? []
      : ["unshare", "-m", "sh", "-c", `mount ${mounts.join(" ")} && exec "$@"`, "sh"];
    const variables = Object.entries(all).map(([k, v]) => `${k}=${v}`);
    const [command, ...rest] = [...enter, "/usr/bin/env", "-i", ...variables, `${this.dir}/nuse`];
    const output = await new Deno.Command(command, {
      args: [...rest, ...args],
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
  assertEquals(first.code, 0);
  assertMatch(first.stderr, UNPACKING);
  assertEquals(bench.unpacked.length, 1);
  const app = `${bench.dir}/cache/${bench.unpacked[0]}`;
  assertStringIncludes(first.stdout, `${app}/main.js -v a b --\n`);
  assertStringIncludes(first.stdout, `dir ${app}/cache\n`);
  assertStringIncludes(first.stdout, "\nnuse-eth0=198.18.0.2\n");
  await Deno.writeTextFile(`${app}/deno`, "#!/bin/sh\necho changed\n");
  const second = await bench.run([]);
  assertEquals([second.stdout, second.stderr], ["changed\n", ""]);
});

Deno.test("several first starts at once all succeed and leave one copy", async () => {
  await using bench = await Bench.create();
  const runs = await Promise.all([1, 2, 3, 4].map(() => bench.run([])));
  assertEquals(runs.map((r) => r.code), runs.map(() => 0));
  for (const { stderr } of runs) assert(stderr === "" || UNPACKING.test(stderr), stderr);
  assertEquals(bench.unpacked.length, 1);
});

Deno.test("a damaged file and an unusable cache are said in one line, exit 2", async () => {
  await using bench = await Bench.create((file) => file.slice(0, file.length - 200));
  const damaged = await bench.run([]);
  assertEquals(damaged.code, 2);
  assertMatch(
    lastLine(damaged.stderr),
    /^nuse: cannot unpack into \S+: .+ \(it takes 93 MB: .+\)$/,
  );
  assertEquals(bench.unpacked, []);
  const blocked = await bench.run([], { NUSE_CACHE: "/dev/null/x" });
  assertEquals(blocked.code, 2);
  assertMatch(
    blocked.stderr,
    /^nuse: .*\/dev\/null.* \(set NUSE_CACHE to a folder of your own\)\n$/,
  );
});

Deno.test("a cache that others can write is refused before anything in it runs", async () => {
  await using bench = await Bench.create();
  assertEquals((await bench.run([])).code, 0);
  for (const mode of [0o775, 0o757, 0o1777]) {
    await Deno.chmod(`${bench.dir}/cache`, mode);
    const { code, stdout, stderr } = await bench.run([]);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, `${bench.dir}/cache can be written by others`);
  }
});

Deno.test({
  name: "nor does root run what lies in another user's cache, or below a folder of his",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using bench = await Bench.create();
    await Deno.mkdir(`${bench.dir}/his/cache`, { recursive: true });
    const env = { NUSE_CACHE: `${bench.dir}/his/cache` };
    assertEquals((await bench.run([], env)).code, 0);
    for (const his of ["his/cache", "his"]) {
      await Deno.chown(`${bench.dir}/${his}`, 65534, 65534);
      const { code, stdout, stderr } = await bench.run([], env);
      await Deno.chown(`${bench.dir}/${his}`, 0, 0);
      assertEquals([code, stdout], [2, ""]);
      assertStringIncludes(stderr, `${bench.dir}/${his} belongs to another user`);
    }
    assertEquals((await bench.run([], env)).code, 0);
  },
});

Deno.test({
  name: "a full or noexec cache, and a system without tar: named, exit 2, nothing half done",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using bench = await Bench.create();
    const cache = `${bench.dir}/cache`;
    await Deno.mkdir(cache);
    const full = await bench.run([], {}, ["-t tmpfs -o mode=755,size=32k none", cache]);
    assertEquals(full.code, 2);
    assertMatch(
      lastLine(full.stderr),
      /^nuse: cannot unpack into \S+: no space left there \(.*NUSE_CACHE/,
    );
    const noexec = await bench.run([], {}, ["-t tmpfs -o mode=755,noexec none", cache]);
    assertEquals(noexec.code, 2);
    assertMatch(
      lastLine(noexec.stderr),
      /^nuse: cannot execute what is in \S+cache: it is mounted noexec \(set NUSE_CACHE .*\)$/,
    );
    const bare = `${bench.dir}/bare`;
    await Deno.mkdir(bare);
    for (const tool of [...TOOLS, "env"]) {
      if (tool !== "tar") await Deno.copyFile(`/usr/bin/${tool}`, `${bare}/${tool}`);
    }
    await Deno.remove(`${bench.dir}/bin/tar`);
    const without = await bench.run([], {}, ["--bind", bare, "/usr/bin"]);
    assertEquals(without.code, 2);
    assertMatch(without.stderr, /^nuse: the first start needs tar to unpack \(apt-get install tar/);
    assertEquals(bench.unpacked, []);
  },
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
