import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { SettlingPrograms } from "../../../../io/app/endpoint/settling.ts";
import { DeferredReply } from "../../../../io/app/protocol/deferred_reply.ts";
import { connectedStreams, POLLIN } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5021;

Deno.test("SETTLE: what was sent before is with the peer's program when the reply comes", () => {
  using world = new World();
  const program = world.program();
  const { client, server } = connectedStreams(program, PORT);
  for (const size of [1, 60_000]) {
    for (const [from, to] of [[client, server], [server, client]]) {
      assertEquals(from.send(new Uint8Array(size)), size);
      assertEquals(program.request(P.NUSE_OP_SETTLE).result, 0);
      assertEquals([to.poll(POLLIN), (to.recv() as Uint8Array).length], [POLLIN, size]);
    }
  }
});

Deno.test("SETTLE: of a program that goes away meanwhile; the next is answered", () => {
  using world = new World();
  const program = world.program();
  const child = program.fork();
  assertEquals(child.request(P.NUSE_OP_HELLO).result, 0);
  child.send(P.NUSE_OP_SETTLE);
  child.close();
  world.steps(3);
  assertEquals(program.request(P.NUSE_OP_SETTLE).result, 0);
});

class CountedReply extends DeferredReply {
  sent = 0;

  protected send(): void {
    this.sent++;
  }
}

Deno.test("SETTLE: the answer comes at the end of the turn after the one that has read it", () => {
  const settling = new SettlingPrograms();
  const [first, second] = [new CountedReply(), new CountedReply()];
  const seen: number[][] = [];
  const endTurn = () => {
    settling.endTurn();
    seen.push([first.sent, second.sent]);
  };
  settling.wait(first);
  endTurn();
  settling.wait(second);
  endTurn();
  endTurn();
  endTurn();
  assertEquals(seen, [[0, 0], [1, 0], [1, 1], [1, 1]]);
});

Deno.test("SETTLE: nobody has asked, nobody is to be answered", () => {
  const settling = new SettlingPrograms();
  assertEquals([settling.isAsked, settling.isDue], [false, false]);
  settling.endTurn();
  assertEquals([settling.isAsked, settling.isDue], [false, false]);
});
