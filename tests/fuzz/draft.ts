/**
 * A frame being made: one long-lived buffer in which grammar and mutations write, and the repairs
 * that make a mutated frame plausible again (lengths, checksums, stream contents). Independent of
 * stack/wire.
 *
 * @module
 */
import { onesSum, pseudoSum } from "../support/checksum.ts";
import { fillPattern } from "../support/pattern.ts";
import { ETHERTYPE_IPV4, PROTO_ICMP, PROTO_TCP, PROTO_UDP } from "../support/packet_types.ts";

export const LINK_LEN = 14;
export const IP_OFF = LINK_LEN;
export const FRAME_MAX = 66_000;
/** The stream contents of every connection, by absolute sequence number. */
export const STREAM_KEY = 0x6e757365;

export class Draft {
  readonly u8 = new Uint8Array(FRAME_MAX + 64);
  readonly dv = new DataView(this.u8.buffer);
  len = 0;
  csum = 0;
  gsoType = 0;
  gsoSize = 0;

  reset(): void {
    this.len = 0;
    this.csum = 0;
    this.gsoType = 0;
    this.gsoSize = 0;
  }

  load(bytes: Uint8Array): void {
    this.reset();
    this.len = Math.min(bytes.length, FRAME_MAX);
    this.u8.set(bytes.length > FRAME_MAX ? bytes.subarray(0, FRAME_MAX) : bytes, 0);
  }

  bytes(): Uint8Array {
    return this.u8.slice(0, this.len);
  }

  get isIpv4(): boolean {
    return this.len >= IP_OFF + 20 && this.dv.getUint16(12) === ETHERTYPE_IPV4;
  }

  /** As the header says, at least 20. */
  get ipHeaderLen(): number {
    return Math.max(20, (this.u8[IP_OFF] & 15) * 4);
  }

  get l4Off(): number {
    return IP_OFF + this.ipHeaderLen;
  }

  get protocol(): number {
    return this.u8[IP_OFF + 9];
  }

  /** An IPv4 packet whose transport header is at least begun, and that is no later fragment. */
  isProtocol(protocol: number): boolean {
    return this.isIpv4 && this.protocol === protocol && this.l4Off + 8 <= this.len &&
      (this.dv.getUint16(IP_OFF + 6) & 0x1fff) === 0;
  }

  get isTcp(): boolean {
    return this.isProtocol(PROTO_TCP) && this.l4Off + 20 <= this.len;
  }

  get isFragment(): boolean {
    return this.isIpv4 && (this.dv.getUint16(IP_OFF + 6) & 0x3fff) !== 0;
  }

  /** First byte of the TCP text by the data offset, within the frame. */
  get tcpTextOff(): number {
    return Math.min(this.len, this.l4Off + Math.max(20, (this.u8[this.l4Off + 12] >>> 4) * 4));
  }

  /** Makes the IP total length what the frame holds. */
  fixIpLen(): void {
    if (this.isIpv4) this.dv.setUint16(IP_OFF + 2, Math.min(0xffff, this.len - IP_OFF));
  }

  fixIpChecksum(): void {
    if (!this.isIpv4) return;
    const headerLen = Math.min(this.ipHeaderLen, this.len - IP_OFF);
    this.dv.setUint16(IP_OFF + 10, 0);
    this.dv.setUint16(IP_OFF + 10, ~onesSum(this.u8, IP_OFF, headerLen) & 0xffff);
  }

  /** The text of a TCP segment is what the stream has at its sequence number. */
  fixStream(): void {
    if (!this.isTcp) return;
    const l4 = this.l4Off;
    const isSyn = (this.u8[l4 + 13] & 2) !== 0;
    const seq = (this.dv.getUint32(l4 + 4) + (isSyn ? 1 : 0)) >>> 0;
    const text = this.tcpTextOff;
    if (text < this.len) fillPattern(this.u8, text, this.len - text, STREAM_KEY, seq);
  }

  /** The transport checksum, over what the IP total length covers. */
  fixL4Checksum(): void {
    if (!this.isIpv4 || this.isFragment) return;
    const l4 = this.l4Off;
    const end = Math.min(this.len, IP_OFF + this.dv.getUint16(IP_OFF + 2));
    const len = end - l4;
    const { protocol } = this;
    const field = protocol === PROTO_TCP ? 16 : protocol === PROTO_UDP ? 6 : 2;
    if (protocol !== PROTO_TCP && protocol !== PROTO_UDP && protocol !== PROTO_ICMP) return;
    if (len < field + 2) return;
    this.dv.setUint16(l4 + field, 0);
    const initial = protocol === PROTO_ICMP ? 0 : pseudoSum(
      this.dv.getUint32(IP_OFF + 12),
      this.dv.getUint32(IP_OFF + 16),
      protocol,
      len,
    );
    const sum = ~onesSum(this.u8, l4, len, initial) & 0xffff;
    this.dv.setUint16(l4 + field, protocol === PROTO_UDP && sum === 0 ? 0xffff : sum);
  }

  /** All repairs. */
  fixAll(): void {
    this.fixIpLen();
    this.fixIpChecksum();
    this.fixStream();
    this.fixL4Checksum();
  }

  /** Inserts (or, negative, removes) bytes at `off`. New bytes are zero. */
  resize(off: number, by: number): void {
    const { u8, len } = this;
    if (off > len || len + by > FRAME_MAX) return;
    if (by >= 0) {
      u8.copyWithin(off + by, off, len);
      u8.fill(0, off, off + by);
      this.len = len + by;
    } else {
      const from = Math.min(len, off - by);
      u8.copyWithin(off, from, len);
      this.len = len - (from - off);
    }
  }
}
