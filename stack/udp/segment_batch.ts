/**
 * Datagrams that follow one another on the same flow leave as one frame, which the device cuts up
 * again (UDP segmentation offload): what a receiver sees is the same, what it costs is a fraction.
 *
 * The first datagram goes out as a row of its own. When the next one of the same flow and size
 * comes while that row is still the last in its queue, both are copied into a block and the row
 * becomes a GSO row; more are appended until one is shorter, the frame is full, or the queue is
 * transmitted.
 *
 * @module
 */
import { CSUM_PARTIAL, GSO_UDP_L4, type TxFrames } from "../base/frames.ts";
import type { Memory } from "../base/memory.ts";
import { fold, pseudoSum } from "../wire/checksum.ts";
import { ETHERNET_HEADER_LEN } from "../wire/ethernet.ts";
import {
  IPV4_HEADER_LEN,
  IPV4_TOTAL_LEN_OFFSET,
  PROTOCOL_UDP,
  refreshIpv4Checksum,
} from "../wire/ipv4.ts";
import { IPV6_HEADER_LEN, IPV6_PAYLOAD_LEN_OFFSET } from "../wire/ipv6.ts";
import type { Route } from "../base/network.ts";
import { UDP_CHECKSUM_OFFSET, UDP_HEADER_LEN, UDP_LENGTH_OFFSET } from "../wire/udp.ts";

/** Longest headers, IP's and UDP's. */
const HEADERS_LEN = IPV6_HEADER_LEN + UDP_HEADER_LEN;

export class SegmentBatch {
  #tx: TxFrames | null = null;
  #epoch = 0;
  #row = 0;
  #route: Route | null = null;
  #srcPort = 0;
  #dstPort = 0;
  #ttl = 0;
  #tos = 0;
  /** Payload of each datagram but the last. */
  #size = 0;
  #segments = 0;
  /** Block the payload is collected in, 0: not yet. */
  #block = 0;
  #blockLen = 0;
  #used = 0;

  constructor(readonly memory: Memory, readonly maxSegments: number) {}

  /** Notes the last committed row of `route.tx`, a datagram with DF and a partial checksum. */
  start(
    route: Route,
    srcPort: number,
    dstPort: number,
    ttl: number,
    tos: number,
    payLen: number,
  ): void {
    this.#tx = route.tx;
    this.#epoch = route.tx.epoch;
    this.#row = route.tx.count - 1;
    this.#route = route;
    this.#srcPort = srcPort;
    this.#dstPort = dstPort;
    this.#ttl = ttl;
    this.#tos = tos;
    this.#size = payLen;
    this.#segments = 1;
    this.#block = 0;
  }

  /** Appends one more datagram to the row; false when it does not belong there or does not fit. */
  append(
    route: Route,
    srcPort: number,
    dstPort: number,
    ttl: number,
    tos: number,
    payOff: number,
    payLen: number,
  ): boolean {
    const tx = this.#tx;
    if (tx === null || route !== this.#route || tx.epoch !== this.#epoch) return false;
    if (tx.count !== this.#row + 1 || srcPort !== this.#srcPort) return false;
    if (dstPort !== this.#dstPort || ttl !== this.#ttl || tos !== this.#tos) return false;
    if (payLen > this.#size || payLen === 0 || this.#segments >= this.maxSegments) return false;
    if (!this.#makeRoom(tx, route, payLen)) return false;
    this.memory.u8.copyWithin(this.#block + this.#used, payOff, payOff + payLen);
    this.#used += payLen;
    this.#segments++;
    this.#extendRow(tx, route);
    if (payLen < this.#size) this.#tx = null; // a short one ends the frame
    return true;
  }

  #makeRoom(tx: TxFrames, route: Route, payLen: number): boolean {
    if (this.#block === 0) {
      const segments = Math.min(
        this.maxSegments,
        Math.floor((route.usoMaxBytes - HEADERS_LEN) / this.#size),
      );
      if (segments < 2) return false;
      const block = this.memory.alloc(segments * this.#size);
      if (block < 0) return false;
      this.#block = block;
      this.#blockLen = segments * this.#size;
      this.memory.freeDeferred(block, this.#blockLen);
      const from = tx.payOff[this.#row];
      this.memory.u8.copyWithin(block, from, from + this.#size);
      this.#used = this.#size;
      tx.payOff[this.#row] = block;
    }
    return this.#used + payLen <= this.#blockLen;
  }

  /** Sets the row's lengths and sums anew; each device segment gets its own from them. */
  #extendRow(tx: TxFrames, { src, dst }: Route): void {
    const row = this.#row;
    const dv = this.memory.dv;
    const ip = tx.hdrOff[row] + ETHERNET_HEADER_LEN;
    const udp = tx.l4Off[row];
    const length = UDP_HEADER_LEN + this.#used;
    tx.payLen[row] = this.#used;
    tx.csum[row] = CSUM_PARTIAL;
    tx.gsoType[row] = GSO_UDP_L4;
    tx.gsoSize[row] = this.#size;
    if (dst.family === 6) {
      dv.setUint16(ip + IPV6_PAYLOAD_LEN_OFFSET, length);
    } else {
      dv.setUint16(ip + IPV4_TOTAL_LEN_OFFSET, IPV4_HEADER_LEN + length);
      refreshIpv4Checksum(dv, ip, IPV4_HEADER_LEN);
    }
    dv.setUint16(udp + UDP_LENGTH_OFFSET, length);
    const pseudo = pseudoSum(src, dst, PROTOCOL_UDP, length);
    dv.setUint16(udp + UDP_CHECKSUM_OFFSET, fold(pseudo));
  }
}
