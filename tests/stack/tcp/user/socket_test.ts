import { assert, assertEquals } from "@std/assert";
import {
  EVENT_ACCEPTABLE,
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_READABLE,
  EVENT_WRITABLE,
} from "../../../../stack/base/events.ts";
import { Peer } from "../support/peer.ts";
import { read } from "../support/world.ts";

Deno.test("socket: readiness, from its making to its end", () => {
  const peer = new Peer();
  const socket = peer.connect();
  assertEquals(socket.readiness(), EVENT_CONNECTED | EVENT_WRITABLE);
  peer.send({ flags: "P.", data: 5 });
  assertEquals(socket.readiness(), EVENT_CONNECTED | EVENT_WRITABLE | EVENT_READABLE);
  read(peer.host, socket, peer.nowUs);
  assertEquals(socket.readiness(), EVENT_CONNECTED | EVENT_WRITABLE);
  peer.send({ flags: "F." });
  assertEquals(socket.readiness(), EVENT_CONNECTED | EVENT_WRITABLE | EVENT_READABLE, "EOF");
  peer.send({ flags: "R" });
  assertEquals(socket.readiness(), EVENT_READABLE | EVENT_ERROR | EVENT_CLOSED);
  assertEquals(peer.host.tcp.createSocket(2).readiness(), 0);
});

Deno.test("socket: a listener is ready when there is a connection to accept", () => {
  const peer = new Peer();
  const listener = peer.listen();
  assertEquals([listener.readiness(), listener.accept()], [0, null]);
  peer.send({ flags: "S" });
  assertEquals(listener.readiness(), 0);
  peer.send({ flags: "." });
  assertEquals(listener.readiness(), EVENT_ACCEPTABLE);
  const socket = listener.accept()!;
  assert(socket.wasConnected && listener.readiness() === 0);
  assertEquals(`${socket.remote()!.addr}:${socket.remote()!.port}`, "10.0.0.2:5000");
});

Deno.test("socket: what is unsent, what is unacknowledged, and a FIN that counts as a byte", () => {
  const peer = new Peer();
  const socket = peer.connect({ mss: 100 });
  peer.write(socket, 1500);
  assertEquals([socket.unsentBytes, socket.unackedBytes], [1500, 1500]);
  peer.flush();
  assertEquals([socket.unsentBytes, socket.unackedBytes], [500, 1500]);
  socket.shutdown(1, peer.nowUs);
  assertEquals(socket.unackedBytes, 1501);
  peer.send({ flags: ".", ack: 1001 });
  assertEquals([socket.unsentBytes, socket.unackedBytes], [0, 501]);
  peer.send({ flags: "." });
  assertEquals([socket.unackedBytes, socket.stateName], [0, "FIN-WAIT-2"]);
});

Deno.test("socket: the space to write ends with the buffer, and with the sending side", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.sendBuffer = 1000;
  assertEquals([socket.sendSpace(), socket.sendBuffer], [1000, 1000]);
  peer.write(socket, 1000);
  assertEquals(socket.sendSpace(), 0);
  peer.flush();
  peer.host.takeEvents(socket);
  peer.send({ flags: "." });
  assert((peer.host.takeEvents(socket) & EVENT_WRITABLE) !== 0);
  socket.shutdown(1, peer.nowUs);
  assertEquals(socket.sendSpace(), 0);
});

Deno.test("socket: what is discarded is acknowledged, and reading ends where the data ends", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "P.", data: 50 });
  socket.recvDiscard(peer.nowUs);
  assertEquals([socket.recvAvailable(), socket.recvEof], [0, false]);
  peer.send({ flags: "P.", data: 50 });
  assertEquals([socket.recvAvailable(), socket.tcb.bytesReceived], [0, 100]);
  assertEquals(peer.sent.pop()!.header.ack, 1101);
  peer.send({ flags: "F." });
  assert(socket.recvEof);
});

Deno.test("socket: names of both ends, the path MTU, and the state", () => {
  const peer = new Peer();
  const fresh = peer.host.tcp.createSocket(2);
  assertEquals([fresh.remote(), fresh.pathMtu(), fresh.isBound, fresh.stateName], [
    null,
    0,
    false,
    "CLOSED",
  ]);
  const socket = peer.connect();
  assertEquals([`${socket.local().addr}`, socket.pathMtu(), socket.isBound], [
    "10.0.0.1",
    1500,
    true,
  ]);
  socket.abort(peer.nowUs);
  assertEquals([socket.remote(), socket.peer().port, socket.stateName], [null, 5000, "CLOSED"]);
});

Deno.test("socket: shutdown of what is not connected, and with a nonsense argument", () => {
  const peer = new Peer();
  assertEquals(peer.host.tcp.createSocket(2).shutdown(1, 0), -107);
  const socket = peer.connect();
  assertEquals([socket.shutdown(3, peer.nowUs), socket.shutdown(-1, peer.nowUs)], [-22, -22]);
  assertEquals(socket.stateName, "ESTABLISHED");
});

Deno.test("socket: SO_KEEPALIVE takes effect when the options have changed", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.tcb.ownOptions().ownSocketOptions().keepAlive = true;
  assertEquals(socket.tcb.keepAliveAtUs, Infinity);
  socket.optionsChanged();
  assertEquals(socket.tcb.keepAliveAtUs, peer.nowUs + socket.tcpOptions.keepIdleUs);
});
