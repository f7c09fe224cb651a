/**
 * Timers: a binary min-heap of nodes that know their place in it, so that moving and cancelling one
 * is O(log n) and allocates nothing. Times are microseconds (numbers beyond 2^31 included).
 *
 * @module
 */

/** One timer. Embed it, extend it, or implement its two fields. */
export class TimerNode {
  /** When it is due; Infinity while it is not armed. Written by the heap only. */
  atUs = Infinity;
  /** Place in the heap, -1: not armed. Written by the heap only. */
  heapIndex = -1;
}

export class TimerHeap<T extends TimerNode = TimerNode> {
  readonly #nodes: T[] = [];

  /** Armed timers. */
  get count(): number {
    return this.#nodes.length;
  }

  /** Arms the timer, or moves it if it is armed. */
  set(node: T, atUs: number): void {
    const i = node.heapIndex;
    if (i < 0) {
      node.atUs = atUs;
      this.#nodes.push(node);
      this.#siftUp(node, this.#nodes.length - 1);
      return;
    }
    const isLater = atUs > node.atUs;
    node.atUs = atUs;
    if (isLater) this.#siftDown(node, i);
    else this.#siftUp(node, i);
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
    if (last.atUs > goneAtUs) this.#siftDown(last, i);
    else this.#siftUp(last, i);
  }

  /** When the first timer is due; Infinity when none is armed. */
  nextAtUs(): number {
    return this.#nodes.length === 0 ? Infinity : this.#nodes[0].atUs;
  }

  /** Takes out the first timer if it is due at `nowUs` (atUs <= nowUs); null: none is. */
  popDue(nowUs: number): T | null {
    if (this.#nodes.length === 0) return null;
    const first = this.#nodes[0];
    if (first.atUs > nowUs) return null;
    this.cancel(first);
    return first;
  }

  /** Places `node` at `i` or above. */
  #siftUp(node: T, i: number): void {
    const nodes = this.#nodes;
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = nodes[up];
      if (parent.atUs <= node.atUs) break;
      nodes[i] = parent;
      parent.heapIndex = i;
      i = up;
    }
    nodes[i] = node;
    node.heapIndex = i;
  }

  /** Places `node` at `i` or below. */
  #siftDown(node: T, i: number): void {
    const nodes = this.#nodes;
    const count = nodes.length;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= count) break;
      if (down + 1 < count && nodes[down + 1].atUs < nodes[down].atUs) down++;
      const child = nodes[down];
      if (child.atUs >= node.atUs) break;
      nodes[i] = child;
      child.heapIndex = i;
      i = down;
    }
    nodes[i] = node;
    node.heapIndex = i;
  }
}
