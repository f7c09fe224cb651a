import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Bbr, BbrMode } from "../../../../stack/tcp/congestion/bbr.ts";
import { CWND_MAX, SSTHRESH_INFINITE } from "../../../../stack/tcp/congestion/mod.ts";
import { DeliveryRate, type TxStamp } from "../../../../stack/tcp/base/delivery_rate.ts";
import { Prng } from "../../../support/prng.ts";
import { BDP, Bottleneck, Flow, RATE, RTT_US, run } from "./path_model.ts";
import { SECOND, single, utilisation } from "./path_model.ts";
import { Window } from "./window.ts";

const SMSS = 1448;

function bbr(seed = 1): Bbr {
  const prng = new Prng(seed);
  return new Bbr(() => prng.next());
}

/** Bytes per second. */
function bandwidth(cc: Bbr): number {
  return cc.bandwidth * 1e6;
}

Deno.test("bbr: STARTUP, DRAIN, PROBE_BW, with the path's rate and delay found on the way", () => {
  const cc = bbr();
  const flow = single(cc, { bufferBytes: 8 * BDP });
  const modes: BbrMode[] = [];
  let startupQueue = 0;
  run([flow], 0, 3 * SECOND, (nowUs) => {
    if (modes.at(-1) !== cc.mode) modes.push(cc.mode);
    if (cc.mode === BbrMode.STARTUP) startupQueue = flow.link.queueBytes(nowUs);
  });
  assertEquals(modes, [BbrMode.STARTUP, BbrMode.DRAIN, BbrMode.PROBE_BW]);
  assertAlmostEquals(bandwidth(cc) / RATE, 1, 0.02);
  assertAlmostEquals(cc.minRttUs / RTT_US, 1, 0.02);
  // cwnd holds the queue of STARTUP to 1.89 times what the path holds.
  assert(startupQueue > BDP && startupQueue < 2.2 * BDP, `${startupQueue / BDP}`);
  assertEquals(flow.link.drops, 0);
});

Deno.test("bbr: the queue stays short in PROBE_BW, however deep it could be", () => {
  const flow = single(bbr(), { bufferBytes: 8 * BDP });
  run([flow], 0, 2 * SECOND);
  let most = 0;
  let least = Infinity;
  run([flow], 2 * SECOND, 9 * SECOND, (nowUs) => {
    const queue = flow.link.queueBytes(nowUs);
    most = Math.max(most, queue);
    least = Math.min(least, queue);
  });
  assert(most < 0.35 * BDP, `${most / BDP}`);
  assert(least < 0.02 * BDP, `${least / BDP}`);
});

Deno.test("bbr: fills a path in spite of random loss: 90% at 1%, 80% at 5%", () => {
  for (const [loss, least] of [[0, 0.95], [0.001, 0.95], [0.01, 0.9], [0.05, 0.8]]) {
    const share = utilisation(single(bbr(), { loss }), 0, 15 * SECOND);
    assert(share > least, `${share} at ${loss}`);
  }
});

Deno.test("bbr: fills a path with a shallow buffer, and one with aggregated ACKs", () => {
  assert(utilisation(single(bbr(), { bufferBytes: BDP / 5 }), 0, 20 * SECOND) > 0.93);
  const aggregated = single(bbr(), { bufferBytes: 2 * BDP, ackEveryUs: 40_000 });
  assert(utilisation(aggregated, 2 * SECOND, 20 * SECOND) > 0.9);
});

Deno.test("bbr: PROBE_RTT every ten seconds: four segments for 200 ms, then as before", () => {
  const cc = bbr();
  const flow = single(cc, { bufferBytes: 4 * BDP });
  const begins: number[] = [];
  const ends: number[] = [];
  let leastPipe = Infinity;
  let wasProbing = false;
  let cwndBefore = 0;
  let cwndAfter = 0;
  run([flow], 0, 35 * SECOND, (nowUs) => {
    const isProbing = cc.mode === BbrMode.PROBE_RTT;
    if (isProbing) leastPipe = Math.min(leastPipe, flow.pipe);
    if (isProbing && !wasProbing) begins.push(nowUs);
    if (!isProbing && wasProbing) {
      ends.push(nowUs);
      cwndAfter = flow.cwnd;
    }
    if (!isProbing && begins.length === 0) cwndBefore = flow.cwnd;
    wasProbing = isProbing;
  });
  assertEquals([begins.length, ends.length], [3, 3]);
  for (let i = 0; i < 3; i++) {
    const lengthUs = ends[i] - begins[i];
    assert(lengthUs > 200_000 && lengthUs < 450_000, `${lengthUs}`);
  }
  assertAlmostEquals((begins[1] - ends[0]) / SECOND, 10, 0.1);
  assertEquals(leastPipe, 4 * SMSS);
  assertEquals(cwndAfter, cwndBefore);
});

Deno.test("bbr: follows the path when its delay grows, and when its rate falls", () => {
  const cc = bbr();
  const flow = single(cc, { bufferBytes: 8 * BDP });
  run([flow], 0, 5 * SECOND);
  flow.link.config.rttUs = 90_000;
  run([flow], 5 * SECOND, 25 * SECOND);
  assertAlmostEquals(cc.minRttUs / 90_000, 1, 0.05);
  assert(utilisation(flow, 25 * SECOND, 30 * SECOND) > 0.9);
  flow.link.config.rate = RATE / 2;
  run([flow], 30 * SECOND, 45 * SECOND);
  assertAlmostEquals(bandwidth(cc) / (RATE / 2), 1, 0.05);
  assert(utilisation(flow, 45 * SECOND, 50 * SECOND) > 0.9);
});

Deno.test("bbr: a program that sends little neither ends STARTUP nor lowers the bandwidth", () => {
  const cc = bbr();
  const flow = single(cc, { bufferBytes: 4 * BDP });
  flow.offeredBytes = 0;
  for (let nowUs = 0; nowUs < 5 * SECOND; nowUs += 10_000) {
    flow.offeredBytes += RATE / 1000;
    run([flow], nowUs, nowUs + 10_000);
  }
  assertEquals([cc.mode, cc.isPipeFull], [BbrMode.STARTUP, false]);
  flow.offeredBytes = Infinity;
  run([flow], 5 * SECOND, 8 * SECOND);
  assertEquals([cc.mode, cc.isPipeFull], [BbrMode.PROBE_BW, true]);
  const before = cc.bandwidth;
  flow.offeredBytes = flow.deliveredBytes + flow.cwnd;
  for (let nowUs = 8 * SECOND; nowUs < 16 * SECOND; nowUs += 10_000) {
    flow.offeredBytes += RATE / 1000;
    run([flow], nowUs, nowUs + 10_000);
  }
  assertEquals(cc.bandwidth, before);
});

Deno.test("bbr: goes on at full rate after a rest, and the rest counts as PROBE_RTT", () => {
  const cc = bbr();
  const flow = single(cc, { bufferBytes: 4 * BDP });
  run([flow], 0, 5 * SECOND);
  flow.offeredBytes = 0;
  run([flow], 5 * SECOND, 20 * SECOND);
  assertEquals(flow.pipe, 0);
  flow.offeredBytes = Infinity;
  let wasProbing = false;
  const before = flow.deliveredBytes;
  run([flow], 20 * SECOND, 21 * SECOND, () => {
    wasProbing ||= cc.mode === BbrMode.PROBE_RTT;
  });
  assert(!wasProbing);
  assert(flow.deliveredBytes - before > 0.88 * RATE, "all but the first round trip");
  assertEquals(flow.link.drops, 0, "and no burst");
});

Deno.test("bbr: PROBE_BW starts in any phase but the one that drains", () => {
  const gains = new Set<number>();
  for (let random = 0; random < 7; random++) {
    const cc = new Bbr(() => random);
    const flow = single(cc, { bufferBytes: 8 * BDP });
    let gain = 0;
    run([flow], 0, 2 * SECOND, () => {
      if (gain === 0 && cc.mode === BbrMode.PROBE_BW) gain = cc.pacingRate / bandwidth(cc) / 0.99;
    });
    gains.add(Math.round(gain * 100));
  }
  assertEquals([...gains].sort(), [100, 125]);
});

Deno.test("bbr: two flows share a link", () => {
  const link = new Bottleneck({ rate: RATE, rttUs: RTT_US, bufferBytes: 2 * BDP });
  const first = new Flow(bbr(1), link);
  const second = new Flow(bbr(2), link, 3 * SECOND);
  run([first, second], 0, 30 * SECOND);
  const a = first.deliveredBytes;
  const b = second.deliveredBytes;
  run([first, second], 30 * SECOND, 60 * SECOND);
  const share = (first.deliveredBytes - a) / (second.deliveredBytes - b);
  assert(share > 0.8 && share < 1.25, `${share}`);
});

Deno.test("bbr: comes back after two seconds without a link", () => {
  const flow = single(bbr());
  run([flow], 0, 5 * SECOND);
  flow.link.isDown = true;
  run([flow], 5 * SECOND, 7 * SECOND);
  flow.link.isDown = false;
  assert(flow.timeouts > 0);
  run([flow], 7 * SECOND, 8.5 * SECOND);
  assert(utilisation(flow, 8.5 * SECOND, 15 * SECOND) > 0.9);
});

Deno.test("bbr: slow links, fast links, links without delay", () => {
  for (const [rate, rttUs] of [[20_000, 300_000], [1e6, 1_000], [1e9, 1_000], [1e9, 0]]) {
    const bufferBytes = 100_000 + (rate * rttUs) / 1e6;
    const flow = single(bbr(), { rate, rttUs, bufferBytes });
    const lengthUs = rate < 1e6 ? 30 * SECOND : SECOND / 5;
    const share = utilisation(flow, 0, lengthUs);
    assert(share > 0.7, `${share} at ${rate}, ${rttUs}`);
    assert(Number.isInteger(flow.cwnd) && flow.pacer.rate < Infinity);
  }
});

/** A connection in PROBE_BW. */
function settled(): { cc: Bbr; flow: Flow } {
  const cc = bbr();
  const flow = single(cc, { bufferBytes: 8 * BDP });
  run([flow], 0, 3 * SECOND);
  assertEquals(cc.mode, BbrMode.PROBE_BW);
  return { cc, flow };
}

/** An acknowledgment that delivers `ackedBytes` of what was sent a round trip ago. */
function deliver(cc: Bbr, flow: Flow, ackedBytes: number, lostBytes: number, nowUs: number): void {
  const stamp: TxStamp = {
    sentUs: nowUs - RTT_US,
    txDeliveredBytes: flow.rate.totalBytes - BDP,
    txDeliveredUs: nowUs - RTT_US,
    txFirstSentUs: nowUs - 2 * RTT_US,
    isTxAppLimited: false,
  };
  flow.rate.begin(flow.pipe);
  flow.rate.onDelivered(stamp, ackedBytes);
  flow.rate.finish(RTT_US, RTT_US, lostBytes, nowUs);
  cc.onDelivery(flow, flow.rate, nowUs);
}

Deno.test("bbr: a recovery begins with packet conservation, and ends with the old window", () => {
  const { cc, flow } = settled();
  const { cwnd } = flow;
  flow.pipe = 100 * SMSS;
  assertEquals(cc.onLoss(flow), flow.ssthresh, "ssthresh is no business of BBR's");
  deliver(cc, flow, 2 * SMSS, SMSS, 3 * SECOND);
  assertEquals(flow.cwnd, 102 * SMSS);
  flow.pipe = 101 * SMSS;
  deliver(cc, flow, SMSS, 0, 3 * SECOND);
  assertEquals(flow.cwnd, 102 * SMSS);
  cc.onRecovered(flow);
  assertEquals(flow.cwnd, cwnd);
  cc.onRecovered(flow);
  assertEquals(flow.cwnd, cwnd);
});

Deno.test("bbr: undo gives the window back, a mark takes nothing", () => {
  const { cc, flow } = settled();
  const { cwnd } = flow;
  cc.onLoss(flow);
  flow.pipe = 10 * SMSS;
  deliver(cc, flow, SMSS, SMSS, 3 * SECOND);
  assertEquals(flow.cwnd, 11 * SMSS);
  cc.onUndo(flow);
  assertEquals(flow.cwnd, cwnd);
  cc.onLoss(flow, "ecn");
  deliver(cc, flow, SMSS, 0, 3 * SECOND);
  assert(flow.cwnd >= cwnd);
});

Deno.test("bbr: taken up in the middle of a connection, it starts from what there is", () => {
  const window = new Window();
  window.ssthresh = 5_000;
  const rate = new DeliveryRate();
  rate.totalBytes = 1e9;
  rate.begin(0);
  rate.finish(-1, -1, 0, 77 * SECOND);
  const cc = bbr();
  cc.onIdle();
  cc.onDelivery(window, rate, 77 * SECOND);
  assertEquals([window.cwnd, window.ssthresh], [10_000, SSTHRESH_INFINITE]);
  assertAlmostEquals(cc.pacingRate, (10_000 / 1_000) * 2.885 * 0.99 * 1e6, 1e6);
});

Deno.test("bbr: whatever comes, window and rate are numbers within their bounds", () => {
  const prng = new Prng(89);
  for (let round = 0; round < 40; round++) {
    const cc = bbr(round);
    const window = new Window();
    window.smss = prng.pick([48, 536, 1448, 65_000]);
    window.cwnd = 10 * window.smss;
    const rate = new DeliveryRate();
    const stamp = new DeliveryStamp();
    let nowUs = prng.below(2) * 2 ** 40;
    for (let i = 0; i < 500; i++) {
      if (prng.chance(0.5)) {
        stamp.sentUs = nowUs;
        rate.onSent(stamp, prng.chance(0.2), nowUs);
      }
      nowUs += prng.chance(0.3) ? 0 : prng.magnitude(1, 1e8);
      window.pipe = prng.below(1e6);
      const what = prng.below(10);
      if (what === 0) cc.onLoss(window, prng.pick(["loss", "ecn"]));
      else if (what === 1) cc.onTimeout();
      else if (what === 2) cc.onRecovered(window);
      else if (what === 3) cc.onUndo(window);
      else if (what === 4) cc.onIdle();
      else if (what === 5) rate.markAppLimited(window.pipe);
      rate.begin(window.pipe);
      if (prng.chance(0.8)) rate.onDelivered(stamp, prng.magnitude(1, 1e7));
      const rttUs = prng.pick([-1, 0, 1, 50_000, 1e9]);
      rate.finish(rttUs, prng.pick([-1, rttUs]), prng.below(3) * window.smss, nowUs);
      cc.onDelivery(window, rate, nowUs);
      assert(Number.isInteger(window.cwnd), `${window.cwnd}`);
      assert(window.cwnd >= window.smss && window.cwnd <= CWND_MAX, `${window.cwnd}`);
      assert(cc.pacingRate > 0 && cc.pacingRate < Infinity, `${cc.pacingRate}`);
    }
  }
});

class DeliveryStamp implements TxStamp {
  sentUs = 0;
  txDeliveredBytes = 0;
  txDeliveredUs = 0;
  txFirstSentUs = 0;
  isTxAppLimited = false;
}

Deno.test("bbr: a program that leaves the path empty renews minRtt by the same value again", () => {
  const { cc, flow } = settled();
  const leastUs = cc.minRttUs;
  const sample = (nowUs: number, isAppLimited: boolean) => {
    const stamp: TxStamp = {
      sentUs: nowUs - leastUs,
      txDeliveredBytes: flow.rate.totalBytes,
      txDeliveredUs: nowUs - leastUs,
      txFirstSentUs: nowUs - leastUs,
      isTxAppLimited: isAppLimited,
    };
    flow.rate.begin(flow.pipe);
    flow.rate.onDelivered(stamp, SMSS);
    flow.rate.finish(leastUs, leastUs, 0, nowUs);
    cc.onDelivery(flow, flow.rate, nowUs);
  };
  sample(9 * SECOND, true);
  sample(18 * SECOND, false);
  assert(cc.mode !== BbrMode.PROBE_RTT, "nine seconds old");
  sample(20 * SECOND, false);
  assertEquals(cc.mode, BbrMode.PROBE_RTT, "a bulk flow's own queue may have hidden a smaller one");
});

Deno.test("bbr: what is lost leaves the window, what is delivered enters it", () => {
  const { cc, flow } = settled();
  flow.cwnd = 40 * SMSS;
  flow.pipe = 10 * SMSS;
  deliver(cc, flow, 2 * SMSS, 5 * SMSS, 3 * SECOND);
  assertEquals(flow.cwnd, 37 * SMSS);
  deliver(cc, flow, 2 * SMSS, 0, 3 * SECOND);
  assertEquals(flow.cwnd, 39 * SMSS);
});
