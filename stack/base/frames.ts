/**
 * Batches of frames, as structures of arrays over one Memory: what a device hands to the stack
 * (`RxFrames`) and what the stack hands to a device (`TxFrames`).
 *
 * A frame to send is built from the back: every row owns a slot of `TX_SLOT_LEN` bytes, the
 * transport writes its header at `slot + TX_HEADROOM`, the network and link layers prepend theirs,
 * and the device may prepend its own (virtio_net_hdr). The payload stays where it is: up to two
 * pieces (a ring that wraps). What a row points at must not change until the row has been
 * transmitted.
 *
 * @module
 */
import type { Memory } from "./memory.ts";

/** L4 checksum state. */
export const CSUM_NONE = 0; // receive: verify it; send: complete
/** Only the pseudo-header sum is in the field; the rest is up to the device. */
export const CSUM_PARTIAL = 1;
export const CSUM_VALID = 2; // receive: the device has verified it

/** Segmentation offload types (numbers as in virtio_net_hdr). */
export const GSO_NONE = 0;
export const GSO_TCPV4 = 1;
export const GSO_TCPV6 = 4;
export const GSO_UDP_L4 = 5;

export const TX_HEADROOM = 128;
export const TX_SLOT_LEN = 256;

/** Received frames. `off`/`len` delimit the frame from its Ethernet header on. */
export class RxFrames {
  count = 0;
  readonly off: Int32Array;
  readonly len: Int32Array;
  /** CSUM_* */
  readonly csum: Uint8Array;
  /**
   * GSO_*: not GSO_NONE when the frame is several segments coalesced (GRO, TSO from a local peer).
   */
  readonly gsoType: Uint8Array;
  /** Payload bytes of each coalesced segment, 0 when gsoType is GSO_NONE. */
  readonly gsoSize: Int32Array;

  constructor(readonly capacity: number) {
    this.off = new Int32Array(capacity);
    this.len = new Int32Array(capacity);
    this.csum = new Uint8Array(capacity);
    this.gsoType = new Uint8Array(capacity);
    this.gsoSize = new Int32Array(capacity);
  }
}

/** Frames queued for one device. At most one row is under construction: `begin`, fill, `commit`. */
export class TxFrames {
  /** Committed rows. The row under construction is `count`. */
  count = 0;
  /** Raised whenever the rows have been transmitted: an older row number means nothing any more. */
  epoch = 0;
  /** First byte of the frame (moves down as headers are prepended) and length of the headers. */
  readonly hdrOff: Int32Array;
  readonly hdrLen: Int32Array;
  readonly payOff: Int32Array;
  readonly payLen: Int32Array;
  readonly pay2Off: Int32Array;
  readonly pay2Len: Int32Array;
  /** Where the transport header starts (absolute offset). */
  readonly l4Off: Int32Array;
  /** CSUM_NONE or CSUM_PARTIAL. With CSUM_PARTIAL, `csumOffset` is relative to `l4Off`. */
  readonly csum: Uint8Array;
  readonly csumOffset: Uint8Array;
  readonly gsoType: Uint8Array;
  /** Payload bytes a segment. */
  readonly gsoSize: Int32Array;
  readonly #slots: number;

  constructor(readonly memory: Memory, readonly capacity: number) {
    this.hdrOff = new Int32Array(capacity);
    this.hdrLen = new Int32Array(capacity);
    this.payOff = new Int32Array(capacity);
    this.payLen = new Int32Array(capacity);
    this.pay2Off = new Int32Array(capacity);
    this.pay2Len = new Int32Array(capacity);
    this.l4Off = new Int32Array(capacity);
    this.csum = new Uint8Array(capacity);
    this.csumOffset = new Uint8Array(capacity);
    this.gsoType = new Uint8Array(capacity);
    this.gsoSize = new Int32Array(capacity);
    this.#slots = memory.alloc(capacity * TX_SLOT_LEN);
  }

  /**
   * Starts row `count` with an empty header at the headroom mark and no payload.
   * Returns the row; the caller has made sure that `count < capacity`.
   */
  begin(): number {
    const row = this.count;
    const l4 = this.#slots + row * TX_SLOT_LEN + TX_HEADROOM;
    this.hdrOff[row] = l4;
    this.l4Off[row] = l4;
    this.hdrLen[row] = 0;
    this.payLen[row] = 0;
    this.pay2Len[row] = 0;
    this.csum[row] = CSUM_NONE;
    this.gsoType[row] = GSO_NONE;
    this.gsoSize[row] = 0;
    return row;
  }

  /** Prepends `lenBytes` of header to the row under construction; returns where they start. */
  prepend(lenBytes: number): number {
    const row = this.count;
    const off = this.hdrOff[row] - lenBytes;
    this.hdrOff[row] = off;
    this.hdrLen[row] += lenBytes;
    return off;
  }

  /** Queues the row under construction. */
  commit(): void {
    this.count++;
  }

  /** Whole length of a row's frame, bytes. */
  frameLen(row: number): number {
    return this.hdrLen[row] + this.payLen[row] + this.pay2Len[row];
  }
}
