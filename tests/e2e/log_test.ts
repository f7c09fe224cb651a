/**
 * A program that hangs or fails, and the lines of the log that explain it.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, NUSE, PEER, SELF, until, withoutNetmap } from "./fixture.ts";
import type { Running } from "../lab/netns.ts";
import { Terminal } from "./terminal.ts";

const e2e = withoutNetmap(e2eWith("bash", "python3", "ss"));
const PORT = 4981;
const CLIENT_LIMIT_SEC = 60;

/** A line of `--log-format json`. */
interface Line {
  readonly time: number;
  readonly level: string;
  readonly category: string;
  readonly event: string;
  readonly message: string;
  readonly interface?: string;
  readonly local?: string;
  readonly remote?: string;
  readonly address?: string;
  readonly [value: string]: unknown;
}

/** Runs `body` with the path of a log that is gone afterwards. */
async function withLogFile(body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "nuse-log-" });
  try {
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Every whole line must be JSON. */
async function linesOf(path: string): Promise<Line[]> {
  const text = await Deno.readTextFile(path);
  return text.slice(0, text.lastIndexOf("\n") + 1).trim().split("\n")
    .filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** The first line of an event, waited for. */
async function told(path: string, event: string, limitSec = 10): Promise<Line> {
  let found: Line | undefined;
  await until(`${event} in the log`, async () => {
    found = (await linesOf(path)).find((line) => line.event === event);
    return found !== undefined;
  }, limitSec);
  return found!;
}

/** A server on the peer's kernel: `body` has the accepted connection as `c`. */
async function serve(f: Fixture, body: string): Promise<Running> {
  const server = f.peer([
    "python3",
    "-c",
    `import socket, struct, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
s.bind(("", ${PORT}))
s.listen()
c, _ = s.accept()
${body}`,
  ]);
  await until(
    "a listener",
    async () => (await f.b.run(["ss", "-ltn"])).stdout.includes(`:${PORT}`),
  );
  return server;
}

/** bash under nuse, with connection 3 to `to`, logging to `path`. */
function client(f: Fixture, path: string, log: string, script: string, to = PEER): Running {
  const options = ["--log", log, "--log-file", path, "--log-format", "json"];
  const command = ["bash", "-c", `exec 3<>/dev/tcp/${to}/${PORT}; ${script}`];
  return f.nuse([...options, ...command], { limitSec: CLIENT_LIMIT_SEC });
}

e2e("reset by the peer: the connection's life, its end and why", async (f) => {
  await withLogFile(async (path) => {
    const server = await serve(
      f,
      `c.recv(9)
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
c.close()`,
    );
    await client(f, path, "tcp=debug,cli=info", "echo hello >&3; cat <&3").done;
    await server.done;
    const lines = await linesOf(path);
    const tcp = lines.filter(({ category }) => category === "tcp");
    const events = tcp.map(({ event }) => event);
    for (const event of ["tcp.connect", "tcp.established", "tcp.state", "tcp.closed"]) {
      assert(events.includes(event), `${event} is not among ${events}`);
    }
    const failed = tcp.find(({ event }) => event === "tcp.failed")!;
    assertEquals([failed.errno, failed.cause], ["ECONNRESET", "the peer has reset it"]);
    assertEquals(failed.remote, `${PEER}:${PORT}`);
    assert(failed.local!.startsWith(`${SELF}:`) && failed.interface !== undefined);
    const cli = lines.filter(({ category }) => category === "cli").map(({ event }) => event);
    assertEquals(cli, ["cli.began", "cli.started", "cli.ended"], "the last line is not lost");
    assert(tcp.every((line, i) => i === 0 || line.time >= tcp[i - 1].time), "time goes back");
  });
});

e2e("the peer's program does not read: its window is closed, and probed", async (f) => {
  await withLogFile(async (path) => {
    const server = await serve(f, "time.sleep(600)");
    const run = client(f, path, "info", "head -c 3000000 /dev/zero >&3");
    const persist = await told(path, "tcp.persist");
    assert(persist.unsentBytes as number > 0 && persist.remote === `${PEER}:${PORT}`);
    assertEquals((await told(path, "tcp.window-probe")).attempt, 1);
    run.kill();
    server.kill();
    await Promise.all([run.done, server.done]);
  });
});

e2e("the peer falls silent: timeouts, each with what waits and how long", async (f) => {
  await withLogFile(async (path) => {
    const server = await serve(f, "time.sleep(600)");
    const script = "trap 'echo hello >&3' HUP; while :; do sleep 0.1; done";
    const run = client(f, path, "info,tcp=debug", script);
    await told(path, "tcp.established");
    await f.b.ip(`addr del ${PEER}/24 dev ${f.vif === "RAW" ? "vb" : "nuse-tap"}`);
    run.kill("SIGHUP"); // says hello; before the trap is set it ends bash: then the FIN waits
    // Where the handshake was slow, on a busy machine, the timeout is three times that
    const timeout = await told(path, "tcp.timeout", 40);
    assertEquals(timeout.attempt, 1);
    assert(timeout.unackedBytes as number > 0 && timeout.rtoUs as number > 0);
    assertMatch(timeout.message, /^no answer for .*: timeout 1; sent in vain: .*; next in /);
    run.kill();
    server.kill();
    await Promise.all([run.done, server.done]);
  });
});

e2eWith("tmux", "python3", "ss")(
  "Ctrl-C, twice: whom it reached, who did not wait, and the last line of all",
  async (f) => {
    await withLogFile(async (path) => {
      const server = await serve(f, "time.sleep(600)");
      const env = Object.entries(f.env).map(([name, value]) => `${name}=${value}`).join(" ");
      const options = `--log debug --log-file ${path} --log-format json`;
      const script = `exec 3<>/dev/tcp/${PEER}/${PORT}; head -c 3000000 /dev/zero >&3`;
      await using terminal = await Terminal.open(f);
      await terminal.type(`env ${env} ${NUSE} ${options} bash -c '${script}'`, "Enter");
      await told(path, "tcp.persist"); // the server does not read: something stays undelivered
      await terminal.type("C-c");
      assertEquals((await told(path, "cli.signal")).phase, "running");
      await told(path, "cli.ended");
      await terminal.type("C-c");
      await told(path, "cli.impatient");
      const cli = (await linesOf(path)).filter(({ category }) => category === "cli");
      const signals = cli.filter(({ event }) => event === "cli.signal");
      assertEquals(signals.map(({ phase }) => phase), ["running", "draining"]);
      assertEquals(cli.at(-1)!.event, "cli.impatient");
      server.kill();
      await server.done;
    });
  },
  ["RAW"],
);

e2e("nobody has the address: the questions of ARP, and what the program gets", async (f) => {
  await withLogFile(async (path) => {
    const nobody = "198.18.0.77";
    await client(f, path, "arp=debug,tcp=info", "true", nobody).done;
    const lines = await linesOf(path);
    const asked = lines.filter(({ event }) => event === "arp.ask");
    assertEquals(asked.slice(0, 3).map(({ attempt }) => attempt), [1, 2, 3]);
    const failed = lines.find(({ event }) => event === "arp.failed")!;
    assertEquals([failed.address, failed.level], [nobody, "warning"]);
    const tcp = lines.find(({ event }) => event === "tcp.failed")!;
    assertEquals([tcp.errno, tcp.remote], ["EHOSTUNREACH", `${nobody}:${PORT}`]);
  });
});

e2e("text on standard error; a mistake in one line with the nearest name", async (f) => {
  const r = await f.nuse(["--log", "cli=info", "true"]).done;
  assertEquals(r.code, 0, r.stderr);
  assertMatch(r.stderr, /^ +\d+\.\d{6} info +cli +nuse \d.*\n.*is process \d+\n.*has ended: /);
  const wrong = await f.nuse(["true"], { env: { NUSE_LOG: "tpc=debug" } }).done;
  assertEquals(wrong.code, 2);
  assertEquals(wrong.stderr.trimEnd().split("\n").length, 1);
  assertStringIncludes(
    wrong.stderr,
    'NUSE_LOG: "tpc" is no category of the log (did you mean tcp?',
  );
}, ["RAW"]);

e2e("the reader of the log goes away: the program does not notice", async (f) => {
  const env = Object.entries(f.env).map(([name, value]) => `${name}=${value}`);
  const script = '{ "$@" 2>&3 3>&-; } 3> >(head -n 1 >/dev/null); echo "status $?"';
  const argv = ["env", ...env, NUSE, "--log", "trace", "sleep", "0.5"];
  const r = await f.ns.start(["bash", "-c", script, "bash", ...argv]).done;
  assertStringIncludes(r.stdout, "status 0");
}, ["RAW"]);
