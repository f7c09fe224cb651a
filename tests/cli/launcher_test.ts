import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  bytesOf,
  byteString,
  decode,
  encode,
  lastArguments,
  parseEnvironment,
  softLimit,
} from "../../cli/launcher.ts";

const LAUNCHER = fromFileUrl(new URL("../../nuse", import.meta.url));
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("the environment comes from the launcher, byte for byte", () => {
  const environ = "PATH=/bin\0NUSE_LAUNCHER=1024 0\nPATH=/bin\nnuse-eth0=1\nM=a\x01b\n\0X=1\0";
  const { env, softFiles } = parseEnvironment(bytes(environ));
  assertEquals(env, { PATH: "/bin", "nuse-eth0": "1", M: "a\nb" });
  assertEquals(softFiles, 1024);
  const raw = Uint8Array.from([0x41, 0x3d, 0xff, 0x80, 0]);
  assertEquals(bytesOf(parseEnvironment(raw).env.A), Uint8Array.from([0xff, 0x80]));
});

Deno.test("without a launcher, or one that had no room, it is the process's own", () => {
  assertEquals(parseEnvironment(bytes("A=1\0B=2=3\0")), {
    env: { A: "1", B: "2=3" },
    softFiles: 0,
    ignoresSigpipe: false,
  });
  const noRoom = parseEnvironment(bytes("A=1\0NUSE_LAUNCHER=unlimited 0000000000001000\n\0"));
  assertEquals(noRoom, { env: { A: "1" }, softFiles: 0, ignoresSigpipe: true });
});

Deno.test("whether SIGPIPE is ignored, of all the signals", () => {
  const ignores = (mask: string) =>
    parseEnvironment(bytes(`NUSE_LAUNCHER=1024 ${mask}\nA=1\0`)).ignoresSigpipe;
  const masks = [
    "0000000000001000",
    "fffffffe7ffbfeff",
    "0000000000000fff",
    "8000000000002000",
    "x",
  ];
  assertEquals(masks.map(ignores), [true, true, false, false, false]);
});

Deno.test("the limit of descriptors, from /proc", () => {
  const limits =
    "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024       4096   files\n";
  assertEquals(softLimit(limits), 1024);
  assertEquals(softLimit("Max open files   unlimited  unlimited  files\n"), 0);
});

Deno.test("arguments are taken from the end of the command line", () => {
  const cmdline = Uint8Array.from([...bytes("deno\0run\0main.ts\0printf\0"), 0xff, 0, 0]);
  assertEquals(lastArguments(cmdline, 3), ["printf", "\xff", ""]);
  assertEquals(lastArguments(cmdline, 0), []);
});

Deno.test("byte strings and text", () => {
  assertEquals(decode(encode("grüße")), "grüße");
  assertEquals(byteString(bytesOf("\x00\xff")), "\x00\xff");
});

/** A copy of the launcher beside a main.ts of its own, and fakes in a folder for PATH. */
class Bench implements AsyncDisposable {
  private constructor(readonly dir: string) {}

  static async create(): Promise<Bench> {
    const bench = new Bench(await Deno.makeTempDir({ prefix: "nuse launcher " }));
    await Deno.mkdir(`${bench.dir}/bin`);
    await Deno.mkdir(`${bench.dir}/home`);
    await Deno.copyFile(LAUNCHER, `${bench.dir}/home/nuse`);
    return bench;
  }

  /** A shell script in PATH. */
  async fake(name: string, body: string, folder = `${this.dir}/bin`): Promise<void> {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }

  /** A fake Deno of that version: not a script to the launcher, it prints how it was called. */
  async fakeDeno(version: string, folder?: string): Promise<void> {
    const shell = 'case $1 in -V) echo "deno VERSION";; eval) echo "$0";; *) echo "ran $*";; esac';
    await this.fake("deno", shell.replace("VERSION", version), folder);
  }

  async run(
    args: string[],
    { path = `${this.dir}/bin:/usr/bin:/bin`, nuse = `${this.dir}/home/nuse`, env = {} } = {},
  ) {
    const output = await new Deno.Command("env", {
      args: [...Object.entries({ PATH: path, ...env }).map(([k, v]) => `${k}=${v}`), nuse, ...args],
      clearEnv: true,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

Deno.test("Deno 2 from PATH runs main.ts beside the launcher, arguments untouched", async () => {
  await using bench = await Bench.create();
  await bench.fakeDeno("2.9.6");
  const { code, stdout, stderr } = await bench.run(["-v", "a b", "", "$x"]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, `--config ${bench.dir}/home/deno.json ${bench.dir}/home/main.ts`);
  assert(stdout.endsWith("main.ts -v a b  $x\n"), stdout);
});

Deno.test("it is found through symbolic links, relative ones too", async () => {
  await using bench = await Bench.create();
  await bench.fakeDeno("2.9.6");
  await Deno.symlink("../home/nuse", `${bench.dir}/bin/second`);
  await Deno.symlink(`${bench.dir}/bin/second`, `${bench.dir}/bin/first`);
  const { stdout } = await bench.run([], { nuse: "first" });
  assertStringIncludes(stdout, "/home/main.ts");
});

Deno.test("the program's environment goes along, also what the shell drops", async () => {
  await using bench = await Bench.create();
  await bench.fake("deno", 'case $1 in -V) echo deno 2.9.6;; eval) echo "$0";; *) env;; esac');
  const { stdout } = await bench.run([], { env: { "nuse-eth0": "198.18.0.2", LINES_: "1\n2" } });
  const launcher = stdout.slice(stdout.indexOf("NUSE_LAUNCHER="));
  assertMatch(launcher, /^NUSE_LAUNCHER=\d+ [\da-f]{16}\n/);
  assertStringIncludes(launcher, "\nnuse-eth0=198.18.0.2\n");
  assertStringIncludes(launcher, "\nLINES_=1\x012\n");
});

Deno.test("an old Deno is passed over for the installed one", async () => {
  for (const version of ["1.46.3", "2.2.12", "3.0.0"]) {
    await using bench = await Bench.create();
    await bench.fakeDeno(version);
    await bench.fakeDeno("2.9.6", `${bench.dir}/home/node_modules/deno`);
    const { code, stdout, stderr } = await bench.run(["true"]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "main.ts true");
  }
});

/** As npm would, but from nowhere. */
const FAKE_NPM = `
printf '%s\\n' "$*" >> "$(dirname "$0")/npm.log"
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/deno"
cp "$(dirname "$0")/prepared" "$2/node_modules/deno/deno"
`;

Deno.test("npm installs it once, one at a time, and says so", async () => {
  await using bench = await Bench.create();
  await bench.fake("npm", FAKE_NPM);
  await bench.fakeDeno("2.9.6", `${bench.dir}/other`);
  await Deno.rename(`${bench.dir}/other/deno`, `${bench.dir}/bin/prepared`);
  const runs = await Promise.all([1, 2, 3].map(() => bench.run(["true"])));
  assertEquals(runs.map((r) => r.code), [0, 0, 0]);
  for (const { stdout } of runs) assertStringIncludes(stdout, "main.ts true");
  const said = runs.map((r) => r.stderr).join("");
  assertMatch(
    said,
    /^nuse: no Deno 2 in PATH: installing deno@2\S+ into \S.*node_modules, once\n$/,
  );
  const log = await Deno.readTextFile(`${bench.dir}/bin/npm.log`);
  assertEquals(log.split("\n").length - 1, 1);
  assertStringIncludes(log, "--no-save --no-package-lock");
  assertEquals((await bench.run(["true"])).stderr, "");
});

Deno.test("what hinders the installation is said in one line, exit 2", async () => {
  await using bench = await Bench.create();
  const tools = `${bench.dir}/tools`;
  await Deno.mkdir(tools);
  for (const tool of ["sh", "mkdir", "tr", "head", "flock", "dirname"]) {
    await Deno.symlink(`/usr/bin/${tool}`, `${tools}/${tool}`);
  }
  const without = await bench.run(["true"], { path: tools });
  assertEquals(without.code, 2);
  assertMatch(without.stderr, /^nuse: .*no npm.*\(apt-get install npm\)\n$/);
  await bench.fake("npm", "echo 'npm error network'; echo more; exit 1", tools);
  const failed = await bench.run(["true"], { path: tools });
  assertEquals(failed.code, 2);
  assertMatch(
    failed.stderr,
    /\nnuse: npm cannot install it: npm error network more \(check the network\)\n$/,
  );
});

Deno.test("nuse under nuse does not preload the outer one's shim into Deno", async () => {
  await using bench = await Bench.create();
  const show = 'echo "${LD_PRELOAD-none}"';
  await bench.fake("deno", `case $1 in -V) echo deno 2.9.6;; eval) echo "$0";; *) ${show};; esac`);
  const env = { LD_PRELOAD: "/no/such/lib.so" };
  assertEquals((await bench.run([], { env })).stdout, "/no/such/lib.so\n");
  const nested = await bench.run([], { env: { ...env, NUSE_SOCK: "/x" } });
  assertEquals(nested.stdout, "none\n");
});
