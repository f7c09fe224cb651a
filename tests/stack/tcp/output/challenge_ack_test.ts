import { assert, assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("challenge ACKs are limited for each connection and for all", () => {
  const peer = new Peer({ config: { challengeAckPerSecond: 10, invalidAckIntervalUs: 0 } });
  peer.connect();
  for (let i = 0; i < 50; i++) peer.send({ flags: "R", seq: 1010 });
  // The number is drawn anew for each second (attacks_test.ts)
  const count = peer.sent.length;
  assert(count >= 5 && count < 15, `${count} challenge ACKs`);
  assertEquals(peer.host.counters.tcp.ackSkippedChallenge, 50 - count);
});
