import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { MSG_CTRUNC } from "../../../../ffi/abi/socket.ts";
import { ControlMessages } from "../../../../io/app/door/control_messages.ts";
import {
  AF_INET,
  DGRAM_DST_OFF,
  DGRAM_FAMILY_OFF,
  DGRAM_FLAGS_OFF,
  DGRAM_HAS_PKTINFO,
  DGRAM_HAS_SEGMENT,
  DGRAM_HAS_TTL,
  DGRAM_HEADER_LEN,
  DGRAM_IFINDEX_OFF,
  DGRAM_SEGMENT_OFF,
  DGRAM_TTL_OFF,
  EINVAL,
  IPPROTO_UDP,
  type Memory,
  type Socket,
} from "../../../../stack/mod.ts";

const UDP = { domain: AF_INET, protocol: IPPROTO_UDP } as Socket;
const HEADER = 1024;
const IP_TTL = 2;
const IP_PKTINFO = 8;
const UDP_SEGMENT = 103;

function room(): [ControlMessages, Memory] {
  const u8 = new Uint8Array(2048);
  const memory = { u8, dv: new DataView(u8.buffer) } as Memory;
  return [new ControlMessages(memory), memory];
}

/** struct cmsghdr and data, at the front of the memory; its length, padded. */
function give({ dv, u8 }: Memory, level: number, type: number, data: readonly number[]): number {
  dv.setBigUint64(0, BigInt(16 + data.length), true);
  dv.setInt32(8, level, true);
  dv.setInt32(12, type, true);
  u8.set(data, 16);
  return 16 + data.length;
}

Deno.test("a TTL, a source and a segment's length go into the datagram's header", () => {
  const [control, memory] = room();
  const { dv, u8 } = memory;
  const take = (len: number) => control.take(0, len, UDP, HEADER);
  assertEquals(take(give(memory, 0, IP_TTL, [9, 0, 0, 0])), 0);
  assertEquals(u8[HEADER + DGRAM_TTL_OFF], 9);
  assertEquals(take(give(memory, 0, IP_PKTINFO, [3, 0, 0, 0, 198, 18, 0, 2, 0, 0, 0, 0])), 0);
  assertEquals(dv.getUint32(HEADER + DGRAM_IFINDEX_OFF, true), 3);
  assertEquals([...u8.slice(HEADER + DGRAM_DST_OFF, HEADER + DGRAM_DST_OFF + 4)], [198, 18, 0, 2]);
  assertEquals(take(give(memory, IPPROTO_UDP, UDP_SEGMENT, [0x10, 0x27])), 0);
  assertEquals(dv.getUint16(HEADER + DGRAM_SEGMENT_OFF, true), 10000);
  const flags = DGRAM_HAS_TTL | DGRAM_HAS_PKTINFO | DGRAM_HAS_SEGMENT;
  assertEquals(dv.getUint16(HEADER + DGRAM_FLAGS_OFF, true), flags);
});

Deno.test("what is wrong is refused: TTL 0 and 256, lengths, unknown types", () => {
  const [control, memory] = room();
  const take = (len: number) => control.take(0, len, UDP, HEADER);
  assertEquals(take(give(memory, 0, IP_TTL, [0, 0, 0, 0])), -EINVAL);
  assertEquals(take(give(memory, 0, IP_TTL, [0, 1, 0, 0])), -EINVAL);
  assertEquals(take(give(memory, 0, IP_PKTINFO, [1, 2, 3, 4])), -EINVAL);
  assertEquals(take(give(memory, 0, 99, [1])), -EINVAL);
  assertEquals(take(give(memory, 1, 99, [1])), -EINVAL);
  assertEquals(take(give(memory, 99, 99, [1])), 0);
  assertEquals(take(give(memory, 0, IP_TTL, [1, 0, 0, 0]) - 1), -EINVAL);
});

Deno.test("what is asked for comes in the kernel's order, cut to the room", () => {
  const [control, { dv, u8 }] = room();
  const header = new Uint8Array(DGRAM_HEADER_LEN);
  header[DGRAM_FAMILY_OFF] = AF_INET;
  header[DGRAM_TTL_OFF] = 64;
  header.set([198, 18, 0, 2], DGRAM_DST_OFF);
  const state = P.NUSE_STATE_PKTINFO | P.NUSE_STATE_RECVTTL;
  control.begin(0, 512);
  control.putReceived(state, AF_INET, header);
  assertEquals([control.used, control.flags], [32 + 24, 0]);
  assertEquals([dv.getUint32(0, true), dv.getInt32(12, true)], [28, IP_PKTINFO]);
  assertEquals([...u8.slice(20, 28)], [198, 18, 0, 2, 198, 18, 0, 2]);
  assertEquals([dv.getUint32(32, true), dv.getInt32(44, true), u8[48]], [20, IP_TTL, 64]);
  control.begin(0, 17);
  control.putReceived(P.NUSE_STATE_RECVTTL, AF_INET, header);
  assertEquals([control.used, control.flags, dv.getUint32(0, true)], [17, MSG_CTRUNC, 17]);
  control.begin(0, 4);
  control.putReceived(P.NUSE_STATE_RECVTTL, AF_INET, header);
  assertEquals([control.used, control.flags], [0, MSG_CTRUNC]);
});
