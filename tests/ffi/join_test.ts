import { assert, assertEquals } from "@std/assert";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_SEQPACKET } from "../../ffi/abi/socket.ts";
import { JoinConnection } from "../../ffi/join.ts";
import { libc } from "../../ffi/libc.ts";
import { bindUnix } from "../../ffi/socket.ts";

const ROOM = 100;

async function withListener(body: (path: string, fd: number) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const fd = libc().socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  try {
    assertEquals(bindUnix(fd, `${dir}/socket`), 0);
    assertEquals(libc().listen(fd, 4), 0);
    await body(`${dir}/socket`, fd);
  } finally {
    libc().close(fd);
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("messages and a descriptor; who listens; its end", async () => {
  await withListener(async (path, listener) => {
    const connection = JoinConnection.connect(path, ROOM);
    assert(typeof connection !== "number");
    const other = libc().accept4(listener, SOCK_CLOEXEC);
    const peer = connection.peer();
    assert(typeof peer !== "number");
    assertEquals([peer.pid, peer.uid], [Deno.pid, Deno.uid()]);
    assertEquals(connection.receive(0), null);

    const bytes = new Uint8Array([1, 2, 3]);
    const base = Deno.UnsafePointer.of(bytes) as Deno.PointerObject;
    const readable = connection.readable();
    const passed = libc().eventfd();
    assertEquals(libc().sendFd(other, base, 0, 3, passed), 3);
    await readable;
    const first = connection.receive(1000)!;
    assertEquals(first.bytes, bytes);
    assert(first.fd >= 0 && first.fd !== passed);
    assertEquals(libc().sendFd(other, base, 0, 2, -1), 2);
    assertEquals(connection.receive(1000), { bytes: bytes.subarray(0, 2), fd: -1 });

    assertEquals(connection.send(new Uint8Array([7])), 0);
    libc().close(other);
    await connection.readable();
    assertEquals(connection.receive(0), null);
    assert(connection.send(bytes) < 0);
    for (const fd of [first.fd, passed]) libc().close(fd);
    connection.close();
  });
});

Deno.test("nobody there: an error number", () => {
  assertEquals(JoinConnection.connect("/nonexistent/socket", ROOM), -2);
});
