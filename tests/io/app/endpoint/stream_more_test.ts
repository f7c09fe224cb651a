/**
 * What the program says of its writes besides the bytes: MSG_MORE and MSG_EOR
 * (stream_endpoint.ts).
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { EAGAIN } from "../../../../stack/mod.ts";
import { connectedStreams, type ProgramSocket } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5001;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_CORK = 3;

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

Deno.test("stream: MSG_MORE holds back what does not fill a segment", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  client.send(text("whole."));
  assertEquals(client.request(P.NUSE_OP_MORE, { a: 1 }).result, 0);
  client.send(text("a head, "));
  assertEquals(server.receiveText(), "whole.");
  world.steps(5);
  assertEquals(server.recv(), -EAGAIN);
  client.send(text("a body"));
  client.program.send(P.NUSE_OP_MORE, { cookie: client.cookie, a: 0 });
  assertEquals(server.receiveText(), "a head, a body");
  client.send(text("the next"));
  assertEquals(server.receiveText(), "the next");
});

/** TCP_CORK, as the shim posts it. */
function postCork({ program, cookie }: ProgramSocket, value: number): void {
  const data = new Uint8Array(new Int32Array([value]).buffer);
  program.send(P.NUSE_OP_POST_SETOPT, { cookie, a: IPPROTO_TCP, b: TCP_CORK, data });
}

Deno.test("stream: a posted cork holds what comes after it, until one lifts it", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  client.setInt(IPPROTO_TCP, TCP_NODELAY, 1);
  postCork(client, 1);
  client.send(text("a head, "));
  world.steps(5);
  assertEquals(server.recv(), -EAGAIN);
  client.send(text("a body"));
  postCork(client, 0);
  assertEquals(server.receiveText(), "a head, a body");
  postCork(client, 1);
  client.send(text("held"));
  world.steps(5);
  assertEquals(server.recv(), -EAGAIN);
  assertEquals(client.getInt(IPPROTO_TCP, TCP_CORK), 1);
  postCork(client, 0);
  assertEquals(server.receiveText(), "held");
  assertEquals(client.getInt(IPPROTO_TCP, TCP_CORK), 0);
});

Deno.test("stream: a posted MSG_MORE is as one that is answered", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  const more = (a: number) => client.program.send(P.NUSE_OP_MORE, { cookie: client.cookie, a });
  more(P.NUSE_MORE_POSTED);
  client.send(text("a head, "));
  world.steps(5);
  assertEquals(server.recv(), -EAGAIN);
  client.send(text("a body"));
  more(P.NUSE_MORE_END);
  assertEquals(server.receiveText(), "a head, a body");
  assertEquals(client.program.takeReply(), null);
});

Deno.test("stream: MSG_EOR: a cork holds the last record only", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(client.setInt(IPPROTO_TCP, TCP_CORK, 1), 0);
  client.send(text("a record"));
  assertEquals(client.request(P.NUSE_OP_MORE, { a: P.NUSE_MORE_RECORD_END }).result, 0);
  world.steps(5);
  assertEquals(server.recv(), -EAGAIN, "it is the last");
  client.send(text("the rest"));
  assertEquals(server.receiveText(), "a record");
  world.steps(5);
  assertEquals(server.recv(), -EAGAIN);
  assertEquals(client.setInt(IPPROTO_TCP, TCP_CORK, 0), 0);
  assertEquals(server.receiveText(), "the rest");
});

Deno.test("stream: MSG_EOR ends what is still in the pair, too", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(client.setInt(IPPROTO_TCP, TCP_CORK, 1), 0);
  // Nobody reads: in the end a part of the record waits in the pair
  let sent = 0;
  for (let full = 0; full < 20; world.steps(1)) {
    const n = client.send(new Uint8Array(100_000));
    if (n > 0) sent += n;
    else full++;
  }
  assertEquals(client.request(P.NUSE_OP_MORE, { a: P.NUSE_MORE_RECORD_END }).result, 0);
  let received = 0;
  let isNextSent = false;
  world.until("the record is there", () => {
    const data = server.recv();
    if (typeof data !== "number") received += data.length;
    isNextSent ||= client.send(text("x")) === 1;
    return isNextSent && received >= sent;
  });
  world.steps(20);
  assertEquals(server.recv(), -EAGAIN, "the next one is corked");
  assertEquals(client.setInt(IPPROTO_TCP, TCP_CORK, 0), 0);
  assertEquals(server.receiveText(), "x");
});
