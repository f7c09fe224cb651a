import { assertEquals } from "@std/assert";
import { EVENT_WRITABLE } from "../../../../stack/base/events.ts";
import { Peer } from "../support/peer.ts";
import { write } from "../support/world.ts";

Deno.test("send buffer: EVENT_WRITABLE when a part of it is free again", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setSendBuffer(10_000);
  assertEquals(write(peer.host, socket, new Uint8Array(20_000), peer.nowUs), 10_000);
  assertEquals(socket.sendSpace(), 0);
  peer.flush();
  peer.host.takeEvents(socket);
  peer.send({ flags: ".", ack: 1461 });
  assertEquals(peer.host.takeEvents(socket), 0);
  peer.send({ flags: ".", ack: 4381 });
  assertEquals(peer.host.takeEvents(socket), EVENT_WRITABLE);
  assertEquals(socket.sendSpace(), 4380);
  assertEquals(socket.unackedBytes, 5620);
});

Deno.test("send buffer: with nothing left to send the program is woken for two segments", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setSendBuffer(14_600);
  assertEquals(write(peer.host, socket, new Uint8Array(20_000), peer.nowUs), 14_600);
  peer.flush();
  peer.host.takeEvents(socket);
  peer.send({ flags: ".", ack: 1461 });
  assertEquals(peer.host.takeEvents(socket), 0, "one segment");
  peer.send({ flags: ".", ack: 2921 });
  assertEquals(peer.host.takeEvents(socket), EVENT_WRITABLE, "two, of ten: less than a quarter");
});
