import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("no listener: RST, but never for an RST", () => {
  const peer = new Peer();
  peer.hostPort = 81;
  peer.send({ flags: "S" });
  assertEquals(peer.next(), "R. 0:0(0) ack 1");
  peer.send({ flags: ".", ack: 55 });
  assertEquals(peer.next(), "R 55:55(0)");
  peer.send({ flags: "P.", ack: 55, data: 3 });
  assertEquals(peer.next(), "R 55:55(0)");
  peer.send({ flags: "R." });
  peer.expect();
});
