/** @module */
import { assertEquals, assertThrows } from "@std/assert";
import { Arena, ARENA_LEN } from "../../ffi/arena.ts";
import { SysError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { socketPair } from "../../ffi/socket.ts";
import { MSG_DONTWAIT, SOCK_DGRAM } from "../../ffi/abi/socket.ts";
import { MessageTable, messageTableLen } from "../../ffi/message.ts";

Deno.test("Arena: the kernel and JavaScript see the same bytes, up to the last", () => {
  const arena = Arena.map();
  assertEquals(arena.buffer.byteLength, ARENA_LEN);
  const [a, b] = socketPair(SOCK_DGRAM) as [number, number];
  const last = ARENA_LEN - 4;
  arena.u8.set([1, 2, 3, 4, 5, 6], 100);
  assertEquals(libc().send(a, arena.base, 100, 2, 102, 4, 0), 6);
  assertEquals(libc().recv(b, arena.base, last, 4, 200, 64, MSG_DONTWAIT), 6);
  assertEquals([...arena.u8.subarray(last)], [1, 2, 3, 4]);
  assertEquals([...arena.u8.subarray(200, 202)], [5, 6]);
  libc().close(a);
  libc().close(b);
});

Deno.test("Arena: addresses written by setAddress are right over the whole map", () => {
  const arena = Arena.map();
  const [a, b] = socketPair(SOCK_DGRAM) as [number, number];
  const far = ARENA_LEN - 8;
  arena.u8.fill(0xa5, 0, messageTableLen(2, 2));
  const table = new MessageTable(arena, 0, 2, 2);
  arena.u8.set([7, 8, 9], far);
  table.setIovec(0, 0, far, 2);
  table.setIovec(0, 1, far + 2, 1);
  table.setIovec(1, 0, far, 1);
  table.setIovecCount(1, 1);
  assertEquals(libc().sendmmsg(a, arena.base, table.off, 2, 0), 2);
  assertEquals([table.bytes(0), table.bytes(1)], [3, 1]);
  table.setIovec(0, 0, 4096, 1);
  table.setIovec(0, 1, 5000, 16);
  table.setIovec(1, 0, 6000, 16);
  assertEquals(libc().recvmmsg(b, arena.base, table.off, 2, MSG_DONTWAIT), 2);
  assertEquals([table.bytes(0), table.bytes(1)], [3, 1]);
  assertEquals([arena.u8[4096], arena.u8[5000], arena.u8[5001], arena.u8[6000]], [7, 8, 9, 7]);
  libc().close(a);
  libc().close(b);
});

Deno.test("Arena: discard gives whole pages back and leaves the rest", () => {
  const arena = Arena.map(1 << 16);
  arena.u8.fill(1, 0, 3 * 4096);
  arena.discard(10, 3 * 4096 - 20);
  assertEquals([arena.u8[4095], arena.u8[4096], arena.u8[8191], arena.u8[8192]], [1, 0, 0, 1]);
  arena.discard(8192, 4095);
  assertEquals(arena.u8[8192], 1);
});

Deno.test("Arena: a size that cannot be had is an error, not a crash", () => {
  assertThrows(() => Arena.map(0), SysError);
});
