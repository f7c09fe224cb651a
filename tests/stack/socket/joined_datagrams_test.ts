import { assertEquals } from "@std/assert";
import {
  BuddyMemory,
  DGRAM_HEADER_LEN,
  GSO_UDP_L4,
  setOption,
  type Socket,
} from "../../../stack/mod.ts";
import { Packet } from "../../../stack/base/packet.ts";
import { JoinedDatagrams } from "../../../stack/socket/joined_datagrams.ts";
import { RecordQueue } from "../../../stack/socket/record_queue.ts";
import { Host6, ip6Frame, udp6Packet } from "../v6_fixture.ts";
import { bytesOf, Host, ip, type IpFields, udpFrame } from "../net_fixture.ts";

const IPPROTO_UDP = 17;
const UDP_GRO = 104;
const PORT = 5000;

function setUp(): { host: Host; socket: ReturnType<Host["datagram"]> } {
  const host = new Host();
  const socket = host.datagram(2, 0);
  socket.bind(ip("0.0.0.0"), PORT, host.nowUs);
  setGro(host, socket, 1);
  return { host, socket };
}

function setGro(host: Host, socket: Socket, on: number): void {
  const value = Uint8Array.of(on, 0, 0, 0);
  assertEquals(setOption(socket, IPPROTO_UDP, UDP_GRO, value, host.nowUs), 0);
}

/** Of each record that waits: its payload, and how long the datagrams in it are. */
function records(host: Host, socket: ReturnType<Host["datagram"]>): [number, number][] {
  const { dv } = host.memory;
  const found = Array.from({ length: socket.recvCount() }, (_, i): [number, number] => {
    const off = socket.recvPeek(i);
    return [dv.getUint32(off + 4, true), dv.getUint16(off + 64, true)];
  });
  return found;
}

function send(host: Host, ...lens: number[]): void {
  for (const len of lens) host.inject(udpFrame(1, PORT, bytesOf(len)));
}

Deno.test("UDP_GRO: datagrams of a flow that wait are joined, a shorter one ends them", () => {
  const { host, socket } = setUp();
  send(host, 100, 100, 100, 40, 100);
  assertEquals(records(host, socket), [[340, 100], [100, 0]]);
  const expected = [100, 100, 100, 40].flatMap((len) => [...bytesOf(len)]);
  assertEquals([...host.recv(socket)!.payload], expected);
  assertEquals([...host.recv(socket)!.payload], [...bytesOf(100)]);
});

Deno.test("UDP_GRO: IPv6 flows are told apart by every part of their addresses", () => {
  const host = new Host6();
  const ours = ["2001:db8::2", "2001:db8::1:0:0:2"];
  assertEquals(host.stack.addAddress(host.iface.index, ip(ours[1]), 64, host.nowUs), 0);
  const socket = host.datagram(2, 0, 10);
  socket.bind(ip("::"), PORT, host.nowUs);
  setGro(host, socket, 1);
  const from = (text: string, to = ours[0]) => {
    const [src, dst] = [ip(text), ip(to)];
    host.inject(ip6Frame(IPPROTO_UDP, udp6Packet(1, PORT, bytesOf(10), src, dst), { src, dst }));
  };
  const all = ["2001:db8::1", "2001:db9::1", "2001:db9:0:1::1", "2001:db9:0:1:1::1"];
  for (const text of [...all, "2001:db9:0:1:1::3"]) for (let i = 0; i < 2; i++) from(text);
  from("2001:db9:0:1:1::3", ours[1]);
  assertEquals(records(host, socket).map(([len]) => len), [20, 20, 20, 20, 20, 10]);
});

Deno.test("UDP_GRO: not what is longer, empty, of another flow, or sent to many", () => {
  const { host, socket } = setUp();
  send(host, 100, 101, 101, 0, 50, 50);
  assertEquals(records(host, socket), [[100, 0], [202, 101], [0, 0], [100, 50]]);
  while (host.recv(socket) !== null);
  const from = (port: number, fields: IpFields = {}) =>
    host.inject(udpFrame(port, PORT, bytesOf(10), fields));
  from(1);
  from(2);
  from(2, { tos: 4 });
  from(2, { tos: 4, ttl: 9 });
  from(2, { src: ip("198.18.0.77"), tos: 4, ttl: 9 });
  assertEquals(records(host, socket).map(([len]) => len), [10, 10, 10, 10, 10]);
  while (host.recv(socket) !== null);
  const all = { dst: ip("255.255.255.255"), dstMac: new Uint8Array(6).fill(255) };
  from(1, all);
  from(1, all);
  assertEquals(records(host, socket), [[10, 0], [10, 0]]);
});

Deno.test("UDP_GRO: at most 64, and 65,507 bytes", () => {
  const { host, socket } = setUp();
  send(host, ...new Array(70).fill(10));
  assertEquals(records(host, socket), [[640, 10], [60, 10]]);
  while (host.recv(socket) !== null);
  send(host, ...new Array(50).fill(1400));
  assertEquals(records(host, socket), [[46 * 1400, 1400], [4 * 1400, 1400]]);
});

Deno.test("UDP_GRO: a frame of several stays one, and is several without", () => {
  const { host, socket } = setUp();
  const frame = () => udpFrame(1, PORT, bytesOf(250));
  const joined = () => host.inject(frame(), 0, GSO_UDP_L4, 100);
  joined();
  assertEquals(records(host, socket), [[250, 100]]);
  assertEquals(host.stack.counters.udp.inDatagrams, 3);
  host.recv(socket);
  setGro(host, socket, 0);
  joined();
  assertEquals(records(host, socket), [[100, 0], [100, 0], [50, 0]]);
  setGro(host, socket, 1);
  send(host, 50);
  assertEquals(records(host, socket).length, 4, "nothing is put to what came before");
});

Deno.test("UDP_GRO: nothing is put to a record that another one follows", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 20));
  const queue = new RecordQueue(memory, 1000);
  const joined = new JoinedDatagrams(memory, queue);
  const pkt = new Packet();
  const off = memory.alloc(64);
  const push = (len: number) => {
    const id = queue.nextId;
    memory.u8.fill(0, queue.push(len), queue.offsetOf(id) + DGRAM_HEADER_LEN);
    memory.dv.setUint32(queue.offsetOf(id) + 4, len, true);
    return id;
  };
  assertEquals(joined.append(pkt, off, 10, 0), false);
  joined.begin(push(10), pkt, 10, 0);
  assertEquals(joined.append(pkt, off, 10, 0), true);
  push(0);
  assertEquals(joined.append(pkt, off, 10, 0), false);
  queue.remove(queue.nextId - 1);
  assertEquals(joined.append(pkt, off, 10, 0), true);
  queue.consume(1);
  assertEquals(joined.append(pkt, off, 10, 0), false);
});

Deno.test("UDP_GRO: what is joined is no longer than a datagram can be", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 20));
  const queue = new RecordQueue(memory, 1 << 18);
  const joined = new JoinedDatagrams(memory, queue);
  const [pkt, off] = [new Packet(), memory.alloc(1 << 16)];
  const id = queue.nextId;
  const record = queue.push(40_000);
  memory.u8.fill(0, record, queue.offsetOf(id) + DGRAM_HEADER_LEN);
  memory.dv.setUint32(queue.offsetOf(id) + 4, 40_000, true);
  joined.begin(id, pkt, 40_000, 0);
  assertEquals(joined.append(pkt, off, 25_508, 0), false);
  assertEquals(joined.append(pkt, off, 25_507, 0), true, "65,507 in all");
});
