/**
 * A listening socket: the SYN queue (connections in SYN-RECEIVED, as small records) and the accept
 * queue (established ones that the program has not taken yet), both bounded as in Linux.
 *
 *     SYN ---> SynRequest ---- ACK ----> Tcb in the accept queue ---- accept() ----> the program's
 *
 * @module
 */
import { EVENT_ACCEPTABLE } from "../../base/events.ts";
import type { Packet } from "../../base/packet.ts";
import type { Flow } from "../base/flow.ts";
import type { Tcb } from "./tcb.ts";

/** A connection in SYN-RECEIVED that is only a record (passive_open/syn_request.ts). */
export interface SynQueueEntry extends Flow {
  /** Back to LISTEN. */
  drop(): void;
}

export class Listener {
  readonly synQueue = new Set<SynQueueEntry>();
  readonly #acceptQueue: Tcb[] = [];
  /** Connections that were made from requests and are not established yet. */
  readonly #embryonic = new Set<Tcb>();
  /** TCP_FASTOPEN: connections that the program may have before their handshake is over. */
  fastOpenPending = 0;

  /** `tcb`: in state LISTEN, with the local address and the options that connections inherit. */
  constructor(readonly tcb: Tcb, public backlog: number) {}

  /** How well a segment fits: -1 not at all, else the more the better. */
  score(pkt: Packet): number {
    const { local, options: { socket } } = this.tcb;
    let score = 0;
    if (socket.ifIndex !== 0) {
      if (socket.ifIndex !== pkt.ifIndex) return -1;
      score += 4;
    }
    if (local.isUnspecified) {
      if (local.family === 4) return pkt.family === 4 ? score + 1 : -1;
      return pkt.family === 6 || !socket.v6Only ? score : -1;
    }
    const isSame = local.w3 === pkt.dst3 && local.w2 === pkt.dst2 && local.w1 === pkt.dst1 &&
      local.w0 === pkt.dst0;
    return isSame ? score + 2 : -1;
  }

  /** Linux lets one more in than listen() said. */
  get isAcceptQueueFull(): boolean {
    return this.#acceptQueue.length > this.backlog;
  }

  get isSynQueueFull(): boolean {
    const { synBacklogMax } = this.tcb.layer.config;
    return this.synQueue.size >= Math.min(Math.max(this.backlog, 8), synBacklogMax);
  }

  get acceptQueueLength(): number {
    return this.#acceptQueue.length;
  }

  /** A request has become a connection, whose segment is being processed. */
  onChild(tcb: Tcb): void {
    this.#embryonic.add(tcb);
  }

  onFastOpen(tcb: Tcb): void {
    this.fastOpenPending++;
    this.onEstablished(tcb);
  }

  onEstablished(tcb: Tcb): void {
    this.#embryonic.delete(tcb);
    this.#acceptQueue.push(tcb);
    this.tcb.layer.raise(this.tcb, EVENT_ACCEPTABLE);
  }

  /** The next established connection; null when there is none. */
  accept(): Tcb | null {
    const tcb = this.#acceptQueue.shift();
    if (tcb === undefined) return null;
    tcb.listener = null;
    return tcb;
  }

  /**
   * A connection ended before it was accepted. An established one stays in the queue (accept
   * returns it, and reading gives the error), as in Linux.
   */
  forget(tcb: Tcb): void {
    this.#embryonic.delete(tcb);
  }

  /** The program closed the listener: all that nobody will take, SYN queue first. */
  takeAll(): Tcb[] {
    for (const request of [...this.synQueue]) request.drop();
    const all = [...this.#embryonic, ...this.#acceptQueue];
    this.#acceptQueue.length = 0;
    return all;
  }
}
