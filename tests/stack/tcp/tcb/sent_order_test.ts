import { assert, assertEquals } from "@std/assert";
import { AckSample } from "../../../../stack/tcp/tcb/ack_sample.ts";
import { DeliveryRate } from "../../../../stack/tcp/base/delivery_rate.ts";
import { Rack } from "../../../../stack/tcp/tcb/rack_state.ts";
import { SentPool, SentQueue } from "../../../../stack/tcp/tcb/sent_queue.ts";

const SMSS = 100;

/** Records of one segment from 0 on, sent at 10, 11, … µs. */
function queue(count: number): SentQueue {
  const q = new SentQueue(new SentPool());
  for (let i = 0; i < count; i++) q.push(i * SMSS, SMSS, 0, 10 + i);
  return q;
}

function ack(rack: Rack, q: SentQueue, nowUs: number, minRttUs = 20): AckSample {
  const sample = new AckSample();
  sample.begin(new DeliveryRate(), 0, rack);
  rack.begin(q.head!.seq, q.sackedBytes > 0, minRttUs, nowUs);
  return sample;
}

/** Indexes of the records in flight, in the order of sending. */
function order(q: SentQueue): number[] {
  const indexes: number[] = [];
  let prev = null;
  for (let s = q.order.head; s !== null; s = s.txNext) {
    assert(s.txPrev === prev);
    indexes.push(s.seq / SMSS);
    prev = s;
  }
  assert(q.order.tail === prev);
  return indexes;
}

Deno.test("order of sending: what is lost or SACKed leaves it, what is sent again is last", () => {
  const q = queue(5);
  q.markLost(q.head!);
  assertEquals(order(q), [1, 2, 3, 4]);
  q.markRetransmitted(q.head!, 100);
  q.applySack(200, 300, SMSS, ack(new Rack(), q, 100));
  assertEquals(order(q), [1, 3, 4, 0]);
  q.markLost(q.head!);
  assertEquals(order(q), [1, 3, 4]);
  q.unmarkLost();
  assertEquals(order(q), [0, 1, 3, 4]);
  assertEquals([q.lostBytes, q.retransBytes, q.sackedCount], [0, 0, 1]);
  q.acknowledge(400, ack(new Rack(), q, 100));
  assertEquals(order(q), [4]);
});

Deno.test("order of sending: the parts of a record stay together", () => {
  const q = new SentQueue(new SentPool());
  q.push(0, 300, 0, 10);
  q.push(300, 100, 0, 11);
  q.split(q.head!, 200);
  assertEquals(order(q), [0, 2, 3]);
  q.clearSacked();
  q.clear();
  assertEquals(order(q), []);
});
