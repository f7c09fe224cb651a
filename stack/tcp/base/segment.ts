/**
 * The segment being processed, in the terms of RFC 9293 3.3.1: SEG.SEQ `seq`, SEG.ACK `ack`,
 * SEG.LEN `len`, SEG.WND `window`, SEG.UP `urgent`. One object per layer, reused. Its data lies at
 * `payloadOff`, and may be several segments that a device coalesced.
 *
 * @module
 */
import { CSUM_NONE } from "../../base/frames.ts";
import { pseudoSumV6 } from "../../wire/checksum.ts";
import { PROTOCOL_TCP } from "../../wire/ipv4.ts";
import { LOOPBACK_INDEX, type Packet } from "../../base/packet.ts";
import {
  parseTcp,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
  TCP_URG,
  TcpHeader,
  verifyTcp,
} from "../../wire/tcp.ts";
import { parseTcpOptions, TcpOptions } from "../../wire/tcp_options.ts";

/** The largest value of the window field, unscaled. */
export const WINDOW_FIELD_MAX = 0xffff;

export class Segment extends TcpHeader {
  readonly options = new TcpOptions();
  /** SEG.LEN: data plus one each for SYN and FIN. */
  len = 0;
  /** Payload of each coalesced segment; the whole data's when there is only one. */
  gsoSize = 0;
  /** How many segments were coalesced. */
  gsoSegs = 1;
  /** The network header's TOS / traffic class (ECN lives there). */
  tos = 0;
  ttl = 0;
  nowUs = 0;
  /** A device's own coalesced frame: its memory stays as it is until the next flush. */
  isFrame = false;

  get isSyn(): boolean {
    return (this.flags & TCP_SYN) !== 0;
  }

  get isFin(): boolean {
    return (this.flags & TCP_FIN) !== 0;
  }

  get isRst(): boolean {
    return (this.flags & TCP_RST) !== 0;
  }

  get isAck(): boolean {
    return (this.flags & TCP_ACK) !== 0;
  }

  get isUrg(): boolean {
    return (this.flags & TCP_URG) !== 0;
  }

  /** First sequence number after the segment. */
  get end(): number {
    return (this.seq + this.len) | 0;
  }

  /** Takes the SYN off: what is left, and SEG.UP, begins after it. */
  dropSyn(): void {
    this.flags &= ~TCP_SYN;
    this.seq = (this.seq + 1) | 0;
    if (this.urgent <= 1) this.flags &= ~TCP_URG; // it points to the SYN itself
    if (this.urgent > 0) this.urgent--;
    this.len--;
  }

  /** Drops the first `n` bytes of data, which are known already. */
  trimFront(n: number): void {
    this.seq = (this.seq + n) | 0;
    this.payloadOff += n;
    this.payloadLen -= n;
    this.len -= n;
  }

  /** Drops the last `n` bytes of data, which do not fit; the FIN goes with them. */
  trimBack(n: number): void {
    this.payloadLen -= n;
    this.len -= n;
    if (n > 0 && this.isFin) {
      this.flags &= ~TCP_FIN;
      this.len--;
    }
  }
}

/** Parses and verifies what `pkt` carries. Returns 0 or a drop reason. */
export function parseSegment(dv: DataView, pkt: Packet, seg: Segment): number {
  const off = pkt.transportOff;
  const len = pkt.endOff - off;
  const drop = parseTcp(dv, off, len, seg);
  if (drop !== 0) return drop;
  if (pkt.csum === CSUM_NONE) {
    const bad = verifyTcp(dv, off, len, pseudoSum(pkt, len));
    if (bad !== 0) return bad;
  }
  const flags = seg.flags;
  seg.len = seg.payloadLen + ((flags & TCP_SYN) !== 0 ? 1 : 0) + ((flags & TCP_FIN) !== 0 ? 1 : 0);
  const isCoalesced = pkt.gsoSize > 0 && seg.payloadLen > pkt.gsoSize;
  seg.gsoSize = isCoalesced ? pkt.gsoSize : seg.payloadLen;
  seg.gsoSegs = isCoalesced ? Math.ceil(seg.payloadLen / pkt.gsoSize) : 1;
  seg.isFrame = isCoalesced && pkt.ifIndex !== LOOPBACK_INDEX;
  seg.tos = pkt.tos;
  seg.ttl = pkt.ttl;
  seg.nowUs = pkt.nowUs;
  return parseTcpOptions(dv, seg.optionsOff, seg.optionsLen, (flags & TCP_SYN) !== 0, seg.options);
}

/** The v4-mapped words of an IPv4 packet give the IPv4 pseudo-header's sum. */
function pseudoSum(pkt: Packet, len: number): number {
  return pseudoSumV6(
    pkt.src0,
    pkt.src1,
    pkt.src2,
    pkt.src3,
    pkt.dst0,
    pkt.dst1,
    pkt.dst2,
    pkt.dst3,
    PROTOCOL_TCP,
    len,
  );
}
