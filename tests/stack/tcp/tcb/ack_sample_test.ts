import { assert, assertEquals } from "@std/assert";
import { DeliveryRate } from "../../../../stack/tcp/base/delivery_rate.ts";
import { AckSample } from "../../../../stack/tcp/tcb/ack_sample.ts";
import { Rack } from "../../../../stack/tcp/tcb/rack_state.ts";
import { SentPool, SentQueue } from "../../../../stack/tcp/tcb/sent_queue.ts";

/** Five records of 100 bytes, sent at 10, 20, … */
function queue(): SentQueue {
  const q = new SentQueue(new SentPool());
  for (let i = 0; i < 5; i++) q.push(i * 100, 100, 0, 10 * (i + 1));
  return q;
}

function begun(rack: Rack | null = null): AckSample {
  const sample = new AckSample();
  sample.begin(new DeliveryRate(), 500, rack);
  return sample;
}

Deno.test("ACK sample: cumulative, whole records and a part of one", () => {
  const sample = begun();
  queue().acknowledge(250, sample);
  assertEquals([sample.ackedBytes, sample.deliveredBytes, sample.longestBytes], [250, 250, 100]);
  assertEquals([sample.oldestSentUs, sample.newestSentUs], [10, 20], "a part is no round trip");
  assert(sample.hasOriginal && !sample.hasRetransmitted);
  assertEquals(sample.originalEnd, 100);
});

Deno.test("ACK sample: what was SACKed before is not delivered twice", () => {
  const q = queue();
  const first = begun();
  q.applySack(100, 200, 100, first);
  assertEquals([first.sackedBytes, first.deliveredBytes, first.ackedBytes], [100, 100, 0]);
  assertEquals([first.oldestSackedSentUs, first.newestSackedSentUs], [20, 20]);
  const second = begun();
  q.acknowledge(300, second);
  assertEquals([second.ackedBytes, second.deliveredBytes], [300, 200]);
  assertEquals([second.oldestSentUs, second.newestSentUs], [10, 30]);
});

Deno.test("ACK sample: Karn: no time of what was sent again or deemed lost", () => {
  const q = queue();
  q.markLost(q.head!);
  q.markRetransmitted(q.head!, 90);
  q.markLost(q.head!.next!);
  const sample = begun();
  q.acknowledge(200, sample);
  assertEquals([sample.oldestSentUs, sample.ackedBytes], [-1, 200]);
  assert(sample.hasRetransmitted && sample.hasOriginal);
  assertEquals(sample.originalEnd, 200);
});

Deno.test("ACK sample: begins empty, tells RACK and the delivery rate what arrives", () => {
  const rack = new Rack();
  const sample = begun(rack);
  rack.begin(0, false, 5, 100);
  queue().acknowledge(300, sample);
  assertEquals([rack.xmitUs, rack.endSeq, sample.rate.ackedBytes], [30, 300, 300]);
  sample.begin(sample.rate, 7);
  assertEquals([sample.ackedBytes, sample.deliveredBytes, sample.rate.priorPipe], [0, 0, 7]);
  queue().acknowledge(500, sample);
  assertEquals(rack.endSeq, 300, "not of a handshake's");
});

Deno.test("ACK sample: what is delivered goes into the books of the rate it began with", () => {
  const rates = [new DeliveryRate(), new DeliveryRate()];
  const sample = new AckSample();
  for (const [i, rate] of rates.entries()) {
    sample.begin(rate, 500, null);
    queue().acknowledge(100 * (i + 1), sample);
  }
  assertEquals(rates.map(({ ackedBytes }) => ackedBytes), [100, 200]);
});

Deno.test("ACK sample: the newest of what is SACKed is that sent last, in whatever order", () => {
  const q = queue();
  const sample = begun();
  q.applySack(300, 400, 100, sample);
  q.applySack(100, 200, 100, sample);
  assertEquals([sample.newestSackedSentUs, sample.sackedBytes], [40, 200]);
});
