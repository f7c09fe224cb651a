/**
 * What goes past the C library's calls has no network: not the host's, not by mistake.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { NUSE_DOOR_MARK } from "../../ffi/shim/protocol.ts";
import { e2eWith, type Fixture, NUSE, PEER, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("nc", "python3"));
const NAME_SERVER = new URL("./name_server.ts", import.meta.url).pathname;

/** `./nuse … argv` with an environment that the shim does not survive. */
const bare = (argv: string[]) => ["env", "-i", "/bin/sh", "-c", argv.join(" ")];

/** Past both doors: the calls, by number, have the shim's own mark. */
const PAST_BOTH = `
import ctypes, os, socket, struct
call = ctypes.CDLL(None, use_errno=True).syscall
number = {"x86_64": (41, 42), "aarch64": (198, 203)}[os.uname().machine]
word = ctypes.c_long
mark = word(${NUSE_DOOR_MARK})
peer = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(4999), socket.inet_aton("${PEER}"))
fd = call(word(number[0]), word(2), word(1), word(0), word(0), word(0), mark)
call(word(number[1]), word(fd), peer, word(16), word(0), word(0), mark)
print(fd, os.strerror(ctypes.get_errno()))
`;

e2e("past both doors: no way to the peer, and the kernel's namespace is empty", async (f) => {
  const r = await f.nuse(["env", "-i", "python3", "-S", "-c", PAST_BOTH]).done;
  assertEquals(r.stdout, "3 Network is unreachable\n", r.stderr);
  const lo = await f.nuse(bare(["cat /proc/net/dev"])).done;
  assertEquals(lo.stdout.match(/^ *(\S+):/gm), ["    lo:"], lo.stdout);
  const within = await f.nuse(bare(["nc -z -w 2 127.0.0.1 9 || echo refused"])).done;
  assertStringIncludes(within.stdout, "refused");
});

e2e("--host-network: what the shim misses has the host's", async (f) => {
  await f.b.ip("addr add 198.18.3.1/32 dev lo"); // the peer's, in any case
  const target = f.vif === "TAP" ? "198.18.3.1" : "127.0.0.1";
  const r = await f.ns.run(
    [NUSE, "--host-network", ...bare([`nc -v -w 2 ${target} 4999; readlink /proc/self/ns/net`])],
    { env: f.env },
  );
  assertStringIncludes(r.stderr, "refused");
  const host = (await f.ns.run(["readlink", "/proc/self/ns/net"])).stdout;
  assertEquals(r.stdout, host);
});

/** Runs nuse where /etc/resolv.conf names 127.0.0.1. */
async function withResolver(f: Fixture, argv: string[]) {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "nameserver 127.0.0.1\noptions timeout:3 attempts:2\n");
  const script = `mount --bind ${file} /etc/resolv.conf && exec "$@"`;
  try {
    return await f.ns.run(["unshare", "-m", "sh", "-c", script, "sh", ...f.command, ...argv]);
  } finally {
    await Deno.remove(file);
  }
}

e2e("names: the resolver's questions reach the host's name server, over UDP and TCP", async (f) => {
  const server = f.ns.start([Deno.execPath(), "run", "-A", "--unstable-net", NAME_SERVER]);
  await server.waitFor("ready");
  const lookup = (name: string) => `getent ahostsv4 ${name} | head -n 1`;
  const both = `${lookup("small.test")}; ${lookup("large.test")}`;
  const r = await withResolver(f, ["sh", "-c", both]);
  const addresses = r.stdout.trim().split("\n").map((line) => line.split(/\s+/)[0]);
  assertEquals(addresses, ["198.18.9.1", "198.18.9.2"], r.stdout + r.stderr);
  server.kill();
  await server.done;
});

e2e("AI_ADDRCONFIG finds IPv4 there, with and without the shim", async (f) => {
  const ask = "import socket as s; print(s.getaddrinfo('192.0.2.9', 80, s.AF_INET, 1, 0, " +
    "s.AI_ADDRCONFIG)[0][4][0])";
  const r = await f.nuse(["sh", "-c", `python3 -c "${ask}"; env -i python3 -c "${ask}"`]).done;
  assertEquals(r.stdout, "192.0.2.9\n192.0.2.9\n", r.stderr);
});

e2e("what is found by path is there as before", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const listening = f.ns.start(["nc", "-lU", `${dir}/socket`]);
    const script = `until [ -S ${dir}/socket ]; do :; done; echo hello | nc -NU ${dir}/socket`;
    const r = await f.nuse(["sh", "-c", script]).done;
    assertEquals(r.code, 0, r.stderr);
    assertEquals((await listening.done).stdout, "hello\n");
    assert(!r.stderr.includes("nuse:"), r.stderr);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);
