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
import { ARCH, Bench } from "./launcher_bench.ts";

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
    await bench.fakeDeno("2.9.6", bench.installed);
    const { code, stdout, stderr } = await bench.run(["true"]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "main.ts true");
  }
});

/** As npm would, but from nowhere. */
const FAKE_NPM = `
here=$(dirname "$0")
echo "$*" >> "$here/npm.log"
case "$*" in
view*) exit ;;
*--offline*) [ -e "$here/cached" ] || exit 1 ;;
esac
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/@deno/linux-fake"
cp "$here/prepared" "$2/node_modules/@deno/linux-fake/deno"
`;

/** npm as above in PATH, and no Deno. */
async function withNpm(): Promise<Bench> {
  const bench = await Bench.create();
  await bench.fake("npm", FAKE_NPM);
  await bench.fakeDeno("2.9.6", `${bench.dir}/other`);
  await Deno.rename(`${bench.dir}/other/deno`, `${bench.dir}/bin/prepared`);
  return bench;
}

Deno.test("npm installs it once, one at a time, and says so", async () => {
  await using bench = await withNpm();
  const runs = await Promise.all([1, 2, 3].map(() => bench.run(["true"])));
  assertEquals(runs.map((r) => r.code), [0, 0, 0]);
  for (const { stdout } of runs) assertStringIncludes(stdout, "main.ts true");
  const said = runs.map((r) => r.stderr).join("");
  assertMatch(said, /^nuse: installing Deno 2\.\S+ with npm, once \(35 MB to fetch\)\n$/);
  // From npm's cache, then whether the registry answers, then from there.
  const log = (await Deno.readTextFile(`${bench.dir}/bin/npm.log`)).trim().split("\n");
  assertEquals(log.map((line) => line.split(" ")[0]), ["ci", "view", "ci"]);
  for (const line of [log[0], log[2]]) {
    assertStringIncludes(line, `--ignore-scripts`);
    assert(line.endsWith(`--prefix ${bench.dir}/home/deno/${ARCH}`), line);
  }
  assertEquals((await bench.run(["true"])).stderr, "");
});

Deno.test("what npm has in its cache needs no network", async () => {
  await using bench = await withNpm();
  await Deno.writeTextFile(`${bench.dir}/bin/cached`, "");
  assertEquals((await bench.run(["true"])).code, 0);
  const log = await Deno.readTextFile(`${bench.dir}/bin/npm.log`);
  assertMatch(log, /^ci .*--offline .*\n$/);
});

Deno.test("the version that npm installs is the one pinned by hash", async () => {
  const text = (path: string) => Deno.readTextFile(`${import.meta.dirname}/../../${path}`);
  const version = (await text("nuse")).match(/^nuse_version=(.+)$/m)![1];
  for (const arch of ["x64", "arm64"]) {
    const name = `@deno/linux-${arch}-glibc`;
    const wanted = JSON.parse(await text(`deno/${arch}/package.json`)).dependencies;
    assertEquals(wanted, { [name]: version });
    const pinned = JSON.parse(await text(`deno/${arch}/package-lock.json`)).packages;
    const { optional, integrity, ...rest } = pinned[`node_modules/${name}`];
    assertEquals([rest.version, rest.cpu, rest.os], [version, [arch], ["linux"]]);
    assertEquals(optional, undefined, "or npm succeeds without it");
    assertMatch(integrity, /^sha512-/);
  }
});

const TOOLS = ["sh", "cmp", "uname", "mkdir", "tr", "head", "sed", "flock", "timeout", "env", "cp"];

/** What the launcher says with a PATH of what it uses and the given scripts; status 2. */
async function complaint(bench: Bench, fakes: Record<string, string>): Promise<string> {
  const tools = `${bench.dir}/tools`;
  await Deno.mkdir(tools);
  for (const [name, body] of Object.entries(fakes)) await bench.fake(name, body, tools);
  for (const tool of TOOLS) await Deno.symlink(`/usr/bin/${tool}`, `${tools}/${tool}`);
  const { code, stderr } = await bench.run(["true"], { path: tools });
  await Deno.remove(tools, { recursive: true });
  assertEquals(code, 2, stderr);
  return stderr;
}

Deno.test({
  name: "without npm, what to install",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using bench = await Bench.create();
    const bare = `${bench.dir}/bare`;
    await Deno.mkdir(bare);
    for (const tool of TOOLS) await Deno.copyFile(`/usr/bin/${tool}`, `${bare}/${tool}`);
    // /usr/bin is in reach whatever PATH says, and may have npm: this run sees another one.
    const { code, stderr } = await new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", 'mount --bind "$0" /usr/bin && exec "$@"', bare].concat(
        ["/usr/bin/env", "-i", "PATH=/usr/bin", `${bench.dir}/home/nuse`, "true"],
      ),
    }).output();
    assertEquals(code, 2);
    assertEquals(
      new TextDecoder().decode(stderr),
      "nuse: no Deno 2, and no npm to get it (apt-get install npm)\n",
    );
  },
});

Deno.test("what hinders npm is said in one line, exit 2", async () => {
  await using bench = await Bench.create();
  const failing = await complaint(bench, {
    npm: `case "$*" in *offline*) exit 1;; esac; echo; echo 'npm error code EAI_AGAIN' >&2
echo 'npm error syscall getaddrinfo'; echo more; exit 1`,
  });
  assertMatch(
    failing,
    /\nnuse: cannot fetch Deno: npm error code EAI_AGAIN npm error syscall getaddrinfo \(check /,
  );
  const silent = await complaint(bench, {
    npm: `case "$*" in *offline*) exit 1;; esac; exit 124`,
  });
  assertMatch(silent, /\nnuse: cannot fetch Deno: npm's registry does not answer \(check the /);
  const broken = await complaint(bench, {
    npm: 'case "$*" in view*) exit;; esac; echo "npm error integrity" >&2; exit 1',
  });
  const none = await complaint(bench, { npm: "exit 0" });
  assertMatch(
    none,
    /\nnuse: the Deno that npm installed does not run here \(it needs glibc 2\.27\)\n$/,
  );
  assertMatch(broken, /\nnuse: npm cannot install Deno: npm error integrity \(see npm's log\)\n$/);
});

/** A Deno that answers \`install\` by \`body\`. */
const denoThat = (body: string) =>
  `case $1 in -V) echo deno 2.9.6;; eval) echo "$0";; install) ${body};; *) echo "ran $*";; esac`;

Deno.test("the libraries are fetched once, and that is said", async () => {
  await using bench = await Bench.create();
  await bench.forgetLibraries();
  await bench.fake("deno", denoThat(`echo "$*" >> "${bench.dir}/log"`));
  const runs = await Promise.all([1, 2, 3].map(() => bench.run(["true"])));
  assertEquals(runs.map((r) => r.code), [0, 0, 0]);
  const said = runs.map((r) => r.stderr).join("");
  assertEquals(said, "nuse: fetching the libraries that deno.lock names, once\n");
  const config = `${bench.dir}/home/deno.json`;
  assertEquals(
    await Deno.readTextFile(`${bench.dir}/log`),
    `install --quiet --frozen --config ${config}\n`,
  );
  assertEquals((await bench.run(["true"])).stderr, "");
  // Another deno.lock, another set of libraries.
  await Deno.writeTextFile(`${bench.dir}/home/deno.lock`, "newer");
  assertStringIncludes((await bench.run(["true"])).stderr, "fetching");
});

Deno.test("what hinders that is said in one line, exit 2", async () => {
  await using bench = await Bench.create();
  await bench.forgetLibraries();
  const failing = `echo "error: Failed caching npm package 'x'" >&2; echo >&2;
echo Caused by: >&2; echo "  0: dns error for url (https://r/x)" >&2; exit 1`;
  assertMatch(
    await complaint(bench, { deno: denoThat(failing) }),
    /\nnuse: cannot fetch libraries: error: Failed caching npm package 'x' dns error \(check the /,
  );
  assertMatch(
    await complaint(bench, { deno: denoThat("exit 124") }),
    /\nnuse: cannot fetch libraries: npm's registry does not answer \(.*deno install in .*\)\n$/,
  );
});

Deno.test({
  name: "one who may not write there is told who may",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using bench = await Bench.create();
    await bench.forgetLibraries();
    await bench.fake("deno", denoThat("exit 1"));
    await Deno.chmod(bench.dir, 0o755);
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const path = `PATH=${bench.dir}/bin:/usr/bin:/bin`;
    const { code, stderr } = await new Deno.Command("setpriv", {
      args: [...nobody, "env", "-i", path, `${bench.dir}/home/nuse`, "true"],
    }).output();
    assertEquals(code, 2);
    assertMatch(
      new TextDecoder().decode(stderr),
      /^nuse: cannot write \S.*\/home\/node_modules \(run nuse once as its owner\)\n$/,
    );
  },
});

Deno.test({
  name: "on a terminal, what is said while it is fetched disappears",
  async fn() {
    await using bench = await Bench.create();
    await bench.forgetLibraries();
    await bench.fake("deno", denoThat("exit 0"));
    const command = `PATH=${bench.dir.replace(/ /g, "\\ ")}/bin:/usr/bin:/bin ` +
      `'${bench.dir}/home/nuse' true`;
    const { stdout } = await new Deno.Command("script", {
      args: ["-qec", command, "/dev/null"],
      stdin: "null",
    }).output();
    const screen = new TextDecoder().decode(stdout);
    assertStringIncludes(screen, "\r\x1b[Knuse: fetching the libraries that deno.lock names, once");
    assertStringIncludes(screen, "once\r\x1b[K");
    assert(screen.trimEnd().endsWith("main.ts true"), screen);
  },
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

Deno.test("a front is needed where there is a terminal, but not behind a front", async () => {
  const module = fromFileUrl(new URL("../../cli/launcher.ts", import.meta.url));
  const program = `console.log((await import("${module}")).isFrontNeeded())`;
  const deno = [Deno.execPath(), "eval", program];
  const asked = async (command: string[], env: Record<string, string> = {}) => {
    const [name, ...args] = command;
    const { stdout } = await new Deno.Command(name, { args, env, stdin: "null" }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  const inTerminal = ["script", "-qec", `${deno[0]} eval '${program}'`, "/dev/null"];
  assertEquals(await asked(["setsid", "-w", ...deno]), "false");
  assertEquals(await asked(inTerminal, { NO_COLOR: "1" }), "true");
  assertEquals(await asked(inTerminal, { NO_COLOR: "1", NUSE_FRONT: "1 2" }), "false");
});
