import { assert, assertEquals } from "@std/assert";
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "../../ffi/abi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { realtimeOffsetUs } from "../../io/realtime.ts";

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
