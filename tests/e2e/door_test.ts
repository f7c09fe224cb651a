/**
 * The second door: what no shim reaches goes through the stack all the same, and not past it.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { compileBehind, compileOnce } from "../io/app/door/behind.ts";
import { e2eWith, type Fixture, PEER, SELF } from "./fixture.ts";

const e2e = e2eWith("cc", "python3", "nc");

const PORT = 4901;
/** Nobody has it. */
const NOBODY = "198.18.0.77";

/** Answers each connection and says whose it was. */
const SERVER = `
import socket
listener = socket.create_server(("${PEER}", ${PORT}))
print("ready", flush=True)
while True:
    connection, peer = listener.accept()
    text = connection.recv(99)
    print(peer[0], text.decode(), flush=True)
    connection.sendall(b"from the peer")
    connection.close()
`;

async function withServer(
  f: Fixture,
  use: (program: string, heard: () => Promise<string[]>) => Promise<void>,
  script = SERVER,
): Promise<void> {
  const program = await compileOnce();
  // TAP: the peer's address comes with nuse
  if (f.vif === "TAP") await f.b.run(["sysctl", "-q", "net.ipv4.ip_nonlocal_bind=1"]);
  const server = f.peer(["python3", "-S", "-c", script]);
  await server.waitFor("ready");
  await use(program, async () => {
    server.kill();
    return (await server.done).stdout.trim().split("\n").slice(1);
  });
}

const TALK = "write: 16\nread: 13\ntext: from the peer\n";

e2e("a static program is a client from nuse's own address, however it is started", async (f) => {
  await withServer(f, async (program, heard) => {
    const client = [program, "numbers", "-", PEER, String(PORT)];
    const text = `connect: 0\n${TALK}end\n`;
    const ways = [client, ["sh", "-c", client.join(" ")], ["env", "-i", ...client]];
    for (const argv of ways) {
      const r = await f.nuse(argv).done;
      assertEquals([r.code, r.stdout], [0, text], r.stderr);
    }
    assertEquals(await heard(), ways.map(() => `${SELF} from the program`));
  });
});

e2e("a dynamic program without its environment goes through the stack", async (f) => {
  const r = await f.nuse(["env", "-i", "/bin/sh", "-c", `nc -v -w 2 ${PEER} 4999`]).done;
  assertStringIncludes(r.stderr, "refused");
});

e2e("a static server, reached from the peer", async (f) => {
  await withServer(f, async (program) => {
    const server = f.nuse([program, "server", "-", "0.0.0.0", String(PORT)]);
    assertStringIncludes((await server.done).stdout, "text: from the child\n");
  });
});

e2e("a connect() that nobody answers: not writable, and ended by a signal", async (f) => {
  await withServer(f, async (program) => {
    const r = await f.nuse([program, "unanswered", "-", NOBODY, "9"]).done;
    assertEquals(r.stdout.split("\n").slice(0, 5), [
      "connect: EINPROGRESS",
      "poll: 0",
      "again: EALREADY",
      "interrupted: EINTR",
      "and again: EHOSTUNREACH",
    ], r.stderr);
  });
}, ["RAW"]);

/** Says what is urgent of what comes, and answers likewise. */
const URGENT_SERVER = `
import select, socket
listener = socket.create_server(("${PEER}", ${PORT}))
print("ready", flush=True)
connection = listener.accept()[0]
select.select([], [], [connection], 10)
print("urgent", connection.recv(1, socket.MSG_OOB).decode(), flush=True)
text = b""
while len(text) < 6:
    text += connection.recv(99)
print(text.decode(), flush=True)
connection.send(b"xyz?", socket.MSG_OOB)
connection.recv(1)
`;

e2e("urgent data of a static program, both ways", async (f) => {
  await withServer(f, async (program, heard) => {
    const r = await f.nuse([program, "urgent", "-", PEER, String(PORT)]).done;
    assertStringIncludes(r.stdout, "text: xyz\nmark: 1\nurgent: 1\nbyte: ?\n", r.stderr);
    assertEquals(await heard(), ["urgent !", "abcdef"]);
  }, URGENT_SERVER);
});

e2e("setuid and other programs that the shim is in are none the slower or poorer", async (f) => {
  const r = await f.nuse(["sh", "-c", `ping -c 1 ${PEER}; nc -v -w 2 ${PEER} 4999`]).done;
  assertStringIncludes(r.stdout, "1 received");
  assertStringIncludes(r.stderr, "refused");
});

e2eWith("cc", "python3", "busybox")("busybox: ping, and a client of its own", async (f) => {
  await withServer(f, async (_, heard) => {
    const commands = `busybox ping -c 1 ${PEER}; echo hello | busybox nc ${PEER} ${PORT}`;
    const r = await f.nuse(["busybox", "sh", "-c", commands]).done;
    assertStringIncludes(r.stdout, "1 packets received", r.stderr);
    assertStringIncludes(r.stdout, "from the peer", r.stderr);
    assertEquals(await heard(), [`${SELF} hello`]);
  });
});

/** musl has none of its own of <linux/…>. */
const KERNEL_HEADERS = ["", `/${Deno.build.arch}-linux-gnu`]
  .flatMap((folder) => ["-idirafter", `/usr/include${folder}`]);

e2eWith("cc", "python3", "musl-gcc")("a musl program, by itself and by a shell", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const program = await compileBehind(dir, [
      "musl-gcc",
      "-Dstrerrorname_np=strerror",
      ...KERNEL_HEADERS,
    ]);
    const ping = [program, "ping", "-", PEER, "1"];
    for (const argv of [ping, ["sh", "-c", ping.join(" ")]]) {
      const r = await f.nuse(argv).done;
      assertStringIncludes(r.stdout, `reply: 36 from ${PEER}`, r.stderr);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

e2e("datagrams leave from nuse's own address", async (f) => {
  await withServer(f, async (program) => {
    const echo = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); " +
      `s.bind(('${PEER}', 4903)); print('ready', flush=True); text, peer = s.recvfrom(99); ` +
      "print(peer[0], len(text), flush=True)";
    const peer = f.peer(["python3", "-S", "-c", echo]);
    await peer.waitFor("ready");
    const r = await f.nuse([program, "datagram", "-", PEER, "4903"]).done;
    assertStringIncludes(r.stdout, "sendto: 5", r.stderr);
    assertEquals((await peer.done).stdout, `ready\n${SELF} 5\n`);
  });
});
