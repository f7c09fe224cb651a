/**
 * Connected endpoints by addresses and ports. Several may be connected alike (SO_REUSEADDR): they
 * form a chain, the latest first.
 *
 * @module
 */
import { FlowTable, portsWord } from "../storage/hash_table.ts";
import type { IpAddress } from "../base/ip_address.ts";
import type { Packet } from "../base/packet.ts";
import type { UdpEndpoint } from "./endpoint.ts";

export class FlowMap {
  readonly #table: FlowTable;
  readonly #heads: (UdpEndpoint | null)[] = [];
  readonly #freeIndexes: number[] = [];

  constructor(seed: number) {
    this.#table = new FlowTable(seed);
  }

  /** The first endpoint of the chain to which the packet's flow belongs, or null. */
  ofPacket(pkt: Packet, localPort: number, remotePort: number): UdpEndpoint | null {
    if (this.#table.count === 0) return null;
    const { dst0, dst1, dst2, dst3, src0, src1, src2, src3 } = pkt;
    const ports = portsWord(localPort, remotePort);
    const zone = pkt.zone;
    const index = this.#table.get(dst0, dst1, dst2, dst3, src0, src1, src2, src3, ports, zone);
    return index < 0 ? null : this.#heads[index];
  }

  /** The first endpoint of the chain between two ends, or null. `zone`: of `r` (zoneOf). */
  find(
    l: IpAddress,
    localPort: number,
    r: IpAddress,
    remotePort: number,
    zone: number,
  ): UdpEndpoint | null {
    if (this.#table.count === 0) return null;
    const ports = portsWord(localPort, remotePort);
    const index = this.#table.get(l.w0, l.w1, l.w2, l.w3, r.w0, r.w1, r.w2, r.w3, ports, zone);
    return index < 0 ? null : this.#heads[index];
  }

  /** Enters a connected endpoint. */
  add(endpoint: UdpEndpoint): void {
    const l = endpoint.local;
    const r = endpoint.remote as IpAddress;
    const ports = portsWord(endpoint.localPort, endpoint.remotePort);
    const { zone } = endpoint;
    const known = this.#table.get(l.w0, l.w1, l.w2, l.w3, r.w0, r.w1, r.w2, r.w3, ports, zone);
    if (known >= 0) {
      endpoint.nextInFlow = this.#heads[known];
      this.#heads[known] = endpoint;
      endpoint.flowIndex = known;
      return;
    }
    const index = this.#freeIndexes.pop() ?? this.#heads.length;
    this.#heads[index] = endpoint;
    endpoint.flowIndex = index;
    this.#table.set(l.w0, l.w1, l.w2, l.w3, r.w0, r.w1, r.w2, r.w3, ports, index, zone);
  }

  /** Takes an endpoint out; its addresses must still be those it was entered with. */
  remove(endpoint: UdpEndpoint): void {
    const index = endpoint.flowIndex;
    if (index < 0) return;
    endpoint.flowIndex = -1;
    let before: UdpEndpoint | null = null;
    let at = this.#heads[index];
    while (at !== null && at !== endpoint) {
      before = at;
      at = at.nextInFlow;
    }
    if (before !== null) before.nextInFlow = endpoint.nextInFlow;
    else this.#heads[index] = endpoint.nextInFlow;
    endpoint.nextInFlow = null;
    if (this.#heads[index] !== null) return;
    const l = endpoint.local;
    const r = endpoint.remote as IpAddress;
    const ports = portsWord(endpoint.localPort, endpoint.remotePort);
    const { zone } = endpoint;
    this.#table.delete(l.w0, l.w1, l.w2, l.w3, r.w0, r.w1, r.w2, r.w3, ports, zone);
    this.#freeIndexes.push(index);
  }
}
