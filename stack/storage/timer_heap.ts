/**
 * Timers: a min-heap of nodes that know their place in it, so that moving and cancelling one is
 * O(log n) and allocates nothing. Times are microseconds (numbers beyond 2^31 included).
 *
 * The times lie in an array of their own, and a place has four children: looking for the way up or
 * down reads neighbouring numbers, not nodes that are scattered over the memory. Ten thousand
 * timers are seven levels.
 *
 *     place i: parent (i - 1) >> 2, children 4 i + 1 .. 4 i + 4
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";

/** One timer. Embed it, extend it, or implement its two fields. */
export class TimerNode {
  /** When it is due; Infinity while it is not armed. Written by the heap only. */
  atUs = Infinity;
  /** Place in the heap, -1: not armed. Written by the heap only. */
  heapIndex = -1;
}

const START_CAPACITY = 64;

export class TimerHeap<T extends TimerNode = TimerNode> {
  readonly #nodes: T[] = [];
  /** `atUs` of the node at each place. */
  #times = new Float64Array(START_CAPACITY);

  /** `alarm`: told of every time that is set; null: whoever wants to know asks `nextAtUs`. */
  constructor(readonly alarm: Alarm | null = null) {}

  /** Armed timers. */
  get count(): number {
    return this.#nodes.length;
  }

  /** Arms the timer, or moves it if it is armed. */
  set(node: T, atUs: number): void {
    const i = node.heapIndex;
    const isLater = i >= 0 && atUs > node.atUs;
    if (this.alarm !== null) this.alarm.by(atUs);
    node.atUs = atUs;
    if (isLater) return this.#siftDown(node, atUs, i);
    if (i >= 0) return this.#siftUp(node, atUs, i);
    if (this.#nodes.length === this.#times.length) this.#grow();
    this.#nodes.push(node);
    this.#siftUp(node, atUs, this.#nodes.length - 1);
  }

  /** Disarms the timer; nothing happens if it is not armed. */
  cancel(node: T): void {
    const i = node.heapIndex;
    if (i < 0) return;
    node.heapIndex = -1;
    const goneAtUs = node.atUs;
    node.atUs = Infinity;
    const last = this.#nodes.pop() as T;
    if (last === node) return;
    const lastAtUs = this.#times[this.#nodes.length];
    if (lastAtUs > goneAtUs) this.#siftDown(last, lastAtUs, i);
    else this.#siftUp(last, lastAtUs, i);
  }

  /** When the first timer is due; Infinity when none is armed. */
  nextAtUs(): number {
    return this.#nodes.length === 0 ? Infinity : this.#times[0];
  }

  /** Takes out the first timer if it is due at `nowUs` (atUs <= nowUs); null: none is. */
  popDue(nowUs: number): T | null {
    if (this.#nodes.length === 0 || this.#times[0] > nowUs) return null;
    const first = this.#nodes[0];
    this.cancel(first);
    return first;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
  }

  /** Places `node` at `i` or above. */
  #siftUp(node: T, atUs: number, i: number): void {
    const nodes = this.#nodes;
    const times = this.#times;
    while (i > 0) {
      const up = (i - 1) >> 2;
      if (times[up] <= atUs) break;
      this.#place(nodes[up], times[up], i);
      i = up;
    }
    this.#place(node, atUs, i);
  }

  /** Places `node` at `i` or below. */
  #siftDown(node: T, atUs: number, i: number): void {
    const nodes = this.#nodes;
    const times = this.#times;
    const count = nodes.length;
    for (;;) {
      const first = 4 * i + 1;
      if (first >= count) break;
      const end = Math.min(first + 4, count);
      let down = first;
      for (let child = first + 1; child < end; child++) {
        if (times[child] < times[down]) down = child;
      }
      if (times[down] >= atUs) break;
      this.#place(nodes[down], times[down], i);
      i = down;
    }
    this.#place(node, atUs, i);
  }

  #place(node: T, atUs: number, i: number): void {
    this.#nodes[i] = node;
    this.#times[i] = atUs;
    node.heapIndex = i;
  }
}
