/**
 * Up to two pieces of memory: what a ring that wraps answers with. Reused by its owner; read it at
 * once.
 *
 * @module
 */
export class Span {
  off0 = 0;
  len0 = 0;
  off1 = 0;
  len1 = 0;

  /** Sets both pieces; returns their length together. */
  set(off0: number, len0: number, off1: number, len1: number): number {
    this.off0 = off0;
    this.len0 = len0;
    this.off1 = off1;
    this.len1 = len1;
    return len0 + len1;
  }
}
