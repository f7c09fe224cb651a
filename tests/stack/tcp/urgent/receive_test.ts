import { assertEquals } from "@std/assert";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { Peer, PEER_ISS } from "../support/peer.ts";

function connected(): [Peer, TcpSocket] {
  const peer = new Peer();
  return [peer, peer.connect()];
}

/** All that waits, as text. */
function read(peer: Peer, socket: TcpSocket): string {
  const { off0, len0 } = socket.recvSpan(1000);
  const text = new TextDecoder().decode(peer.host.memory.u8.slice(off0, off0 + len0));
  socket.recvConsume(len0, peer.nowUs);
  return text;
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("urgent data: where it lies, until it is taken", () => {
  const [peer, socket] = connected();
  assertEquals(socket.urgentOffset, -1);
  peer.send({ flags: "PU.", data: bytes("abc!"), urgent: 4 });
  peer.send({ flags: "P.", data: bytes("def") });
  assertEquals([socket.urgentOffset, socket.recvAvailable()], [3, 7]);
  socket.recvConsume(3, peer.nowUs);
  assertEquals(socket.urgentOffset, 0);
  socket.recvConsume(1, peer.nowUs);
  assertEquals([socket.urgentOffset, socket.tcb.isRcvUrgent], [-1, false]);
});

Deno.test("urgent data: announced, not here yet", () => {
  const [peer, socket] = connected();
  peer.send({ flags: "U.", data: bytes("abc"), urgent: 10 });
  assertEquals([socket.urgentOffset, socket.recvAvailable()], [9, 3]);
  assertEquals(read(peer, socket), "abc");
  peer.send({ flags: ".", data: bytes("defghi!jk") });
  assertEquals([socket.urgentOffset, socket.recvAvailable()], [6, 9]);
});

Deno.test("urgent data: a segment without data announces it", () => {
  const [peer, socket] = connected();
  peer.send({ flags: "U.", urgent: 5 });
  assertEquals(socket.urgentOffset, 4);
});

Deno.test("urgent data: a pointer to what has come, or behind the last one, says nothing", () => {
  const [peer, socket] = connected();
  peer.send({ flags: "P.", data: bytes("abc") });
  peer.send({ flags: "U.", seq: PEER_ISS + 1, data: bytes("abcd"), urgent: 3 });
  assertEquals([socket.urgentOffset, socket.recvAvailable()], [-1, 4]);
  peer.nextSeq++;
  peer.send({ flags: "U.", urgent: 9 });
  peer.send({ flags: "U.", urgent: 8 });
  assertEquals(socket.urgentOffset, 4 + 8);
});

Deno.test("urgent data: a second octet; the first is data, but skipped at the head", () => {
  const [peer, socket] = connected();
  peer.send({ flags: "U.", data: bytes("a1"), urgent: 2 });
  peer.send({ flags: "U.", data: bytes("2"), urgent: 1 });
  assertEquals([socket.urgentOffset, socket.recvSkip], [2, 0]);
  socket.recvConsume(2, peer.nowUs);
  peer.send({ flags: "U.", data: bytes("b3"), urgent: 2 });
  assertEquals([socket.urgentOffset, socket.recvSkip], [2, 1]);
  assertEquals([read(peer, socket), socket.recvSkip], ["2b3", 0]);
});

Deno.test("urgent data: with SO_OOBINLINE nothing is skipped", () => {
  const [peer, socket] = connected();
  socket.tcb.ownOptions().ownSocketOptions().oobInline = true;
  peer.send({ flags: "U.", data: bytes("1"), urgent: 1 });
  peer.send({ flags: "U.", data: bytes("2"), urgent: 1 });
  assertEquals([socket.urgentOffset, socket.recvSkip], [1, 0]);
  assertEquals(read(peer, socket), "12");
});

Deno.test("urgent data: announced at the head and not here, it is not skipped", () => {
  const [peer, socket] = connected();
  peer.send({ flags: "U.", urgent: 1 });
  peer.send({ flags: "U.", urgent: 2 });
  peer.send({ flags: ".", data: bytes("12") });
  assertEquals([socket.urgentOffset, socket.recvSkip], [1, 0]);
});

Deno.test("urgent data: with the FIN, and thrown away unread", () => {
  const [peer, socket] = connected();
  peer.send({ flags: "FU.", data: bytes("ab!"), urgent: 3 });
  assertEquals([socket.urgentOffset, socket.recvAvailable()], [2, 3]);
  socket.recvDiscard(peer.nowUs);
  assertEquals([socket.urgentOffset, socket.recvEof], [-1, true]);
});
