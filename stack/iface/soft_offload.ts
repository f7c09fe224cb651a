/**
 * What a device without offloads needs done before it gets a frame: the transport checksum filled
 * in, and a long TCP or UDP packet cut into segments (what the kernel calls GSO).
 *
 * A row to cut is complete, Ethernet header included, and under construction; the segments take its
 * place in the queue. Payload is not copied: every segment points into the same pieces.
 *
 * A device that does not always take long frames (memory for them may run short) has them cut into
 * shorter ones, each still several segments: LongFrameCutter.
 *
 * @module
 */
import {
  CSUM_NONE,
  CSUM_PARTIAL,
  GSO_NONE,
  GSO_TCPV4,
  GSO_UDP_L4,
  type TxFrames,
} from "../base/frames.ts";
import type { Memory } from "../base/memory.ts";
import { finish, fold, pseudoSumV4, pseudoSumV6, sum } from "../wire/checksum.ts";
import {
  ETHERNET_HEADER_LEN,
  ETHERNET_TYPE_OFFSET,
  ETHERTYPE_VLAN,
  VLAN_TAG_LEN,
} from "../wire/ethernet.ts";
import {
  IPV4_DF,
  IPV4_DST_OFFSET,
  IPV4_FRAGMENT_OFFSET,
  IPV4_ID_OFFSET,
  IPV4_MAX_LEN,
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
      } else patchIp(memory.dv, ip, l4 - ip, l4 - ip + l4Len, rows > 0 ? 1 : 0);
      if (isUdp) memory.dv.setUint16(l4 + UDP_LENGTH_OFFSET, l4Len);
      else patchTcp(memory.dv, l4, rows > 0 ? size : 0, tcpFlags, pos + len === total);
      patchPseudoSum(memory.dv, ip, l4, isV6, isUdp, l4Len);
      if (finishSums) finishChecksum(memory, tx);
      tx.commit();
      rows++;
    }
    return rows;
  }
}

/** Makes an IPv4 row of many TCP segments one of fewer, then one of the next, to its end. */
export class LongFrameCutter {
  readonly #payload = new PayloadSlice();
  #size = 0;
  #partLen = 0;
  /** Of the payload: what is in the parts given so far, and in the last of them. */
  #pos = 0;
  #lastLen = 0;
  /** Of the whole: flags, first sequence number, identification. */
  #flags = 0;
  #seq = 0;
  #ident = 0;

  constructor(readonly memory: Memory) {}

  /** Begins with `row`, whose frames are to have `maxBytes` at most (but one segment). */
  take(tx: TxFrames, row: number, maxBytes: number): void {
    const { dv } = this.memory;
    const l4 = tx.l4Off[row];
    this.#payload.take(tx, row);
    this.#size = tx.gsoSize[row];
    this.#flags = dv.getUint8(l4 + TCP_FLAGS_OFFSET + 1);
    this.#seq = dv.getInt32(l4 + TCP_SEQ_OFFSET);
    this.#ident = dv.getUint16(ipOff(dv, tx.hdrOff[row]) + IPV4_ID_OFFSET);
    this.#pos = 0;
    this.#lastLen = 0;
    this.repeat(tx, row, maxBytes);
  }

  /** The part given last was too long: it comes again, and all have `maxBytes` at most. */
  repeat(tx: TxFrames, row: number, maxBytes: number): void {
    this.#pos -= this.#lastLen;
    const segments = Math.floor((maxBytes - tx.hdrLen[row]) / this.#size);
    this.#partLen = Math.max(1, segments) * this.#size;
  }

  /** Makes `row` the next part. False: there is none. */
  next(tx: TxFrames, row: number): boolean {
    const { dv } = this.memory;
    const left = this.#payload.length - this.#pos;
    if (left <= 0) return false;
    const len = Math.min(this.#partLen, left);
    const l4 = tx.l4Off[row];
    const ip = ipOff(dv, tx.hdrOff[row]);
    const l4Len = tx.hdrOff[row] + tx.hdrLen[row] - l4 + len;
    this.#payload.give(tx, row, this.#pos, len);
    dv.setUint16(ip + IPV4_ID_OFFSET, this.#ident);
    patchIp(dv, ip, l4 - ip, l4 - ip + l4Len, this.#pos / this.#size);
    dv.setInt32(l4 + TCP_SEQ_OFFSET, this.#seq);
    patchTcp(dv, l4, this.#pos, this.#flags, len === left);
    patchPseudoSum(dv, ip, l4, false, false, l4Len);
    tx.gsoType[row] = len > this.#size ? GSO_TCPV4 : GSO_NONE;
    tx.gsoSize[row] = len > this.#size ? this.#size : 0;
    this.#pos += len;
    this.#lastLen = len;
    return true;
  }
}

/** Where the IP header of a frame at `off` is. */
function ipOff(dv: DataView, off: number): number {
  const isTagged = dv.getUint16(off + ETHERNET_TYPE_OFFSET) === ETHERTYPE_VLAN;
  return off + ETHERNET_HEADER_LEN + (isTagged ? VLAN_TAG_LEN : 0);
}

/**
 * The header is that of the row before, of `segmentsBefore` segments (0: there was none). Its
 * identification counts them, unless nobody may fragment the packet: then it stays (RFC 6864 4.1).
 */
function patchIp(
  dv: DataView,
  ip: number,
  headerLen: number,
  totalLen: number,
  segmentsBefore: number,
): void {
  dv.setUint16(ip + IPV4_TOTAL_LEN_OFFSET, totalLen > IPV4_MAX_LEN ? 0 : totalLen);
  const isAtomic = (dv.getUint16(ip + IPV4_FRAGMENT_OFFSET) & IPV4_DF) !== 0;
  if (!isAtomic) {
    const id = dv.getUint16(ip + IPV4_ID_OFFSET) + segmentsBefore;
    dv.setUint16(ip + IPV4_ID_OFFSET, id);
  }
  refreshIpv4Checksum(dv, ip, headerLen);
}

/** The header is that of the row before, with a payload of `before` bytes (0: there was none). */
function patchTcp(
  dv: DataView,
  l4: number,
  before: number,
  flags: number,
  isLast: boolean,
): void {
  if (before > 0) dv.setInt32(l4 + TCP_SEQ_OFFSET, dv.getInt32(l4 + TCP_SEQ_OFFSET) + before);
  // CWR goes with the first segment (RFC 3168 6.1.2), FIN and PSH with the last.
  let own = before > 0 ? flags & ~TCP_CWR : flags;
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

/** Whether a GSO row must be cut here; makes it an ordinary one if it has but one segment. */
export function mustCut(iface: Interface, tx: TxFrames, row: number): boolean {
  if (tx.payLen[row] + tx.pay2Len[row] <= tx.gsoSize[row]) {
    tx.gsoType[row] = GSO_NONE;
    return false;
  }
  if (tx.gsoType[row] === GSO_UDP_L4) return !iface.caps.uso;
  // A packet that is only passed on may be longer than this device takes
  const { tso, gsoMaxBytes, long } = iface.caps;
  const most = long !== undefined && tx.gsoType[row] === GSO_TCPV4 ? long.maxBytes : gsoMaxBytes;
  return !tso || tx.frameLen(row) - ETHERNET_HEADER_LEN > most;
}
