/** @module */
import { assert, assertEquals } from "@std/assert";
import { EPOLL_CTL_ADD, EPOLL_EVENT } from "../../ffi/abi/epoll.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "../../ffi/abi/file.ts";
import {
  FIONREAD,
  MSG_DONTWAIT,
  MSG_PEEK,
  POLLIN,
  POLLOUT,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../../ffi/abi/socket.ts";
import { IOVEC } from "../../ffi/message.ts";
import { Arena } from "../../ffi/arena.ts";
import { EAGAIN, ENOENT } from "../../ffi/errno.ts";
import { cString, libc } from "../../ffi/libc.ts";
import { socketPair } from "../../ffi/socket.ts";

const sys = libc();
const arena = Arena.map(1 << 16);
const EBADF = 9;
const EPIPE = 32;

function withPair(type: number, use: (a: number, b: number) => void): void {
  const [a, b] = socketPair(type) as [number, number];
  try {
    use(a, b);
  } finally {
    sys.close(a);
    sys.close(b);
  }
}

Deno.test("libc: errors come back as -errno", () => {
  assertEquals(sys.close(-1), -EBADF);
  assertEquals(sys.recv(-1, arena.base, 0, 1, 0, 0, 0), -EBADF);
  assertEquals(sys.open(cString("/nonexistent/file"), 0, 0), -ENOENT);
  assertEquals(sys.ioctlInt(-1, FIONREAD), -EBADF);
});

Deno.test("libc: recv and send, one piece and two, never block, never signal", () => {
  withPair(SOCK_STREAM, (a, b) => {
    arena.u8.set([1, 2, 3, 4, 5], 0);
    assertEquals(sys.recv(b, arena.base, 100, 4, 0, 0, MSG_DONTWAIT), -EAGAIN);
    assertEquals(sys.send(a, arena.base, 0, 5, 0, 0, 0), 5);
    assertEquals(sys.ioctlInt(b, FIONREAD), 5);
    assertEquals(sys.recv(b, arena.base, 100, 2, 0, 0, MSG_PEEK), 2);
    assertEquals(sys.recv(b, arena.base, 100, 2, 200, 8, 0), 5);
    assertEquals([...arena.u8.subarray(100, 102), ...arena.u8.subarray(200, 203)], [1, 2, 3, 4, 5]);
    let sent = 0;
    while (sent >= 0) sent = sys.send(a, arena.base, 0, 32768, 0, 32768, 0);
    assertEquals(sent, -EAGAIN);
    sys.shutdown(b, 2);
    assertEquals(sys.send(a, arena.base, 0, 1, 0, 0, 0), -EPIPE);
  });
});

Deno.test("libc: read, writev and poll", () => {
  withPair(SOCK_STREAM | SOCK_NONBLOCK, (a, b) => {
    assertEquals(sys.poll(b, POLLIN, 0), 0);
    arena.u8.set([9, 8], 0);
    for (const [k, off] of [0, 1].entries()) {
      arena.setAddress(512 + k * IOVEC.LEN, off);
      arena.dv.setBigUint64(512 + k * IOVEC.LEN + IOVEC.BYTES, 1n, true);
    }
    assertEquals(sys.writev(a, arena.base, 512, 2), 2);
    assertEquals(sys.poll(b, POLLIN | POLLOUT, 1000), POLLIN | POLLOUT);
    assertEquals(sys.read(b, arena.base, 600, 8), 2);
    assertEquals([...arena.u8.subarray(600, 602)], [9, 8]);
    assertEquals(sys.poll(-1, 0, 1), 0);
  });
});

Deno.test("libc: a message carries a descriptor, or none", () => {
  withPair(SOCK_SEQPACKET, (a, b) => {
    withPair(SOCK_STREAM, (c, d) => {
      arena.u8.set([1, 2, 3], 0);
      assertEquals(sys.sendFd(a, arena.base, 0, 3, c), 3);
      assertEquals(sys.sendFd(a, arena.base, 0, 2, -1), 2);
      assertEquals(sys.recvFd(b, arena.base, 100, 64, 96, 0), 3);
      const passed = arena.dv.getInt32(96, true);
      assert(passed > d);
      assertEquals(sys.send(passed, arena.base, 0, 1, 0, 0, 0), 1);
      assertEquals(sys.recv(d, arena.base, 200, 8, 0, 0, MSG_DONTWAIT), 1);
      sys.close(passed);
      assertEquals(sys.recvFd(b, arena.base, 100, 64, 96, 0), 2);
      assertEquals(arena.dv.getInt32(96, true), -1);
      assertEquals(sys.recvFd(b, arena.base, 100, 64, 96, MSG_DONTWAIT), -EAGAIN);
      assertEquals(arena.dv.getInt32(96, true), -1);
    });
  });
});

Deno.test("libc: clocks in microseconds", () => {
  const earlierMs = Date.now();
  const realtimeMs = sys.clockUs(CLOCK_REALTIME) / 1000;
  assert(realtimeMs >= earlierMs && realtimeMs < Date.now() + 1, `${realtimeMs}, ${earlierMs}`);
  const before = sys.clockUs(CLOCK_MONOTONIC);
  const after = sys.clockUs(CLOCK_MONOTONIC);
  assert(Number.isInteger(before) && after >= before);
});

Deno.test("libc: an event that is there ends a wait of any length", () => {
  withPair(SOCK_STREAM, (a, b) => {
    const epfd = sys.epollCreate();
    assertEquals(sys.epollCtl(epfd, EPOLL_CTL_ADD, b, POLLIN, 7, 0), 0);
    const nowUs = sys.clockUs(CLOCK_MONOTONIC);
    for (const deadlineUs of [0, nowUs, nowUs + 1]) {
      assertEquals(sys.epollWait(epfd, arena.base, 0, 1, deadlineUs), 0);
    }
    sys.send(a, arena.base, 0, 1, 0, 0, 0);
    for (const waitUs of [-1, 999_999, 60e6, 3600e6 + 1, 1e15, Infinity]) {
      arena.u8.fill(0, 0, EPOLL_EVENT.LEN);
      assertEquals(sys.epollWait(epfd, arena.base, 0, 1, nowUs + waitUs), 1, `${waitUs}`);
      assertEquals(arena.dv.getInt32(EPOLL_EVENT.DATA, true), 7);
    }
    sys.close(epfd);
  });
});
