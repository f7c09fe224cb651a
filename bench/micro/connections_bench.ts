/**
 * Does a segment cost more when there are more connections? Each iteration is a 1-byte segment for
 * the next connection, found, delivered and read (`micro/many.ts`).
 *
 * With 10 busy ones and the rest idle the time is flat: finding a connection does not depend on the
 * number of them. With all of them busy, in an order that no cache can follow, it grows by what it
 * takes to fetch each one's state from memory. `deno task bench:connections` records both.
 *
 * @module
 */
import { segments } from "./many.ts";
import { warmed } from "./measure.ts";

for (
  const [count, busy] of [
    [10, 10],
    [1_000, 10],
    [10_000, 10],
    [1_000, 1_000],
    [10_000, 10_000],
  ]
) {
  const [all, some] = [count, busy].map((n) => n.toLocaleString("en"));
  Deno.bench({
    name: count === busy ? `${all} connections, all busy` : `${all} connections, ${some} busy`,
    group: "time a segment, by connections",
    baseline: count === 10,
    fn: warmed(segments(count, busy)),
  });
}
