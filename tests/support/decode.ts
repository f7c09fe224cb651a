/**
 * Decodes and checks frames that the stack sent, independently of stack/wire. Everything that a
 * strict receiver could object to ends in `errors`: lengths, checksums (also the pseudo-header sum
 * of a frame whose checksum is left to the device), reserved bits, malformed options.
 *
 * @module
 */
import { onesSum, pseudoSum } from "./checksum.ts";
import { decodeIgmp, PROTO_IGMP } from "./igmp.ts";
import {
  type DecodedFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  type Ipv4Header,
  PROTO_ICMP,
  PROTO_TCP,
  PROTO_UDP,
  type TcpOption,
  type TcpSegment,
  type WireFrame,
} from "./packet_types.ts";
import { CSUM_NONE, CSUM_PARTIAL } from "../../stack/base/frames.ts";

const EMPTY = new Uint8Array(0);

export function decodeFrame(frame: WireFrame): DecodedFrame {
  const b = frame.bytes;
  const out: DecodedFrame = {
    dstMac: b.subarray(0, 6),
    srcMac: b.subarray(6, 12),
    etherType: b.length >= 14 ? (b[12] << 8) | b[13] : 0,
    arp: null,
    ip: null,
    tcp: null,
    udp: null,
    icmp: null,
    igmp: null,
    ipPayload: EMPTY,
    errors: [],
  };
  if (b.length < 14) out.errors.push(`frame of ${b.length} bytes`);
  else if (out.etherType === ETHERTYPE_ARP) decodeArp(b, out);
  else if (out.etherType === ETHERTYPE_IPV4) decodeIpv4(frame, out);
  return out;
}

function decodeArp(b: Uint8Array, out: DecodedFrame): void {
  if (b.length < 42) {
    out.errors.push("short ARP");
    return;
  }
  const dv = new DataView(b.buffer, b.byteOffset + 14, 28);
  if (dv.getUint32(0) !== 0x00010800 || dv.getUint16(4) !== 0x0604) {
    out.errors.push("ARP not for IPv4 over Ethernet");
  }
  out.arp = {
    op: dv.getUint16(6),
    senderMac: b.subarray(22, 28),
    senderIp: dv.getUint32(14),
    targetMac: b.subarray(32, 38),
    targetIp: dv.getUint32(24),
  };
}

function decodeIpv4(frame: WireFrame, out: DecodedFrame): void {
  const p = frame.bytes.subarray(14);
  const headerLen = (p[0] & 15) * 4;
  if (p.length < 20 || p[0] >>> 4 !== 4 || headerLen < 20 || headerLen > p.length) {
    out.errors.push("malformed IPv4 header");
    return;
  }
  const dv = new DataView(p.buffer, p.byteOffset, p.length);
  const totalLen = dv.getUint16(2);
  if (totalLen > p.length || totalLen < headerLen) out.errors.push("IPv4 length beyond the frame");
  if (onesSum(p, 0, headerLen) !== 0xffff) out.errors.push("IPv4 header checksum");
  const frag = dv.getUint16(6);
  if (frag & 0x8000) out.errors.push("IPv4 reserved flag set");
  const ip: Ipv4Header = {
    src: dv.getUint32(12),
    dst: dv.getUint32(16),
    protocol: p[9],
    ttl: p[8],
    tos: p[1],
    id: dv.getUint16(4),
    dontFragment: (frag & 0x4000) !== 0,
    moreFragments: (frag & 0x2000) !== 0,
    fragOff: (frag & 0x1fff) << 3,
    options: p.subarray(20, headerLen),
  };
  out.ip = ip;
  const payload = p.subarray(headerLen, totalLen);
  out.ipPayload = payload;
  if (ip.moreFragments || ip.fragOff !== 0) return;
  if (ip.protocol === PROTO_TCP) {
    checkL4(frame, out, ip, payload, 16);
    out.tcp = decodeTcp(payload, out.errors);
  } else if (ip.protocol === PROTO_UDP) decodeUdp(frame, out, ip, payload);
  else if (ip.protocol === PROTO_ICMP) decodeIcmp(out, payload);
  else if (ip.protocol === PROTO_IGMP) out.igmp = decodeIgmp(payload, out.errors);
}

/** Verifies a transport checksum, or the pseudo-header sum that stands in for it. */
function checkL4(
  frame: WireFrame,
  out: DecodedFrame,
  ip: Ipv4Header,
  payload: Uint8Array,
  fieldOff: number,
): void {
  if (payload.length < fieldOff + 2) {
    out.errors.push("transport header cut short");
    return;
  }
  const pseudo = pseudoSum(ip.src, ip.dst, ip.protocol, payload.length);
  if (frame.csum === CSUM_NONE) {
    if (onesSum(payload, 0, payload.length, pseudo) !== 0xffff) out.errors.push("L4 checksum");
  } else if (frame.csum === CSUM_PARTIAL) {
    const field = (payload[fieldOff] << 8) | payload[fieldOff + 1];
    if (field !== pseudo) out.errors.push("pseudo-header sum of an offloaded checksum");
    if (frame.csumOffset !== fieldOff) out.errors.push("csumOffset of an offloaded checksum");
  }
}

export function decodeTcp(p: Uint8Array, errors: string[]): TcpSegment | null {
  const headerLen = p.length >= 20 ? (p[12] >>> 4) * 4 : 0;
  if (headerLen < 20 || headerLen > p.length) {
    errors.push("malformed TCP header");
    return null;
  }
  if (p[12] & 15) errors.push("TCP reserved bits set");
  const dv = new DataView(p.buffer, p.byteOffset, p.length);
  return {
    srcPort: dv.getUint16(0),
    dstPort: dv.getUint16(2),
    seq: dv.getUint32(4),
    ack: dv.getUint32(8),
    flags: p[13],
    win: dv.getUint16(14),
    urg: dv.getUint16(18),
    options: decodeOptions(p.subarray(20, headerLen), errors),
    payload: p.subarray(headerLen),
  };
}

function decodeOptions(b: Uint8Array, errors: string[]): TcpOption[] {
  const options: TcpOption[] = [];
  let i = 0;
  while (i < b.length) {
    const code = b[i];
    if (code === 0) {
      if (b.subarray(i).some((v) => v !== 0)) errors.push("bytes after the end of TCP options");
      break;
    }
    if (code === 1) {
      options.push({ kind: "nop" });
      i++;
      continue;
    }
    const len = b[i + 1];
    if (len === undefined || len < 2 || i + len > b.length) {
      errors.push(`TCP option ${code} malformed`);
      break;
    }
    options.push(decodeOption(code, b.subarray(i + 2, i + len)));
    i += len;
  }
  return options;
}

function decodeOption(code: number, data: Uint8Array): TcpOption {
  const dv = new DataView(data.buffer, data.byteOffset, data.length);
  if (code === 2 && data.length === 2) return { kind: "mss", mss: dv.getUint16(0) };
  if (code === 3 && data.length === 1) return { kind: "wscale", shift: data[0] };
  if (code === 4 && data.length === 0) return { kind: "sackOK" };
  if (code === 8 && data.length === 8) {
    return { kind: "ts", val: dv.getUint32(0), ecr: dv.getUint32(4) };
  }
  if (code === 5 && data.length > 0 && data.length % 8 === 0) {
    const blocks: [number, number][] = [];
    for (let i = 0; i < data.length; i += 8) blocks.push([dv.getUint32(i), dv.getUint32(i + 4)]);
    return { kind: "sack", blocks };
  }
  return { kind: "raw", code, data: data.slice() };
}

function decodeUdp(
  frame: WireFrame,
  out: DecodedFrame,
  ip: Ipv4Header,
  payload: Uint8Array,
): void {
  if (payload.length < 8) {
    out.errors.push("short UDP");
    return;
  }
  const dv = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (dv.getUint16(4) !== payload.length) out.errors.push("UDP length");
  if (dv.getUint16(6) !== 0) checkL4(frame, out, ip, payload, 6);
  out.udp = {
    srcPort: dv.getUint16(0),
    dstPort: dv.getUint16(2),
    payload: payload.subarray(8),
  };
}

function decodeIcmp(out: DecodedFrame, payload: Uint8Array): void {
  if (payload.length < 8) {
    out.errors.push("short ICMP");
    return;
  }
  if (onesSum(payload, 0, payload.length) !== 0xffff) out.errors.push("ICMP checksum");
  const dv = new DataView(payload.buffer, payload.byteOffset, payload.length);
  out.icmp = {
    type: payload[0],
    code: payload[1],
    rest: dv.getUint32(4),
    payload: payload.subarray(8),
  };
}
