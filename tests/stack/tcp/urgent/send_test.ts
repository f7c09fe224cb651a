import { assertEquals } from "@std/assert";
import {
  endUrgentMode,
  isUrgentInReach,
  markUrgent,
  urgentPointer,
} from "../../../../stack/tcp/urgent/send.ts";
import type { Tcb } from "../../../../stack/tcp/tcb/tcb.ts";
import { Peer } from "../support/peer.ts";

/** A connection with `bytes` written, the last one urgent, and none sent. */
function urgent(bytes: number): Tcb {
  const peer = new Peer();
  const socket = peer.connect({ mss: 1000, win: 65535, wscale: 7 });
  peer.write(socket, bytes);
  markUrgent(socket.tcb);
  return socket.tcb;
}

Deno.test("urgent mode: the pointer counts from the segment, and what begins before it", () => {
  const tcb = urgent(3000);
  const { sndUna } = tcb;
  const at = (off: number) => urgentPointer(tcb, (sndUna + off) | 0);
  assertEquals([at(-1), at(0), at(1000), at(2999)], [3001, 3000, 2000, 1]);
  assertEquals([at(3000), at(3001), at(9999)], [0, 0, 0]);
});

Deno.test("urgent mode: without a mark nothing is urgent", () => {
  const peer = new Peer();
  const { tcb } = peer.connect();
  assertEquals([urgentPointer(tcb, tcb.sndUna), isUrgentInReach(tcb)], [0, false]);
});

Deno.test("urgent mode: 65,535 is in reach; beyond it as far as the field reaches", () => {
  const tcb = urgent(0);
  tcb.sndUp = (tcb.sndUna + 65_535) | 0;
  assertEquals([urgentPointer(tcb, tcb.sndUna), isUrgentInReach(tcb)], [65_535, true]);
  tcb.sndUp = (tcb.sndUna + 65_536) | 0;
  assertEquals([urgentPointer(tcb, tcb.sndUna), isUrgentInReach(tcb)], [65_535, false]);
  // The pointer would name a byte that has been sent without being urgent
  tcb.sndNxt = (tcb.sndUna + 65_535) | 0;
  assertEquals(urgentPointer(tcb, tcb.sndUna), 0);
});

Deno.test("urgent mode: over the wrap of the sequence numbers", () => {
  const tcb = urgent(0);
  tcb.sndUna = 0x7fff_fff0;
  tcb.sndUp = (0x7fff_fff0 + 32) | 0;
  assertEquals(urgentPointer(tcb, 0x7fff_fff8), 24);
  tcb.sndUna = tcb.sndUp;
  endUrgentMode(tcb);
  assertEquals(tcb.isSndUrgent, false);
});

Deno.test("urgent mode ends when the octet is acknowledged, not before", () => {
  const tcb = urgent(10);
  const start = tcb.sndUna;
  tcb.sndUna = (start + 9) | 0;
  endUrgentMode(tcb);
  assertEquals(tcb.isSndUrgent, true);
  tcb.sndUna = (start + 10) | 0;
  endUrgentMode(tcb);
  assertEquals(tcb.isSndUrgent, false);
});
