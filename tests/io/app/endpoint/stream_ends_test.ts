/**
 * How a stream ends, as the peer and the program see it: beside stream_endpoint_test.ts.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SHUT_RD, SHUT_WR, SO_RCVBUF, SOL_SOCKET } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { ECONNRESET, EPIPE } from "../../../../stack/mod.ts";
import { CONNECTED, connectedStreams, POLLHUP, POLLIN } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5002;

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

Deno.test("stream: what was written before a close with unread bytes leaves before the RST", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(client.send(text("never read")), 10);
  server.await(POLLIN);
  assertEquals(server.send(text("the last word")), 13);
  server.close();
  client.await(POLLHUP);
  assertEquals(client.receiveText(), "the last word");
  assertEquals(client.recv(), new Uint8Array(0));
  assertEquals(client.soError, ECONNRESET);
});

Deno.test("stream: bytes that wait behind a pair read empty are unread, too: RST", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  // More than the pair has room for
  assertEquals(server.setInt(SOL_SOCKET, SO_RCVBUF, 4 << 20), 0);
  for (let i = 0; i < 40; i++) {
    client.send(new Uint8Array(200_000));
    world.step();
  }
  while (typeof server.recv() !== "number") continue; // the pair only: no step in between
  server.close();
  client.await(POLLHUP);
  assertEquals(client.soError, ECONNRESET);
  assertEquals(world.stack.counters.tcp.abortOnClose, 1);
});

Deno.test("stream: a reset after the FIN is EPIPE, and the state tells a reader of the FIN", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(client.state, CONNECTED);
  assertEquals(server.shutdown(SHUT_WR), 0);
  assertEquals(client.receive(), new Uint8Array(0));
  const done = CONNECTED | P.NUSE_STATE_PEER_DONE;
  assertEquals(client.state, done);
  assertEquals(client.send(text("x")), 1);
  server.await(POLLIN);
  server.close(); // with the byte unread
  client.await(POLLHUP);
  assertEquals(client.state, done | P.NUSE_STATE_ERROR);
  assertEquals([client.soError, client.state, client.soError], [EPIPE, done, 0]);
});

Deno.test("stream: an option whose bit of state means something else for streams", () => {
  using world = new World();
  const { client, listener } = connectedStreams(world.program(), PORT);
  const SO_RXQ_OVFL = 40;
  for (const [socket, state] of [[client, client.state], [listener, listener.state]] as const) {
    assertEquals(socket.setInt(1, SO_RXQ_OVFL, 1), 0);
    assertEquals(socket.state, state);
  }
});

Deno.test("stream: the state tells of the error of a reset until it is taken", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  client.send(text("never read"));
  server.await(POLLIN);
  server.close();
  client.await(POLLHUP);
  assertEquals(client.state, CONNECTED | P.NUSE_STATE_ERROR);
  assertEquals(client.soError, ECONNRESET);
  assertEquals(client.state, CONNECTED);
});

Deno.test("stream: what arrives after shutdown(SHUT_RD) is asked for; left, it means RST", () => {
  using world = new World();
  const program = world.program();
  const { client, server } = connectedStreams(program, PORT);
  assertEquals(client.send(text("before")), 6);
  server.await(POLLIN);
  const { state } = server.request(P.NUSE_OP_SHUTDOWN, { a: SHUT_RD });
  assertEquals(state & P.NUSE_STATE_READ_SHUT, P.NUSE_STATE_READ_SHUT);
  assertEquals(server.receiveText(), "before");
  assertEquals(client.send(text("after")), 5);
  assertEquals(program.request(P.NUSE_OP_SETTLE).result, 0);
  const read = (a: number, b: number) =>
    new TextDecoder().decode(server.request(P.NUSE_OP_READ, { a, b }).data);
  assertEquals([read(3, 1), read(3, 0), read(99, 0), read(99, 0)], ["aft", "aft", "er", ""]);
  assertEquals(client.send(text("left")), 4);
  assertEquals(program.request(P.NUSE_OP_SETTLE).result, 0);
  server.close();
  client.await(POLLHUP);
  assertEquals(client.soError, ECONNRESET);
});

Deno.test("stream: shutdown(SHUT_WR), then a close with input unread: FIN, then RST", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(client.send(text("never read")), 10);
  server.await(POLLIN);
  assertEquals(server.request(P.NUSE_OP_SHUTDOWN, { a: SHUT_WR }).result, 0);
  server.close();
  client.await(POLLHUP);
  assertEquals(client.state & P.NUSE_STATE_PEER_DONE, P.NUSE_STATE_PEER_DONE);
  assertEquals(client.soError, EPIPE);
});
