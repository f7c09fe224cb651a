/**
 * Builds the frame that a "<" line describes.
 *
 * @module
 */
import {
  icmpBytes,
  ipv4Frame,
  ipv4Header,
  ipv4Packet,
  PROTO_ICMP,
  PROTO_TCP,
  PROTO_UDP,
  tcpBytes,
  tcpSegment,
  udpBytes,
} from "../support/build.ts";
import { igmpBytes, PROTO_IGMP } from "../support/igmp.ts";
import {
  ACK,
  type Ipv4Header,
  ipWord,
  SYN,
  type TcpOption,
  type TcpSegment,
  type WireFrame,
  wireFrame,
} from "../support/packet_types.ts";
import { fillPattern } from "../support/pattern.ts";
import { LOCAL_ADDR, LOCAL_MAC, PEER_ADDR, PEER_MAC } from "../support/rig.ts";
import { CSUM_VALID, GSO_TCPV4 } from "../../stack/base/frames.ts";
import { packetOf, writeFrame6 } from "./ip6/write.ts";
import type { IcmpSpec, IgmpSpec, OptionSpec, PacketSpec, SegmentSpec, UdpSpec } from "./ast.ts";
import { echoWord, ECN_BITS, icmpType, igmpDestination, modifierValue } from "./wire.ts";
import { type Flow, PEER_KEY, type World } from "./world.ts";

/** The frame that a "<" line describes. */
export function buildFrame(world: World, spec: PacketSpec): WireFrame {
  if (spec.what === "igmp") return buildIgmp(spec);
  if (spec.what === "ip6") {
    const frame = writeFrame6(spec.text, world.lastSent6);
    world.rememberReceived6(packetOf(frame));
    return frame;
  }
  const flow = world.flow(spec.flow);
  const header = headerFor(spec);
  let bytes: Uint8Array;
  let protocol = PROTO_TCP;
  if (spec.what === "tcp") {
    const segment = buildSegment(world, flow, spec);
    bytes = tcpBytes(header.src, header.dst, segment);
    flow.peerWin = segment.win;
  } else if (spec.what === "udp") {
    protocol = PROTO_UDP;
    bytes = buildDatagram(flow, header, spec);
  } else {
    protocol = PROTO_ICMP;
    bytes = buildIcmp(flow, spec);
  }
  if (spec.modifiers.includes("badsum")) bytes[bytes.length > 17 ? 17 : 3] ^= 0x55;
  const frame = wireFrame(ipv4Frame(LOCAL_MAC, PEER_MAC, header, protocol, bytes));
  const gsoSize = modifierValue(spec.modifiers, "gso");
  if (gsoSize !== null) {
    frame.csum = CSUM_VALID;
    frame.gsoType = GSO_TCPV4;
    frame.gsoSize = Number(gsoSize);
  }
  return frame;
}

/** From the peer, to where messages of its kind go. */
function buildIgmp(spec: IgmpSpec): WireFrame {
  const { message, modifiers } = spec;
  const bytes = igmpBytes(message);
  if (modifiers.includes("badsum")) bytes[3] ^= 0x55;
  const header = headerFor({
    ...spec,
    modifiers: [...modifiers, `to ${igmpDestination(message)}`],
  });
  const { dst } = header;
  const group = Uint8Array.of(1, 0, 0x5e, (dst >>> 16) & 127, (dst >>> 8) & 255, dst & 255);
  const mac = dst >>> 28 === 14 ? group : LOCAL_MAC;
  return wireFrame(ipv4Frame(mac, PEER_MAC, { ...header, ttl: 1 }, PROTO_IGMP, bytes));
}

function headerFor(spec: PacketSpec): Ipv4Header {
  const value = (name: string) => modifierValue(spec.modifiers, name);
  const ecn = spec.modifiers.find((m) => m in ECN_BITS);
  const from = value("from");
  const to = value("to");
  return ipv4Header({
    src: from ? ipWord(from) : PEER_ADDR,
    dst: to ? ipWord(to) : LOCAL_ADDR,
    ttl: Number(value("ttl") ?? 64),
    tos: ecn ? ECN_BITS[ecn] : Number(value("tos") ?? 0),
  });
}

function buildSegment(world: World, flow: Flow, spec: SegmentSpec): TcpSegment {
  const seq = world.evaluate(spec.seq, flow);
  const payload = new Uint8Array(world.evaluate(spec.len, flow));
  fillPattern(payload, 0, payload.length, PEER_KEY, seq - (spec.flags & SYN ? 0 : 1));
  return tcpSegment({
    srcPort: flow.peerPort,
    dstPort: localPortOf(flow),
    seq: (seq + flow.peerIss) >>> 0,
    ack: spec.ack ? (world.evaluate(spec.ack, flow) + (flow.iss ?? 0)) >>> 0 : 0,
    flags: spec.flags,
    win: spec.win ? world.evaluate(spec.win, flow) : flow.peerWin,
    urg: spec.urg ? world.evaluate(spec.urg, flow) : 0,
    options: (spec.options ?? []).map((o) => buildOption(world, flow, o)),
    payload,
  });
}

function localPortOf(flow: Flow): number {
  if (flow.localPort === null) throw new Error(`flow ${flow.name} has no local port yet`);
  return flow.localPort;
}

export function buildOption(world: World, flow: Flow, o: OptionSpec): TcpOption {
  switch (o.kind) {
    case "mss":
      return { kind: "mss", mss: world.evaluate(o.value, flow) };
    case "wscale":
      return { kind: "wscale", shift: world.evaluate(o.value, flow) };
    case "ts":
      return { kind: "ts", val: world.evaluate(o.val, flow), ecr: world.evaluate(o.ecr, flow) };
    case "sack": {
      const iss = flow.iss ?? 0;
      return {
        kind: "sack",
        blocks: o.blocks.map(([l, r]) => [(l + iss) >>> 0, (r + iss) >>> 0] as const),
      };
    }
    default:
      return o;
  }
}

function buildDatagram(flow: Flow, header: Ipv4Header, spec: UdpSpec): Uint8Array {
  const payload = new Uint8Array(spec.len);
  fillPattern(payload, 0, payload.length, PEER_KEY, 0);
  return udpBytes(header.src, header.dst, {
    srcPort: flow.peerPort,
    dstPort: localPortOf(flow),
    payload,
  });
}

function buildIcmp(flow: Flow, spec: IcmpSpec): Uint8Array {
  const [type, code] = icmpType(spec.name);
  if (spec.name.startsWith("echo")) {
    const payload = new Uint8Array(spec.len);
    fillPattern(payload, 0, payload.length, PEER_KEY, 0);
    return icmpBytes({ type, code, rest: echoWord(spec), payload });
  }
  return icmpBytes({ type, code, rest: spec.fields.get("mtu") ?? 0, payload: quote(flow, spec) });
}

/** What the router or peer quotes: IP header and first 8 bytes of what we had sent. */
function quote(flow: Flow, spec: IcmpSpec): Uint8Array {
  const header = ipv4Header({ src: LOCAL_ADDR, dst: PEER_ADDR, ttl: 63 });
  if (!spec.quote) {
    const payload = new Uint8Array(spec.len);
    const ports = { srcPort: localPortOf(flow), dstPort: flow.peerPort };
    const udp = udpBytes(LOCAL_ADDR, PEER_ADDR, { ...ports, payload });
    return ipv4Packet({ ...header, protocol: PROTO_UDP }, udp).slice(0, 28);
  }
  const [from, to] = spec.quote;
  const segment = tcpSegment({
    srcPort: localPortOf(flow),
    dstPort: flow.peerPort,
    seq: (from + (flow.iss ?? 0)) >>> 0,
    flags: ACK,
    payload: new Uint8Array(to - from),
  });
  const tcp = tcpBytes(LOCAL_ADDR, PEER_ADDR, segment);
  return ipv4Packet({ ...header, protocol: PROTO_TCP }, tcp).slice(0, 28);
}
