/**
 * Several programs on one stack: `--name`, `--join`, `--list`, `--keep`.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Running, RunOptions, RunResult } from "../lab/netns.ts";
import { compileBehind } from "../io/app/door/behind.ts";
import {
  commandOf,
  descendant,
  e2eWith,
  findBelow,
  type Fixture,
  NUSE,
  parentOf,
  PEER,
  SELF,
  until,
} from "./fixture.ts";
import { stopAndGoOn, Terminal } from "./terminal.ts";

const e2e = e2eWith("curl", "python3", "cc");
const PORT = 8000;
const SERVER = ["python3", "-S", "-m", "http.server", String(PORT)];

interface Listed {
  readonly name: string | null;
  readonly pid: number;
  readonly command: string;
  readonly sockets: number;
  readonly joined: number;
  readonly interfaces: readonly { name: string; addresses: string[] }[];
}

/** Other tests have runs as well. */
const newName = () => `t-${crypto.randomUUID().slice(0, 12)}`;

/** A run of that name whose first program waits for its end of input, once it is there. */
async function lab(f: Fixture, name: string, options: readonly string[] = []): Promise<Running> {
  const running = f.nuse(["--name", name, ...options, "sh", "-c", "echo here; exec sleep 600"]);
  await running.waitFor("here");
  return running;
}

const join = (f: Fixture, name: string | number, argv: string[], options?: RunOptions): Running =>
  f.ns.start([NUSE, "--join", String(name), ...argv], options);

async function list(f: Fixture, name: string): Promise<Listed | null> {
  const { stdout } = await f.ns.run([NUSE, "--list", "--json"]);
  return JSON.parse(stdout).find((each: Listed) => each.name === name) ?? null;
}

const curl = (host: string) => ["curl", "-s", "-m", "5", `http://${host}:${PORT}/`];
const isPage = ({ stdout }: RunResult) => stdout.includes("Directory listing");

/** What the runs have left in their folder, which goes with the last of them. */
function runsThat(matches: (entry: string) => boolean): string[] {
  try {
    return [...Deno.readDirSync("/run/nuse")].map(({ name }) => name).filter(matches);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

e2e("joined programs talk to each other, and to the outside from the one address", async (f) => {
  const name = newName();
  const first = await lab(f, name);
  const { pid } = (await list(f, name))!;
  const server = join(f, name, SERVER);
  await until("loopback", async () => isPage(await join(f, pid, curl("127.0.0.1")).done));
  const byProgram = await descendant(first.pid, "sleep 600");
  assert(isPage(await join(f, byProgram, curl(SELF)).done));
  assert(isPage(await f.peer(curl(SELF)).done), "the peer does not reach the joined server");
  const listed = (await list(f, name))!;
  assertEquals([listed.command.slice(0, 7), listed.sockets, listed.joined], ["sh -c e", 1, 1]);
  assertEquals(listed.interfaces.map(({ addresses }) => addresses[0]), [`${SELF}/24`]);
  const table = (await f.ns.run([NUSE, "--list"])).stdout;
  assertMatch(
    table,
    new RegExp(`^${name} +${pid} +\\S+ \\S+ +1 +1 +\\S+ ${SELF}/24.* +sh -c`, "m"),
  );
  server.kill("SIGINT");
  await server.done;
  await until("nobody has joined", async () => (await list(f, name))?.joined === 0);
}, ["RAW", "TAP"]);

e2e("a joined program that no shim reaches goes through the second door", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const program = await compileBehind(dir);
    const name = newName();
    await lab(f, name);
    const server = `import socket
s = socket.create_server(("${PEER}", 4901)); print("ready", flush=True)
while True:
    c, a = s.accept(); c.recv(99); print(a[0], flush=True); c.sendall(b"from the peer"); c.close()`;
    if (f.vif === "TAP") await f.b.run(["sysctl", "-q", "net.ipv4.ip_nonlocal_bind=1"]);
    const peer = f.peer(["python3", "-S", "-c", server]);
    await peer.waitFor("ready");
    const client = [program, "numbers", "-", PEER, "4901"];
    // a door each, one after another
    for (const argv of [client, ["env", "-i", ...client], client]) {
      const r = await join(f, name, argv).done;
      assertEquals(r.code, 0, r.stderr);
      assertStringIncludes(r.stdout, "text: from the peer", r.stderr);
    }
    const both = [join(f, name, client), join(f, name, client)];
    for (const { done } of both) assertStringIncludes((await done).stdout, "text: from the peer");
    peer.kill();
    const heard = (await peer.done).stdout.trim().split("\n").slice(1);
    assertEquals(heard, Array(5).fill(SELF));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);

e2e("what a joined program is: its exit, environment, folder, names, network", async (f) => {
  const name = newName();
  await lab(f, name);
  const run = (script: string, options: RunOptions = {}) =>
    join(f, name, ["sh", "-c", script], options).done;
  assertEquals((await run("exit 7")).code, 7);
  assertEquals((await run("kill -TERM $$")).code, 128 + 15);
  assertEquals((await join(f, name, ["no-such-program"]).done).code, 127);
  const r = await run("pwd; echo $MINE; readlink /proc/self/ns/net; ip -o link; cat", {
    cwd: "/usr",
    env: { MINE: "yes" },
    stdin: "input\n",
  });
  const [cwd, mine, net, ...rest] = r.stdout.split("\n");
  assertEquals([cwd, mine, rest.at(-2)], ["/usr", "yes", "input"], r.stderr);
  const outside = (await f.ns.run(["readlink", "/proc/self/ns/net"])).stdout.trim();
  assert(net !== outside, "it is in nuse's own network namespace");
  // A signal to the nuse that has started it reaches the program.
  const script = "trap 'echo got; exit 3' USR1; echo up; while :; do sleep 0.1; done";
  const trap = join(f, name, ["sh", "-c", script]);
  await trap.waitFor("up");
  Deno.kill(await parentOf(await descendant(trap.pid, `sh -c ${script}`)), "SIGUSR1");
  const trapped = await trap.done;
  assertEquals([trapped.code, trapped.stdout], [3, "up\ngot\n"]);
}, ["RAW"]);

e2e("what cannot be joined is said in a line", async (f) => {
  const name = newName();
  const first = await lab(f, name);
  const line = async (argv: string[]) => {
    const { code, stdout, stderr } = await f.ns.run([NUSE, ...argv]);
    assertEquals([code, stdout, stderr.trim().split("\n").length], [2, "", 1], stderr);
    return stderr;
  };
  assertStringIncludes(await line(["--join", newName(), "true"]), "no nuse of yours is called");
  assertStringIncludes(await line(["--join", "1", "true"]), "not of a nuse that can be joined");
  assertStringIncludes(await line(["--join", name, "--dev", "x=1", "true"]), "leave out --dev");
  const { pid } = (await list(f, name))!;
  const taken = await f.nuse(["--name", name, "true"]).done;
  assertEquals(taken.code, 2);
  assertStringIncludes(taken.stderr, `nuse: the name ${name} is in use by nuse ${pid} (`);
  // In there it is its own network already.
  const inside = await join(f, name, [NUSE, "--join", name, "true"]).done;
  assertStringIncludes(inside.stderr, "this is its network already", inside.stdout);
  const elsewhere = await f.ns.run(["unshare", "-Ur", NUSE, "--join", name, "true"]);
  const refused = `nuse: cannot enter the network of ${name}: EPERM (`;
  assertEquals([elsewhere.code, elsewhere.stderr.startsWith(refused)], [2, true], elsewhere.stderr);
  first.kill();
  await first.done;
  assertStringIncludes(await line(["--join", name, "true"]), "no nuse of yours is called");
}, ["RAW"]);

e2e("another user is refused, by nuse and by the socket itself", async (f) => {
  const name = newName();
  await lab(f, name);
  const { pid } = (await list(f, name))!;
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const cache = Deno.env.get("NUSE_CACHE") ?? "/var/cache/nuse";
  const show = "mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/n && touch /mnt/deno && " +
    'mount --bind "$1" /mnt/n && mount --bind "$2" /mnt/deno && cd / && shift 2 && exec "$@"';
  const root = NUSE.slice(0, NUSE.lastIndexOf("/"));
  const as = ["unshare", "-m", "sh", "-c", show, "sh", root, Deno.execPath(), ...nobody];
  const env = ["env", `NUSE_CACHE=${cache}`, `PATH=/mnt:${Deno.env.get("PATH")}`];
  const by = (whom: string) => f.ns.run([...as, ...env, "/mnt/n/nuse", "--join", whom, "true"]);
  const byPid = await by(String(pid));
  assertEquals(byPid.code, 2, byPid.stderr);
  assertStringIncludes(byPid.stderr, `nuse: process ${pid} is of another user (`);
  assertStringIncludes((await by(name)).stderr, `no nuse of yours is called ${name} (`);
  // Where the folder did not keep him out, the run itself would.
  const dir = [...Deno.readDirSync("/run/nuse")].find((e) => e.name.startsWith(`${pid}-`))!.name;
  const connect =
    "import os, socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n" +
    "os.chdir(sys.argv[1]); os.setgid(65534); os.setuid(65534)\n" +
    'try:\n s.connect(\'join\')\n s.send(b\'{"ask":"join","version":"0.1.0"}\')\n' +
    " print(s.recv(999))\nexcept OSError as e: print(e.errno)";
  await f.ns.run(["chmod", "666", `/run/nuse/${dir}/join`]);
  const raw = await f.ns.run(["python3", "-S", "-c", connect, `/run/nuse/${dir}`]);
  // Cut off; or EACCES, EPIPE, ECONNRESET.
  assertMatch(raw.stdout, /^(b''|13|32|104)\n$/, raw.stderr);
  assertEquals((await list(f, name))!.joined, 0);
}, ["RAW"]);

e2e(
  "the first program ends: its run stays for joined sockets, or with --keep for all",
  async (f) => {
    const name = newName();
    const running = await lab(f, name);
    const idle = join(f, name, ["sleep", "601"]);
    const holder = join(f, name, SERVER);
    await until("both", async () => (await list(f, name))?.sockets === 1);
    const { pid } = (await list(f, name))!;
    Deno.kill(await descendant(pid, "sleep 600"), "SIGINT");
    await until("the first program has ended", async () => await findBelow(pid, "sleep 600") === 0);
    assertEquals((await list(f, name))?.joined, 2, "a joined socket does not keep the run");
    holder.kill("SIGINT");
    await holder.done;
    const ended = await idle.done;
    assertEquals([ended.code, (await running.done).code], [128 + 1, 128 + 2], ended.stderr);
    assertStringIncludes(ended.stderr, "nuse: the nuse that it has joined has ended, and ");
  },
  ["RAW"],
);

e2e("--keep: the run stays until the last joined program has ended", async (f) => {
  const name = newName();
  const running = f.nuse(["--name", name, "--keep", "sh", "-c", "echo here; sleep 602; exit 4"]);
  await running.waitFor("here");
  const fifo = await Deno.makeTempDir();
  try {
    await f.ns.run(["mkfifo", `${fifo}/end`]);
    const joined = join(f, name, ["sh", "-c", `echo up; read line < ${fifo}/end`], {
      limitSec: 60,
    });
    await joined.waitFor("up");
    const { pid } = (await list(f, name))!;
    Deno.kill(await descendant(pid, "sleep 602"), "SIGKILL");
    await until("the first program's end", async () => {
      return await findBelow(pid, "sh -c echo here; sleep 602; exit 4") === 0;
    });
    assertEquals((await list(f, name))?.joined, 1);
    const late = await join(f, name, ["ping", "-c", "1", "-W", "5", PEER]).done;
    assertEquals(late.code, 0, late.stdout + late.stderr);
    await f.ns.run(["sh", "-c", `echo > ${fifo}/end`]);
    assertEquals([(await joined.done).code, (await running.done).code], [0, 4]);
    assertEquals(await list(f, name), null);
  } finally {
    await Deno.remove(fifo, { recursive: true });
  }
}, ["RAW"]);

e2e("nuse killed: what has joined is killed, the name is free, nothing is left", async (f) => {
  const name = newName();
  const first = await lab(f, name);
  const { pid } = (await list(f, name))!;
  const joined = join(f, name, ["sleep", "39"]);
  await until("the joined one", async () => (await list(f, name))?.joined === 1);
  const program = await descendant(joined.pid, "sleep 39");
  Deno.kill(pid, "SIGKILL");
  assertEquals((await joined.done).code, 128 + 9);
  await first.done;
  assertEquals(await commandOf(program), "");
  const stale = await f.ns.run([NUSE, "--join", name, "true"]);
  assertStringIncludes(stale.stderr, "no nuse of yours is called", stale.stdout);
  const again = await lab(f, name); // sweeps
  assertEquals(runsThat((entry) => entry.startsWith(`${pid}-`)), []);
  again.kill();
  await again.done;
  assertEquals(runsThat((entry) => entry === `name-${name}`), []);
}, ["RAW"]);

e2e("in a terminal: Ctrl-Z, fg and Ctrl-C of a joined program", async (f) => {
  const name = newName();
  await lab(f, name);
  await using terminal = await Terminal.open(f);
  await stopAndGoOn(terminal, `${NUSE} --join ${name} ping -i 0.2 ${PEER}`);
}, ["RAW"]);
