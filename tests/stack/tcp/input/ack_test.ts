import { assert, assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("an ACK of what was not sent, or far too old: challenged, its text dropped", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "P.", ack: 5000, data: 10 });
  peer.expect(". 1:1(0) ack 1");
  assertEquals(socket.recvAvailable(), 0);
  peer.advance(600_000);
  peer.send({ flags: "P.", seq: 1001, ack: -100_000, data: 10 });
  peer.expect(". 1:1(0) ack 1");
  assertEquals(socket.recvAvailable(), 0);
  assertEquals(peer.host.counters.tcp.challengeAck, 2);
});

Deno.test("a segment without ACK is dropped", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "P", data: 10 });
  assertEquals(socket.recvAvailable(), 0);
  peer.expect();
});

Deno.test("RTT is taken from timestamps when only a retransmission was acknowledged", () => {
  const peer = new Peer();
  const socket = peer.connect({ ts: [1000, 0] });
  const before = socket.tcb.rtt.srttUs;
  peer.write(socket, 10);
  peer.flush();
  peer.sent.length = 0;
  peer.timeUntilSent();
  const again = peer.take();
  peer.advance(30_000);
  peer.send({ flags: ".", ts: [1001, again.options.tsVal] });
  assertEquals(Math.round(socket.tcb.rtt.srttUs - before), Math.round((30_000 - before) / 8));
});

Deno.test("old window updates do not count (SND.WL1, SND.WL2)", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: ".", data: 10, win: 2000 });
  assertEquals(socket.tcb.sndWnd, 2000);
  peer.send({ flags: ".", seq: 1001, win: 60000 });
  assertEquals(socket.tcb.sndWnd, 2000);
});

Deno.test("simultaneous close: CLOSING, then TIME-WAIT", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.shutdown(1, peer.nowUs);
  peer.flush();
  peer.sent.length = 0;
  peer.send({ flags: "F.", ack: 1 });
  assertEquals(socket.stateName, "CLOSING");
  assertEquals(peer.next(), ". 2:2(0) ack 2");
  peer.send({ flags: "." });
  assertEquals(socket.stateName, "TIME-WAIT");
});

Deno.test("Karn: what waited behind a segment that was sent twice is no sample either", () => {
  const peer = new Peer();
  const socket = peer.connect();
  const { rtt } = socket.tcb;
  const { srttUs } = rtt;
  peer.write(socket, 5840);
  peer.flush();
  peer.sent.length = 0;
  for (let i = 0; i < 3; i++) peer.send({ flags: ".", ack: 1 });
  peer.expect(". 1:1461(1460) ack 1");
  peer.advance(30_000);
  peer.send({ flags: "." });
  assertEquals([socket.unackedBytes, rtt.srttUs], [0, srttUs]);
});

Deno.test("Karn, without timestamps: what was sent twice is no sample, the RTO stays", () => {
  const peer = new Peer();
  const socket = peer.connect();
  const { rtt } = socket.tcb;
  const { srttUs, rtoUs } = rtt;
  peer.write(socket, 10);
  peer.flush();
  peer.sent.length = 0;
  peer.timeUntilSent();
  assertEquals(rtt.rtoUs, 2 * rtoUs);
  peer.advance(30_000);
  peer.send({ flags: "." });
  assertEquals([rtt.srttUs, rtt.rtoUs, socket.tcb.backoff], [srttUs, 2 * rtoUs, 0]);
  // The next that was sent once is one
  peer.write(socket, 10);
  peer.flush();
  peer.advance(30_000);
  peer.send({ flags: "." });
  assertEquals(Math.round(rtt.srttUs), Math.round(srttUs + (30_000 - srttUs) / 8));
  assert(rtt.rtoUs < 2 * rtoUs, `${rtt.rtoUs}`);
});

Deno.test("TCP_INFO's busy time goes on while anything is in flight", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 2920);
  peer.flush();
  peer.advance(1000);
  peer.send({ flags: ".", ack: 1461 });
  peer.advance(2000);
  peer.send({ flags: ".", ack: 2921 });
  peer.advance(5000);
  assertEquals(socket.tcb.limits?.busyUs(peer.nowUs), 3000);
});
