import { assertEquals } from "@std/assert";
import { AckSample } from "../../../../stack/tcp/tcb/ack_sample.ts";
import { DeliveryRate } from "../../../../stack/tcp/base/delivery_rate.ts";
import {
  SENT_EVER_RETRANS,
  SENT_FIN,
  SENT_LOST,
  SENT_RETRANS,
  SENT_SACKED,
  SENT_SYN,
  SentPool,
  SentQueue,
} from "../../../../stack/tcp/tcb/sent_queue.ts";

const SMSS = 100;

function queue(count: number): [SentQueue, AckSample] {
  const q = new SentQueue(new SentPool());
  for (let i = 0; i < count; i++) q.push(1000 + i * SMSS, SMSS, 0, 10 + i);
  const sample = new AckSample();
  sample.begin(new DeliveryRate(), 0);
  return [q, sample];
}

function sums(q: SentQueue): number[] {
  let sacked = 0;
  let lost = 0;
  let retrans = 0;
  let count = 0;
  let previous = null;
  for (let s = q.head; s !== null; s = s.next) {
    const len = s.end - s.seq;
    if ((s.flags & SENT_SACKED) !== 0) sacked += len;
    if ((s.flags & SENT_LOST) !== 0) lost += len;
    if ((s.flags & SENT_RETRANS) !== 0) retrans += len;
    count++;
    assertEquals(s.prev, previous);
    previous = s;
  }
  assertEquals(q.tail, previous);
  assertEquals([q.sackedBytes, q.lostBytes, q.retransBytes, q.count], [
    sacked,
    lost,
    retrans,
    count,
  ]);
  return [sacked, lost, retrans, count];
}

Deno.test("sent queue: cumulative ACK takes records and parts of them", () => {
  const [q, sample] = queue(5);
  q.acknowledge(1250, sample);
  assertEquals(sums(q), [0, 0, 0, 3]);
  assertEquals(q.head!.seq, 1250);
  assertEquals(sample.ackedBytes, 250);
  assertEquals([sample.oldestSentUs, sample.newestSentUs], [10, 11]);
  q.acknowledge(1500, sample);
  assertEquals(sums(q), [0, 0, 0, 0]);
});

Deno.test("sent queue: SACK splits a large record at segments only", () => {
  const q = new SentQueue(new SentPool());
  q.push(0, 1000, 0, 1);
  const sample = new AckSample();
  sample.begin(new DeliveryRate(), 0);
  q.applySack(250, 770, SMSS, sample);
  assertEquals(sums(q), [400, 0, 0, 3]);
  assertEquals([q.head!.end, q.head!.next!.end], [300, 700]);
  q.applySack(250, 770, SMSS, sample);
  assertEquals(sums(q), [400, 0, 0, 3]);
  q.applySack(0, 1000, SMSS, sample);
  assertEquals(sums(q), [1000, 0, 0, 3]);
  assertEquals(sample.sackedBytes, 1000);
  assertEquals(sample.deliveredBytes, 1000);
  q.acknowledge(1000, sample);
  assertEquals(sample.deliveredBytes, 1000, "each byte is delivered once");
});

Deno.test("sent queue: lost, retransmitted, lost again, SACKed", () => {
  const [q, sample] = queue(5);
  const [a, b] = [q.head!, q.head!.next!];
  q.markLost(b);
  assertEquals(q.nextLost(), b);
  q.markLost(a);
  assertEquals(q.nextLost(), a);
  assertEquals(sums(q), [0, 200, 0, 5]);
  q.markRetransmitted(a, 50);
  assertEquals(q.nextLost(), b);
  assertEquals(sums(q), [0, 200, 100, 5]);
  q.markRetransmitted(b, 51);
  assertEquals(q.nextLost(), null);
  q.markLost(a);
  assertEquals(q.nextLost(), a);
  q.applySack(1000, 1100, SMSS, sample);
  assertEquals(q.nextLost(), null);
  assertEquals(sums(q), [100, 100, 100, 5]);
  q.markAllLost();
  assertEquals(sums(q), [100, 400, 0, 5]);
  q.clearSacked();
  q.markAllLost();
  assertEquals(sums(q), [0, 500, 0, 5]);
  q.clear();
  assertEquals(sums(q), [0, 0, 0, 0]);
});

Deno.test("sent queue: what is lost after the search had come to the end is found", () => {
  const [q] = queue(2);
  q.markLost(q.head!);
  q.markRetransmitted(q.head!, 50);
  assertEquals(q.nextLost(), null);
  const late = q.push(1200, SMSS, 0, 60);
  q.markLost(late);
  assertEquals(q.nextLost(), late);
});

Deno.test("sent queue: no RTT sample of what was sent twice, or deemed lost", () => {
  const [q, sample] = queue(3);
  q.markLost(q.head!);
  q.markRetransmitted(q.head!, 50);
  q.markLost(q.head!.next!);
  q.acknowledge(1200, sample);
  assertEquals(sample.oldestSentUs, -1);
  assertEquals(sample.hasRetransmitted, true);
  q.acknowledge(1300, sample);
  assertEquals(sample.oldestSentUs, 12);
});

Deno.test("sent queue: both parts of a split record know when and as what it was sent", () => {
  const [q] = queue(1);
  const first = q.head!;
  Object.assign(first, {
    sentUs: 70,
    firstSentUs: 20,
    txDeliveredBytes: 5000,
    txDeliveredUs: 60,
    txFirstSentUs: 50,
    isTxAppLimited: true,
    flags: SENT_SYN | SENT_FIN | SENT_EVER_RETRANS,
  });
  q.split(first, 40);
  const second = first.next!;
  for (const part of [first, second]) {
    const { sentUs, firstSentUs, txDeliveredBytes, txDeliveredUs, txFirstSentUs } = part;
    assertEquals([sentUs, firstSentUs], [70, 20]);
    assertEquals([txDeliveredBytes, txDeliveredUs, txFirstSentUs], [5000, 60, 50]);
    assertEquals(part.isTxAppLimited, true);
  }
  assertEquals([first.seq, first.end, second.seq, second.end], [1000, 1040, 1040, 1100]);
  // The SYN is what begins it, the FIN what ends it
  assertEquals(first.flags, SENT_SYN | SENT_EVER_RETRANS);
  assertEquals(second.flags, SENT_FIN | SENT_EVER_RETRANS);
  assertEquals([q.order.head, first.txNext, second.txNext], [first, second, null]);
});
