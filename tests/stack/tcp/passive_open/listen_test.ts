import { assert, assertEquals } from "@std/assert";
import {
  EVENT_ACCEPTABLE,
  EVENT_CONNECTED,
  EVENT_WRITABLE,
} from "../../../../stack/base/events.ts";
import { Peer } from "../support/peer.ts";

Deno.test("passive open: SYN queue, then accept queue", () => {
  const peer = new Peer();
  const listener = peer.listen();
  assertEquals(listener.stateName, "LISTEN");
  peer.send({ flags: "S", wscale: 3, sackOk: true, ts: [5, 0] });
  const synAck = peer.take();
  assertEquals(peer.describe(synAck), "S. 0:0(0) ack 1");
  assertEquals(synAck.options.windowScale, 7);
  assert(synAck.options.sackPermitted);
  assertEquals(synAck.options.tsEcr, 5);
  assertEquals(listener.accept(), null);
  peer.send({ flags: ".", ts: [6, synAck.options.tsVal] });
  assertEquals(peer.host.takeEvents(listener), EVENT_ACCEPTABLE);
  const socket = listener.accept()!;
  assertEquals(socket.stateName, "ESTABLISHED");
  assertEquals(socket.local().port, 80);
  assertEquals(socket.remote()!.port, 5000);
  assertEquals(socket.readiness(), EVENT_CONNECTED | EVENT_WRITABLE);
  assertEquals(socket.tcb.sndWnd, 65535 << 3);
});

Deno.test("LISTEN: RST ignored, ACK reset, anything else dropped", () => {
  const peer = new Peer();
  peer.listen();
  peer.send({ flags: "R" });
  peer.expect();
  peer.send({ flags: ".", ack: 9 });
  assertEquals(peer.next(), "R 9:9(0)");
  peer.send({ flags: "F" });
  peer.send({ flags: "SF" });
  peer.expect();
});
