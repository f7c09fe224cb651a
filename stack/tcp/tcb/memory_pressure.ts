/**
 * When the memory is full: rings give back what they do not need, data beyond gaps is thrown away,
 * and programs that found no room to write are told when it is worth trying again.
 *
 * Received data that finds no room is simply dropped; the peer sends it again. So it does with data
 * out of order that we drop later, "even if it has been selectively acknowledged" (RFC 2018 section
 * 8, Linux tcp_prune_ofo_queue).
 *
 * @module
 */
import { EVENT_WRITABLE } from "../../base/events.ts";
import { FLOW_TCB } from "../base/flow.ts";
import type { Tcb } from "./tcb.ts";
import type { TcpContext } from "./context.ts";

/** How often it is tried again. */
const RETRY_US = 10_000;

export class MemoryPressure {
  readonly #layer: TcpContext;
  readonly #writers = new Set<Tcb>();
  #isNoted = false;
  #retryAtUs = 0;

  constructor(layer: TcpContext) {
    this.#layer = layer;
  }

  /** An allocation failed. */
  note(): void {
    if (!this.#isNoted) this.#layer.counters.tcp.memoryPressures++;
    this.#isNoted = true;
  }

  /** An allocation failed, and the program of this connection waits to write. */
  noteWriter(tcb: Tcb): void {
    this.note();
    this.#writers.add(tcb);
  }

  forget(tcb: Tcb): void {
    this.#writers.delete(tcb);
  }

  /** When `poll` has something to do; Infinity: nothing. */
  pollAtUs(): number {
    return this.#isNoted ? this.#retryAtUs : Infinity;
  }

  /** What is given back here is free after the next flush (`Memory.freeDeferred`). */
  poll(nowUs: number): void {
    if (!this.#isNoted || nowUs < this.#retryAtUs) return;
    this.#isNoted = false;
    this.#retryAtUs = nowUs + RETRY_US;
    this.#layer.demux.forEach((flow) => {
      if (flow.kind === FLOW_TCB) giveBack(flow as Tcb);
    });
    for (const tcb of this.#writers) this.#layer.raise(tcb, EVENT_WRITABLE);
    this.#writers.clear();
  }
}

function giveBack(tcb: Tcb): void {
  dropOutOfOrder(tcb);
  tcb.rcvRing.shrink();
  if (tcb.sndRing.usedBytes === 0 && !tcb.sndRing.isPinned) tcb.sndRing.free();
}

/** Forgets what has arrived beyond RCV.NXT. */
export function dropOutOfOrder(tcb: Tcb): void {
  if (tcb.assembler.count === 0) return;
  tcb.layer.counters.tcp.ofoPruned++;
  tcb.assembler.clear();
  tcb.rcvRing.dropOutOfOrder();
}
