/**
 * What goes past the C library's calls has no network: not the host's, not by mistake.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { NUSE_DOOR_MARK } from "../../ffi/shim/protocol.ts";
import { e2eWith, NUSE, PEER, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("nc", "python3"));

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
  const lo = await f.nuse(bare(["cat /proc/self/net/dev"])).done;
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
