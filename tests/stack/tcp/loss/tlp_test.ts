import { assert, assertEquals } from "@std/assert";
import { Recovery, RetransmitTimer } from "../../../../stack/tcp/base/state.ts";
import { detectLossByProbe, onProbeSent, scheduleProbe } from "../../../../stack/tcp/loss/tlp.ts";
import type { Tcb } from "../../../../stack/tcp/tcb/tcb.ts";
import { Peer } from "../support/peer.ts";

/** `count` segments of 100 bytes in flight, an RTT of 50 ms, a retransmission timer far away. */
function flight(count = 3): Tcb {
  const { tcb } = new Peer().connect({ sackOk: true });
  tcb.smss = 100;
  tcb.rtt.srttUs = 50_000;
  for (let i = 0; i < count; i++) tcb.sent.push(tcb.sndUna + 100 * i, 100, 0, 1);
  tcb.sndNxt = tcb.sndUna + 100 * count;
  tcb.retransmitTimer = RetransmitTimer.RTO;
  tcb.retransmitAtUs = 10_000_000;
  return tcb;
}

Deno.test("TLP: two round trips after the last, and time for a delayed ACK of a single one", () => {
  const tcb = flight();
  scheduleProbe(tcb, 1000);
  assertEquals(tcb.probeAtUs, 1000 + 100_000 + 2_000);
  const single = flight(1);
  scheduleProbe(single, 1000);
  assertEquals(single.probeAtUs, 1000 + 100_000 + 200_000);
  const unknown = flight();
  unknown.rtt.srttUs = -1;
  scheduleProbe(unknown, 0);
  assertEquals(unknown.probeAtUs, 1_000_000);
});

Deno.test("TLP: not later than the retransmission timer", () => {
  const tcb = flight();
  tcb.retransmitAtUs = 5_000;
  scheduleProbe(tcb, 1000);
  assertEquals(tcb.probeAtUs, 5_000);
});

Deno.test("TLP: not where something is known already, or nothing can be", () => {
  const cases: Record<string, (tcb: Tcb) => void> = {
    "no SACK": (tcb) => tcb.hasSack = false,
    "nothing in flight": (tcb) => tcb.sent.clear(),
    "something SACKed": (tcb) => tcb.sent.sackedBytes = 1,
    "a probe is out": (tcb) => tcb.tlp.isOut = true,
    "in recovery": (tcb) => tcb.recovery = Recovery.FAST,
    "something lost": (tcb) => tcb.sent.markLost(tcb.sent.head!),
    "the window is closed": (tcb) => tcb.retransmitTimer = RetransmitTimer.PERSIST,
    "backed off": (tcb) => tcb.backoff = 1,
  };
  for (const [name, change] of Object.entries(cases)) {
    const tcb = flight();
    tcb.probeAtUs = 7;
    change(tcb);
    scheduleProbe(tcb, 0);
    assertEquals(tcb.probeAtUs, Infinity, name);
  }
});

/** What an ACK of `acked` bytes more says after a probe; `change` fills in the rest. */
function answer(isRetrans: boolean, acked: number, change: (tcb: Tcb) => void = () => {}) {
  const tcb = flight();
  onProbeSent(tcb, isRetrans);
  assertEquals([tcb.tlp.endSeq, tcb.probeAtUs], [tcb.sndNxt, Infinity]);
  const { sample } = tcb.layer;
  sample.begin(tcb.rate, 0);
  tcb.sndUna += acked;
  sample.ackedBytes = acked;
  change(tcb);
  const isLoss = detectLossByProbe(tcb, sample);
  return { isLoss, isOut: tcb.tlp.isOut };
}

Deno.test("TLP: an ACK beyond a probe that was a retransmission: it has mended a loss", () => {
  assertEquals(answer(true, 301), { isLoss: true, isOut: false });
  const inRecovery = (tcb: Tcb) => tcb.recovery = Recovery.FAST;
  assertEquals(answer(true, 301, inRecovery), { isLoss: false, isOut: false });
});

Deno.test("TLP: no loss: a D-SACK of the probe, a probe of new data, both copies arrived", () => {
  const dsack = (tcb: Tcb) => {
    tcb.layer.sample.hasDsack = true;
    tcb.layer.sample.dsackRight = tcb.tlp.endSeq;
  };
  assertEquals(answer(true, 301, dsack), { isLoss: false, isOut: false });
  assertEquals(answer(false, 300), { isLoss: false, isOut: false });
  assertEquals(answer(true, 300), { isLoss: false, isOut: true }, "its own ACK may still come");
  const again = (tcb: Tcb) => {
    tcb.layer.sample.ackedBytes = 0;
    tcb.layer.sample.isPureAck = true;
  };
  assertEquals(answer(true, 300, again), { isLoss: false, isOut: false });
});

Deno.test("TLP: before the probe's end nothing is told, and without a probe neither", () => {
  assertEquals(answer(true, 299), { isLoss: false, isOut: true });
  const tcb = flight();
  assert(!detectLossByProbe(tcb, tcb.layer.sample));
});
