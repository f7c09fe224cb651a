import { Peer } from "../support/peer.ts";

Deno.test("broadcast and multicast segments are ignored", () => {
  const peer = new Peer();
  peer.listen();
  const { host } = peer;
  const before = host.tcp.input.bind(host.tcp);
  host.tcp.input = (pkt) => {
    pkt.isBroadcast = true;
    return before(pkt);
  };
  peer.send({ flags: "S" });
  peer.expect();
});
