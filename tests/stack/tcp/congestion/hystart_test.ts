import { assert, assertEquals } from "@std/assert";
import { Cubic } from "../../../../stack/tcp/congestion/cubic.ts";
import { HyStart } from "../../../../stack/tcp/congestion/hystart.ts";
import { SSTHRESH_INFINITE } from "../../../../stack/tcp/congestion/mod.ts";
import { NewReno } from "../../../../stack/tcp/congestion/newreno.ts";
import { BDP, run, SECOND, single } from "./path_model.ts";
import { Window } from "./window.ts";

/**
 * One round of `acks` segments, each with the same round trip, while the next is `nextAcks` long.
 * Returns by how much the window may grow in it.
 */
function round(
  hystart: HyStart,
  window: Window,
  rttUs: number,
  acks = 10,
  nextAcks = 10,
): number {
  let growth = 0;
  for (let i = 0; i < acks; i++) {
    window.sndNxt = (window.sndUna + (i === acks - 1 ? nextAcks + 1 : acks) * window.smss) | 0;
    window.sndUna = (window.sndUna + window.smss) | 0;
    growth += hystart.onAck(window, window.smss, rttUs);
  }
  return growth;
}

function rounds(hystart: HyStart, window: Window, count: number, rttUs: number): number {
  let growth = 0;
  for (let i = 0; i < count; i++) growth = round(hystart, window, rttUs);
  return growth;
}

Deno.test("hystart: enters CSS when round trips grew by an eighth, within 4 and 16 ms", () => {
  // [round trip before, the smallest later one that is taken for a queue]
  for (const [beforeUs, afterUs] of [[10_000, 14_000], [64_000, 72_000], [400_000, 416_000]]) {
    for (const extraUs of [-1, 0]) {
      const hystart = new HyStart();
      const window = new Window();
      rounds(hystart, window, 2, beforeUs);
      rounds(hystart, window, 1, afterUs + extraUs);
      assertEquals(hystart.isCss, extraUs === 0, `${beforeUs} -> ${afterUs + extraUs}`);
    }
  }
});

Deno.test("hystart: a round of fewer than eight samples decides nothing", () => {
  const hystart = new HyStart();
  const window = new Window();
  round(hystart, window, 40_000, 10, 7);
  round(hystart, window, 90_000, 7, 8);
  assertEquals(hystart.isCss, false);
  round(hystart, window, 180_000, 8);
  assertEquals(hystart.isCss, true);
});

Deno.test("hystart: acknowledgments without a round trip are no samples", () => {
  const hystart = new HyStart();
  const window = new Window();
  rounds(hystart, window, 2, 40_000);
  rounds(hystart, window, 1, -1);
  rounds(hystart, window, 1, 90_000);
  assertEquals(hystart.isCss, false, "there is no round before to compare with");
  rounds(hystart, window, 1, 100_000);
  assert(!hystart.isCss);
  rounds(hystart, window, 1, 150_000);
  assert(hystart.isCss);
});

Deno.test("hystart: CSS grows a quarter as fast and ends slow start after five rounds", () => {
  const hystart = new HyStart();
  const window = new Window();
  assertEquals(rounds(hystart, window, 2, 40_000), 10_000);
  rounds(hystart, window, 1, 50_000); // the first round of CSS, for a part
  assert(hystart.isCss);
  assertEquals(rounds(hystart, window, 1, 50_000), 2_500);
  rounds(hystart, window, 2, 60_000);
  assert(!hystart.isDone);
  rounds(hystart, window, 1, 60_000);
  assert(hystart.isDone);
});

Deno.test("hystart: round trips that fall again resume slow start", () => {
  const hystart = new HyStart();
  const window = new Window();
  rounds(hystart, window, 2, 40_000);
  rounds(hystart, window, 1, 50_000);
  assert(hystart.isCss);
  rounds(hystart, window, 1, 49_999);
  assert(!hystart.isCss);
  assertEquals(rounds(hystart, window, 1, 49_999), 10_000);
  rounds(hystart, window, 1, 70_000);
  assert(hystart.isCss, "and may leave it again");
});

Deno.test("hystart: sequence numbers wrap", () => {
  const hystart = new HyStart();
  const window = new Window();
  window.sndUna = 0x7fff_ff00;
  rounds(hystart, window, 2, 40_000);
  rounds(hystart, window, 6, 60_000);
  assert(window.sndUna < 0);
  assert(hystart.isDone);
});

Deno.test("hystart: CUBIC leaves slow start before a deep queue overflows, unlike Reno", () => {
  for (const ackEveryUs of [1, 5_000]) {
    const config = { bufferBytes: 12 * BDP, ackEveryUs };
    const cubic = single(new Cubic(), config);
    let exitUs = 0;
    run([cubic], 0, 3 * SECOND, (nowUs) => {
      if (exitUs === 0 && cubic.ssthresh < SSTHRESH_INFINITE) exitUs = nowUs;
    });
    assert(exitUs > 0 && exitUs < 3 * SECOND, `left slow start at ${exitUs}`);
    assertEquals([cubic.link.drops, cubic.recoveries], [0, 0]);
    const reno = single(new NewReno(), config);
    run([reno], 0, 3 * SECOND);
    assert(reno.link.drops > 1_000, `${reno.link.drops}`);
  }
});

Deno.test("hystart: if the queue overflows all the same, CUBIC loses a third of Reno's", () => {
  const cubic = single(new Cubic(), { bufferBytes: 4 * BDP });
  const reno = single(new NewReno(), { bufferBytes: 4 * BDP });
  run([cubic], 0, 3 * SECOND);
  run([reno], 0, 3 * SECOND);
  assert(cubic.link.drops > 0 && cubic.link.drops < reno.link.drops / 3);
});

Deno.test("hystart: of a paced flight each eight samples count, not the whole round", () => {
  for (const isPaced of [false, true]) {
    const hystart = new HyStart();
    const window = new Window();
    window.isPaced = isPaced;
    round(hystart, window, 50_000, 10, 40);
    // The queue grows in the course of the next one
    for (let i = 0; i < 16; i++) {
      window.sndUna = (window.sndUna + window.smss) | 0;
      hystart.onAck(window, window.smss, 50_000 + 1_000 * i);
      assertEquals(hystart.isCss, isPaced && i === 15, `sample ${i}, paced ${isPaced}`);
    }
  }
});
