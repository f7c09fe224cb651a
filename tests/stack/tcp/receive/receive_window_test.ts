import { assert, assertEquals } from "@std/assert";
import {
  autotuneReceiveBuffer,
  scalingRatio,
  windowShiftFor,
} from "../../../../stack/tcp/receive/receive_window.ts";
import { Peer } from "../support/peer.ts";
import { transfer, World } from "../support/world.ts";

Deno.test("receiver: window closes, small openings are kept back, large ones are told", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.receiveBuffer = 20_000;
  peer.send({ flags: ".", data: 14_600, gsoSize: 1460 });
  // The edge promised with the SYN stands: 65535
  assertEquals(peer.take().header.window, 65535 - 14_600);
  peer.send({ flags: ".", data: 50_935, gsoSize: 1460 });
  assertEquals(peer.take().header.window, 0);
  assertEquals(socket.recvAvailable(), 65535);
  peer.send({ flags: ".", data: 1 });
  assertEquals(peer.take().header.window, 0);
  assertEquals(socket.recvAvailable(), 65535);
  socket.recvConsume(46_000, peer.nowUs);
  peer.flush();
  peer.expect();
  socket.recvConsume(10_000, peer.nowUs);
  peer.flush();
  const space = Math.floor((20_000 * scalingRatio(14_600)) / 256);
  assertEquals(peer.take().header.window, space - 9535);
});

Deno.test("a window probe (one byte beyond a closed window) is acknowledged and not taken", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.receiveBuffer = 4000;
  peer.send({ flags: ".", data: 65535, gsoSize: 1460 });
  peer.sent.length = 0;
  for (let i = 0; i < 3; i++) {
    peer.send({ flags: ".", seq: 1001 + 65535, data: 1 });
    assertEquals(peer.take().header.window, 0);
  }
  // Linux's kind of probe
  peer.send({ flags: ".", seq: 1000 + 65535 });
  assertEquals(peer.sent.length, 1);
  assertEquals(socket.recvAvailable(), 65535);
  const { zeroWindowDrop, beyondWindow } = peer.host.counters.tcp;
  assertEquals([zeroWindowDrop, beyondWindow], [3, 0]);
});

Deno.test("window scale: what is advertised and what is understood", () => {
  const peer = new Peer();
  const socket = peer.connect({ wscale: 5, win: 1000 });
  assertEquals(socket.tcb.rcvWindShift, 7);
  peer.send({ flags: ".", data: 10, win: 1000 });
  assertEquals(socket.tcb.sndWnd, 32_000);
  assertEquals(peer.take().header.window, 65536 >> 7, "rounded up: the edge stays");
  assertEquals([0, 65535, 65536, 6 << 20, 2 ** 30].map(windowShiftFor), [0, 0, 1, 7, 14]);
});

Deno.test("auto-tuning: both buffers grow with the bandwidth-delay product", () => {
  const world = new World({ delayUs: 25_000 });
  const [client, server] = world.connect();
  transfer(world, [world.a, client], [world.b, server], 8_000_000);
  assert(client.tcb.sndBufBytes > 1_000_000, `send buffer ${client.tcb.sndBufBytes}`);
  assert(server.tcb.rcvBufBytes > 1_000_000, `receive buffer ${server.tcb.rcvBufBytes}`);
  assert(client.tcb.sndBufBytes <= 4 << 20);
  assert(server.tcb.rcvBufBytes <= 6 << 20);
});

Deno.test("auto-tuning stops where SO_RCVBUF and SO_SNDBUF say", () => {
  const world = new World({ delayUs: 25_000 });
  const [client, server] = world.connect();
  client.sendBuffer = 50_000;
  server.receiveBuffer = 60_000;
  transfer(world, [world.a, client], [world.b, server], 1_000_000);
  assertEquals(client.tcb.sndBufBytes, 50_000);
  assertEquals(server.tcb.rcvBufBytes, 60_000);
});

Deno.test("SO_RCVBUF is memory: half of it is offered, more when segments use it well", () => {
  const window = (segmentBytes: number) => {
    const peer = new Peer();
    const socket = peer.accept({ wscale: 0 });
    socket.receiveBuffer = 400_000;
    assertEquals(socket.receiveSpace, 200_000);
    peer.send({ flags: ".", data: segmentBytes, gsoSize: 1460 });
    return socket.receiveSpace;
  };
  assertEquals(window(1460), Math.floor((400_000 * scalingRatio(1460)) / 256));
  assert(window(1460) > 0.6 * 400_000 && window(1460) < 0.7 * 400_000);
  assert(window(60_000) > 0.98 * 400_000);
});

Deno.test("what was handed over and not read counts against the window, and not as taken", () => {
  const peer = new Peer();
  const socket = peer.accept({ wscale: 0 });
  socket.receiveBuffer = 80_000;
  const space = () => socket.receiveSpace;
  peer.send({ flags: ".", data: 60_000, gsoSize: 1460 });
  socket.recvUnread(60_000, peer.nowUs);
  socket.recvConsume(60_000, peer.nowUs);
  assertEquals(socket.tcb.rcvCopiedBytes, 0);
  peer.flush();
  const granule = 1 << socket.tcb.rcvWindShift;
  assert(socket.tcb.rcvWnd <= space() - 60_000 + granule, `${socket.tcb.rcvWnd}`);
  peer.sent.length = 0;
  socket.recvUnread(0, peer.nowUs);
  assertEquals(socket.tcb.rcvCopiedBytes, 60_000);
  peer.flush();
  assert(peer.sent.length === 1 && socket.tcb.rcvWnd > space() - granule, "the window is open");
});

Deno.test("auto-tuning: twice what a round trip took, a burst, and what that grew by", () => {
  const peer = new Peer();
  const { tcb } = peer.connect();
  const { rcvSpaceBytes, rcvMss } = tcb;
  const inMemory = (bytes: number) => Math.ceil((bytes * 256) / tcb.rcvScalingRatio);
  tcb.rcvRttUs = 1000;
  tcb.rcvSpaceAtUs = 0;
  const taken = 3 * rcvSpaceBytes;
  autotuneReceiveBuffer(tcb, taken, 999);
  assertEquals([tcb.rcvCopiedBytes, tcb.rcvSpaceAtUs], [taken, 0], "the round trip is not over");
  tcb.rcvBufBytes = 1;
  autotuneReceiveBuffer(tcb, 0, 1000);
  assertEquals(tcb.rcvBufBytes, inMemory(2 * taken + 16 * rcvMss + 4 * taken));
  assertEquals([tcb.rcvSpaceBytes, tcb.rcvCopiedBytes, tcb.rcvSpaceAtUs], [taken, 0, 1000]);
  const before = tcb.rcvBufBytes;
  autotuneReceiveBuffer(tcb, taken, 2000);
  assertEquals([tcb.rcvBufBytes, tcb.rcvSpaceAtUs], [before, 2000], "no more than before");
  autotuneReceiveBuffer(tcb, 1 << 30, 3000);
  assertEquals(tcb.rcvBufBytes, tcb.layer.config.rcvBufMaxBytes);
});
