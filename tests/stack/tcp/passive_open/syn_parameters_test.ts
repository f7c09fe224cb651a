import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("passive open: options only if the peer offers them", () => {
  const peer = new Peer();
  peer.listen();
  peer.send({ flags: "S" });
  const { options } = peer.take();
  assertEquals(options.windowScale, -1);
  assertEquals([options.sackPermitted, options.hasTimestamps], [false, false]);
});
