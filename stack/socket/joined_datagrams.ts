/**
 * UDP_GRO (udp(7)): datagrams of one flow that have come together are given to the program in one
 * piece, with the length of each as a control message. Some come joined already, in one frame (the
 * device's own coalescing); the others are joined in the receive queue, as long as they wait there:
 * that is a batch of the device, as it is one poll in Linux (udp_gro_receive).
 *
 *      header | datagram | datagram | datagram | shorter one |   all but the last equally long
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import {
  DGRAM_ADDR_OFF,
  DGRAM_DST_OFF,
  DGRAM_DST_PORT_OFF,
  DGRAM_GRO_OFF,
  DGRAM_HEADER_LEN,
  DGRAM_IFINDEX_OFF,
  DGRAM_PAYLOAD_LEN_OFF,
  DGRAM_PORT_OFF,
  DGRAM_TOS_OFF,
  DGRAM_TTL_OFF,
} from "./datagram_header.ts";
import type { RecordQueue } from "./record_queue.ts";

/** Linux's UDP_GRO_CNT_MAX, and the longest payload. */
const COUNT_MAX = 64;
const PAYLOAD_MAX = 65507;
const NO_RECORD = -1;

export class JoinedDatagrams {
  /** The record that others may be put to; NO_RECORD: there is none. */
  #id = NO_RECORD;
  /** Bytes of each datagram in it, and how many there are. */
  #size = 0;
  #count = 0;

  constructor(readonly memory: Memory, readonly records: RecordQueue) {}

  /** The record `id` has been made of `len` bytes, of `segment` each (0: one datagram). */
  begin(id: number, pkt: Packet, len: number, segment: number): void {
    const size = segment === 0 ? len : segment;
    const isJoinable = len > 0 && len % size === 0 && !pkt.isMulticast && !pkt.isBroadcast;
    this.#id = isJoinable ? id : NO_RECORD;
    this.#size = size;
    this.#count = len / size;
    if (segment === 0) return;
    this.memory.dv.setUint16(this.records.offsetOf(id) + DGRAM_GRO_OFF, size, true);
  }

  /** Puts a datagram to the last record; false: it is not of that flow, or too long for it. */
  append(pkt: Packet, off: number, len: number, port: number): boolean {
    const { memory: { dv, u8 }, records } = this;
    if (this.#id === NO_RECORD || this.#id !== records.nextId - 1 || !records.has(this.#id)) {
      return false;
    }
    if (len === 0 || len > this.#size || this.#count >= COUNT_MAX) return false;
    const last = records.offsetOf(this.#id);
    const joinedLen = dv.getUint32(last + DGRAM_PAYLOAD_LEN_OFF, true);
    if (joinedLen + len > PAYLOAD_MAX || !isOfFlow(dv, last, pkt, port)) return false;
    const record = records.extendLast(len);
    if (record < 0) return false;
    const to = record + DGRAM_HEADER_LEN + joinedLen;
    u8.copyWithin(to, off, off + len);
    dv.setUint32(record + DGRAM_PAYLOAD_LEN_OFF, joinedLen + len, true);
    dv.setUint16(record + DGRAM_GRO_OFF, this.#size, true);
    this.#count++;
    if (len < this.#size) this.#id = NO_RECORD;
    return true;
  }
}

/** Whether the datagram at hand has the addresses, ports, TTL and TOS of the record's. */
function isOfFlow(dv: DataView, record: number, pkt: Packet, port: number): boolean {
  const isSame = pkt.family === 4
    ? dv.getInt32(record + DGRAM_ADDR_OFF) === pkt.src3 &&
      dv.getInt32(record + DGRAM_DST_OFF) === pkt.dst3 &&
      dv.getInt32(record + DGRAM_ADDR_OFF + 12) === 0
    : dv.getInt32(record + DGRAM_ADDR_OFF + 12) === pkt.src3 &&
      dv.getInt32(record + DGRAM_ADDR_OFF + 8) === pkt.src2 &&
      dv.getInt32(record + DGRAM_ADDR_OFF + 4) === pkt.src1 &&
      dv.getInt32(record + DGRAM_ADDR_OFF) === pkt.src0 &&
      dv.getInt32(record + DGRAM_DST_OFF + 12) === pkt.dst3 &&
      dv.getInt32(record + DGRAM_DST_OFF + 8) === pkt.dst2 &&
      dv.getInt32(record + DGRAM_DST_OFF + 4) === pkt.dst1 &&
      dv.getInt32(record + DGRAM_DST_OFF) === pkt.dst0;
  return isSame && dv.getUint16(record + DGRAM_PORT_OFF, true) === port &&
    dv.getUint16(record + DGRAM_DST_PORT_OFF, true) === dv.getUint16(pkt.transportOff + 2) &&
    dv.getUint32(record + DGRAM_IFINDEX_OFF, true) === pkt.ifIndex &&
    dv.getUint8(record + DGRAM_TTL_OFF) === pkt.ttl &&
    dv.getUint8(record + DGRAM_TOS_OFF) === pkt.tos;
}
