import { assert, assertEquals } from "@std/assert";
import {
  EINVAL,
  ENOENT,
  ENOPROTOOPT,
  EPERM,
  getOption,
  GSO_UDP_L4,
  IPPROTO_ICMP,
  setOption,
  SO_ATTACH_FILTER,
  SO_DETACH_FILTER,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../stack/mod.ts";
import { DROP_SOCKET_FILTER } from "../../../stack/base/drop_reason.ts";
import { Packet } from "../../../stack/base/packet.ts";
import { FilterView, PacketFilter } from "../../../stack/socket/packet_filter.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { bytesOf, Host, ip, udpFrame } from "../net_fixture.ts";

/** code, k, jt, jf */
type Instruction = readonly [code: number, k: number, jt?: number, jf?: number];

function assemble(code: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(8 * code.length);
  const dv = new DataView(bytes.buffer);
  for (const [i, [op, k, jt = 0, jf = 0]] of code.entries()) {
    dv.setUint16(8 * i, op, true);
    bytes.set([jt, jf], 8 * i + 2);
    dv.setUint32(8 * i + 4, k >>> 0, true);
  }
  return bytes;
}

const [LD_W, LD_H, LD_B, LD_IMM, LD_LEN, LD_MEM] = [0x20, 0x28, 0x30, 0x00, 0x80, 0x60];
const [LD_IND_H, LDX_MSH, LDX_IMM, LDX_MEM] = [0x48, 0xb1, 0x01, 0x61];
const [ST, STX, TAX, TXA, RET_K, RET_A] = [0x02, 0x03, 0x07, 0x87, 0x06, 0x16];
const [JA, JEQ, JGT, JGE, JSET, JEQ_X] = [0x05, 0x15, 0x25, 0x35, 0x45, 0x1d];

/** What the program returns for a packet of these bytes; `about` it is known what is set there. */
function run(code: readonly Instruction[], packet: number[] = [], about = {}): number {
  const filter = PacketFilter.of(assemble(code));
  assert(filter !== null);
  const view = new FilterView();
  view.dv = new DataView(Uint8Array.from(packet).buffer);
  view.bodyLen = packet.length;
  view.pkt = Object.assign(new Packet(), about);
  return filter.run(view);
}

Deno.test("loads of what is known about the packet: protocol, to whom, interface; else 0", () => {
  const load = (which: number, about = {}) => {
    return run([[LD_W, -0x1000 + which], [RET_A, 0]], [], { ifIndex: 7, ...about });
  };
  assertEquals([load(0), load(8), load(20)], [0x800, 7, 0]);
  assertEquals(load(4), 0);
  assertEquals([load(4, { isBroadcast: true }), load(4, { isMulticast: true })], [1, 2]);
});

Deno.test("loads: absolute, by index, of the length, of a header's length, from memory", () => {
  const packet = [0x45, 1, 2, 3, 0xff, 0xee];
  assertEquals(run([[LD_W, 0], [RET_A, 0]], packet), 0x45010203);
  assertEquals(run([[LD_H, 4], [RET_A, 0]], packet), 0xffee);
  assertEquals(run([[LD_B, 5], [RET_A, 0]], packet), 0xee);
  assertEquals(run([[LDX_IMM, 3], [LD_IND_H, 1], [RET_A, 0]], packet), 0xffee);
  assertEquals(run([[LDX_MSH, 0], [TXA, 0], [RET_A, 0]], packet), 20);
  assertEquals(run([[LD_LEN, 0], [RET_A, 0]], packet), 6);
  assertEquals(run([[LD_IMM, 7], [ST, 3], [LDX_MEM, 3], [TXA, 0], [RET_A, 0]]), 7);
  assertEquals(run([[LDX_IMM, 9], [STX, 15], [LD_MEM, 15], [RET_A, 0]]), 9);
});

Deno.test("a load beyond the packet drops it, and so does a division by 0", () => {
  const packet = [1, 2, 3];
  for (const load of [[LD_W, 0], [LD_H, 2], [LD_B, 3], [LDX_MSH, 3], [LD_B, -0x200001]] as const) {
    assertEquals(run([load, [RET_K, 5]], packet), 0);
  }
  assertEquals(run([[LDX_IMM, -4], [LD_IND_H, 1], [RET_K, 5]], packet), 0);
  assertEquals(run([[LD_IMM, 8], [LDX_IMM, 0], [0x3c, 0], [RET_K, 5]]), 0);
});

Deno.test("arithmetic is of 32 bits, unsigned", () => {
  const of = (op: number, a: number, k: number) => run([[LD_IMM, a], [op, k], [RET_A, 0]]);
  assertEquals(of(0x04, 0xffffffff, 2), 1); // add
  assertEquals(of(0x14, 1, 2), 0xffffffff); // sub
  assertEquals(of(0x24, 0x10001, 0x10001), 0x20001); // mul
  assertEquals(of(0x34, 0xfffffffe, 2), 0x7fffffff); // div
  assertEquals(of(0x94, 0xffffffff, 16), 15); // mod
  assertEquals([of(0x44, 5, 2), of(0x54, 7, 2), of(0xa4, 7, 2)], [7, 2, 5]); // or, and, xor
  assertEquals([of(0x64, 1, 31), of(0x74, 0x80000000, 31)], [0x80000000, 1]); // shifts
  assertEquals(of(0x84, 1, 0), 0xffffffff); // neg
});

Deno.test("jumps go by unsigned comparison", () => {
  const taken = (op: number, a: number, k: number) =>
    run([[LD_IMM, a], [op, k, 0, 1], [RET_K, 1], [RET_K, 2]]) === 1;
  assertEquals([taken(JEQ, 5, 5), taken(JEQ, 5, 6)], [true, false]);
  assertEquals([taken(JGT, 0xffffffff, 1), taken(JGT, 1, 1)], [true, false]);
  assertEquals([taken(JGE, 1, 1), taken(JGE, 1, 0x80000000)], [true, false]);
  assertEquals([taken(JSET, 6, 2), taken(JSET, 4, 2)], [true, false]);
  assertEquals(run([[LD_IMM, 4], [TAX, 0], [JEQ_X, 0, 0, 1], [RET_K, 1], [RET_K, 2]]), 1);
  assertEquals(run([[JA, 1], [RET_K, 1], [RET_K, 2]]), 2);
});

Deno.test("what Linux does not attach is not attached", () => {
  const refused: Instruction[][] = [
    [],
    [[LD_IMM, 1]], // no return at the end
    [[0xff, 0], [RET_K, 0]], // no such instruction
    [[JA, 1], [RET_K, 0]],
    [[JA, 0xffffffff], [RET_K, 0]],
    [[JEQ, 0, 1, 0], [RET_K, 0]],
    [[JEQ, 0, 0, 200], [RET_K, 0]],
    [[ST, 16], [RET_K, 0]],
    [[LD_MEM, 0], [RET_K, 0]], // never stored
    [[JEQ, 0, 0, 1], [ST, 0], [LD_MEM, 0], [RET_K, 0]], // stored on one way only
    [[0x34, 0], [RET_K, 0]],
    [[0x64, 32], [RET_K, 0]],
    [[LD_W, -0x1000 + 12], [RET_K, 0]], // netlink attributes
    [[LD_W, -4], [RET_K, 0]],
  ];
  for (const code of refused) assertEquals(PacketFilter.of(assemble(code)), null, `${code}`);
  assertEquals(PacketFilter.of(new Uint8Array(9)), null);
  assertEquals(PacketFilter.of(assemble(Array(4097).fill([RET_K, 0]))), null);
  assert(PacketFilter.of(assemble(Array(4096).fill([RET_K, 0]))) !== null);
});

function attach(host: Host, socket: ReturnType<Host["datagram"]>, code: Instruction[]): number {
  return setOption(socket, SOL_SOCKET, SO_ATTACH_FILTER, assemble(code), host.nowUs);
}

Deno.test("a UDP socket's filter sees the UDP header, and cuts what it does not want", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_DGRAM, 0);
  socket.bind(ip("0.0.0.0"), 5000, host.nowUs);
  // Source port 9: all; 10: six bytes of payload; others: none.
  const code: Instruction[] = [
    [LD_H, 0],
    [JEQ, 9, 0, 1],
    [RET_K, -1],
    [JEQ, 10, 0, 1],
    [RET_K, 14],
    [RET_K, 0],
  ];
  assertEquals(attach(host, socket, code), 0);
  for (const port of [9, 10, 11]) host.inject(udpFrame(port, 5000, bytesOf(20)));
  assertEquals(host.recv(socket)?.payload, bytesOf(20));
  assertEquals(host.recv(socket)?.payload, bytesOf(6));
  assertEquals([socket.recvCount(), host.stack.counters.drops[-DROP_SOCKET_FILTER]], [0, 1]);
});

Deno.test("of coalesced datagrams each is judged by itself, with its own length", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_DGRAM, 0);
  socket.bind(ip("0.0.0.0"), 5000, host.nowUs);
  const code: Instruction[] = [[LD_H, 4], [JEQ, 8 + 100, 1, 0], [RET_K, -1], [LD_B, 8], [RET_A, 0]];
  assertEquals(attach(host, socket, code), 0);
  const payload = new Uint8Array(250);
  payload[100] = 255; // the second one's first byte
  host.inject(udpFrame(9, 5000, payload), 1, GSO_UDP_L4, 100);
  const lengths = [host.recv(socket), host.recv(socket)].map((d) => d?.payload.length);
  assertEquals([lengths, socket.recvCount()], [[100, 50], 0]);
});

Deno.test("a raw socket's filter sees the IP header; other headers have offsets", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_RAW, 17);
  const wanted: Instruction[] = [
    [LD_B, 9], // protocol
    [JEQ, 17, 0, 7],
    [LD_B, -0x100000 + 9],
    [JEQ, 17, 0, 5],
    [LD_W, -0x1000 + 8], // interface
    [JEQ, host.iface.index, 0, 3],
    [LD_W, -0x1000],
    [JEQ, 0x0800, 0, 1],
    [RET_K, -1],
    [RET_K, 0],
  ];
  assertEquals(attach(host, socket, wanted), 0);
  host.inject(udpFrame(9, 5000, bytesOf(20)));
  assertEquals(host.recv(socket)?.payload.length, 48);
});

Deno.test("attach, detach, lock; a stream has none", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_RAW, IPPROTO_ICMP);
  const set = (name: number, value: Uint8Array) =>
    setOption(socket, SOL_SOCKET, name, value, host.nowUs);
  const all = assemble([[RET_K, -1]]);
  assertEquals(set(SO_DETACH_FILTER, intBytes(0)), -ENOENT);
  assertEquals([set(SO_ATTACH_FILTER, all), set(SO_DETACH_FILTER, intBytes(0))], [0, 0]);
  assertEquals([set(SO_ATTACH_FILTER, all), set(44, intBytes(1))], [0, 0]);
  assertEquals(set(44, intBytes(0)), -EPERM);
  assertEquals([set(SO_ATTACH_FILTER, all), set(SO_DETACH_FILTER, intBytes(0))], [-EPERM, -EPERM]);
  assertEquals(getOption(socket, SOL_SOCKET, SO_ATTACH_FILTER, 4, host.nowUs), -EINVAL);
  const stream = host.stack.socket(2, SOCK_STREAM, 0);
  assert(typeof stream !== "number");
  const refused = setOption(stream, SOL_SOCKET, SO_ATTACH_FILTER, all, host.nowUs);
  assertEquals(refused, -ENOPROTOOPT);
});
