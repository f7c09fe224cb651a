/**
 * Builds frames byte by byte from the objects of packet_types.ts, independently of stack/wire.
 * Checksums are right unless the caller breaks them afterwards.
 *
 * @module
 */
import { onesSum, pseudoSum } from "./checksum.ts";
import {
  type ArpMessage,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  type IcmpMessage,
  type Ipv4Header,
  PROTO_ICMP,
  PROTO_TCP,
  PROTO_UDP,
  type TcpOption,
  type TcpSegment,
  type UdpDatagram,
} from "./packet_types.ts";

/** What most tests leave at its default. */
export function ipv4Header(fields: Partial<Ipv4Header> & { src: number; dst: number }): Ipv4Header {
  return {
    protocol: 0,
    ttl: 64,
    tos: 0,
    id: 0,
    dontFragment: true,
    moreFragments: false,
    fragOff: 0,
    options: new Uint8Array(0),
    ...fields,
  };
}

export function tcpSegment(fields: Partial<TcpSegment>): TcpSegment {
  return {
    srcPort: 0,
    dstPort: 0,
    seq: 0,
    ack: 0,
    flags: 0,
    win: 65535,
    urg: 0,
    options: [],
    payload: new Uint8Array(0),
    ...fields,
  };
}

export function ethernet(
  dst: Uint8Array,
  src: Uint8Array,
  type: number,
  body: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(14 + body.length);
  out.set(dst, 0);
  out.set(src, 6);
  out[12] = type >>> 8;
  out[13] = type;
  out.set(body, 14);
  return out;
}

export function arpFrame(dst: Uint8Array, arp: ArpMessage): Uint8Array {
  const body = new Uint8Array(28);
  const dv = new DataView(body.buffer);
  dv.setUint16(0, 1);
  dv.setUint16(2, ETHERTYPE_IPV4);
  dv.setUint8(4, 6);
  dv.setUint8(5, 4);
  dv.setUint16(6, arp.op);
  body.set(arp.senderMac, 8);
  dv.setUint32(14, arp.senderIp);
  body.set(arp.targetMac, 18);
  dv.setUint32(24, arp.targetIp);
  return ethernet(dst, arp.senderMac, ETHERTYPE_ARP, body);
}

export function ipv4Packet(h: Ipv4Header, payload: Uint8Array): Uint8Array {
  const headerLen = 20 + h.options.length;
  const out = new Uint8Array(headerLen + payload.length);
  const dv = new DataView(out.buffer);
  dv.setUint8(0, 0x40 | (headerLen >>> 2));
  dv.setUint8(1, h.tos);
  dv.setUint16(2, out.length);
  dv.setUint16(4, h.id);
  const flags = (h.dontFragment ? 0x4000 : 0) | (h.moreFragments ? 0x2000 : 0);
  dv.setUint16(6, flags | (h.fragOff >>> 3));
  dv.setUint8(8, h.ttl);
  dv.setUint8(9, h.protocol);
  dv.setUint32(12, h.src);
  dv.setUint32(16, h.dst);
  out.set(h.options, 20);
  dv.setUint16(10, ~onesSum(out, 0, headerLen) & 0xffff);
  out.set(payload, headerLen);
  return out;
}

/** The bytes of the options, padded with zeroes (end of list) to a multiple of 4. */
export function tcpOptionBytes(options: readonly TcpOption[]): Uint8Array {
  const out: number[] = [];
  const put32 = (v: number) =>
    out.push((v >>> 24) & 255, (v >>> 16) & 255, (v >>> 8) & 255, v & 255);
  for (const o of options) {
    switch (o.kind) {
      case "eol":
        out.push(0);
        break;
      case "nop":
        out.push(1);
        break;
      case "mss":
        out.push(2, 4, o.mss >>> 8, o.mss & 255);
        break;
      case "wscale":
        out.push(3, 3, o.shift);
        break;
      case "sackOK":
        out.push(4, 2);
        break;
      case "sack":
        out.push(5, 2 + 8 * o.blocks.length);
        for (const [left, right] of o.blocks) {
          put32(left);
          put32(right);
        }
        break;
      case "ts":
        out.push(8, 10);
        put32(o.val);
        put32(o.ecr);
        break;
      case "raw":
        out.push(o.code, 2 + o.data.length, ...o.data);
        break;
    }
  }
  while (out.length & 3) out.push(0);
  return Uint8Array.from(out);
}

export function tcpBytes(src: number, dst: number, s: TcpSegment): Uint8Array {
  const options = tcpOptionBytes(s.options);
  const headerLen = 20 + options.length;
  if (headerLen > 60) throw new Error("TCP options longer than 40 bytes");
  const out = new Uint8Array(headerLen + s.payload.length);
  const dv = new DataView(out.buffer);
  dv.setUint16(0, s.srcPort);
  dv.setUint16(2, s.dstPort);
  dv.setUint32(4, s.seq);
  dv.setUint32(8, s.ack);
  dv.setUint8(12, headerLen << 2);
  dv.setUint8(13, s.flags);
  dv.setUint16(14, s.win);
  dv.setUint16(18, s.urg);
  out.set(options, 20);
  out.set(s.payload, headerLen);
  const sum = onesSum(out, 0, out.length, pseudoSum(src, dst, PROTO_TCP, out.length));
  dv.setUint16(16, ~sum & 0xffff);
  return out;
}

export function udpBytes(src: number, dst: number, d: UdpDatagram): Uint8Array {
  const out = new Uint8Array(8 + d.payload.length);
  const dv = new DataView(out.buffer);
  dv.setUint16(0, d.srcPort);
  dv.setUint16(2, d.dstPort);
  dv.setUint16(4, out.length);
  out.set(d.payload, 8);
  const sum = onesSum(out, 0, out.length, pseudoSum(src, dst, PROTO_UDP, out.length));
  const field = ~sum & 0xffff;
  dv.setUint16(6, field === 0 ? 0xffff : field);
  return out;
}

export function icmpBytes(m: IcmpMessage): Uint8Array {
  const out = new Uint8Array(8 + m.payload.length);
  const dv = new DataView(out.buffer);
  dv.setUint8(0, m.type);
  dv.setUint8(1, m.code);
  dv.setUint32(4, m.rest);
  out.set(m.payload, 8);
  dv.setUint16(2, ~onesSum(out, 0, out.length) & 0xffff);
  return out;
}

/** An Ethernet frame around an IPv4 packet; `protocol` of the header is set to `protocol`. */
export function ipv4Frame(
  dstMac: Uint8Array,
  srcMac: Uint8Array,
  header: Ipv4Header,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  return ethernet(dstMac, srcMac, ETHERTYPE_IPV4, ipv4Packet({ ...header, protocol }, payload));
}

export { PROTO_ICMP, PROTO_TCP, PROTO_UDP };
