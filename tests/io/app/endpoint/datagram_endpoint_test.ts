import { assert, assertEquals } from "@std/assert";
import {
  AF_INET,
  MSG_DONTWAIT,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import {
  DGRAM_ADDR_OFF,
  DGRAM_ERRNO_OFF,
  DGRAM_ERROR,
  DGRAM_FAMILY_OFF,
  DGRAM_FLAGS_OFF,
  DGRAM_HAS_ADDR,
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  DGRAM_MAGIC_OFF,
  DGRAM_MORE,
  DGRAM_PAYLOAD_LEN_OFF,
  DGRAM_PORT_OFF,
  DGRAM_TTL_OFF,
  EAGAIN,
  ECONNREFUSED,
  EDESTADDRREQ,
  EMSGSIZE,
  ENETUNREACH,
  IpAddress,
} from "../../../../stack/mod.ts";
import { type Program, ProgramSocket, sockaddr } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5003;
const IPPROTO_ICMP = 1;
const IPPROTO_UDP = 17;
const UDP_CORK = 1;
const IP_TTL = 2;
const IP_RECVTTL = 12;
const SOL_IP = 0;
const IP_RECVERR = 11;
const HEADER = DGRAM_HEADER_LEN;

interface Record {
  payload: Uint8Array;
  payloadLen: number;
  flags: number;
  errno: number;
  from: string;
}

/** Header and payload, as the shim makes them; `port` 0: to the connected peer. */
function datagram(payload: Uint8Array, address = "", port = 0, flags = 0): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  const dv = new DataView(bytes.buffer);
  dv.setUint16(DGRAM_MAGIC_OFF, DGRAM_MAGIC, true);
  dv.setUint16(DGRAM_FLAGS_OFF, flags, true);
  dv.setUint32(DGRAM_PAYLOAD_LEN_OFF, payload.length, true);
  if (address !== "") {
    dv.setUint16(DGRAM_FLAGS_OFF, flags | DGRAM_HAS_ADDR, true);
    dv.setUint16(DGRAM_FAMILY_OFF, AF_INET, true);
    dv.setUint16(DGRAM_PORT_OFF, port, true);
    bytes.set(sockaddr(address, port).subarray(4, 8), DGRAM_ADDR_OFF);
  }
  bytes.set(payload, HEADER);
  return bytes;
}

function parse(bytes: Uint8Array): Record {
  const dv = new DataView(bytes.buffer);
  assertEquals(dv.getUint16(DGRAM_MAGIC_OFF, true), DGRAM_MAGIC);
  const address = bytes.subarray(DGRAM_ADDR_OFF, DGRAM_ADDR_OFF + 4).join(".");
  return {
    payload: bytes.slice(HEADER),
    payloadLen: dv.getUint32(DGRAM_PAYLOAD_LEN_OFF, true),
    flags: dv.getUint16(DGRAM_FLAGS_OFF, true),
    errno: dv.getInt32(DGRAM_ERRNO_OFF, true),
    from: `${address} ${dv.getUint16(DGRAM_PORT_OFF, true)}`,
  };
}

function receive(socket: ProgramSocket): Record {
  const got = socket.receive();
  if (typeof got === "number") throw new Error(`recv: ${got}`);
  return parse(got);
}

function udp(program: Program, port = 0): ProgramSocket {
  const socket = program.socket(AF_INET, SOCK_DGRAM);
  if (port !== 0) assertEquals(socket.bind("127.0.0.1", port), 0);
  return socket;
}

Deno.test("datagram: sendto, answer, empty datagram", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  const payload = new Uint8Array([1, 2, 3]);
  assertEquals(client.sendMessage(datagram(payload, "127.0.0.1", PORT)), HEADER + 3);
  const got = receive(server);
  assertEquals(got.payload, payload);
  assertEquals(got.payloadLen, 3);
  assertEquals(got.from, `127.0.0.1 ${client.port}`);
  server.sendMessage(datagram(new Uint8Array(0), "127.0.0.1", client.port));
  const answer = receive(client);
  assertEquals([answer.payloadLen, answer.from], [0, `127.0.0.1 ${PORT}`]);
});

Deno.test("datagram: connect, state, disconnect", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  assertEquals(client.state, 0);
  assertEquals(client.connect("127.0.0.1", PORT, 0), 0);
  assertEquals(client.state, P.NUSE_STATE_CONNECTED | P.NUSE_STATE_PEER_V4);
  assertEquals(client.name(1), `127.0.0.1 ${PORT}`);
  client.sendMessage(datagram(new Uint8Array([9])));
  assertEquals(receive(server).payload, new Uint8Array([9]));
  const unspec = client.request(P.NUSE_OP_CONNECT, { data: new Uint8Array(16) });
  assertEquals([unspec.result, unspec.state], [0, 0]);
});

Deno.test("datagram: the largest, and one too large for UDP", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  const most = new Uint8Array(65507).map((_, i) => i % 253);
  client.sendMessage(datagram(most, "127.0.0.1", PORT));
  assertEquals(receive(server).payload, most);
  client.sendMessage(datagram(new Uint8Array(65508), "127.0.0.1", PORT));
  const record = receive(client);
  assertEquals([record.flags, record.errno], [DGRAM_ERROR, EMSGSIZE]);
});

Deno.test("datagram: bursts longer than all slots lose nothing that fits the queue", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  const count = 600;
  let sent = 0;
  let received = 0;
  world.until("all datagrams", () => {
    while (sent < count && sent - received < 200) {
      const payload = new Uint8Array(100).fill(sent % 256);
      if (client.sendMessage(datagram(payload, "127.0.0.1", PORT)) < 0) break;
      sent++;
    }
    const got = server.recv();
    if (typeof got === "number") return false;
    assertEquals(parse(got).payload[50], received % 256);
    received++;
    return received === count;
  });
  assertEquals(world.service.counters.datagramsToNetwork, count);
});

Deno.test("datagram: SO_RCVBUF bounds what a program that does not read gets", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  assertEquals(server.setInt(SOL_SOCKET, SO_RCVBUF, 4096), 0);
  for (let i = 0; i < 1000; i++) {
    client.sendMessage(datagram(new Uint8Array(100), "127.0.0.1", PORT));
    if (i % 20 === 0) world.step();
  }
  world.steps(3);
  let count = 0;
  for (let idle = 0; idle < 5; idle++) {
    while (typeof server.recv() !== "number") [count, idle] = [count + 1, 0];
    world.step();
  }
  // The kernel's UDP keeps 10; the queue has room for 8 KiB, the pair for a long datagram
  assert(count >= 10 && count < 250, `${count} datagrams kept`);
  const most = new Uint8Array(65507).fill(7);
  client.sendMessage(datagram(most, "127.0.0.1", PORT));
  assertEquals(receive(server).payload, most);
});

Deno.test("datagram: a full pair stops, and goes on when the program reads", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  const payload = new Uint8Array(30_000);
  const sendAll = (count: number): void => {
    for (let i = 0; i < count; i++) {
      world.until("room", () => client.sendMessage(datagram(payload, "127.0.0.1", PORT)) > 0);
      world.step();
    }
  };
  sendAll(80);
  world.steps(5);
  const before = world.service.counters.datagramsToProgram;
  assert(before < 80, `${before} in the pair`);
  let read = 0;
  while (typeof server.recv() !== "number") {
    read++;
    world.step();
  }
  assert(read > before, `${read} read, ${before} before`);
});

Deno.test("datagram: refused by the peer, on a connected socket", () => {
  using world = new World();
  const client = udp(world.program());
  assertEquals(client.connect("127.0.0.1", PORT, 0), 0);
  client.sendMessage(datagram(new Uint8Array([1])));
  const record = receive(client);
  assertEquals([record.flags, record.errno], [DGRAM_ERROR, ECONNREFUSED]);
  assertEquals(client.soError, 0);
});

Deno.test("datagram: the error queue holds what was sent", () => {
  using world = new World();
  const client = udp(world.program());
  assertEquals(client.setInt(SOL_IP, IP_RECVERR, 1), 0);
  assertEquals(client.request(P.NUSE_OP_ERRQUEUE).result, -EAGAIN);
  assertEquals(client.connect("127.0.0.1", PORT, 0), 0);
  client.sendMessage(datagram(new Uint8Array([5, 6])));
  assertEquals(receive(client).errno, ECONNREFUSED);
  const { result, data } = client.request(P.NUSE_OP_ERRQUEUE);
  assertEquals(result, 0);
  const dv = new DataView(data.buffer);
  assertEquals(dv.getUint32(P.NUSE_EE_ERRNO_OFF, true), ECONNREFUSED);
  assertEquals([data[P.NUSE_EE_ORIGIN_OFF], data[P.NUSE_EE_TYPE_OFF]], [2, 3]);
  assertEquals(data.slice(P.NUSE_EE_PAYLOAD_OFF), new Uint8Array([5, 6]));
  assertEquals(client.request(P.NUSE_OP_ERRQUEUE).result, -EAGAIN);
});

Deno.test("datagram: CHECK", () => {
  using world = new World();
  const client = udp(world.program());
  const checkTo = (address: string, len = 1): number =>
    client.request(P.NUSE_OP_CHECK, { a: len, data: sockaddr(address, 9) }).result;
  assertEquals(client.request(P.NUSE_OP_CHECK, { a: 1 }).result, -EDESTADDRREQ);
  assertEquals(checkTo("198.51.100.7"), -ENETUNREACH);
  assertEquals(checkTo("127.0.0.1"), 0);
  assert(client.port > 0, "bound by CHECK");
  assertEquals(checkTo("127.0.0.1", 65508), -EMSGSIZE);
});

Deno.test("datagram: an unroutable destination comes back as an error record", () => {
  using world = new World();
  const client = udp(world.program());
  client.sendMessage(datagram(new Uint8Array([1]), "198.51.100.7", 9));
  assertEquals(receive(client).errno, ENETUNREACH);
  assertEquals(world.service.counters.datagramsRefused, 1);
});

Deno.test("datagram: for want of room it is dropped as on a full queue, and nobody is told", () => {
  using world = new World({ config: { neighbour: { maxEntries: 0 } } });
  const { stack } = world;
  const caps = { csum: false, tso: false, uso: false, gsoMaxBytes: 0 };
  const link = { caps, mtu: 1500, transmit: () => {} };
  const iface = stack.addInterface({ name: "e0", mac: Uint8Array.of(2, 0, 0, 0, 0, 2), link });
  const address = IpAddress.parse("198.18.0.2")!;
  assertEquals(stack.addAddress(iface.index, address, 24, world.loop.nowUs), 0);
  const client = udp(world.program());
  client.sendMessage(datagram(new Uint8Array([1]), "198.18.0.9", 9)); // ENOBUFS
  world.until("sent", () => world.service.counters.datagramsRefused === 1);
  world.steps(5);
  assertEquals(client.recv(), -EAGAIN);
  assertEquals(client.soError, 0);
});

Deno.test("datagram: close frees the port, even with messages unread", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  client.sendMessage(datagram(new Uint8Array([1]), "127.0.0.1", PORT));
  client.sendMessage(datagram(new Uint8Array([2]), "127.0.0.1", PORT));
  world.steps(5);
  server.close();
  world.until("released", () => world.service.counters.socketsClosed === 1);
  receive(udpAfterSend(world, program, client));
});

/** Binds the port anew and sends it something. */
function udpAfterSend(world: World, program: Program, client: ProgramSocket): ProgramSocket {
  const server = udp(program, PORT);
  client.sendMessage(datagram(new Uint8Array([3]), "127.0.0.1", PORT));
  world.step();
  return server;
}

Deno.test("datagram: what was sent before close leaves", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  for (let i = 0; i < 5; i++) client.sendMessage(datagram(new Uint8Array([i]), "127.0.0.1", PORT));
  client.close();
  for (let i = 0; i < 5; i++) assertEquals(receive(server).payload, new Uint8Array([i]));
});

Deno.test("datagram: a message without a header is payload for the connected peer", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  client.send(new Uint8Array(10));
  assertEquals(receive(client).errno, EDESTADDRREQ);
  assertEquals(client.connect("127.0.0.1", PORT, 0), 0);
  // the last one is a header in everything but the token
  const forged = datagram(new Uint8Array(3), "198.51.100.7", 9);
  const messages = [new Uint8Array([1]), new Uint8Array(64).fill(7), new Uint8Array(9000), forged];
  for (const message of messages) {
    assertEquals(client.send(message), message.length);
    const { payload, payloadLen, from } = receive(server);
    assertEquals([payloadLen, from], [message.length, `127.0.0.1 ${client.port}`]);
    assertEquals(payload, message);
  }
  client.send(new Uint8Array(65_536));
  assertEquals(receive(client).errno, EMSGSIZE);
  assertEquals(world.service.counters.datagramsPlain, 6);
});

function piece(fill: number, len: number, flags: number, port = PORT): Uint8Array {
  return datagram(new Uint8Array(len).fill(fill), "127.0.0.1", port, flags);
}

Deno.test("datagram: MSG_MORE makes one of several, to where the first went", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const other = udp(program, PORT + 1);
  const client = udp(program);
  client.sendMessage(piece(1, 2, DGRAM_MORE));
  client.sendMessage(piece(2, 1, DGRAM_MORE, PORT + 1));
  client.sendMessage(piece(3, 3, 0, PORT + 1));
  client.sendMessage(piece(4, 1, 0));
  assertEquals(receive(server).payload, new Uint8Array([1, 1, 2, 3, 3, 3]));
  assertEquals(receive(server).payload, new Uint8Array([4]));
  assertEquals(other.recv(), -EAGAIN);
});

Deno.test("datagram: UDP_CORK holds back until it is lifted", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  const client = udp(program);
  client.sendMessage(piece(9, 1, 0)); // before the request, though read after it
  assertEquals(client.setInt(IPPROTO_UDP, UDP_CORK, 1), 0);
  assertEquals(client.getInt(IPPROTO_UDP, UDP_CORK), 1);
  client.sendMessage(piece(1, 2, 0));
  client.sendMessage(piece(2, 2, 0));
  assertEquals(receive(server).payload, new Uint8Array([9]));
  world.steps(3);
  assertEquals(server.recv(), -EAGAIN);
  assertEquals(client.setInt(IPPROTO_UDP, UDP_CORK, 0), 0);
  assertEquals(receive(server).payload, new Uint8Array([1, 1, 2, 2]));
  assertEquals(client.getInt(IPPROTO_UDP, UDP_CORK), 0);
});

Deno.test("datagram: options set after a send do not reach it", () => {
  using world = new World();
  const program = world.program();
  const server = udp(program, PORT);
  assertEquals(server.setInt(SOL_IP, IP_RECVTTL, 1), 0);
  const client = udp(program);
  const ttls: number[] = [];
  for (let ttl = 1; ttl <= 20; ttl++) {
    assertEquals(client.setInt(SOL_IP, IP_TTL, ttl), 0);
    client.sendMessage(piece(ttl, 1, 0));
  }
  for (let i = 0; i < 20; i++) {
    const got = server.receive() as Uint8Array;
    ttls.push(got[DGRAM_TTL_OFF] - got[HEADER]);
  }
  assertEquals(ttls, new Array(20).fill(0));
});

Deno.test("ping socket: echo to 127.0.0.1", () => {
  using world = new World();
  const program = world.program();
  const socket = program.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  const echo = new Uint8Array(16);
  echo.set([8, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
  socket.sendMessage(datagram(echo, "127.0.0.1", 0));
  const { payload, payloadLen } = receive(socket);
  assertEquals(payloadLen, 16);
  assertEquals(payload[0], 0);
  assertEquals(payload.slice(6), echo.slice(6));
  assertEquals(program.sys.recv(socket.fd, world.arena.base, 0, 0, 0, 0, MSG_DONTWAIT), -EAGAIN);
});
