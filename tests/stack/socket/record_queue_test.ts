import { assert, assertEquals } from "@std/assert";
import { BuddyMemory, DGRAM_HEADER_LEN } from "../../../stack/mod.ts";
import { RecordQueue } from "../../../stack/socket/record_queue.ts";

function setUp(limit = 212_992, memoryLen = 4 << 20) {
  const memory = new BuddyMemory(new ArrayBuffer(memoryLen));
  return { memory, queue: new RecordQueue(memory, limit) };
}

type World = ReturnType<typeof setUp>;

/** Puts a record filled with `tag`; false when full. */
function put({ memory, queue }: World, len: number, tag: number): boolean {
  const off = queue.push(len);
  if (off < 0) return false;
  memory.u8.fill(tag, off, off + DGRAM_HEADER_LEN + len);
  return true;
}

function assertTag({ memory, queue }: World, i: number, len: number, tag: number): void {
  const off = queue.peek(i);
  const bytes = memory.u8.subarray(off, off + DGRAM_HEADER_LEN + len);
  assert(bytes.every((b) => b === (tag & 255)), `record ${i}`);
}

Deno.test("a model and the queue agree over a long random run", () => {
  let state = 7;
  const random = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % n;
  };
  const w = setUp(100_000);
  const model: { len: number; tag: number }[] = [];
  let modelBytes = 0;
  let extendedCount = 0;
  for (let step = 0; step < 20_000; step++) {
    if (random(100) < (step % 2000 < 1000 ? 60 : 40)) {
      const record = { len: random(10) === 0 ? random(20_000) : random(300), tag: step & 255 };
      const fits = put(w, record.len, record.tag);
      if (modelBytes < 100_000) assert(fits, `step ${step}`);
      if (fits) {
        model.push(record);
        modelBytes += record.len;
      }
    } else if (random(10) === 0 && model.length > 0) {
      const last = model[model.length - 1];
      const more = random(200);
      const off = w.queue.extendLast(more);
      const end = off + DGRAM_HEADER_LEN + last.len;
      if (off >= 0) {
        w.memory.u8.fill(last.tag, end, end + more);
        last.len += more;
        modelBytes += more;
        extendedCount++;
      }
    } else if (random(20) === 0 && model.length > 0) {
      const at = random(model.length);
      w.queue.remove(w.queue.nextId - model.length + at);
      modelBytes -= model.splice(at, 1)[0].len;
    } else {
      const n = Math.min(model.length, random(5));
      w.queue.consume(n);
      for (const { len } of model.splice(0, n)) modelBytes -= len;
    }
    assertEquals([w.queue.count, w.queue.payloadBytes], [model.length, modelBytes]);
    if (model.length === 0) continue;
    const i = random(model.length);
    assertTag(w, i, model[i].len, model[i].tag);
    assertEquals(w.queue.peek(i) % 8, 0);
  }
  assert(extendedCount > 200, `${extendedCount} extended`);
});

Deno.test("at least the receive buffer's size of payload, and one record whatever its size", () => {
  const w = setUp();
  let count = 0;
  while (put(w, 1024, count)) count++;
  assertEquals(count, 208); // 212,992 / 1,024
  const small = setUp(2304);
  assertEquals(put(small, 65_507, 1), true);
  assertEquals(put(small, 0, 1), false);
});

Deno.test("empty datagrams are bounded by memory", () => {
  const w = setUp();
  let count = 0;
  while (put(w, 0, 1) && count < 100_000) count++;
  assert(count > 1000 && count < 20_000, `${count}`);
});

Deno.test("nothing is allocated before use, nothing kept after free", () => {
  const w = setUp();
  assertEquals(w.memory.usedBytes, 0);
  put(w, 10, 1);
  w.queue.free();
  assertEquals([w.memory.usedBytes, w.queue.count, w.memory.badFrees], [0, 0, 0]);
  assertEquals(put(w, 10, 1), true);
});

Deno.test("without memory the queue is full", () => {
  const w = setUp(212_992, 64 * 1024);
  let count = 0;
  while (put(w, 1000, count)) count++;
  assert(count >= 15 && count < 64, `${count}`);
  for (let i = 0; i < count; i++) assertTag(w, i, 1000, i);
});

Deno.test("ids say which record is still there", () => {
  const w = setUp();
  for (let i = 0; i < 5; i++) put(w, 8, i);
  const id = w.queue.nextId - 2;
  assertEquals([w.queue.has(id), w.queue.offsetOf(id)], [true, w.queue.peek(3)]);
  w.queue.consume(3);
  assertEquals(w.queue.has(id), true);
  w.queue.remove(id);
  assertEquals([w.queue.has(id), w.queue.count], [false, 1]);
});

Deno.test("a block that is full to the last byte is not taken for an empty one", () => {
  const len = 1024 - DGRAM_HEADER_LEN;
  for (const [records, nextLen] of [[16, len], [64, len], [64, 65_507]]) {
    const w = setUp();
    for (let tag = 0; tag < records; tag++) assert(put(w, len, tag));
    // The first places are free, and taken: where the next one goes is where the first one is
    w.queue.consume(4);
    for (let tag = records; tag < records + 4; tag++) assert(put(w, len, tag));
    assertEquals(w.memory.usedBytes, records * 1024, "full");
    assert(put(w, nextLen, records + 4));
    assert(w.memory.usedBytes > records * 1024, "a larger block was needed");
    for (let i = 0; i < records; i++) assertTag(w, i, len, 4 + i);
    assertTag(w, records, nextLen, records + 4);
  }
});

Deno.test("sockets that do not read leave a quarter of the memory to others", () => {
  const { memory } = setUp();
  const queues = Array.from({ length: 40 }, () => new RecordQueue(memory, 212_992));
  for (const queue of queues) while (put({ memory, queue }, 1400, 1));
  assert(memory.usedBytes > memory.sizeBytes / 2, "they took what they could");
  assert(memory.usedBytes <= memory.sizeBytes * 0.75 + 40 * 16384, `${memory.usedBytes}`);
  const late = new RecordQueue(memory, 212_992);
  assert(put({ memory, queue: late }, 1400, 2), "a first block there is");
});

Deno.test("sockets that have read everything give back what is beyond half of the memory", () => {
  const { memory } = setUp();
  const queues = Array.from({ length: 40 }, () => new RecordQueue(memory, 212_992));
  for (const queue of queues) {
    while (put({ memory, queue }, 1400, 1));
    queue.consume(queue.count);
  }
  assert(memory.usedBytes <= memory.sizeBytes / 2 + 40 * 16384, `${memory.usedBytes}`);
  const [first] = queues;
  assert(put({ memory, queue: first }, 60_000, 2));
  assertTag({ memory, queue: first }, 0, 60_000, 2);
  for (const queue of queues) queue.free();
  assertEquals(memory.usedBytes, 0);
});
