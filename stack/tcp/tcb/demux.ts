/**
 * From a segment to whom it concerns: connections by both ends in one hash table, listeners by
 * port.
 *
 * @module
 */
import { FlowTable, portsWord, shareHash } from "../../storage/hash_table.ts";
import type { IpAddress } from "../../base/ip_address.ts";
import type { Packet } from "../../base/packet.ts";
import type { Flow } from "../base/flow.ts";
import type { Listener } from "./listener.ts";
import type { Segment } from "../base/segment.ts";

export class Demux {
  readonly #table: FlowTable;
  readonly #seed: number;
  /** Flows by the number that the table holds, and the numbers that are free. */
  readonly #flows: (Flow | null)[] = [];
  readonly #free: number[] = [];
  readonly #listeners = new Map<number, Listener[]>();

  constructor(seed: number) {
    this.#table = new FlowTable(seed);
    this.#seed = seed;
  }

  /** Connections, SYN queue entries and TIME-WAITs together. */
  get count(): number {
    return this.#table.count;
  }

  /** The flow that the segment belongs to, or null. */
  lookup(pkt: Packet, seg: Segment): Flow | null {
    const index = this.#table.get(
      pkt.dst0,
      pkt.dst1,
      pkt.dst2,
      pkt.dst3,
      pkt.src0,
      pkt.src1,
      pkt.src2,
      pkt.src3,
      portsWord(seg.dstPort, seg.srcPort),
      pkt.zone,
    );
    return index < 0 ? null : this.#flows[index];
  }

  /** The flow between two ends, or null. `zone`: of `remote` (zoneOf). */
  find(
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    zone: number,
  ): Flow | null {
    const index = this.#table.get(
      local.w0,
      local.w1,
      local.w2,
      local.w3,
      remote.w0,
      remote.w1,
      remote.w2,
      remote.w3,
      portsWord(localPort, remotePort),
      zone,
    );
    return index < 0 ? null : this.#flows[index];
  }

  /** Enters a flow by its addresses and ports; the place must be free. */
  enter(flow: Flow): void {
    const index = this.#free.pop() ?? this.#flows.length;
    this.#flows[index] = flow;
    flow.flowIndex = index;
    const { local, remote } = flow;
    this.#table.set(
      local.w0,
      local.w1,
      local.w2,
      local.w3,
      remote.w0,
      remote.w1,
      remote.w2,
      remote.w3,
      portsWord(flow.localPort, flow.remotePort),
      index,
      flow.zone,
    );
  }

  /** Takes a flow out; nothing happens if it is not in. */
  remove(flow: Flow): void {
    const index = flow.flowIndex;
    if (index < 0) return;
    const { local, remote } = flow;
    this.#table.delete(
      local.w0,
      local.w1,
      local.w2,
      local.w3,
      remote.w0,
      remote.w1,
      remote.w2,
      remote.w3,
      portsWord(flow.localPort, flow.remotePort),
      flow.zone,
    );
    flow.flowIndex = -1;
    this.#flows[index] = null;
    this.#free.push(index);
  }

  forEach(visit: (flow: Flow) => void): void {
    for (const flow of this.#flows) {
      if (flow !== null) visit(flow);
    }
  }

  forEachListener(visit: (listener: Listener) => void): void {
    for (const listeners of this.#listeners.values()) listeners.forEach(visit);
  }

  addListener(listener: Listener): void {
    const port = listener.tcb.localPort;
    const list = this.#listeners.get(port);
    if (list === undefined) this.#listeners.set(port, [listener]);
    else list.push(listener);
  }

  removeListener(listener: Listener): void {
    const port = listener.tcb.localPort;
    const list = this.#listeners.get(port);
    const i = list === undefined ? -1 : list.indexOf(listener);
    if (list === undefined || i < 0) return;
    list.splice(i, 1);
    if (list.length === 0) this.#listeners.delete(port);
  }

  /**
   * The listener that fits a segment best: bound to its address before bound to all, bound to its
   * interface before any. Several that fit equally (SO_REUSEPORT) share the remote ends between
   * them.
   */
  findListener(pkt: Packet, seg: Segment): Listener | null {
    const list = this.#listeners.get(seg.dstPort);
    if (list === undefined) return null;
    let best: Listener | null = null;
    let bestScore = -1;
    let equals = 0;
    for (const listener of list) {
      const score = listener.score(pkt);
      if (score < 0 || score < bestScore) continue;
      if (score > bestScore) {
        best = listener;
        bestScore = score;
        equals = 1;
      } else {
        equals++;
      }
    }
    if (equals < 2) return best;
    let skip = shareHash(this.#seed, pkt.src3, portsWord(seg.dstPort, seg.srcPort)) % equals;
    for (const listener of list) {
      if (listener.score(pkt) === bestScore && skip-- === 0) return listener;
    }
    return best;
  }
}
