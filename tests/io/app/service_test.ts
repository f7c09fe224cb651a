import { assert, assertEquals, assertThrows } from "@std/assert";
import { AF_INET, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import { SysError } from "../../../ffi/errno.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { socketCookie, socketPair } from "../../../ffi/socket.ts";
import { Service } from "../../../io/app/mod.ts";
import { connectedStreams, POLLHUP } from "./program.ts";
import { World } from "./world.ts";

const PORT = 5004;

function fdCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test("service: idle only after the drain has begun and nobody holds a socket", () => {
  using world = new World();
  const { service, loop } = world;
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  assertEquals(service.socketCount, 1);
  assertEquals(service.isIdle(loop.nowUs), false);
  service.beginDrain(loop.nowUs);
  assertEquals(service.isIdle(loop.nowUs), false);
  socket.close();
  world.until("idle", () => service.isIdle(loop.nowUs));
  assertEquals(service.socketCount, 0);
});

Deno.test("service: what the program said last is heard, also by who has just connected", () => {
  const heard: number[] = [];
  using world = new World({ onReport: ({ op }) => heard.push(op) });
  const { service, loop } = world;
  const known = world.program();
  known.request(P.NUSE_OP_HELLO);
  for (let i = 0; i < 3; i++) known.send(P.NUSE_OP_PACKET_SOCKET, { data: Uint8Array.of(i) });
  world.program().send(P.NUSE_OP_PACKET_SOCKET, { data: Uint8Array.of(9) });
  const pair = socketPair(SOCK_STREAM | SOCK_CLOEXEC) as [number, number];
  const ask = { cookie: Number(socketCookie(pair[0])), a: AF_INET, b: SOCK_STREAM };
  known.send(P.NUSE_OP_OPEN, ask, pair[1]);
  service.beginDrain(loop.nowUs);
  assertEquals([heard.length, service.socketCount], [4, 1]);
  for (const fd of pair) known.sys.close(fd);
  world.until("idle", () => service.isIdle(loop.nowUs));
});

Deno.test("service: a held socket keeps it alive whatever the time", () => {
  using world = new World({ drainUs: 1000 });
  const { service, loop } = world;
  world.program().socket(AF_INET, SOCK_STREAM);
  service.beginDrain(loop.nowUs);
  assertEquals(service.isIdle(loop.nowUs + 1e12), false);
});

Deno.test("service: what a closed socket still has to deliver delays the end", () => {
  using world = new World({ drainUs: 5_000_000 });
  const { service, loop } = world;
  const { client, server, listener } = connectedStreams(world.program(), PORT);
  const bytes = new Uint8Array(500_000);
  // until everything on the way is full
  let stalled = 0;
  while (stalled < 20) {
    if (client.send(bytes) > 0) stalled = 0;
    else stalled++;
    world.step();
  }
  listener.close();
  client.close();
  world.steps(5);
  service.beginDrain(loop.nowUs);
  assertEquals(service.socketCount, 1);
  const stopReading = server;
  assertEquals(service.isIdle(loop.nowUs), false);
  for (;;) {
    const got = stopReading.receive();
    if (typeof got === "number" || got.length === 0) break;
  }
  server.close();
  world.until("idle", () => service.isIdle(loop.nowUs));
});

Deno.test("service: nothing leaks over many sockets", () => {
  using world = new World();
  const program = world.program();
  program.socket(AF_INET, SOCK_STREAM);
  world.steps(3);
  const before = fdCount();
  const memoryBefore = world.memory.usedBytes;
  const many = [];
  for (let i = 0; i < 50; i++) many.push(program.socket(AF_INET, i % 2 ? SOCK_STREAM : SOCK_DGRAM));
  assert(fdCount() > before + 50);
  for (const socket of many) socket.close();
  world.until("all closed", () => world.service.counters.socketsClosed === 50);
  world.until("descriptors closed", () => fdCount() <= before); // some by a thread of its own
  assertEquals(world.memory.usedBytes, memoryBefore);
});

Deno.test("service: close ends every socket and removes the control socket", () => {
  const world = new World();
  const { client } = connectedStreams(world.program(), PORT);
  const path = world.service.socketPath;
  assertEquals(Deno.lstatSync(path).isSocket, true);
  world.service.close(world.loop.nowUs);
  assert((client.poll(POLLHUP) & POLLHUP) !== 0);
  assertThrows(() => Deno.lstatSync(path), Deno.errors.NotFound);
  Deno.removeSync(world.runDir, { recursive: true });
});

Deno.test("service: refuses a run directory that others can enter, and one in use", () => {
  using world = new World();
  const open = Deno.makeTempDirSync();
  Deno.chmodSync(open, 0o755);
  const { stack, loop, arena } = world;
  assertThrows(() => new Service(stack, loop, arena, open), SysError, "0700");
  Deno.removeSync(open);
  assertThrows(() => new Service(stack, loop, arena, world.runDir), SysError, "EADDRINUSE");
});
