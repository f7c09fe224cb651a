/**
 * A value for each port: two levels, so that an empty table is small and a lookup is two reads.
 *
 * @module
 */

const PAGE_SHIFT = 8;
const PAGE_LEN = 1 << PAGE_SHIFT;

/** Values are integers >= 0 (an index of the caller's); -1 means "none". */
export class PortTable {
  readonly #pages: (Int32Array | undefined)[] = new Array(65536 >> PAGE_SHIFT).fill(undefined);
  #count = 0;

  /** Ports that have a value. */
  get count(): number {
    return this.#count;
  }

  get(port: number): number {
    const page = this.#pages[port >> PAGE_SHIFT];
    return page === undefined ? -1 : page[port & (PAGE_LEN - 1)];
  }

  /** Sets the value of a port; -1 removes it. */
  set(port: number, value: number): void {
    let page = this.#pages[port >> PAGE_SHIFT];
    if (page === undefined) {
      if (value < 0) return;
      page = new Int32Array(PAGE_LEN).fill(-1);
      this.#pages[port >> PAGE_SHIFT] = page;
    }
    const i = port & (PAGE_LEN - 1);
    if (page[i] < 0 && value >= 0) this.#count++;
    else if (page[i] >= 0 && value < 0) this.#count--;
    page[i] = value;
  }
}
