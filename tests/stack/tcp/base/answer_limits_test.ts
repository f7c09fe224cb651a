import { assert, assertEquals } from "@std/assert";
import { ChallengeAckLimit, mayAnswerSuspect } from "../../../../stack/tcp/base/answer_limits.ts";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import { seededRandom } from "../support/host.ts";

/** How many of `asked` within the second of `nowUs` are granted. */
function granted(limit: ChallengeAckLimit, nowUs: number, asked: number): number {
  let n = 0;
  for (let i = 0; i < asked; i++) if (limit.take(nowUs)) n++;
  return n;
}

Deno.test("challenge ACKs: between half and one and a half of the limit, anew each second", () => {
  const limit = new ChallengeAckLimit(100, seededRandom(7));
  const seconds = Array.from({ length: 50 }, (_, i) => granted(limit, i * 1e6, 1000));
  assert(seconds.every((n) => n >= 50 && n < 150), `${seconds}`);
  assert(new Set(seconds).size > 20, "nobody can rely on the number");
});

Deno.test("challenge ACKs: the second begins with the first one, and 0 allows none", () => {
  const limit = new ChallengeAckLimit(1, () => 0);
  assertEquals([granted(limit, 5e6, 3), granted(limit, 5_999_999, 3), granted(limit, 6e6, 3)], [
    1,
    0,
    1,
  ]);
  assertEquals(granted(new ChallengeAckLimit(0, () => 12345), 0, 10), 0);
});

Deno.test("suspicious segments: one answer to a flow in each interval", () => {
  const [a, b] = [new FourTuple(), new FourTuple()];
  assert(mayAnswerSuspect(a, 500, 0));
  assert(!mayAnswerSuspect(a, 500, 499) && mayAnswerSuspect(b, 500, 499));
  assert(mayAnswerSuspect(a, 500, 500), "a refusal does not begin the interval anew");
  assert(!mayAnswerSuspect(a, 500, 999) && mayAnswerSuspect(a, 0, 999));
});
