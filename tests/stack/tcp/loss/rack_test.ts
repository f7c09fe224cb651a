import { assert, assertEquals } from "@std/assert";
import { Recovery } from "../../../../stack/tcp/base/state.ts";
import { detectLate, isDsackOurs, markTimedOut } from "../../../../stack/tcp/loss/rack.ts";
import { SENT_LOST } from "../../../../stack/tcp/tcb/sent_queue.ts";
import type { Tcb } from "../../../../stack/tcp/tcb/tcb.ts";
import { Peer } from "../support/peer.ts";

const MS = 1000;

/** Six segments of 100 bytes, sent at 1, 2, … ms; the smallest and the smoothed RTT are 40 ms. */
function flight(): Tcb {
  const { tcb } = new Peer().connect({ sackOk: true });
  tcb.smss = 100;
  tcb.rtt.minRttUs = tcb.rtt.srttUs = 40 * MS;
  for (let i = 0; i < 6; i++) tcb.sent.push(tcb.sndUna + 100 * i, 100, 0, (i + 1) * MS);
  tcb.sndNxt = tcb.sndUna + 600;
  return tcb;
}

/** Segments `from` to `to` are SACKed at `nowUs`. */
function sack(tcb: Tcb, from: number, to: number, nowUs: number): void {
  const { sample } = tcb.layer;
  sample.begin(tcb.rate, tcb.pipe, tcb.rack);
  tcb.rack.begin(tcb.sndUna, tcb.sent.sackedBytes > 0, tcb.rtt.minRttUs, nowUs);
  tcb.sent.applySack(tcb.sndUna + 100 * from, tcb.sndUna + 100 * to, 100, sample);
}

function lost(tcb: Tcb): number[] {
  const indexes: number[] = [];
  for (let s = tcb.sent.head; s !== null; s = s.next) {
    if ((s.flags & SENT_LOST) !== 0) indexes.push((s.seq - tcb.sndUna) / 100);
  }
  return indexes;
}

Deno.test("RACK: what was sent before the latest delivered has a quarter of the RTT more", () => {
  const tcb = flight();
  sack(tcb, 2, 3, 43 * MS);
  assert(!detectLate(tcb, 43 * MS));
  assertEquals([lost(tcb), tcb.reorderAtUs], [[], 1 * MS + 40 * MS + 10 * MS]);
  detectLate(tcb, 51 * MS);
  assertEquals([lost(tcb), tcb.reorderAtUs], [[0], 52 * MS], "the timer is for the next");
  detectLate(tcb, 52 * MS);
  assertEquals([lost(tcb), tcb.reorderAtUs], [[0, 1], Infinity], "what was sent later may come");
});

Deno.test("RACK: within the microsecond of its transmission nothing is late (loopback)", () => {
  const { tcb: tcb } = new Peer().connect({ sackOk: true });
  tcb.smss = 100;
  tcb.rtt.minRttUs = tcb.rtt.srttUs = 0;
  for (let i = 0; i < 5; i++) tcb.sent.push(tcb.sndUna + 100 * i, 100, 0, 7 * MS);
  tcb.sndNxt = tcb.sndUna + 500;
  sack(tcb, 1, 5, 7 * MS);
  detectLate(tcb, 7 * MS);
  assertEquals([lost(tcb), tcb.reorderAtUs], [[], 7 * MS + 1]);
  detectLate(tcb, 7 * MS + 1);
  assertEquals(lost(tcb), [0]);
});

Deno.test("RACK: three SACKed segments are proof enough, unless the path reorders", () => {
  const tcb = flight();
  sack(tcb, 2, 5, 45 * MS);
  detectLate(tcb, 45 * MS);
  assertEquals(lost(tcb), [0, 1]);
  const other = flight();
  other.rack.isReorderingSeen = true;
  sack(other, 2, 5, 45 * MS);
  detectLate(other, 45 * MS);
  assertEquals(lost(other), []);
  const recovering = flight();
  recovering.recovery = Recovery.FAST;
  sack(recovering, 2, 3, 43 * MS);
  detectLate(recovering, 43 * MS);
  assertEquals(lost(recovering), [0, 1], "nor is there any grace in recovery");
});

Deno.test("RACK: the window grows with the D-SACKs, to the smoothed RTT at most", () => {
  for (const [mult, graceMs] of [[1, 10], [3, 30], [100, 40]]) {
    const tcb = flight();
    tcb.rack.isReorderingSeen = true;
    tcb.rack.reoWndMult = mult;
    sack(tcb, 2, 3, 43 * MS);
    detectLate(tcb, 43 * MS);
    assertEquals(tcb.reorderAtUs, (1 + 40 + graceMs) * MS, `${mult}`);
  }
});

Deno.test("RACK: a lost retransmission is told, and counted", () => {
  const tcb = flight();
  tcb.sent.markLost(tcb.sent.head!);
  tcb.sent.markRetransmitted(tcb.sent.head!, 10 * MS);
  tcb.sent.push(tcb.sndUna + 600, 100, 0, 20 * MS);
  sack(tcb, 1, 7, 60 * MS);
  assert(detectLate(tcb, 60 * MS));
  assertEquals([lost(tcb), tcb.layer.counters.tcp.lostRetransmit], [[0], 1]);
});

Deno.test("RACK: nothing delivered, nothing late; a timeout takes what is overdue", () => {
  const tcb = flight();
  assert(!detectLate(tcb, 1000 * MS));
  assertEquals(lost(tcb), []);
  markTimedOut(tcb, 43 * MS);
  assertEquals(lost(tcb), [0, 1, 2]);
  const young = flight();
  markTimedOut(young, 5 * MS);
  assertEquals(lost(young), [0], "the head in any case");
});

Deno.test("RACK: more duplicates than retransmissions are the network's", () => {
  const tcb = flight();
  const { sample } = tcb.layer;
  sample.begin(tcb.rate, 0);
  assert(!isDsackOurs(tcb, sample));
  sample.hasDsack = true;
  tcb.dsackDups = 2;
  tcb.totalRetransmits = 1;
  assert(!isDsackOurs(tcb, sample));
  tcb.totalRetransmits = 2;
  assert(isDsackOurs(tcb, sample));
});
