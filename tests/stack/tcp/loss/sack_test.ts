import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("SACK blocks that cannot be are ignored", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  peer.write(socket, 14_600);
  peer.flush();
  const { sent } = socket.tcb;
  peer.send({ flags: ".", ack: 1, sack: [[20000, 30000], [4381, 2921], [14600, 14700]] });
  peer.send({ flags: ".", ack: 1, sack: [[100, 100]] });
  peer.send({ flags: ".", ack: 1, sack: [[-500_000_000, 1461]] });
  const { sackDiscard } = peer.host.counters.tcp;
  assertEquals([sent.sackedBytes, sackDiscard], [0, 4]);
  // Byte-wise blocks do not multiply the records
  for (let i = 10; i < 1400; i += 7) peer.send({ flags: ".", ack: 1, sack: [[i, i + 3]] });
  assertEquals(sent.count, 10);
  assertEquals(sent.sackedBytes, 0);
});
