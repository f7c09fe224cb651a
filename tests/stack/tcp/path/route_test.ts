import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("a route that is gone for a while: data goes out when it is back", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.host.routeTo(peer.address).valid = false;
  peer.host.routeError = -101;
  peer.write(socket, 10);
  peer.flush();
  peer.expect();
  peer.host.routeError = 0;
  peer.timeUntilSent();
  assertEquals(peer.next(), "P. 1:11(10) ack 1");
});
