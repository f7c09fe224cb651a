import { assertEquals } from "@std/assert";
import { AckAggregation } from "../../../../stack/tcp/congestion/ack_aggregation.ts";

const SMSS = 1000;
const CWND = 1_000_000;

Deno.test("ack aggregation: what comes at the bandwidth is no excess", () => {
  const aggregation = new AckAggregation();
  aggregation.restart(0);
  for (let i = 1; i < 100; i++) aggregation.onAck(SMSS, 1, CWND, SMSS, i * 1000);
  assertEquals(aggregation.extraBytes, SMSS);
});

Deno.test("ack aggregation: what comes at once is, for five to ten rounds", () => {
  const aggregation = new AckAggregation();
  for (let i = 1; i <= 4; i++) aggregation.onAck(20_000, 1, CWND, SMSS, i * 20_000);
  assertEquals(aggregation.extraBytes, 20_000);
  aggregation.onAck(20_000, 1, CWND, SMSS, 81_000);
  assertEquals(aggregation.extraBytes, 39_000);
  aggregation.onAck(90_000, 1, 50_000, SMSS, 81_000);
  assertEquals(aggregation.extraBytes, 50_000, "cwnd at most");
  for (let i = 0; i < 5; i++) aggregation.onRound();
  assertEquals(aggregation.extraBytes, 50_000);
  for (let i = 0; i < 5; i++) aggregation.onRound();
  assertEquals(aggregation.extraBytes, 0);
});
