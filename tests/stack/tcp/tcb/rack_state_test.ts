import { assert, assertEquals } from "@std/assert";
import { AckSample } from "../../../../stack/tcp/tcb/ack_sample.ts";
import { DeliveryRate } from "../../../../stack/tcp/base/delivery_rate.ts";
import { isSentAfter, Rack } from "../../../../stack/tcp/tcb/rack_state.ts";
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

Deno.test("RACK: the latest transmission that was delivered, and its round trip", () => {
  const rack = new Rack();
  const q = queue(4);
  q.applySack(200, 300, SMSS, ack(rack, q, 50));
  assertEquals([rack.xmitUs, rack.endSeq, rack.rttUs, rack.fack], [12, 300, 38, 300]);
  q.acknowledge(100, ack(rack, q, 60));
  assertEquals([rack.xmitUs, rack.endSeq, rack.fack], [12, 300, 300]);
  assert(rack.isReorderingSeen);
});

Deno.test("RACK: blocks of one acknowledgment are no reordering, whatever their order", () => {
  const rack = new Rack();
  const q = queue(5);
  const sample = ack(rack, q, 50);
  q.applySack(400, 500, SMSS, sample);
  q.applySack(200, 300, SMSS, sample);
  assert(!rack.isReorderingSeen);
});

Deno.test("RACK: a retransmission acknowledged sooner than any round trip tells nothing", () => {
  const rack = new Rack();
  const q = queue(2);
  q.markLost(q.head!);
  q.markRetransmitted(q.head!, 100);
  q.acknowledge(100, ack(rack, q, 110));
  assertEquals(rack.xmitUs, -1);
});

Deno.test("RACK: the first bytes of a large record count as sent with it", () => {
  const rack = new Rack();
  const q = new SentQueue(new SentPool());
  q.push(0, 1000, 0, 10);
  q.acknowledge(300, ack(rack, q, 50));
  assertEquals([rack.xmitUs, rack.endSeq], [10, 300]);
});

Deno.test("RACK: a D-SACK counts once a round, and is forgotten after sixteen recoveries", () => {
  const rack = new Rack();
  rack.onDsack(0, 1000);
  rack.onDsack(500, 1500);
  assertEquals(rack.reoWndMult, 2);
  rack.onDsack(1000, 2000);
  assertEquals(rack.reoWndMult, 3);
  for (let i = 0; i < 15; i++) rack.onRecovered();
  assertEquals(rack.reoWndMult, 3);
  rack.onRecovered();
  assertEquals(rack.reoWndMult, 1);
});

Deno.test("RACK: sent after: by the time, and at the same time by the sequence number", () => {
  const rack = new Rack();
  rack.xmitUs = 50;
  rack.endSeq = -10; // just before the wrap
  const asked = [[49, 100], [51, -100], [50, -11], [50, -10], [50, 10]];
  const after = asked.map(([sentUs, end]) => isSentAfter(sentUs, end, rack));
  assertEquals(after, [false, true, false, false, true]);
});
