import { setOption } from "../../../stack/mod.ts";
import { assert, assertEquals } from "@std/assert";
import {
  ALL_OFFLOADS,
  arpReply,
  assertBytes,
  bytesOf,
  Host,
  ip,
  parseUdpFrame,
  PEER_ADDR,
} from "../net_fixture.ts";
import { Host6, PEER_ADDR6 } from "../v6_fixture.ts";

function connected(host: Host, port = 9) {
  const socket = host.datagram(2, 0);
  assertEquals(socket.connect(PEER_ADDR, port, host.nowUs), 0);
  return socket;
}

/** Payload lengths of the datagrams in each frame. */
function shape(host: Host): number[][] {
  return host.sent().map((frame) => {
    const { data } = parseUdpFrame(frame);
    if (frame.gsoSize === 0) return [data.length];
    const lens: number[] = [];
    for (let left = data.length; left > 0; left -= frame.gsoSize) {
      lens.push(Math.min(left, frame.gsoSize));
    }
    return lens;
  });
}

function send(host: Host, lens: number[], port = 9): void {
  const socket = connected(host, port);
  for (const len of lens) assertEquals(host.send(socket, bytesOf(len), null), len);
}

Deno.test("equal ones together; a shorter one ends the frame; a longer one starts its own", () => {
  const host = new Host({ caps: ALL_OFFLOADS });
  send(host, [100, 100, 100]);
  assertEquals(shape(host), [[100, 100, 100]]);
  send(host, [100, 100, 50, 50]);
  assertEquals(shape(host), [[100, 100, 50], [50]]);
  send(host, [100, 200, 200]);
  assertEquals(shape(host), [[100], [200, 200]]);
  send(host, [100, 0, 100]);
  assertEquals(shape(host), [[100], [0], [100]]);
});

Deno.test("every datagram's bytes are counted, the frame once", () => {
  const host = new Host({ caps: ALL_OFFLOADS });
  send(host, [100, 100, 50]);
  const { txPackets, txBytes } = host.stack.counters.device;
  const [frame] = host.sent();
  const after = host.stack.counters.device;
  assertEquals([after.txPackets - txPackets, after.txBytes - txBytes], [1, frame.bytes.length]);
});

Deno.test("at most 64 datagrams and 64 KB a frame", () => {
  const host = new Host({ caps: ALL_OFFLOADS });
  send(host, new Array(130).fill(10));
  assertEquals(shape(host).map((s) => s.length), [64, 64, 2]);
  send(host, new Array(60).fill(1472));
  assertEquals(shape(host).map((s) => s.length), [44, 16]);
});

Deno.test("another flow in between, another flush: another frame", () => {
  const host = new Host({ caps: ALL_OFFLOADS });
  const [a, b] = [connected(host), connected(host, 10)];
  for (const socket of [a, a, b, a]) host.send(socket, bytesOf(100), null);
  assertEquals(shape(host), [[100, 100], [100], [100]]);
  host.send(a, bytesOf(100), null);
  assertEquals(shape(host), [[100]]);
  host.send(a, bytesOf(100), null);
  assertEquals(shape(host), [[100]]);
});

Deno.test("time to live and type of service tell frames apart", () => {
  const host = new Host({ caps: ALL_OFFLOADS });
  const socket = connected(host);
  host.send(socket, bytesOf(10), null);
  setOption(socket, 0, 2, Uint8Array.of(9), host.nowUs);
  host.send(socket, bytesOf(10), null);
  setOption(socket, 0, 1, Uint8Array.of(4), host.nowUs);
  host.send(socket, bytesOf(10), null);
  assertEquals(shape(host).length, 3);
});

Deno.test("not when it could be fragmented, nor while the neighbour is being asked for", () => {
  const host = new Host({ caps: ALL_OFFLOADS });
  const socket = connected(host);
  setOption(socket, 0, 10, Uint8Array.of(0, 0, 0, 0), host.nowUs); // IP_PMTUDISC_DONT
  for (let i = 0; i < 2; i++) host.send(socket, bytesOf(100), null);
  assertEquals(shape(host), [[100], [100]]);
  const other = host.datagram(2, 0);
  const to = ip("198.18.0.50");
  for (let i = 0; i < 3; i++) host.send(other, bytesOf(100, i), to, 7);
  host.flush();
  host.device.frames.length = 0;
  host.inject(arpReply(to));
  assertEquals(shape(host), [[100], [100], [100]]);
});

Deno.test("over the loopback each datagram arrives by itself", () => {
  const host = new Host();
  const server = host.datagram(2, 0);
  server.bind(ip("127.0.0.1"), 7000, host.nowUs);
  const client = host.datagram(2, 0);
  for (let i = 0; i < 10; i++) host.send(client, bytesOf(500, i), ip("127.0.0.1"), 7000);
  const { rxPackets } = host.stack.interfaces[0];
  host.flush();
  assertEquals(host.stack.interfaces[0].rxPackets - rxPackets, 1);
  for (let i = 0; i < 10; i++) assertBytes(host.recv(server)?.payload, bytesOf(500, i));
});

Deno.test("without memory for the frame they go one by one", () => {
  const host = new Host({ caps: ALL_OFFLOADS });
  const socket = connected(host);
  while (host.memory.alloc(64) >= 0);
  for (let i = 0; i < 3; i++) assert(host.send(socket, bytesOf(1000, i), null) > 0);
  assertEquals(shape(host), [[1000], [1000], [1000]]);
});

Deno.test("IPv6: the lengths in the headers are those of all datagrams of the frame", () => {
  const host = new Host6({ caps: ALL_OFFLOADS });
  const socket = host.datagram(2, 0, 10);
  assertEquals(socket.connect(PEER_ADDR6, 9, host.nowUs), 0);
  for (const len of [100, 100, 50]) assertEquals(host.send(socket, bytesOf(len), null), len);
  const [{ bytes, gsoSize }, ...more] = host.sent();
  assertEquals([gsoSize, more.length], [100, 0]);
  const dv = new DataView(bytes.buffer, bytes.byteOffset);
  const [payloadLen, udpLen] = [dv.getUint16(14 + 4), dv.getUint16(14 + 40 + 4)];
  assertEquals([payloadLen, udpLen], [258, 258]);
});
