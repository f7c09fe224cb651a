/**
 * What a device without offloads needs done before it gets a frame: the transport checksum filled
 * in, and a long TCP or UDP packet cut into segments (what the kernel calls GSO).
 *
 * A row to cut is complete, Ethernet header included, and under construction; the segments take its
 * place in the queue. Payload is not copied: every segment points into the same pieces.
 *
 * @module
 */
import { CSUM_NONE, CSUM_PARTIAL, GSO_NONE, GSO_UDP_L4, type TxFrames } from "../base/frames.ts";
import type { Memory } from "../base/memory.ts";
import { finish, fold, pseudoSumV4, pseudoSumV6, sum } from "../wire/checksum.ts";
import { ETHERNET_HEADER_LEN } from "../wire/ethernet.ts";
import {
  IPV4_DF,
  IPV4_DST_OFFSET,
  IPV4_FRAGMENT_OFFSET,
  IPV4_ID_OFFSET,
  IPV4_SRC_OFFSET,
  IPV4_TOTAL_LEN_OFFSET,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  refreshIpv4Checksum,
} from "../wire/ipv4.ts";
import {
  IPV6_DST_OFFSET,
  IPV6_HEADER_LEN,
  IPV6_PAYLOAD_LEN_OFFSET,
  IPV6_SRC_OFFSET,
} from "../wire/ipv6.ts";
import {
  TCP_CHECKSUM_OFFSET,
  TCP_CWR,
  TCP_FIN,
  TCP_FLAGS_OFFSET,
  TCP_PSH,
  TCP_SEQ_OFFSET,
} from "../wire/tcp.ts";
import { UDP_CHECKSUM_OFFSET, UDP_LENGTH_OFFSET } from "../wire/udp.ts";
import type { Interface } from "./interface.ts";
import { PayloadSlice } from "./payload_slice.ts";

/** Fills in the checksum of the row under construction if only its pseudo-header sum is there. */
export function finishChecksum(memory: Memory, tx: TxFrames): void {
  const row = tx.count;
  if (tx.csum[row] !== CSUM_PARTIAL) return;
  const dv = memory.dv;
  const l4 = tx.l4Off[row];
  const hdrEnd = tx.hdrOff[row] + tx.hdrLen[row];
  // The field holds the pseudo-header's sum: summing over it takes that in.
  let total = sum(dv, l4, hdrEnd - l4, 0);
  total = sum(dv, tx.payOff[row], tx.payLen[row], total);
  if (tx.pay2Len[row] > 0) total = sum(dv, tx.pay2Off[row], tx.pay2Len[row], total);
  const field = tx.csumOffset[row];
  const checksum = finish(total);
  const isUdp = field === UDP_CHECKSUM_OFFSET;
  dv.setUint16(l4 + field, isUdp && checksum === 0 ? 0xffff : checksum);
  tx.csum[row] = CSUM_NONE;
}

export class Segmenter {
  readonly #payload = new PayloadSlice();

  constructor(readonly memory: Memory) {}

  /**
   * Cuts the GSO row under construction into rows of `gsoSize` bytes of payload and commits
   * all of them, transmitting when the queue is full. `finishSums`: also fills in their checksums.
   * Returns the rows made.
   */
  cut(iface: Interface, finishSums: boolean): number {
    const { memory } = this;
    const payload = this.#payload;
    const tx = iface.tx;
    const first = tx.count;
    const isUdp = tx.gsoType[first] === GSO_UDP_L4;
    const size = tx.gsoSize[first];
    const hdrLen = tx.hdrLen[first];
    const l4Pos = tx.l4Off[first] - tx.hdrOff[first];
    const csumOffset = tx.csumOffset[first];
    const tcpFlags = memory.u8[tx.l4Off[first] + TCP_FLAGS_OFFSET + 1];
    payload.take(tx, first);
    const total = payload.length;
    let before = tx.hdrOff[first];
    let rows = 0;
    for (let pos = 0; pos < total; pos += size) {
      if (tx.count === tx.capacity) iface.transmit();
      const row = tx.begin();
      const len = Math.min(size, total - pos);
      const l4 = tx.l4Off[row];
      const hdrOff = l4 - l4Pos;
      if (hdrOff !== before) memory.u8.copyWithin(hdrOff, before, before + hdrLen);
      before = hdrOff;
      tx.hdrOff[row] = hdrOff;
      tx.hdrLen[row] = hdrLen;
      tx.gsoType[row] = GSO_NONE;
      tx.csum[row] = CSUM_PARTIAL;
      tx.csumOffset[row] = csumOffset;
      payload.give(tx, row, pos, len);
      const ip = hdrOff + ETHERNET_HEADER_LEN;
      const l4Len = hdrLen - l4Pos + len;
      const isV6 = memory.u8[ip] >>> 4 === 6;
      if (isV6) {
        memory.dv.setUint16(ip + IPV6_PAYLOAD_LEN_OFFSET, l4 - ip - IPV6_HEADER_LEN + l4Len);
      } else patchIp(memory.dv, ip, l4 - ip, l4 - ip + l4Len, rows);
      if (isUdp) memory.dv.setUint16(l4 + UDP_LENGTH_OFFSET, l4Len);
      else patchTcp(memory.dv, l4, rows, size, tcpFlags, pos + len === total);
      patchPseudoSum(memory.dv, ip, l4, isV6, isUdp, l4Len);
      if (finishSums) finishChecksum(memory, tx);
      tx.commit();
      rows++;
    }
    return rows;
  }
}

/**
 * The header is that of the segment before. Its identification counts, unless nobody may fragment
 * the packet: then it stays (RFC 6864 4.1).
 */
function patchIp(dv: DataView, ip: number, headerLen: number, totalLen: number, k: number): void {
  dv.setUint16(ip + IPV4_TOTAL_LEN_OFFSET, totalLen);
  const isAtomic = (dv.getUint16(ip + IPV4_FRAGMENT_OFFSET) & IPV4_DF) !== 0;
  if (k > 0 && !isAtomic) dv.setUint16(ip + IPV4_ID_OFFSET, dv.getUint16(ip + IPV4_ID_OFFSET) + 1);
  refreshIpv4Checksum(dv, ip, headerLen);
}

/** The header is that of the segment before: the sequence number goes on by its payload. */
function patchTcp(
  dv: DataView,
  l4: number,
  k: number,
  size: number,
  flags: number,
  isLast: boolean,
): void {
  if (k > 0) dv.setInt32(l4 + TCP_SEQ_OFFSET, dv.getInt32(l4 + TCP_SEQ_OFFSET) + size);
  // CWR goes with the first segment (RFC 3168 6.1.2), FIN and PSH with the last.
  let own = k > 0 ? flags & ~TCP_CWR : flags;
  if (!isLast) own &= ~(TCP_FIN | TCP_PSH);
  dv.setUint8(l4 + TCP_FLAGS_OFFSET + 1, own);
}

function patchPseudoSum(
  dv: DataView,
  ip: number,
  l4: number,
  isV6: boolean,
  isUdp: boolean,
  len: number,
): void {
  const field = isUdp ? UDP_CHECKSUM_OFFSET : TCP_CHECKSUM_OFFSET;
  const protocol = isUdp ? PROTOCOL_UDP : PROTOCOL_TCP;
  const pseudo = isV6 ? pseudoSumAt6(dv, ip, protocol, len) : pseudoSumV4(
    dv.getInt32(ip + IPV4_SRC_OFFSET),
    dv.getInt32(ip + IPV4_DST_OFFSET),
    protocol,
    len,
  );
  dv.setUint16(l4 + field, fold(pseudo));
}

function pseudoSumAt6(dv: DataView, ip: number, protocol: number, len: number): number {
  const [src, dst] = [ip + IPV6_SRC_OFFSET, ip + IPV6_DST_OFFSET];
  return pseudoSumV6(
    dv.getInt32(src),
    dv.getInt32(src + 4),
    dv.getInt32(src + 8),
    dv.getInt32(src + 12),
    dv.getInt32(dst),
    dv.getInt32(dst + 4),
    dv.getInt32(dst + 8),
    dv.getInt32(dst + 12),
    protocol,
    len,
  );
}
