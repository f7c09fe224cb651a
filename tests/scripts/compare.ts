/**
 * Compares a frame that the stack sent with a ">" line.
 *
 * @module
 */
import { flagText, icmpText, optionText } from "../support/format.ts";
import { igmpText } from "../support/igmp.ts";
import {
  ACK,
  type DecodedFrame,
  FIN,
  type IcmpMessage,
  type Ipv4Header,
  ipWord,
  PSH,
  SYN,
  type TcpOption,
  type TcpSegment,
} from "../support/packet_types.ts";
import { checkPattern } from "../support/pattern.ts";
import { LOCAL_ADDR, PEER_ADDR, type SentFrame } from "../support/rig.ts";
import { frameText6, isSaid } from "./ip6/read.ts";
import type { IcmpSpec, IgmpSpec, NumberSpec, OptionSpec, PacketSpec, SegmentSpec } from "./ast.ts";
import { echoWord, ECN_BITS, icmpType, igmpDestination, modifierValue } from "./wire.ts";
import { type Flow, LOCAL_KEY, PEER_KEY, type World } from "./world.ts";

/** Every way in which the frame differs from the line; empty: it matches. */
export function compare(world: World, spec: PacketSpec, sent: SentFrame): string[] {
  const { frame } = sent;
  if (spec.what === "ip6") return compareIp6(world, spec.text, sent);
  const flow = world.flow(spec.flow);
  const out = [...frame.errors];
  if (frame.ip === null) return [...out, "not an IPv4 packet"];
  if (spec.what === "igmp") return compareIgmp(spec, frame, out);
  compareIp(spec, frame.ip, out);
  if (spec.what === "tcp") {
    if (!frame.tcp) out.push("not TCP");
    else {
      comparePorts(flow, frame.tcp, out);
      world.learn(flow, sent);
      compareSegment(world, flow, spec, frame.tcp, out);
    }
  } else if (spec.what === "udp") {
    if (!frame.udp) out.push("not UDP");
    else {
      comparePorts(flow, frame.udp, out);
      if (frame.udp.payload.length !== spec.len) out.push(`length: expected ${spec.len}`);
      checkPayload(frame.udp.payload, 0, out);
    }
  } else compareIcmp(spec, frame.icmp, out);
  return out;
}

/** The frame is put into words, which must be those of the line. */
function compareIp6(world: World, wanted: string, { wire }: SentFrame): string[] {
  const said = frameText6(wire, world.received6);
  return isSaid(wanted, said) ? [] : [`it says ${said}`];
}

function compareIp(spec: PacketSpec, ip: Ipv4Header, out: string[]): void {
  const to = modifierValue(spec.modifiers, "to");
  if (ip.dst !== (to ? ipWord(to) : PEER_ADDR)) out.push("destination address");
  if (ip.src !== LOCAL_ADDR) out.push("source address");
  for (const m of spec.modifiers) {
    const [name, value] = m.split(" ");
    if (name in ECN_BITS && (ip.tos & 3) !== ECN_BITS[name]) out.push(`ECN: expected ${name}`);
    if (name === "df" && !ip.dontFragment) out.push("DF: expected set");
    if (name === "nodf" && ip.dontFragment) out.push("DF: expected clear");
    if (name === "ttl" && ip.ttl !== Number(value)) out.push(`TTL: expected ${value}`);
    if (name === "tos" && ip.tos !== Number(value)) out.push(`TOS: expected ${value}`);
  }
}

function comparePorts(
  flow: Flow,
  l4: { readonly srcPort: number; readonly dstPort: number },
  out: string[],
): void {
  if (l4.dstPort !== flow.peerPort) out.push(`destination port: expected ${flow.peerPort}`);
  if (flow.localPort !== null && l4.srcPort !== flow.localPort) {
    out.push(`source port: expected ${flow.localPort}`);
  }
}

function compareSegment(
  world: World,
  flow: Flow,
  spec: SegmentSpec,
  s: TcpSegment,
  out: string[],
): void {
  const mask = spec.ignoresPush ? ~PSH : ~0;
  if ((s.flags & mask) !== (spec.flags & mask)) {
    out.push(`flags: expected ${flagText(spec.flags)}`);
  }
  const check = (name: string, wanted: NumberSpec | null, actual: number) => {
    const trouble = wanted ? world.mismatch(wanted, actual, flow) : "";
    if (trouble !== "") out.push(`${name}: expected ${trouble}`);
  };
  const seq = (s.seq - (flow.iss ?? 0)) | 0;
  check("sequence number", spec.seq, seq);
  check("length", spec.len, s.payload.length);
  check("acknowledgment", spec.ack, (s.ack - flow.peerIss) | 0);
  check("window", spec.win, s.win);
  check("urgent pointer", spec.urg, s.urg);
  if (!(s.flags & ACK) && s.ack !== 0) out.push("ACK field of a segment without ACK is not zero");
  if (s.flags & SYN && s.flags & FIN) out.push("SYN and FIN in one segment");
  if (spec.options !== null) compareOptions(world, flow, spec.options, s.options, out);
  checkPayload(s.payload, seq - (s.flags & SYN ? 0 : 1), out);
}

function checkPayload(payload: Uint8Array, pos: number, out: string[]): void {
  // A keepalive or window probe may carry a byte from before the stream.
  if (payload.length === 0 || pos < 0) return;
  const at = checkPattern(payload, 0, payload.length, LOCAL_KEY, pos);
  if (at >= 0) out.push(`payload: wrong byte at stream position ${pos + at}`);
}

/** Padding is nobody's business: nop and eol are not compared. */
function compareOptions(
  world: World,
  flow: Flow,
  wanted: readonly OptionSpec[],
  actual: readonly TcpOption[],
  out: string[],
): void {
  const isPadding = (o: { kind: string }) => o.kind === "nop" || o.kind === "eol";
  const specs = wanted.filter((o) => !isPadding(o));
  const found = actual.filter((o) => !isPadding(o));
  const kinds = (list: readonly { kind: string }[]) => list.map((o) => o.kind).join(",");
  if (kinds(specs) !== kinds(found)) {
    out.push(`options: expected <${kinds(specs)}>`);
    return;
  }
  specs.forEach((spec, i) => {
    const o = found[i];
    const trouble: string[] = [];
    const check = (w: OptionSpec & { kind: "mss" | "wscale" }, value: number) =>
      trouble.push(world.mismatch(w.value, value, flow));
    if (spec.kind === "mss" && o.kind === "mss") check(spec, o.mss);
    if (spec.kind === "wscale" && o.kind === "wscale") check(spec, o.shift);
    if (spec.kind === "ts" && o.kind === "ts") {
      trouble.push(world.mismatch(spec.val, o.val, flow), world.mismatch(spec.ecr, o.ecr, flow));
    }
    if (spec.kind === "sack" && o.kind === "sack") {
      const blocks = o.blocks.map(([l, r]) => `${(l - flow.peerIss) | 0}:${(r - flow.peerIss) | 0}`)
        .join(" ");
      const want = spec.blocks.map(([l, r]) => `${l}:${r}`).join(" ");
      trouble.push(blocks === want ? "" : `sack ${want}`);
    }
    if (spec.kind === "raw" && optionText(spec) !== optionText(o)) trouble.push(optionText(spec));
    for (const t of trouble) if (t !== "") out.push(`option ${optionText(o)}: expected ${t}`);
  });
}

function compareIcmp(
  spec: IcmpSpec,
  m: IcmpMessage | null,
  out: string[],
): void {
  if (!m) {
    out.push("not ICMP");
    return;
  }
  const [type, code] = icmpType(spec.name);
  const isEcho = spec.name.startsWith("echo");
  const rest = isEcho ? echoWord(spec) : spec.fields.get("mtu") ?? 0;
  if (m.type !== type || m.code !== code || (m.rest & 0xffff) !== (rest & 0xffff)) {
    out.push(`ICMP: expected ${icmpText(type, code, rest)}`);
  }
  if (isEcho && m.payload.length !== spec.len) out.push(`length: expected ${spec.len}`);
  if (isEcho && checkPattern(m.payload, 0, m.payload.length, PEER_KEY, 0) >= 0) {
    out.push("payload: not what was sent");
  }
}

/** The message, and what every one of them has: RFC 9776 4, RFC 1112 6.4, RFC 2113. */
function compareIgmp(spec: IgmpSpec, frame: DecodedFrame, out: string[]): string[] {
  const { ip, igmp, dstMac } = frame;
  if (ip === null || igmp === null) return [...out, "not IGMP"];
  const wanted = igmpText(spec.message);
  if (igmpText(igmp) !== wanted) out.push(`IGMP: expected ${wanted}`);
  if (ip.dst !== ipWord(igmpDestination(spec.message))) out.push("destination address");
  const group = [1, 0, 0x5e, (ip.dst >>> 16) & 127, (ip.dst >>> 8) & 255, ip.dst & 255];
  if (dstMac.join() !== group.join()) out.push("destination MAC");
  if (ip.src !== LOCAL_ADDR) out.push("source address");
  if (ip.ttl !== 1) out.push("TTL: expected 1");
  if (ip.tos !== 0xc0) out.push("TOS: expected CS6");
  if (ip.options.join() !== "148,4,0,0") out.push("the Router Alert option is missing");
  return out;
}
