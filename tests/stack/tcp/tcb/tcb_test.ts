import { assert, assertEquals } from "@std/assert";
import { State } from "../../../../stack/tcp/base/state.ts";
import { Peer } from "../support/peer.ts";

Deno.test("tcb: RCV.WND is what is left of what was advertised, never less than 0", () => {
  const { tcb } = new Peer().connect();
  tcb.rcvAdv = tcb.rcvNxt + 5;
  assertEquals(tcb.rcvWnd, 5);
  tcb.rcvNxt += 5;
  assertEquals(tcb.rcvWnd, 0);
  tcb.rcvNxt += 1;
  assertEquals(tcb.rcvWnd, 0, "a FIN may lie beyond");
  tcb.rcvNxt = 0x7fffffff;
  tcb.rcvAdv = -0x80000000;
  assertEquals(tcb.rcvWnd, 1, "across 2^31");
});

Deno.test("tcb: pipe (RFC 6675) counts what is lost or SACKed out, what is sent again in", () => {
  const { tcb } = new Peer().connect();
  const una = tcb.sndUna;
  for (let i = 0; i < 5; i++) tcb.sent.push(una + 100 * i, 100, 0, 1);
  tcb.sndNxt = una + 500;
  assertEquals(tcb.pipe, 500);
  const [first, second] = [tcb.sent.head!, tcb.sent.head!.next!];
  tcb.sent.markLost(first);
  tcb.sent.markLost(second);
  assertEquals(tcb.pipe, 300);
  tcb.sent.markRetransmitted(first, 2);
  assertEquals(tcb.pipe, 400);
  tcb.layer.sample.begin(tcb.rate, tcb.pipe);
  tcb.sent.applySack(una + 400, una + 500, 100, tcb.layer.sample);
  assertEquals(tcb.pipe, 300);
  tcb.dupAckedBytes = 1000;
  assertEquals(tcb.pipe, 0);
});

Deno.test("tcb: data may be written when connected, and before that with Fast Open", () => {
  const peer = new Peer();
  const { tcb } = peer.connect();
  assert(tcb.canSendData);
  tcb.state = State.SYN_SENT;
  assert(!tcb.canSendData);
  tcb.isConnectDeferred = true;
  assert(tcb.canSendData);
  tcb.isConnectDeferred = false;
  tcb.state = State.SYN_RECEIVED;
  tcb.fastOpenOf = peer.listen().listening;
  assert(tcb.canSendData);
});

Deno.test("tcb: an orphan has neither a program nor a listener that may give it one", () => {
  const peer = new Peer();
  const listener = peer.listen();
  const { tcb } = listener;
  assert(!tcb.isOrphan);
  tcb.listener = listener.listening;
  tcb.socket = null;
  assert(!tcb.isOrphan);
  tcb.listener = null;
  assert(tcb.isOrphan);
});

Deno.test("tcb: what the program has written ends after the ring's bytes", () => {
  const peer = new Peer();
  const socket = peer.connect();
  const { tcb } = socket;
  assertEquals(tcb.sndEnd, tcb.sndNxt);
  peer.write(socket, 300);
  assertEquals(tcb.sndEnd - tcb.sndNxt, 300);
  assert(!tcb.isPaced);
  tcb.pacer.rate = 1e6;
  assert(tcb.isPaced);
});

Deno.test("tcb: it begins with the configuration's sizes", () => {
  const config = {
    ...{ defaultSmss: 600, sndBufInitBytes: 30_000, rcvBufInitBytes: 40_000 },
    ...{ quickAckSegments: 5, rtoInitUs: 700_000 },
  };
  const { tcb } = new Peer({ config }).host.tcp.createSocket(2);
  assertEquals([tcb.smss, tcb.peerMss, tcb.rcvMss], [600, 600, 600]);
  assertEquals([tcb.sndBufBytes, tcb.rcvBufBytes, tcb.rcvSpaceBytes], [30_000, 40_000, 40_000]);
  assertEquals([tcb.quickAcks, tcb.rtt.rtoUs], [5, 700_000]);
});
