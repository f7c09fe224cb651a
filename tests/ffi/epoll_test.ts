/** @module */
import { assert, assertEquals } from "@std/assert";
import { EPOLL_EVENT, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT } from "../../ffi/abi/epoll.ts";
import { CLOCK_MONOTONIC } from "../../ffi/abi/file.ts";
import { SOCK_STREAM } from "../../ffi/abi/socket.ts";
import { Arena } from "../../ffi/arena.ts";
import { Epoll } from "../../ffi/epoll.ts";
import { libc } from "../../ffi/libc.ts";
import { socketPair } from "../../ffi/socket.ts";

const sys = libc();
const arena = Arena.map(1 << 16);
const CAPACITY = 8;

function withPair(use: (epoll: Epoll, a: number, b: number) => void): void {
  const epoll = new Epoll(arena, 1024, CAPACITY);
  const [a, b] = socketPair(SOCK_STREAM) as [number, number];
  try {
    use(epoll, a, b);
  } finally {
    sys.close(a);
    sys.close(b);
    epoll.close();
  }
}

Deno.test("Epoll: events carry token and generation, negative ones too", () => {
  withPair((epoll, a, b) => {
    arena.u8.fill(0xa5, 1024, 1024 + CAPACITY * EPOLL_EVENT.LEN);
    assertEquals(epoll.add(a, EPOLLIN, 7, -3), 0);
    assertEquals(epoll.add(b, EPOLLIN | EPOLLOUT, 0x7fffffff, 2), 0);
    assertEquals(epoll.wait(0), 1);
    assertEquals([epoll.token(0), epoll.generation(0), epoll.events(0)], [0x7fffffff, 2, EPOLLOUT]);
    sys.send(b, arena.base, 0, 1, 0, 0, 0);
    assertEquals(epoll.modify(b, 0, 1, 1), 0);
    assertEquals(epoll.wait(Infinity), 1);
    assertEquals([epoll.token(0), epoll.generation(0), epoll.events(0)], [7, -3, EPOLLIN]);
    assertEquals(epoll.remove(a), 0);
    assertEquals(epoll.wait(0), 0);
  });
});

Deno.test("Epoll: edge trigger reports once", () => {
  withPair((epoll, a, b) => {
    assertEquals(epoll.add(a, EPOLLIN | EPOLLET, 1, 0), 0);
    sys.send(b, arena.base, 0, 1, 0, 0, 0);
    assertEquals([epoll.wait(0), epoll.wait(0)], [1, 0]);
    sys.shutdown(b, 2);
    assertEquals(epoll.wait(0), 1);
    assert((epoll.events(0) & EPOLLHUP) !== 0);
  });
});

Deno.test("Epoll: keeps deadlines below a millisecond, does not wait for past ones", () => {
  withPair((epoll) => {
    sys.timerSlack(1000);
    const late: number[] = [];
    for (let i = 0; i < 9; i++) {
      const startUs = sys.clockUs(CLOCK_MONOTONIC);
      assertEquals(epoll.wait(startUs + 300), 0);
      late.push(sys.clockUs(CLOCK_MONOTONIC) - startUs - 300);
    }
    late.sort((x, y) => x - y);
    assert(late[0] >= -1, `woke ${-late[0]} µs early`);
    assert(late[0] < 600, `at best ${late[0]} µs late`);
    const startUs = sys.clockUs(CLOCK_MONOTONIC);
    assertEquals(epoll.wait(startUs - 5), 0);
    assert(sys.clockUs(CLOCK_MONOTONIC) - startUs < 5000);
  });
});
