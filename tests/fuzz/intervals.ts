/**
 * Which parts of a stream a peer has ever sent: a small list of disjoint intervals of sequence
 * space.
 *
 * @module
 */

const COUNT_MAX = 512;

function diff(a: number, b: number): number {
  return (a - b) | 0;
}

export class Intervals {
  #left: number[] = [];
  #right: number[] = [];
  /** More than could be remembered: nothing can be said any more. */
  isOverflown = false;

  get count(): number {
    return this.#left.length;
  }

  clear(): void {
    this.#left.length = 0;
    this.#right.length = 0;
    this.isOverflown = false;
  }

  add(left: number, right: number): void {
    if (diff(right, left) <= 0) return;
    const lefts = this.#left;
    const rights = this.#right;
    let l = left;
    let r = right;
    for (let i = lefts.length - 1; i >= 0; i--) {
      if (diff(lefts[i], r) > 0 || diff(l, rights[i]) > 0) continue;
      if (diff(lefts[i], l) < 0) l = lefts[i];
      if (diff(rights[i], r) > 0) r = rights[i];
      lefts[i] = lefts[lefts.length - 1];
      rights[i] = rights[rights.length - 1];
      lefts.pop();
      rights.pop();
    }
    lefts.push(l);
    rights.push(r);
    if (lefts.length > COUNT_MAX) this.isOverflown = true;
  }

  /** All of [left, right). */
  covers(left: number, right: number): boolean {
    if (this.isOverflown) return true;
    for (let i = 0; i < this.#left.length; i++) {
      if (diff(left, this.#left[i]) >= 0 && diff(this.#right[i], right) >= 0) return true;
    }
    return false;
  }
}
