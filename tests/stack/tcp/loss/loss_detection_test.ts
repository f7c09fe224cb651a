import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("fast retransmit after three duplicate ACKs, without SACK", () => {
  const peer = new Peer();
  const socket = peer.connect();
  const { sample } = peer.host.tcp;
  const delivered: number[] = [];
  peer.write(socket, 14_600);
  peer.flush();
  peer.sent.length = 0;
  peer.write(socket, 14_600);
  peer.send({ flags: ".", ack: 1 });
  peer.expect(". 14601:16061(1460) ack 1"); // limited transmit
  peer.send({ flags: ".", ack: 1 });
  peer.expect(". 16061:17521(1460) ack 1");
  peer.send({ flags: ".", ack: 1 });
  delivered.push(sample.deliveredBytes);
  peer.expect(". 1:1461(1460) ack 1");
  assertEquals(peer.host.counters.tcp.renoRecovery, 1);
  // Everything but the second hole: a partial ACK sends the next one (RFC 6582)
  peer.send({ flags: ".", ack: 4381 });
  delivered.push(sample.deliveredBytes);
  // A duplicate tells of a segment; of these three segments two had been told of
  assertEquals(delivered, [1460, 1460]);
  assertEquals(peer.next(), ". 4381:5841(1460) ack 1");
  peer.sent.length = 0;
  peer.send({ flags: ".", ack: 17521 });
  assertEquals(socket.tcb.recovery, 0);
  assertEquals(socket.tcb.cwnd >= socket.tcb.ssthresh, true);
});

Deno.test("reneging: after an RTO what was SACKed is sent again too", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  peer.write(socket, 4380);
  peer.flush();
  peer.send({ flags: ".", ack: 1, sack: [[1, 1461]] });
  peer.sent.length = 0;
  peer.timeUntilSent();
  assertEquals(peer.next(), ". 1:1461(1460) ack 1");
  assertEquals(peer.host.counters.tcp.sackReneging, 1);
  assertEquals(socket.tcb.sent.sackedBytes, 0);
});
