import { assert, assertEquals } from "@std/assert";
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "../../ffi/abi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { realtimeFollower, realtimeOffsetUs } from "../../io/realtime.ts";

const OFFSET_US = 1_700_000_000_000_000;

/** Two clocks `OFFSET_US` apart. Call i takes `costsUs[i]`, half of it before the reading. */
function clocks(costsUs: readonly number[]): (clock: number) => number {
  let [nowUs, call] = [1000, 0];
  return (clock) => {
    const costUs = costsUs[call++] ?? 0;
    const readUs = nowUs + costUs / 2;
    nowUs += costUs;
    return clock === CLOCK_REALTIME ? OFFSET_US + readUs : readUs;
  };
}

Deno.test("two clocks are read at one moment, however long the first calls take", () => {
  assertEquals(realtimeOffsetUs(clocks([80, 60, 40])), OFFSET_US);
  assertEquals(realtimeOffsetUs(clocks([2, 2, 2, 0, 90, 2, 400, 2, 2])), OFFSET_US);
  const slow = realtimeOffsetUs(clocks(Array(100).fill(20)));
  assertEquals(slow, OFFSET_US);
});

Deno.test("the machine's own clocks: a later reading lies between two of them", () => {
  const { clockUs } = libc();
  const offsetUs = realtimeOffsetUs(clockUs);
  const beforeUs = clockUs(CLOCK_MONOTONIC);
  const realtimeUs = clockUs(CLOCK_REALTIME);
  const afterUs = clockUs(CLOCK_MONOTONIC);
  const [low, high] = [realtimeUs - afterUs - 50, realtimeUs - beforeUs + 50];
  assert(offsetUs >= low && offsetUs <= high, `${offsetUs} is not in ${low}..${high}`);
});

Deno.test("a clock that is set is followed, a look a second", () => {
  const clock = { nowUs: 5_000, realtimeUs: OFFSET_US, readings: 0 };
  const offsets: number[] = [];
  const follow = realtimeFollower((which) => {
    clock.readings++;
    return which === CLOCK_REALTIME ? clock.realtimeUs + clock.nowUs : clock.nowUs;
  }, (offsetUs) => offsets.push(offsetUs));
  follow(clock.nowUs);
  const once = clock.readings;
  for (let i = 0; i < 1000; i++) follow(clock.nowUs += 999);
  assertEquals([offsets, clock.readings], [[OFFSET_US], once]);
  clock.realtimeUs += 3600e6;
  follow(clock.nowUs += 1000);
  assertEquals(offsets, [OFFSET_US, OFFSET_US + 3600e6]);
});
