/**
 * Where datagrams pass between the pairs and the stack, for all datagram endpoints together.
 *
 * From the program: a run of slots, each the size of the longest message, with a recvmmsg table
 * that is written once. The stack sends straight from a slot, so slots are used up from first to
 * last and become free together when the stack has been flushed.
 *
 * To the program: a sendmmsg table whose pieces are pointed at the records in the stack's own
 * queue.
 *
 * @module
 */
import { MessageTable, messageTableLen } from "../../../ffi/message.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { DGRAM_HEADER_LEN } from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";

/** What one message may hold beside the header. */
export const PAYLOAD_MAX_LEN = 65535;
/** Not a multiple of 4 KiB, so that the headers of neighbouring slots do not share cache sets. */
export const SLOT_LEN = (DGRAM_HEADER_LEN + PAYLOAD_MAX_LEN + 1) + P.NUSE_EXTRAS_MAX + 64;
/** As many as fit a block of 8 MiB. */
export const SLOT_COUNT = 127;
/** Datagrams a system call. */
export const BATCH_COUNT = 64;

export class DatagramSlots {
  /** The recvmmsg table: message i goes to slot i. */
  readonly inbound: MessageTable;
  /** The sendmmsg table. */
  readonly outbound: MessageTable;
  readonly #slotsOff: number;
  #used = 0;

  constructor(app: AppContext) {
    this.#slotsOff = app.allocate(SLOT_COUNT * SLOT_LEN);
    const inboundOff = app.allocate(messageTableLen(SLOT_COUNT, 1, true));
    this.inbound = new MessageTable(app.arena, inboundOff, SLOT_COUNT, 1, true);
    for (let i = 0; i < SLOT_COUNT; i++) this.inbound.setIovec(i, 0, this.slotOff(i), SLOT_LEN);
    const outboundOff = app.allocate(messageTableLen(BATCH_COUNT, 1));
    this.outbound = new MessageTable(app.arena, outboundOff, BATCH_COUNT, 1);
  }

  slotOff(i: number): number {
    return this.#slotsOff + i * SLOT_LEN;
  }

  /** The first free slot. */
  get first(): number {
    return this.#used;
  }

  /** How many slots are free from `first` on, at most a batch. */
  get freeCount(): number {
    return Math.min(SLOT_COUNT - this.#used, BATCH_COUNT);
  }

  /** Slots `first` … `first + n - 1` hold datagrams that the stack has been given. */
  use(n: number): void {
    this.#used += n;
  }

  /** After a flush. */
  reset(): void {
    this.#used = 0;
  }
}
