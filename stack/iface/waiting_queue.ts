/**
 * Packets that wait for a neighbour's MAC address (RFC 1122 2.3.2.2), copied out of the transmit
 * queue into memory of their own. Bounded in packets and bytes; the oldest goes when a new one does
 * not fit.
 *
 * A row is stored as the bytes of its packet, IP header first; how long the part was that lay in
 * the row's slot is kept, since the headers must be in a slot again when it is sent.
 *
 * @module
 */
import type { TxFrames } from "../base/frames.ts";
import type { Memory } from "../base/memory.ts";

/** One packet in memory, with the row's metadata. */
export interface WaitingPacket {
  readonly off: number;
  readonly len: number;
  readonly hdrLen: number;
  /** Of the transport header, from the packet's start. */
  readonly l4Pos: number;
  readonly csum: number;
  readonly csumOffset: number;
  readonly gsoType: number;
  readonly gsoSize: number;
}

/** Copies the row under construction, whose first header is the IP header; null: out of memory. */
function copyRow(memory: Memory, tx: TxFrames): WaitingPacket | null {
  const row = tx.count;
  const len = tx.frameLen(row);
  const off = memory.alloc(len);
  if (off < 0) return null;
  const u8 = memory.u8;
  const hdrOff = tx.hdrOff[row];
  const hdrLen = tx.hdrLen[row];
  const payLen = tx.payLen[row];
  const pay2Len = tx.pay2Len[row];
  u8.copyWithin(off, hdrOff, hdrOff + hdrLen);
  u8.copyWithin(off + hdrLen, tx.payOff[row], tx.payOff[row] + payLen);
  u8.copyWithin(off + hdrLen + payLen, tx.pay2Off[row], tx.pay2Off[row] + pay2Len);
  return {
    off,
    len,
    hdrLen,
    l4Pos: tx.l4Off[row] - hdrOff,
    csum: tx.csum[row],
    csumOffset: tx.csumOffset[row],
    gsoType: tx.gsoType[row],
    gsoSize: tx.gsoSize[row],
  };
}

/**
 * Makes the row just begun a copy of `packet`: headers in the slot, payload in the packet's block.
 * The block must live until the row has been transmitted.
 */
export function restoreRow(memory: Memory, tx: TxFrames, packet: WaitingPacket): void {
  const row = tx.count;
  const hdrOff = tx.l4Off[row] - packet.l4Pos;
  memory.u8.copyWithin(hdrOff, packet.off, packet.off + packet.hdrLen);
  tx.hdrOff[row] = hdrOff;
  tx.hdrLen[row] = packet.hdrLen;
  tx.payOff[row] = packet.off + packet.hdrLen;
  tx.payLen[row] = packet.len - packet.hdrLen;
  tx.csum[row] = packet.csum;
  tx.csumOffset[row] = packet.csumOffset;
  tx.gsoType[row] = packet.gsoType;
  tx.gsoSize[row] = packet.gsoSize;
}

export class WaitingQueue {
  #packets: WaitingPacket[] = [];
  #bytes = 0;

  constructor(
    readonly memory: Memory,
    readonly maxPackets: number,
    readonly maxBytes: number,
  ) {}

  get length(): number {
    return this.#packets.length;
  }

  /** Copies the row under construction of `tx`. Returns how many packets were dropped for it. */
  push(tx: TxFrames): number {
    const len = tx.frameLen(tx.count);
    let dropped = 0;
    while (
      this.#packets.length > 0 &&
      (this.#packets.length >= this.maxPackets || this.#bytes + len > this.maxBytes)
    ) {
      const oldest = this.#packets.shift() as WaitingPacket;
      this.#bytes -= oldest.len;
      this.memory.free(oldest.off, oldest.len);
      dropped++;
    }
    const packet = copyRow(this.memory, tx);
    if (packet === null) return dropped + 1;
    this.#packets.push(packet);
    this.#bytes += packet.len;
    return dropped;
  }

  /** Gives up all packets, oldest first; their blocks are the caller's to free. */
  takeAll(): WaitingPacket[] {
    const packets = this.#packets;
    this.#packets = [];
    this.#bytes = 0;
    return packets;
  }
}
