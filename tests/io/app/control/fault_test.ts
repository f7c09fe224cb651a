/**
 * What a hostile program tries on its control connection and pairs: nobody else may notice.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  AF_INET,
  AF_UNIX,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../../ffi/abi/socket.ts";
import { libc } from "../../../../ffi/libc.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { bindUnix, socketCookie, socketPair } from "../../../../ffi/socket.ts";
import { StreamEndpoint } from "../../../../io/app/endpoint/stream_endpoint.ts";
import { EINVAL, EPERM } from "../../../../stack/mod.ts";
import { type Ask, connectedStreams, POLLHUP, sockaddr } from "../program.ts";
import { World } from "../world.ts";

const IPPROTO_TCP = 6;
const TCP_CONGESTION = 13;
const SO_LINGER = 13;
const CLOSED_LIMIT_MS = 4000;

type Method = (this: StreamEndpoint, ...args: number[]) => void;

Deno.test("arguments beyond their range are EINVAL", () => {
  using world = new World();
  const program = world.program();
  const { cookie } = program.socket(AF_INET, SOCK_STREAM);
  const data = sockaddr("127.0.0.1", 5022);
  const cases: [op: number, ask: Ask][] = [
    [P.NUSE_OP_GETOPT, { a: IPPROTO_TCP, b: TCP_CONGESTION, c: -1 }],
    [P.NUSE_OP_GETOPT, { a: IPPROTO_TCP, b: TCP_CONGESTION, c: -0x80000000 }],
    [P.NUSE_OP_CONNECT, { a: -1, data }],
    [P.NUSE_OP_CONNECT, { a: P.NUSE_FILLER_LEN + 1, data }],
    [P.NUSE_OP_CONNECT, { b: 2, data }],
    [P.NUSE_OP_CONNECT, { c: -1, data }],
    [P.NUSE_OP_CHECK, { a: -1 }],
    [P.NUSE_OP_NAME, { a: 2 }],
    [P.NUSE_OP_SHUTDOWN, { a: 3 }],
  ];
  for (const [op, ask] of cases) {
    assertEquals(program.request(op, { cookie, ...ask }).result, -EINVAL, `${op}`);
  }
  assertEquals([world.service.counters.faults, world.service.clientCount], [0, 1]);
});

Deno.test("a fault while a request is served cuts that program off, and no other", () => {
  using world = new World();
  const victim = world.program();
  const other = world.program();
  const { cookie } = victim.socket(AF_INET, SOCK_STREAM);
  const kept = other.socket(AF_INET, SOCK_STREAM);
  const { shutdown } = StreamEndpoint.prototype;
  try {
    StreamEndpoint.prototype.shutdown = () => {
      throw new RangeError("a fault made by the test");
    };
    victim.send(P.NUSE_OP_SHUTDOWN, { cookie });
    assertThrows(() => world.until("cut off", () => victim.takeReply()), Error, "ended");
  } finally {
    StreamEndpoint.prototype.shutdown = shutdown;
  }
  assertEquals([world.service.counters.faults, world.service.clientCount], [1, 1]);
  assert(world.service.firstFault?.includes("a fault made by the test"));
  assertEquals(kept.getInt(IPPROTO_TCP, 1), 0);
});

Deno.test("a fault of a socket resets that connection, whoever's turn it was", () => {
  const prototype = StreamEndpoint.prototype as unknown as Record<string, Method>;
  for (const method of ["onSocket", "onEvents"]) {
    using world = new World();
    const program = world.program();
    const { client, server, listener } = connectedStreams(program, 5021);
    const { cookie } = client;
    const original = prototype[method];
    try {
      prototype[method] = function (...args: number[]) {
        if (this.cookie === cookie) throw new TypeError("a fault made by the test");
        original.apply(this, args);
      };
      if (method === "onSocket") server.send(Uint8Array.of(1));
      else client.send(new Uint8Array(100_000));
      world.until(`ended by ${method}`, () => world.service.counters.faults === 1);
      world.steps(3);
    } finally {
      prototype[method] = original;
    }
    assertEquals(world.stack.counters.tcp.outRsts, 1, method);
    assertEquals(program.request(P.NUSE_OP_WHO, { cookie }).result, -P.NUSE_NO_SOCKET, method);
    assertEquals(listener.request(P.NUSE_OP_WHO).result, 0, method);
  }
});

Deno.test("OPEN takes an end of a pair of the right type, and nothing else", () => {
  using world = new World();
  const program = world.program();
  const { sys } = program;
  const seqpacket = socketPair(SOCK_SEQPACKET | SOCK_CLOEXEC) as [number, number];
  const inet = sys.socket(AF_INET, SOCK_STREAM, 0);
  const eventfd = sys.eventfd();
  for (const fd of [seqpacket[1], inet, eventfd]) {
    program.send(P.NUSE_OP_OPEN, { cookie: 900 + fd, a: AF_INET, b: SOCK_STREAM }, fd);
  }
  world.until("refused", () => world.service.counters.socketsRefused === 3);
  assertEquals(world.service.socketCount, 0);
  for (const fd of [...seqpacket, inet, eventfd]) sys.close(fd);
});

Deno.test("ATTACH takes what tells that its other end is gone, and nothing else", () => {
  using world = new World();
  const program = world.program();
  const { sys } = program;
  const eventfd = sys.eventfd();
  const unconnected = sys.socket(AF_UNIX, SOCK_DGRAM, 0);
  const listener = sys.socket(AF_UNIX, SOCK_SEQPACKET, 0);
  const path = `${world.runDir}/another`;
  assertEquals([bindUnix(listener, path), sys.listen(listener, 1)], [0, 0]);
  for (const fd of [eventfd, unconnected, listener]) program.send(P.NUSE_OP_ATTACH, {}, fd);
  program.request(P.NUSE_OP_HELLO);
  assertEquals(world.service.clientCount, 1);
  for (const fd of [eventfd, unconnected, listener]) sys.close(fd);
});

Deno.test("a descriptor that comes with a message of no bytes is closed", () => {
  using world = new World();
  const program = world.program();
  const { sys } = program;
  const pair = socketPair(SOCK_SEQPACKET | SOCK_CLOEXEC) as [number, number];
  program.request(P.NUSE_OP_HELLO);
  program.sendRaw(0, pair[1]);
  sys.close(pair[1]);
  world.until("cut off", () => world.service.clientCount === 0);
  assertEquals(sys.poll(pair[0], 0, CLOSED_LIMIT_MS), POLLHUP, "by another thread");
  sys.close(pair[0]);
});

/** A TCP connection over the kernel's loopback whose last close() takes 20 s, or until `end`. */
function lingering(): { fd: number; end: () => void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const sys = libc();
  const fd = sys.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assertEquals(sys.connect(fd, kernelSockaddr(port), 16), 0);
  // Nobody reads: what is written stays, and close() waits for it.
  const chunk = new Uint8Array(1 << 20);
  const base = Deno.UnsafePointer.of(chunk) as Deno.PointerObject;
  while (sys.send(fd, base, 0, chunk.length, 0, 0, MSG_DONTWAIT) > 0);
  const linger = new Uint8Array(new Int32Array([1, 20]).buffer);
  assertEquals(sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, 8), 0);
  return { fd, end: () => listener.close() };
}

/** struct sockaddr_in of 127.0.0.1, for the kernel. */
function kernelSockaddr(port: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(AF_INET, 0, port >> 8, port, 127, 0, 0, 1, ...new Uint8Array(8));
}

Deno.test("a descriptor whose close() takes its time does not stop the clock", () => {
  using world = new World();
  const program = world.program();
  const { sys } = program;
  const socket = program.socket(AF_INET, SOCK_STREAM);
  const waysIn: [string, (fd: number) => void][] = [
    ["with a request that takes none", (fd) => program.send(P.NUSE_OP_POST_SETOPT, {}, fd)],
    ["as an OPEN", (fd) => program.send(P.NUSE_OP_OPEN, { cookie: 1, a: 2, b: 1 }, fd)],
    ["as an OPEN of no socket", (fd) => program.send(P.NUSE_OP_OPEN, { a: 99 }, fd)],
  ];
  for (const [name, send] of waysIn) {
    const slow = lingering();
    send(slow.fd);
    sys.close(slow.fd); // the last one is the service's
    // Within the limit of every wait here, of which a close() on the loop would take four.
    assertEquals(program.request(P.NUSE_OP_WHO, { cookie: socket.cookie }).result, 0, name);
    slow.end();
  }
});

Deno.test("a descriptor over a pair is refused by the kernel (6.16), or closed elsewhere", () => {
  using world = new World();
  const program = world.program();
  const { sys } = program;
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const socket = program.socket(AF_INET, type);
    const slow = lingering();
    const sent = sys.sendFd(socket.fd, world.arena.base, program.bufferOff, 1, slow.fd);
    assert(sent === -EPERM || sent === 1, `${sent}`);
    if (sent === -EPERM) slow.end(); // ours is the last: it would be we who wait
    sys.close(slow.fd);
    assertEquals(program.request(P.NUSE_OP_WHO, { cookie: socket.cookie }).result, 0);
    if (sent === 1) slow.end();
  }
});

Deno.test("a descriptor that lay in a pair before it was opened is closed elsewhere", () => {
  using world = new World();
  const program = world.program();
  const { sys } = program;
  // A message of no bytes, which only a datagram's pair takes, hides from FIONREAD.
  for (const [type, len] of [[SOCK_STREAM, 1], [SOCK_DGRAM, 1], [SOCK_DGRAM, 0]]) {
    const kind = type === SOCK_STREAM ? SOCK_STREAM : SOCK_SEQPACKET;
    const pair = socketPair(kind | SOCK_CLOEXEC) as [number, number];
    const slow = lingering();
    assertEquals(sys.sendFd(pair[0], world.arena.base, program.bufferOff, len, slow.fd), len);
    sys.close(slow.fd);
    const cookie = Number(socketCookie(pair[0]));
    program.send(P.NUSE_OP_OPEN, { cookie, a: AF_INET, b: type }, pair[1]);
    sys.close(pair[1]);
    const bind = { cookie, data: sockaddr("127.0.0.1", 5023) };
    assertEquals(program.request(P.NUSE_OP_BIND, bind).result, 0);
    assertEquals(program.request(P.NUSE_OP_WHO, { cookie }).result, 0);
    slow.end();
    sys.close(pair[0]);
  }
});

Deno.test("a descriptor that waits behind a malformed message is closed elsewhere", () => {
  using world = new World();
  const honest = world.program();
  const { cookie } = honest.socket(AF_INET, SOCK_STREAM);
  const { counters } = world.service;
  for (const len of [1, 0]) { // FIONREAD does not show a message of no bytes
    const program = world.program();
    const slow = lingering();
    const malformed = counters.requestsMalformed;
    program.sendRaw(1);
    program.sys.sendFd(program.controlFd, world.arena.base, program.bufferOff, len, slow.fd);
    program.sys.close(slow.fd);
    world.until("cut off", () => counters.requestsMalformed > malformed);
    assertEquals(honest.request(P.NUSE_OP_WHO, { cookie }).result, 0);
    slow.end();
  }
});
