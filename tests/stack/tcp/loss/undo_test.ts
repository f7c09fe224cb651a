import { assert, assertEquals } from "@std/assert";
import { Recovery } from "../../../../stack/tcp/base/state.ts";
import { timestampNow } from "../../../../stack/tcp/base/timestamp.ts";
import {
  countDsack,
  isUndoneByDsack,
  isUndoneByEcho,
  isUndoneByFrto,
  undoRecovery,
} from "../../../../stack/tcp/loss/undo.ts";
import { Frto } from "../../../../stack/tcp/tcb/records.ts";
import type { Tcb } from "../../../../stack/tcp/tcb/tcb.ts";
import { Peer } from "../support/peer.ts";

/** In recovery since SND.UNA, with two segments sent again at 5 s. */
function recovering(): Tcb {
  const { tcb } = new Peer().connect({ sackOk: true, ts: [1, 0] });
  tcb.smss = 100;
  tcb.sndNxt = tcb.sndUna + 1000;
  tcb.recover = tcb.sndNxt;
  tcb.recovery = Recovery.FAST;
  tcb.undo.arm(tcb.sndUna, 0);
  tcb.undo.onRetransmit(2, 5_000_000);
  tcb.totalRetransmits = 2;
  tcb.layer.sample.begin(tcb.rate, 0);
  return tcb;
}

/** A D-SACK of [left, right) from SND.UNA on. */
function dsack(tcb: Tcb, left: number, right: number): void {
  const { sample } = tcb.layer;
  sample.hasDsack = true;
  sample.dsackLeft = tcb.undo.marker + left;
  sample.dsackRight = tcb.undo.marker + right;
  countDsack(tcb, sample);
}

Deno.test("undo by D-SACK: when each retransmission had arrived before", () => {
  const tcb = recovering();
  dsack(tcb, 0, 100);
  assert(!isUndoneByDsack(tcb));
  dsack(tcb, 100, 200);
  assert(isUndoneByDsack(tcb));
  const both = recovering();
  dsack(both, 0, 150);
  assert(isUndoneByDsack(both), "part of a segment counts for one");
});

Deno.test("undo by D-SACK: not by an older one, nor by the network's duplicates", () => {
  const tcb = recovering();
  dsack(tcb, -200, 0);
  dsack(tcb, -100, 0);
  assertEquals(tcb.undo.retransSegs, 2);
  tcb.dsackDups = 3;
  dsack(tcb, 0, 200);
  assertEquals(tcb.undo.retransSegs, 2);
  tcb.undo.isArmed = false;
  tcb.undo.retransSegs = 0;
  assert(!isUndoneByDsack(tcb));
});

Deno.test("undo by echo (Eifel): a timestamp from before the first retransmission", () => {
  const tcb = recovering();
  const { sample } = tcb.layer;
  sample.ackedBytes = 100;
  assert(!isUndoneByEcho(tcb, sample), "no echo");
  sample.hasEcho = true;
  sample.tsEcr = timestampNow(tcb.tsOffset, 5_000_000);
  assert(!isUndoneByEcho(tcb, sample));
  sample.tsEcr -= 1;
  assert(isUndoneByEcho(tcb, sample));
  sample.ackedBytes = 0;
  assert(!isUndoneByEcho(tcb, sample), "it acknowledges nothing");
  sample.ackedBytes = 100;
  tcb.undo.firstRetransUs = -1;
  sample.hasEcho = false;
  assert(isUndoneByEcho(tcb, sample), "nothing was sent again yet");
});

Deno.test("undo by F-RTO: something arrived that was sent once, before the timeout", () => {
  const tcb = recovering();
  const { sample } = tcb.layer;
  sample.hasOriginal = true;
  sample.originalEnd = tcb.recover;
  assert(!isUndoneByFrto(tcb, sample), "F-RTO is off");
  tcb.undo.frto = Frto.ON;
  assert(isUndoneByFrto(tcb, sample));
  sample.originalEnd++;
  assert(!isUndoneByFrto(tcb, sample), "sent after the timeout");
  sample.originalEnd--;
  tcb.hasSack = false;
  assert(isUndoneByFrto(tcb, sample));
  sample.hasRetransmitted = true;
  assert(!isUndoneByFrto(tcb, sample), "it may have waited behind what was sent again");
});

Deno.test("undo: gives the window back and ends the recovery", () => {
  const tcb = recovering();
  tcb.recovery = Recovery.OPEN;
  tcb.cwnd = 2000;
  tcb.ssthresh = 5000;
  tcb.ssthresh = tcb.congestion.onLoss(tcb);
  tcb.recovery = Recovery.FAST;
  tcb.cwnd = 300;
  tcb.dupAcks = 3;
  tcb.dupAckedBytes = 200;
  undoRecovery(tcb, 2);
  assertEquals([tcb.cwnd, tcb.ssthresh, tcb.recovery], [2000, 5000, Recovery.OPEN]);
  assertEquals([tcb.dupAcks, tcb.dupAckedBytes, tcb.undo.isArmed], [0, 0, false]);
  assertEquals(tcb.undo.frto, Frto.OFF);
});
