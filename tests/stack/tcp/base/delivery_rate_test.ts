import { assertEquals } from "@std/assert";
import { DeliveryRate, type TxStamp } from "../../../../stack/tcp/base/delivery_rate.ts";

class Stamp implements TxStamp {
  sentUs = 0;
  txDeliveredBytes = 0;
  txDeliveredUs = 0;
  txFirstSentUs = 0;
  isTxAppLimited = false;
}

function send(rate: DeliveryRate, isFlightEmpty: boolean, nowUs: number): Stamp {
  const stamp = new Stamp();
  stamp.sentUs = nowUs;
  rate.onSent(stamp, isFlightEmpty, nowUs);
  return stamp;
}

function acknowledge(rate: DeliveryRate, nowUs: number, ...stamps: Stamp[]): void {
  rate.begin(0);
  for (const stamp of stamps) rate.onDelivered(stamp, 1000);
  rate.finish(-1, -1, 0, nowUs);
}

Deno.test("delivery rate: a flight, spaced as the bottleneck spaces it", () => {
  const rate = new DeliveryRate();
  const stamps: Stamp[] = [];
  for (let i = 0; i < 10; i++) stamps.push(send(rate, i === 0, 1_000_000));
  for (let i = 0; i < 10; i++) acknowledge(rate, 1_100_000 + i * 1000, stamps[i]);
  assertEquals([rate.isValid, rate.deliveredBytes, rate.intervalUs], [true, 10_000, 109_000]);
  assertEquals([rate.totalBytes, rate.deliveredUs], [10_000, 1_109_000]);
});

Deno.test("delivery rate: a steady flow, a segment a millisecond", () => {
  const rate = new DeliveryRate();
  const stamps: Stamp[] = [];
  for (let ms = 0; ms < 400; ms++) {
    if (ms >= 100) acknowledge(rate, ms * 1000, stamps[ms - 100]);
    stamps.push(send(rate, ms === 0, ms * 1000));
    if (ms >= 200) assertEquals(rate.deliveredBytes / rate.intervalUs, 1, `${ms} ms`);
  }
  assertEquals(rate.bytesPerSecond, 1e6);
});

Deno.test("delivery rate: acknowledgments that come at once: the sending time counts", () => {
  const rate = new DeliveryRate();
  const first = send(rate, true, 0);
  acknowledge(rate, 10_000, first);
  const stamps: Stamp[] = [];
  for (let i = 0; i < 5; i++) stamps.push(send(rate, i === 0, 20_000 + i * 10_000));
  acknowledge(rate, 61_000, ...stamps);
  // Sent over 40 ms; acknowledged 41 ms after the flight began.
  assertEquals([rate.deliveredBytes, rate.intervalUs], [5_000, 41_000]);
  const late: Stamp[] = [];
  for (let i = 0; i < 5; i++) late.push(send(rate, false, 62_000 + i * 10_000));
  acknowledge(rate, 102_500, ...late);
  assertEquals(rate.intervalUs, 42_000, "102.0 - 60.0 sent, 41.5 acknowledged");
  assertEquals(rate.firstSentUs, 102_000);
});

Deno.test("delivery rate: the youngest transmission counts, also of a retransmission", () => {
  const rate = new DeliveryRate();
  const lost = send(rate, true, 0);
  const second = send(rate, false, 0);
  acknowledge(rate, 50_000, second);
  lost.sentUs = 50_000;
  rate.onSent(lost, false, 50_000);
  const third = send(rate, false, 40_000);
  rate.begin(0);
  rate.onDelivered(lost, 1000);
  rate.onDelivered(third, 1000);
  rate.finish(-1, -1, 0, 100_000);
  assertEquals(rate.firstSentUs, 50_000);
  assertEquals([rate.priorTotalBytes, rate.deliveredBytes], [1000, 2000]);
  assertEquals([rate.ackedBytes, rate.totalBytes], [2000, 3000]);
});

Deno.test("delivery rate: an interval shorter than the round trip is no rate", () => {
  const rate = new DeliveryRate();
  const stamp = send(rate, true, 0);
  rate.begin(7);
  rate.onDelivered(stamp, 1000);
  rate.finish(30, 50_000, 3, 100);
  assertEquals(rate.isValid, false);
  assertEquals([rate.totalBytes, rate.ackedBytes, rate.lostBytes], [1000, 1000, 3]);
  assertEquals([rate.priorPipe, rate.rttUs], [7, 30]);
});

Deno.test("delivery rate: without anything delivered there is no sample", () => {
  const rate = new DeliveryRate();
  acknowledge(rate, 5, send(rate, true, 0));
  assertEquals(rate.isValid, true);
  rate.begin(0);
  rate.finish(5, 5, 1000, 10);
  assertEquals([rate.isValid, rate.ackedBytes, rate.lostBytes], [false, 0, 1000]);
  assertEquals(rate.deliveredUs, 5);
});

Deno.test("delivery rate: no time between sending and acknowledgment is a microsecond", () => {
  const rate = new DeliveryRate();
  acknowledge(rate, 0, send(rate, true, 0));
  assertEquals([rate.isValid, rate.intervalUs, rate.bytesPerSecond], [true, 1, 1e9]);
});

Deno.test("delivery rate: samples from a bubble are marked until it has left the network", () => {
  const rate = new DeliveryRate();
  const before = send(rate, true, 0);
  rate.markAppLimited(1000);
  const bubble = send(rate, false, 1000);
  acknowledge(rate, 50_000, before);
  assertEquals(rate.isAppLimited, false);
  acknowledge(rate, 51_000, bubble);
  assertEquals([rate.isAppLimited, rate.appLimitedUntilBytes], [true, 0]);
  const after = send(rate, true, 60_000);
  acknowledge(rate, 70_000, after);
  assertEquals(rate.isAppLimited, false);
  const idle = new DeliveryRate();
  idle.markAppLimited(0);
  assertEquals(send(idle, true, 0).isTxAppLimited, true, "before anything was delivered, too");
});

Deno.test("delivery rate: TCP_INFO's rate is not lowered by a program that sends little", () => {
  const rate = new DeliveryRate();
  acknowledge(rate, 1000, send(rate, true, 0));
  assertEquals([rate.bytesPerSecond, rate.isAppLimitedRate], [1e6, false]);
  rate.markAppLimited(0);
  acknowledge(rate, 100_000, send(rate, true, 50_000));
  assertEquals([rate.bytesPerSecond, rate.isAppLimitedRate], [1e6, false]);
  rate.markAppLimited(0);
  acknowledge(rate, 200_100, send(rate, true, 200_000));
  assertEquals([rate.bytesPerSecond, rate.isAppLimitedRate], [1e7, true]);
  acknowledge(rate, 400_000, send(rate, true, 300_000));
  assertEquals([rate.bytesPerSecond, rate.isAppLimitedRate], [10_000, false]);
});
