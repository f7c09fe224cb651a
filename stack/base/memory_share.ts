/**
 * Who gets how much of the memory when it runs short, so that who holds little goes on when others
 * hold much (Linux's tcp_rmem[0] and tcp_mem are for the same). Up to this share of it in use:
 *
 *     1/2  KEEP_SHARE   an empty ring or queue keeps a block that has grown
 *     3/4  GROW_SHARE   rings and queues grow beyond their first block; data are kept out of order;
 *                       an orphan may hold what it has not sent
 *     7/8  START_SHARE  send rings and receive rings get a first block
 *     all               receive rings get their least block: what is on its way gets through
 *
 * @module
 */
import type { Memory } from "./memory.ts";

export const KEEP_SHARE = 1 / 2;
export const GROW_SHARE = 3 / 4;
export const START_SHARE = 7 / 8;

/** Whether no more than `share` of the memory is in use, with `moreBytes` taken besides. */
export function isWithin(memory: Memory, share: number, moreBytes = 0): boolean {
  return memory.usedBytes + moreBytes <= memory.sizeBytes * share;
}
