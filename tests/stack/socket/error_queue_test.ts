import { assertEquals } from "@std/assert";
import { BuddyMemory } from "../../../stack/mod.ts";
import { ErrorQueue } from "../../../stack/socket/error_queue.ts";
import { bytesOf, ip, PEER_ADDR } from "../net_fixture.ts";

const ERROR = {
  type: 3,
  code: 1,
  errno: 113,
  isHard: false,
  gateway: null,
  mtu: 0,
  pointer: 0,
  from: PEER_ADDR,
  protocol: 17,
  local: ip("198.18.0.2"),
  zone: 0,
  remote: ip("203.0.113.1"),
  quotedOff: 100,
  quotedLen: 36,
};

Deno.test("an ICMP error with what it quotes of the program's data", () => {
  const memory = new BuddyMemory(new ArrayBuffer(4096));
  memory.u8.set(bytesOf(36), 100);
  const queue = new ErrorQueue(4);
  assertEquals(queue.pushIcmp(memory, ERROR, 7, 108), true);
  memory.u8.fill(0);
  assertEquals(queue.take(), {
    errno: 113,
    origin: 2,
    type: 3,
    code: 1,
    info: 0,
    offender: { addr: PEER_ADDR, port: 0 },
    destination: { addr: ERROR.remote, port: 7 },
    payload: bytesOf(36).slice(8),
  });
  assertEquals(queue.take(), null);
});

Deno.test("a local error, a quote without data, a bound, a purge", () => {
  const memory = new BuddyMemory(new ArrayBuffer(4096));
  const queue = new ErrorQueue(3);
  queue.pushTooBig(PEER_ADDR, 9, 1400);
  queue.pushIcmp(memory, ERROR, 7, 900);
  queue.pushTooBig(PEER_ADDR, 9, 1300);
  assertEquals(queue.pushTooBig(PEER_ADDR, 9, 1200), false);
  const first = queue.take();
  assertEquals([first?.errno, first?.origin, first?.info, first?.offender], [90, 1, 1400, null]);
  assertEquals(queue.take()?.payload.length, 0);
  queue.clear();
  assertEquals([queue.take(), queue.length], [null, 0]);
});
