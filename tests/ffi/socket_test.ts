/** @module */
import { assert, assertEquals } from "@std/assert";
import {
  AF_UNIX,
  SO_ERROR,
  SO_RCVBUF,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../ffi/abi/socket.ts";
import { ENAMETOOLONG, errnoNumber } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import {
  bindUnix,
  connectUnix,
  type Credentials,
  getIntOption,
  peerCredentials,
  setIntOption,
  socketCookie,
  socketPair,
} from "../../ffi/socket.ts";

const sys = libc();

Deno.test("socket: options, cookie and credentials of a pair", () => {
  const [a, b] = socketPair(SOCK_STREAM | SOCK_CLOEXEC) as [number, number];
  try {
    assertEquals(setIntOption(a, SOL_SOCKET, SO_RCVBUF, 50000), 0);
    assertEquals(getIntOption(a, SOL_SOCKET, SO_RCVBUF), 100000);
    assertEquals(getIntOption(a, SOL_SOCKET, SO_ERROR), 0);
    assertEquals(getIntOption(-1, SOL_SOCKET, SO_ERROR), -errnoNumber("EBADF"));
    assert(socketCookie(a) !== socketCookie(b));
    assertEquals(socketCookie(a), socketCookie(a));
    const peer = peerCredentials(b) as Credentials;
    assertEquals([peer.pid, peer.uid], [Deno.pid, Deno.uid() ?? -1]);
  } finally {
    sys.close(a);
    sys.close(b);
  }
});

Deno.test("socket: a listener on a path", async () => {
  const dir = await Deno.makeTempDir({ prefix: "nuse-unix-" });
  const open = () => sys.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
  const [listener, client] = [open(), open()];
  try {
    assertEquals(bindUnix(listener, `${dir}/sock`), 0);
    assertEquals(sys.listen(listener, 8), 0);
    assertEquals(connectUnix(client, `${dir}/none`), -errnoNumber("ENOENT"));
    assertEquals(connectUnix(client, `${dir}/sock`), 0);
    const accepted = sys.accept4(listener, SOCK_CLOEXEC);
    assert(accepted >= 0);
    assertEquals((peerCredentials(accepted) as Credentials).pid, Deno.pid);
    sys.close(accepted);
    assertEquals(bindUnix(listener, `${dir}/${"x".repeat(120)}`), -ENAMETOOLONG);
  } finally {
    sys.close(listener);
    sys.close(client);
    await Deno.remove(dir, { recursive: true });
  }
});
