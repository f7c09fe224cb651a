import { assertEquals } from "@std/assert";
import { MSG_DONTWAIT, MSG_TRUNC, SOCK_SEQPACKET } from "../../ffi/abi/socket.ts";
import { Arena } from "../../ffi/arena.ts";
import { libc } from "../../ffi/libc.ts";
import { IOVEC, MessageTable, messageTableLen, MMSGHDR, RIGHTS_LEN } from "../../ffi/message.ts";
import { socketPair } from "../../ffi/socket.ts";
import { sendWithFds } from "../io/app/send_fds.ts";

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

/** The bytes of a table, but for what a call says of the messages that it has received. */
function headers(arena: Arena, table: MessageTable): Uint8Array {
  const bytes = arena.u8.slice(table.off, table.off + table.count * MMSGHDR.LEN);
  for (let i = 0; i < table.count; i++) {
    bytes.fill(0, i * MMSGHDR.LEN + MMSGHDR.FLAGS, (i + 1) * MMSGHDR.LEN);
  }
  return bytes;
}

const MSG_CTRUNC = 8;
const POLLHUP = 16;

Deno.test("message table: descriptors that come along are closed, and its room stays", () => {
  const sys = libc();
  const arena = Arena.map(1 << 16);
  const [ours, theirs] = socketPair(SOCK_SEQPACKET) as [number, number];
  const table = new MessageTable(arena, 0, 3, 1, true);
  assertEquals(table.lenBytes, messageTableLen(3, 1) + 3 * RIGHTS_LEN);
  for (let i = 0; i < 3; i++) table.setIovec(i, 0, 16384 + 64 * i, 64);
  arena.u8.fill(0xa5, table.lenBytes, table.lenBytes + 64);
  const before = headers(arena, table);
  for (let round = 0; round < 3; round++) {
    const [kept, passed] = socketPair(SOCK_SEQPACKET) as [number, number];
    const others = socketPair(SOCK_SEQPACKET) as [number, number];
    const many = Array.from({ length: 253 }, (_, i) => i === 252 ? passed : others[i & 1]);
    assertEquals(sendWithFds(arena, theirs, 8192, 1, []), 1);
    assertEquals(sendWithFds(arena, theirs, 8192, 2, many), 1);
    [passed, ...others].forEach(sys.close);
    assertEquals(sys.recvmmsg(ours, arena.base, table.off, 3, MSG_DONTWAIT), 2);
    assertEquals([table.bytes(0), table.bytes(1), table.flags(1) & MSG_CTRUNC], [1, 2, 0]);
    assertEquals(headers(arena, table), before);
    assertEquals(sys.poll(kept, 0, 10_000), POLLHUP);
    sys.close(kept);
  }
  const after = arena.u8.slice(table.lenBytes, table.lenBytes + 64);
  assertEquals(after, new Uint8Array(64).fill(0xa5));
  [ours, theirs].forEach(sys.close);
});

Deno.test("message table: without room the kernel closes them, and the message comes", () => {
  const sys = libc();
  const arena = Arena.map(1 << 16);
  const [ours, theirs] = socketPair(SOCK_SEQPACKET) as [number, number];
  const table = new MessageTable(arena, 0, 2, 1);
  for (let i = 0; i < 2; i++) table.setIovec(i, 0, 16384 + 64 * i, 64);
  const before = headers(arena, table);
  assertEquals(sendWithFds(arena, theirs, 8192, 2, [ours]), 1);
  assertEquals(sys.recvmmsg(ours, arena.base, table.off, 2, MSG_DONTWAIT), 1);
  assertEquals([table.bytes(0), table.flags(0) & MSG_CTRUNC], [2, MSG_CTRUNC]);
  assertEquals(headers(arena, table), before);
  [ours, theirs].forEach(sys.close);
});
