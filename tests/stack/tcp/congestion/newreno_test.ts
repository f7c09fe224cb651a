import { assert, assertEquals } from "@std/assert";
import { CWND_MAX } from "../../../../stack/tcp/congestion/mod.ts";
import { NewReno, slowStart } from "../../../../stack/tcp/congestion/newreno.ts";
import { BDP, run, SECOND, single, utilisation } from "./path_model.ts";
import { drive, lose, Window } from "./window.ts";

Deno.test("newreno: slow start doubles the window each round trip and stops at ssthresh", () => {
  const window = new Window();
  const cc = new NewReno();
  window.acknowledge(cc, 10_000, 1000, 0);
  assertEquals(window.cwnd, 20_000);
  window.ssthresh = 25_000;
  assertEquals(slowStart(window, 20_000), 15_000);
  assertEquals(window.cwnd, 25_000);
});

Deno.test("newreno: congestion avoidance adds a segment for each window (RFC 5681 3.1)", () => {
  const window = new Window();
  window.ssthresh = window.cwnd;
  const cc = new NewReno();
  for (let i = 0; i < 9; i++) window.acknowledge(cc, 1000, 1000, i);
  assertEquals(window.cwnd, 10_000);
  window.acknowledge(cc, 1000, 1000, 9);
  assertEquals(window.cwnd, 11_000);
  // One acknowledgment of three windows is worth three segments.
  window.acknowledge(cc, 33_000, 1000, 10);
  assertEquals(window.cwnd, 14_000);
});

Deno.test("newreno: what slow start leaves counts for congestion avoidance", () => {
  const window = new Window();
  window.ssthresh = 12_000;
  const cc = new NewReno();
  window.acknowledge(cc, 8_000, 1000, 0);
  assertEquals(window.cwnd, 12_000);
  window.acknowledge(cc, 6_000, 1000, 0);
  assertEquals(window.cwnd, 13_000);
});

Deno.test("newreno: 0.5 on loss, 0.8 on a mark (RFC 8511), at least two segments", () => {
  const window = new Window();
  const cc = new NewReno();
  assertEquals(cc.onLoss(window), 5_000);
  assertEquals(cc.onLoss(window, "ecn"), 8_000);
  window.cwnd = 3_000;
  assertEquals(cc.onLoss(window), 2_000);
});

Deno.test("newreno: undo puts the window back once, and never makes it smaller", () => {
  const window = new Window();
  const cc = new NewReno();
  lose(cc, window, 0);
  cc.onUndo(window);
  assertEquals([window.cwnd, window.ssthresh], [10_000, CWND_MAX]);
  lose(cc, window, 0);
  window.cwnd = 12_000;
  cc.onUndo(window);
  assertEquals(window.cwnd, 12_000);
  window.cwnd = 1_000;
  cc.onUndo(window);
  assertEquals(window.cwnd, 1_000);
});

Deno.test("newreno: after a timeout the window grows to ssthresh by slow start", () => {
  const window = new Window();
  const cc = new NewReno();
  window.ssthresh = cc.onLoss(window);
  window.cwnd = window.smss;
  cc.onTimeout();
  drive(cc, window, 0, 300_000, 100_000);
  assert(window.cwnd >= 5_000 && window.cwnd <= 6_000, `cwnd ${window.cwnd}`);
});

Deno.test("newreno: the window stays within its bounds", () => {
  const window = new Window();
  const cc = new NewReno();
  window.cwnd = CWND_MAX - 10;
  window.acknowledge(cc, CWND_MAX, 1, 0);
  assertEquals(window.cwnd, CWND_MAX);
  window.acknowledge(cc, CWND_MAX, 1, 0);
  assertEquals(window.cwnd, CWND_MAX);
});

Deno.test("newreno: fills a path with a buffer of one BDP, and most with a fifth of it", () => {
  assert(utilisation(single(new NewReno()), 0, 30 * SECOND) > 0.97);
  const shallow = single(new NewReno(), { bufferBytes: BDP / 5 });
  const share = utilisation(shallow, 0, 30 * SECOND);
  assert(share > 0.7 && share < 0.95, `${share}`);
  assertEquals(shallow.timeouts, 0);
});

Deno.test("newreno: 1% of random loss costs what 1.22 * MSS / (RTT * sqrt(p)) says", () => {
  const flow = single(new NewReno(), { loss: 0.01 });
  run([flow], 0, 60 * SECOND);
  const bound = (1.22 * 1448) / (0.05 * Math.sqrt(0.01));
  const rate = flow.deliveredBytes / 60;
  assert(rate > bound * 0.7 && rate < bound * 1.3, `${rate} of ${bound}`);
});
