import { assertEquals } from "@std/assert";
import { MSG_DONTWAIT, MSG_TRUNC, SOCK_SEQPACKET } from "../../ffi/abi/socket.ts";
import { Arena } from "../../ffi/arena.ts";
import { libc } from "../../ffi/libc.ts";
import { IOVEC, MessageTable, messageTableLen, MMSGHDR } from "../../ffi/message.ts";
import { socketPair } from "../../ffi/socket.ts";

Deno.test("message table: messages first, each with its own pieces behind them all", () => {
  const arena = Arena.map(1 << 16);
  const table = new MessageTable(arena, 64, 3, 2);
  assertEquals(messageTableLen(3, 2), 3 * MMSGHDR.LEN + 6 * IOVEC.LEN);
  assertEquals([0, 1, 2].map((i) => table.messageOff(i)), [64, 128, 192]);
  assertEquals([table.iovecOff(0, 0), table.iovecOff(0, 1), table.iovecOff(2, 1)], [256, 272, 336]);
});

Deno.test("message table: lengths and flags by message, pieces where they were put", () => {
  const sys = libc();
  const arena = Arena.map(1 << 16);
  const [ours, theirs] = socketPair(SOCK_SEQPACKET) as [number, number];
  const out = new MessageTable(arena, 0, 2, 2);
  arena.u8.set([1, 2, 3, 4, 5, 6], 4096);
  out.setIovec(0, 0, 4096, 2);
  out.setIovec(0, 1, 4100, 1);
  out.setIovec(1, 0, 4098, 2);
  out.setIovecCount(1, 1);
  assertEquals(sys.sendmmsg(ours, arena.base, out.off, 2, 0), 2);
  const received = new MessageTable(arena, 1024, 3, 1);
  for (let i = 0; i < 3; i++) received.setIovec(i, 0, 8192 + 64 * i, i === 1 ? 1 : 64);
  assertEquals(sys.recvmmsg(theirs, arena.base, received.off, 3, MSG_DONTWAIT), 2);
  assertEquals([received.bytes(0), received.bytes(1)], [3, 1]);
  assertEquals(arena.u8.slice(8192, 8195), Uint8Array.of(1, 2, 5));
  assertEquals([arena.u8[8256], received.flags(0) & MSG_TRUNC], [3, 0]);
  assertEquals(received.flags(1) & MSG_TRUNC, MSG_TRUNC);
  sys.close(ours);
  sys.close(theirs);
});
