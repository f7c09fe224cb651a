import { assertEquals } from "@std/assert";
import { BuddyMemory } from "../../../stack/mod.ts";
import { ReceiveQueue } from "../../../stack/socket/receive_queue.ts";
import type { SocketEnv } from "../../../stack/socket/socket_env.ts";
import { Packet } from "../../../stack/base/packet.ts";

function setUp(limit = 1000) {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 20));
  const env = { memory, clock: { offsetUs: 0 } } as unknown as SocketEnv;
  const queue = new ReceiveQueue(env, limit);
  const data = memory.alloc(1024);
  const errnoAt = (i: number) => memory.dv.getInt32(queue.records.peek(i) + 12, true);
  const push = (len: number) => queue.push(new Packet(), data, len, 7);
  return { queue, errnoAt, push };
}

Deno.test("an error is among the records, and told when its record is taken", () => {
  const { queue, errnoAt, push } = setUp();
  push(10);
  queue.fail(111);
  push(10);
  assertEquals([queue.records.count, queue.error, errnoAt(1)], [3, 111, 111]);
  queue.consume(1);
  assertEquals(queue.error, 111);
  queue.consume(1);
  assertEquals([queue.error, queue.records.count], [0, 1]);
});

Deno.test("told by another call: the record goes", () => {
  const { queue, push } = setUp();
  push(10);
  queue.fail(111);
  push(20);
  assertEquals(queue.takeErrorAndRecord(), 111);
  assertEquals([queue.records.count, queue.error, queue.takeErrorAndRecord()], [2, 0, 0]);
});

Deno.test("taken by the owner: the record stays and travels", () => {
  const { queue, errnoAt } = setUp();
  queue.fail(113);
  assertEquals([queue.takeError(), queue.error], [113, 0]);
  assertEquals([queue.records.count, errnoAt(0)], [1, 113]);
});

Deno.test("of several errors the latest, in one record", () => {
  const { queue, errnoAt } = setUp();
  queue.fail(113);
  queue.fail(111);
  assertEquals([queue.records.count, errnoAt(0), queue.error], [1, 111, 111]);
  queue.consume(9);
  queue.fail(113);
  assertEquals([queue.records.count, queue.error], [1, 113]);
});

Deno.test("a full queue takes no datagram, but the error is pending all the same", () => {
  const { queue, push } = setUp(15);
  assertEquals([push(10), push(10), push(10)], [true, true, false]);
  queue.fail(111);
  assertEquals([queue.error, queue.records.count], [111, 2]);
  assertEquals(queue.takeErrorAndRecord(), 111);
  assertEquals(queue.records.count, 2);
});

Deno.test("each datagram says how many there was no room for before it", () => {
  const { queue, errnoAt, push } = setUp(300);
  const taken = [100, 100, 100, 100].map((len) => push(len));
  assertEquals(taken.includes(false), true);
  const dropped = taken.filter((isTaken) => !isTaken).length;
  queue.consume(9);
  assertEquals([push(100), errnoAt(0), queue.drops], [true, dropped, dropped]);
});
