/**
 * Prints packets in one line each, in the notation that tcpdump made common. With a `SeqBase`
 * sequence numbers are relative, as the packet scripts write them.
 *
 * @module
 */
import { igmpText } from "./igmp.ts";
import { type DecodedFrame, ipText, type TcpOption, type TcpSegment } from "./packet_types.ts";

const FLAG_LETTERS: readonly (readonly [number, string])[] = [
  [0x02, "S"],
  [0x01, "F"],
  [0x04, "R"],
  [0x08, "P"],
  [0x20, "U"],
  [0x40, "E"],
  [0x80, "W"],
  [0x10, "."],
];

/** What to subtract: initial sequence number of the segment's sender and of its receiver. */
export interface SeqBase {
  readonly sender: number;
  readonly receiver: number;
}

const ABSOLUTE: SeqBase = { sender: 0, receiver: 0 };

export function flagText(flags: number): string {
  const text = FLAG_LETTERS.filter(([bit]) => flags & bit).map(([, letter]) => letter).join("");
  return text === "" ? "-" : text;
}

function relative(value: number, base: number): number {
  return base === 0 ? value >>> 0 : (value - base) | 0;
}

export function optionText(o: TcpOption, base: SeqBase = ABSOLUTE): string {
  switch (o.kind) {
    case "mss":
      return `mss ${o.mss}`;
    case "wscale":
      return `wscale ${o.shift}`;
    case "ts":
      return `TS val ${o.val} ecr ${o.ecr}`;
    case "sack":
      return "sack " +
        o.blocks.map(([l, r]) => `${relative(l, base.receiver)}:${relative(r, base.receiver)}`)
          .join(" ");
    case "raw":
      return `opt ${o.code}:${Array.from(o.data, (v) => v.toString(16).padStart(2, "0")).join("")}`;
    default:
      return o.kind;
  }
}

/** "P. 1:101(100) ack 1 win 500 <nop,nop,TS val 1 ecr 2>" */
export function segmentText(s: TcpSegment, base: SeqBase = ABSOLUTE): string {
  const seq = relative(s.seq, base.sender);
  const len = s.payload.length;
  let text = `${flagText(s.flags)} ${seq}:${seq + len}(${len})`;
  if (s.flags & 0x10) text += ` ack ${relative(s.ack, base.receiver)}`;
  text += ` win ${s.win}`;
  if (s.flags & 0x20) text += ` urg ${s.urg}`;
  if (s.options.length > 0) text += ` <${s.options.map((o) => optionText(o, base)).join(",")}>`;
  return text;
}

const UNREACHABLE_CODES = [
  "net_unreachable",
  "host_unreachable",
  "protocol_unreachable",
  "port_unreachable",
  "frag_needed",
  "source_route_failed",
];

export function icmpText(type: number, code: number, rest: number): string {
  if (type === 0 || type === 8) {
    return `${type === 8 ? "echo" : "echo_reply"} id ${rest >>> 16} seq ${rest & 0xffff}`;
  }
  if (type === 3) {
    const name = UNREACHABLE_CODES[code] ?? `unreachable code ${code}`;
    return code === 4 ? `${name} mtu ${rest & 0xffff}` : name;
  }
  return `type ${type} code ${code}`;
}

/** One line about a whole frame. */
export function frameText(f: DecodedFrame, base: SeqBase = ABSOLUTE): string {
  const trouble = f.errors.length > 0 ? ` !! ${f.errors.join(", ")}` : "";
  if (f.arp) {
    const a = f.arp;
    return a.op === 1
      ? `ARP who-has ${ipText(a.targetIp)} tell ${ipText(a.senderIp)}${trouble}`
      : `ARP ${ipText(a.senderIp)} is-at ${macText(a.senderMac)}${trouble}`;
  }
  if (!f.ip) return `ethertype 0x${f.etherType.toString(16)}${trouble}`;
  const from = ipText(f.ip.src);
  const to = ipText(f.ip.dst);
  const ecn = f.ip.tos & 3 ? ` [${["", "ECT1", "ECT0", "CE"][f.ip.tos & 3]}]` : "";
  if (f.tcp) {
    return `${from}.${f.tcp.srcPort} > ${to}.${f.tcp.dstPort}: ${
      segmentText(f.tcp, base)
    }${ecn}${trouble}`;
  }
  if (f.udp) {
    const ends = `${from}.${f.udp.srcPort} > ${to}.${f.udp.dstPort}`;
    return `${ends}: udp (${f.udp.payload.length})${ecn}${trouble}`;
  }
  if (f.icmp) {
    const m = f.icmp;
    return `${from} > ${to}: icmp ${
      icmpText(m.type, m.code, m.rest)
    } (${m.payload.length})${trouble}`;
  }
  if (f.igmp) return `${from} > ${to}: igmp ${igmpText(f.igmp)}${trouble}`;
  const more = f.ip.moreFragments ? "+" : "";
  const fragment = `proto ${f.ip.protocol} frag ${f.ip.fragOff}${more} (${f.ipPayload.length})`;
  return `${from} > ${to}: ${fragment}${trouble}`;
}

export function macText(mac: Uint8Array): string {
  return Array.from(mac, (v) => v.toString(16).padStart(2, "0")).join(":");
}
