import { assertEquals } from "@std/assert";
import {
  BROADCAST_MAC,
  bytesOf,
  ethernetFrame,
  Host,
  icmpFrame,
  PEER_MAC,
} from "../net_fixture.ts";

const STRANGER = Uint8Array.of(2, 0, 0, 0, 0, 7);

Deno.test("frames for others, of unknown type or too short are dropped and counted", () => {
  const host = new Host();
  const { rxDropped } = host.iface;
  host.inject(icmpFrame(8, 0, 1, bytesOf(8), { dstMac: STRANGER }));
  host.inject(ethernetFrame(BROADCAST_MAC, PEER_MAC, 0x88cc, bytesOf(60)));
  host.inject(bytesOf(13));
  const { drops } = host.stack.counters;
  assertEquals([drops[3], drops[2], drops[1]], [1, 1, 1]);
  assertEquals(host.iface.rxDropped - rxDropped, 3);
  assertEquals(host.sent().length, 0);
});

Deno.test("what comes in is counted", () => {
  const host = new Host();
  const { rxPackets, rxBytes } = host.iface;
  const frame = icmpFrame(8, 0, 1, bytesOf(8));
  host.inject(frame);
  assertEquals(host.iface.rxPackets - rxPackets, 1);
  assertEquals(host.iface.rxBytes - rxBytes, frame.length);
  assertEquals(host.stack.counters.device.rxPackets, host.iface.rxPackets);
});
