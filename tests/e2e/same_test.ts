/**
 * What a program sees under nuse is what it sees without: the same program is run on both, and its
 * output compared.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertSame, withProgram } from "./compiled.ts";
import { e2eWith, type Fixture, PEER, until, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("cc", "python3", "nc", "ss", "sysctl"));

const SOURCES = ["probe.c"];
const LOOPBACK = "127.0.0.1";
const CLOSED_PORT = "4990";

async function isListening(f: Fixture, port: number): Promise<boolean> {
  return (await f.b.run(["ss", "-ltn"])).stdout.includes(`:${port}`);
}

e2e("what is refused: poll, SO_ERROR, read, send, connect again as the kernel's", async (f) => {
  await withProgram(SOURCES, async (probe) => {
    for (const name of ["refused", "refused_epoll", "udp_refused"]) {
      const here = [probe, name, LOOPBACK, CLOSED_PORT];
      await assertSame(f, here, ["ECONNREFUSED"], [probe, name, PEER, CLOSED_PORT]);
    }
  });
});

/** Answers each connection with what the first read of it gave. */
const ECHO_ONCE = `
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
s.bind(("", int(sys.argv[1])))
s.listen(5)
while True:
    c = s.accept()[0]
    c.send(c.recv(100))
    c.close()
`;

e2e(
  "MSG_MORE joins two sends, MSG_EOR does not; a stream works in a sandbox of read and write",
  async (f) => {
    await withProgram(SOURCES, async (probe) => {
      const server = f.peer(["python3", "-c", ECHO_ONCE, "4991"]);
      await until("a listener", () => isListening(f, 4991));
      for (
        const [name, words] of [["more", "head body"], [
          "record",
          "sent: 1 \nhead \nsent: 1 \nhead",
        ], [
          "sandbox",
          "works\nended",
        ]]
      ) {
        const here = [probe, name, LOOPBACK, "4991"];
        await assertSame(f, here, [words], [probe, name, PEER, "4991"]);
      }
      server.kill();
      await server.done;
    });
  },
);

async function netstat(f: Fixture, name: string): Promise<number> {
  const lines = (await f.b.run(["cat", "/proc/net/netstat"])).stdout.split("\n");
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const at = lines[i].split(" ").indexOf(name);
    if (at > 0) return Number(lines[i + 1].split(" ")[at]);
  }
  throw new Error(`no ${name}`);
}

e2e("MSG_FASTOPEN and TCP_FASTOPEN_CONNECT: data go with the SYN of a known server", async (f) => {
  await f.b.run(["sysctl", "-qw", "net.ipv4.tcp_fastopen=3"]);
  await withProgram(SOURCES, async (probe) => {
    const server = f.peer(["python3", "-c", ECHO_ONCE, "4992"]);
    await until("a listener", () => isListening(f, 4992));
    const native = await f.b.run([probe, "fast", LOOPBACK, "4992"]);
    const before = await netstat(f, "TCPFastOpenPassive");
    const under = await f.nuse([probe, "fast", PEER, "4992"]).done;
    assertStringIncludes(native.stdout, "third");
    assertStringIncludes(native.stdout, "fourth");
    assertEquals(under.stdout, native.stdout, under.stderr);
    assertEquals(await netstat(f, "TCPFastOpenPassive") - before, 3);
    server.kill();
    await server.done;
  });
});

/** A shell command that starts "$@" in a state of its own making. */
const STATES = [
  'exec "$@"',
  "trap '' PIPE HUP USR1; exec \"$@\"",
  'umask 027; ulimit -Sn 300; ulimit -c 0; ulimit -Ss 4096; exec "$@"',
  'exec 5</dev/null 6>/dev/null; exec "$@"',
  'cd /proc; exec nice -n 3 "$@"',
];

/** What a process has from its parent; not what is its own, or the shim's (500 or 200 on). */
const SHOW = `
grep -E "^(Umask|Groups|Uid|NoNewPrivs|SigQ|SigBlk|SigIgn|SigCgt|Cpus_allowed:)" \\
  /proc/self/status | grep -v SigQ
cat /proc/self/limits /proc/self/oom_score_adj /proc/self/coredump_filter /proc/self/timerslack_ns
tr "\\0" "\\n" </proc/$$/cmdline
readlink /proc/self/cwd
ls /proc/self/fd | grep -vE "^[25]0.$"
cut -d" " -f 7,19 /proc/self/stat
tr "\\0" "\\n" </proc/self/environ |
  grep -vE "^(LD_PRELOAD|NUSE_SOCK|NUSE_PPID|NUSE.*|nuse-.*|_)=" | sort
`;

e2e("signals, limits, descriptors, environment are what the parent gave", async (f) => {
  for (const state of STATES) {
    const show = ["bash", "-c", SHOW, "argument zero"];
    const env = { "a-dash": "1", EMPTY: "", LINES_: "a\nb" };
    const native = await f.ns.run(["sh", "-c", state, "sh", ...show], { env });
    const under = await f.ns.run(["sh", "-c", state, "sh", ...f.command, ...show], { env });
    assert(native.stdout.split("\n").length > 30, native.stdout + native.stderr);
    assertEquals(withoutInternal(under.stdout), withoutInternal(native.stdout), under.stderr);
  }
});

/** glibc uses signals 32 and 33 itself, and its posix_spawn leaves them ignored. */
function withoutInternal(status: string): string {
  return status.replace(
    /[0-9a-f]{16}/g,
    (hex) => (BigInt(`0x${hex}`) & ~(3n << 31n)).toString(16),
  );
}

e2e("SIGPIPE: ignored when the parent ignores it, deadly otherwise", async (f) => {
  const writer = "(yes; echo $? >&2) | head -n 1";
  for (const [trap, status] of [["", "141"], ["trap '' PIPE;", "1"]]) {
    const shell = ["sh", "-c", `${trap} exec "$@"`, "sh"];
    const r = await f.ns.run([...shell, ...f.command, "bash", "-c", writer]);
    assertEquals(r.stdout, "y\n");
    assertStringIncludes(r.stderr, status);
  }
});

e2e("bash writes to /dev/udp and /dev/tcp, and reads from them", async (f) => {
  const sink = f.peer(["nc", "-u", "-l", "-p", "4993", "-w", "3"]);
  await until("a socket", async () => (await f.b.run(["ss", "-lun"])).stdout.includes(":4993"));
  const r = await f.nuse(["bash", "-c", `echo hi >/dev/udp/${PEER}/4993`]).done;
  assertEquals([r.code, r.stderr], [0, ""]);
  await sink.waitFor("hi\n");
  sink.kill();
  await sink.done;
  const answer = "import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);" +
    's.bind(("",4994));d,a=s.recvfrom(99);s.sendto(b"re: "+d,a)';
  const peer = f.peer(["python3", "-c", answer]);
  await until("a socket", async () => (await f.b.run(["ss", "-lun"])).stdout.includes(":4994"));
  const script = `exec 3<>/dev/udp/${PEER}/4994; echo question >&3; dd bs=99 count=1 <&3`;
  assertEquals((await f.nuse(["bash", "-c", script]).done).stdout, "re: question\n");
  await peer.done;
});
