import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Cubic } from "../../../../stack/tcp/congestion/cubic.ts";
import { CWND_MAX, SSTHRESH_INFINITE } from "../../../../stack/tcp/congestion/mod.ts";
import { Prng } from "../../../support/prng.ts";
import { BDP, Bottleneck, Flow, RATE, RTT_US, run } from "./path_model.ts";
import { SECOND, single, utilisation } from "./path_model.ts";
import { drive, lose, Window } from "./window.ts";

const C = 0.4;
const BETA = 0.7;
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
const RTT = 100_000;

/** A connection in congestion avoidance whose window was `segments` when it lost. */
function afterLoss(segments: number): { cc: Cubic; window: Window } {
  const window = new Window();
  window.cwnd = segments * window.smss;
  window.ssthresh = window.cwnd;
  const cc = new Cubic();
  lose(cc, window, 0);
  return { cc, window };
}

function assertNear(actual: number, expected: number, share: number, what: string): void {
  assertAlmostEquals(actual / expected, 1, share, `${what}: ${actual}, not ${expected}`);
}

Deno.test("cubic: the window follows W_cubic(t), concave and convex (4.2, 4.4, 4.5)", () => {
  const { cc, window } = afterLoss(1000);
  assertEquals(window.segments, 700);
  const k = Math.cbrt((1000 - 700) / C);
  assertAlmostEquals(k, 9.0856, 0.001);
  let nowUs = 0;
  for (let t = 1; t <= 16; t++) {
    nowUs = drive(cc, window, nowUs, t * SECOND, RTT);
    assertNear(window.segments, C * (t - k) ** 3 + 1000, 0.005, `W_cubic(${t})`);
  }
});

Deno.test("cubic: the time until W_max is back does not depend on the round trip", () => {
  for (const rttUs of [10_000, 30_000, 200_000]) {
    const { cc, window } = afterLoss(5000);
    const k = Math.cbrt((5000 - 3500) / C);
    drive(cc, window, 0, Math.round(k * SECOND), rttUs);
    assertNear(window.segments, 5000, 0.005, `round trip ${rttUs}`);
  }
});

Deno.test("cubic: Reno-friendly region: alpha, then 1 a round trip beyond cwnd_prior (4.3)", () => {
  const { cc, window } = afterLoss(20);
  assertEquals(window.segments, 14);
  // 10 ms: in a second 100 round trips, while W_cubic takes K = 2.5 s to come back to 20.
  let nowUs = drive(cc, window, 0, 100_000, 10_000);
  assertNear(window.segments, 14 + 10 * ALPHA, 0.02, "10 round trips at alpha");
  while (window.segments < 20.5) nowUs = drive(cc, window, nowUs, nowUs + 1_000, 10_000);
  const before = window.segments;
  drive(cc, window, nowUs, nowUs + 200_000, 10_000);
  assertNear(window.segments - before, 20, 0.06, "20 round trips at 1");
});

Deno.test("cubic: grows by no more than half a window in a round trip (target <= 1.5 cwnd)", () => {
  const { cc, window } = afterLoss(10_000);
  drive(cc, window, 0, 10_000, RTT);
  const before = window.segments;
  // A stage far along its curve with a window that was cut behind its back.
  drive(cc, window, 10_000, 60 * SECOND, RTT, 10_000);
  window.cwnd = 100_000;
  window.ssthresh = 100_000;
  drive(cc, window, 60 * SECOND, 60 * SECOND + RTT, RTT);
  assert(before < 7_100);
  assert(window.segments > 145 && window.segments < 166, `${window.segments}`);
});

Deno.test("cubic: 0.7 on loss (4.6), 0.85 on a mark (RFC 8511), at least two segments", () => {
  const window = new Window();
  assertEquals(new Cubic().onLoss(window), 7_000);
  assertEquals(new Cubic().onLoss(window, "ecn"), 8_500);
  window.cwnd = 2_000;
  assertEquals(new Cubic().onLoss(window), 2_000);
});

Deno.test("cubic: fast convergence: a second loss below W_max aims lower (4.7)", () => {
  const { cc, window } = afterLoss(1000);
  lose(cc, window, 0);
  assertNear(window.segments, 490, 0.001, "0.7 of 700");
  // W_max = 700 * (1 + beta) / 2, not 700.
  const wMax = (700 * (1 + BETA)) / 2;
  const k = Math.cbrt((wMax - 490) / C);
  drive(cc, window, 0, Math.round(k * SECOND), RTT);
  assertNear(window.segments, wMax, 0.005, "W_max");
  const { cc: other, window: grown } = afterLoss(1000);
  grown.cwnd = 1_100_000;
  lose(other, grown, 0);
  const k2 = Math.cbrt((1100 - 770) / C);
  drive(other, grown, 0, Math.round(k2 * SECOND), RTT);
  assertNear(grown.segments, 1100, 0.005, "W_max of a flow that has grown");
});

Deno.test("cubic: after a timeout the curve starts where slow start ended (4.8)", () => {
  const window = new Window();
  window.cwnd = 1_000_000;
  window.ssthresh = 1_000_000;
  const cc = new Cubic();
  window.ssthresh = cc.onLoss(window);
  window.cwnd = window.smss;
  cc.onTimeout();
  let nowUs = 0;
  while (window.cwnd < window.ssthresh) {
    nowUs = drive(cc, window, nowUs, nowUs + 1_000, RTT);
  }
  assert(nowUs < 1.1 * SECOND, "slow start, not CUBIC");
  drive(cc, window, nowUs, nowUs + 10 * SECOND, RTT);
  // K = 0: 700 + C t^3, not 700 -> 1000 in 9 s with a plateau.
  assertNear(window.segments, 700 + C * 1000, 0.01, "convex from the start");
});

Deno.test("cubic: t stands still while the program limits the sender, or is silent (5.8)", () => {
  const straight = afterLoss(1000);
  drive(straight.cc, straight.window, 0, 8 * SECOND, RTT);

  const limited = afterLoss(1000);
  let nowUs = drive(limited.cc, limited.window, 0, 4 * SECOND, RTT);
  for (; nowUs < 20 * SECOND; nowUs += RTT) limited.cc.onAppLimited(limited.window, nowUs);
  drive(limited.cc, limited.window, 20 * SECOND, 24 * SECOND, RTT);
  assertNear(limited.window.cwnd, straight.window.cwnd, 0.002, "limited");

  const silent = afterLoss(1000);
  drive(silent.cc, silent.window, 0, 4 * SECOND, RTT);
  silent.cc.onIdle(silent.window, 60 * SECOND);
  drive(silent.cc, silent.window, 64 * SECOND, 68 * SECOND, RTT);
  assertNear(silent.window.cwnd, straight.window.cwnd, 0.002, "silent");
});

Deno.test("cubic: undo puts back the window and the curve (4.9)", () => {
  const straight = afterLoss(1000);
  drive(straight.cc, straight.window, 0, 12 * SECOND, RTT);
  for (const isTimeout of [false, true]) {
    const { cc, window } = afterLoss(1000);
    drive(cc, window, 0, 6 * SECOND, RTT);
    const { cwnd, ssthresh } = window;
    window.ssthresh = cc.onLoss(window);
    window.cwnd = isTimeout ? window.smss : window.ssthresh;
    if (isTimeout) cc.onTimeout();
    cc.onUndo(window);
    assertEquals([window.cwnd, window.ssthresh], [cwnd, ssthresh]);
    drive(cc, window, 6 * SECOND, 12 * SECOND, RTT);
    assertNear(window.cwnd, straight.window.cwnd, 0.001, "the same curve");
    window.cwnd = 1_000;
    cc.onUndo(window);
    assertEquals(window.cwnd, 1_000, "once only");
  }
});

Deno.test("cubic: undo leaves a window alone that has outgrown the old one", () => {
  const { cc, window } = afterLoss(100);
  lose(cc, window, 0);
  drive(cc, window, 0, 30 * SECOND, RTT);
  const { cwnd, ssthresh } = window;
  assert(cwnd > 70_000);
  cc.onUndo(window);
  assertEquals([window.cwnd, window.ssthresh], [cwnd, ssthresh]);
});

Deno.test("cubic: undo of a loss in the first slow start goes on with it", () => {
  const window = new Window();
  const cc = new Cubic();
  lose(cc, window, 0);
  cc.onUndo(window);
  assertEquals(window.ssthresh, SSTHRESH_INFINITE);
  window.acknowledge(cc, 10_000, RTT, RTT);
  assertEquals(window.cwnd, 20_000);
});

Deno.test("cubic: whatever comes, the window is a whole number within its bounds", () => {
  const prng = new Prng(9438);
  for (let run = 0; run < 40; run++) {
    const window = new Window();
    window.smss = prng.pick([48, 536, 1448, 65_000]);
    const cc = new Cubic();
    let nowUs = prng.below(2) * 2 ** 40;
    for (let i = 0; i < 500; i++) {
      nowUs += prng.chance(0.3) ? 0 : prng.magnitude(1, 1e9);
      const rttUs = prng.pick([-1, 0, 1, 50_000, 1e9]);
      const what = prng.below(12);
      if (what === 0) window.ssthresh = cc.onLoss(window, prng.pick(["loss", "ecn"]));
      else if (what === 1) cc.onTimeout();
      else if (what === 2) cc.onUndo(window);
      else if (what === 3) cc.onIdle(window, prng.magnitude(1, 1e9));
      else if (what === 4) cc.onAppLimited(window, nowUs);
      else window.acknowledge(cc, prng.magnitude(1, 1e8), rttUs, nowUs);
      assert(Number.isInteger(window.cwnd) && Number.isInteger(window.ssthresh));
      assert(window.cwnd >= 1 && window.cwnd <= CWND_MAX, `${window.cwnd}`);
      assert(window.ssthresh >= 2 * window.smss);
    }
  }
});

Deno.test("cubic: one flow fills 100 Mbit/s at 50 ms with a buffer of one BDP to 97%", () => {
  const flow = single(new Cubic());
  assert(utilisation(flow, 0, 40 * SECOND) > 0.97);
  assertEquals(flow.timeouts, 0);
  assert(utilisation(single(new Cubic(), { bufferBytes: BDP / 5 }), 0, 30 * SECOND) > 0.93);
  assert(utilisation(single(new Cubic(), { ackEveryUs: 10_000 }), 0, 30 * SECOND) > 0.95);
});

Deno.test("cubic: two flows come to share a link equally, though one had it first", () => {
  const link = new Bottleneck({ rate: RATE, rttUs: RTT_US, bufferBytes: BDP });
  const first = new Flow(new Cubic(), link);
  const second = new Flow(new Cubic(), link, 3 * SECOND);
  run([first, second], 0, 120 * SECOND);
  const a = first.deliveredBytes;
  const b = second.deliveredBytes;
  run([first, second], 120 * SECOND, 180 * SECOND);
  const share = (first.deliveredBytes - a) / (second.deliveredBytes - b);
  assert(share > 0.9 && share < 1.1, `${share}`);
});

Deno.test("cubic: marks instead of losses keep the queue short and the link busy", () => {
  const flow = single(new Cubic(), { bufferBytes: 2 * BDP, markBytes: 0.3 * BDP });
  assert(utilisation(flow, 0, 30 * SECOND) > 0.95);
  assertEquals(flow.link.drops, 0);
  assert(flow.ecnReductions > 3);
});

Deno.test("cubic: comes back after two seconds without a link", () => {
  const flow = single(new Cubic());
  run([flow], 0, 5 * SECOND);
  flow.link.isDown = true;
  run([flow], 5 * SECOND, 7 * SECOND);
  flow.link.isDown = false;
  assert(flow.timeouts > 0);
  run([flow], 7 * SECOND, 9 * SECOND);
  assert(utilisation(flow, 9 * SECOND, 20 * SECOND) > 0.8);
});

Deno.test("cubic: a path without delay", () => {
  const flow = single(new Cubic(), { rate: 1e9, rttUs: 0, bufferBytes: 100_000 });
  assert(utilisation(flow, 0, SECOND / 5) > 0.9);
  assert(Number.isInteger(flow.cwnd));
});

Deno.test("cubic: the whole segments of a window are a round trip, and grow it by alpha", () => {
  const { cc, window } = afterLoss(8);
  // 5.6: five segments are in flight, and acknowledged
  assertEquals(window.cwnd, 5_600);
  for (let i = 0; i < 5; i++) window.acknowledge(cc, window.smss, 10_000, 1_000 + 2_000 * i);
  assertAlmostEquals(window.segments, 5.6 + ALPHA, 0.03);
});
