import { assertEquals } from "@std/assert";
import {
  type Debtor,
  DeferredReply,
  type RepliedSocket,
  REPLY_DEFERRED,
} from "../../../../io/app/protocol/deferred_reply.ts";

class Recorder extends DeferredReply {
  readonly sent: unknown[] = [];

  protected override send(result: number, { cookie }: RepliedSocket, fillerLen: number): void {
    this.sent.push([result, cookie, fillerLen, this.isOwed]);
  }
}

function debtor(): Debtor & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    cancelReply: (fillerLen) => told.push(`cancel ${fillerLen}`),
    dropReply: () => told.push("drop"),
  };
}

const SOCKET = { state: 2, cookie: 77 };

Deno.test("a reply is owed until it is given, and another may follow", () => {
  const reply = new Recorder();
  for (let i = 0; i < 2; i++) {
    assertEquals(reply.isOwed, false);
    assertEquals(reply.owe(debtor()), REPLY_DEFERRED);
    assertEquals(reply.isOwed, true);
    reply.give(-i, SOCKET, i);
  }
  assertEquals(reply.sent, [[-0, 77, 0, false], [-1, 77, 1, false]]);
});

Deno.test("the debtor is told when the program waits no longer, or is gone", () => {
  const reply = new Recorder();
  const one = debtor();
  reply.cancel(512);
  reply.drop();
  reply.owe(one);
  reply.cancel(512);
  reply.drop();
  reply.drop();
  assertEquals(one.told, ["cancel 512", "drop"]);
  assertEquals([reply.isOwed, reply.sent], [false, []]);
});
