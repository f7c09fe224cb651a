/**
 * What net_fixture.ts is, for IPv6: frames of a peer, and a look at what was sent.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { IpAddress } from "../../stack/mod.ts";
import { fold, pseudoSum, sum } from "../../stack/wire/checksum.ts";
import {
  ETHERNET_HEADER_LEN,
  EthernetHeader,
  ETHERTYPE_IPV6,
  parseEthernet,
} from "../../stack/wire/ethernet.ts";
import { emitIcmp } from "../../stack/wire/icmp.ts";
import {
  emitIpv6Header,
  IPV6_HEADER_LEN,
  Ipv6Header,
  parseIpv6,
  PROTOCOL_ICMPV6,
} from "../../stack/wire/ipv6.ts";
import {
  ethernetFrame,
  Host,
  type HostOptions,
  ip,
  OUR_MAC,
  PEER_MAC,
  udpPacket,
} from "./net_fixture.ts";
import type { SentFrame } from "./frame_checkers.ts";

export const OUR_ADDR6 = ip("2001:db8::2");
export const PEER_ADDR6 = ip("2001:db8::1");
export const OUR_LINK_LOCAL = ip("fe80::ff:fe00:2");
export const PEER_LINK_LOCAL = ip("fe80::ff:fe00:1");

export interface Ip6Fields {
  readonly src?: IpAddress;
  readonly dst?: IpAddress;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly dstMac?: Uint8Array;
  readonly srcMac?: Uint8Array;
}

/** The MAC address of a group, or ours. */
export function macOf(dst: IpAddress): Uint8Array {
  if (!dst.isMulticast) return OUR_MAC;
  const w = dst.w3;
  return Uint8Array.of(0x33, 0x33, w >>> 24, w >>> 16, w >>> 8, w);
}

/** An IPv6 packet from the peer to us, in a frame. */
export function ip6Frame(next: number, payload: Uint8Array, fields: Ip6Fields = {}): Uint8Array {
  const { src = PEER_ADDR6, dst = OUR_ADDR6, hopLimit = 64, trafficClass = 0 } = fields;
  const packet = new Uint8Array(IPV6_HEADER_LEN + payload.length);
  const dv = new DataView(packet.buffer);
  const label = fields.flowLabel ?? 0;
  emitIpv6Header(dv, 0, trafficClass, label, payload.length, next, hopLimit, src, dst);
  packet.set(payload, IPV6_HEADER_LEN);
  const { dstMac = macOf(dst), srcMac = PEER_MAC } = fields;
  return ethernetFrame(dstMac, srcMac, ETHERTYPE_IPV6, packet);
}

/** An ICMPv6 message of which the checksum is right between these addresses. */
export function icmp6Message(
  type: number,
  code: number,
  rest: number,
  body: Uint8Array,
  src = PEER_ADDR6,
  dst = OUR_ADDR6,
): Uint8Array {
  const message = new Uint8Array(8 + body.length);
  message.set(body, 8);
  const dv = new DataView(message.buffer);
  const pseudo = pseudoSum(src, dst, PROTOCOL_ICMPV6, message.length);
  emitIcmp(dv, 0, type, code, rest, sum(dv, 8, body.length, pseudo));
  return message;
}

export function icmp6Frame(
  type: number,
  code: number,
  rest: number,
  body: Uint8Array,
  fields: Ip6Fields = {},
): Uint8Array {
  const message = icmp6Message(type, code, rest, body, fields.src, fields.dst);
  return ip6Frame(PROTOCOL_ICMPV6, message, fields);
}

export function udp6Packet(
  srcPort: number,
  dstPort: number,
  payload: Uint8Array,
  src = PEER_ADDR6,
  dst = OUR_ADDR6,
): Uint8Array {
  return udpPacket(srcPort, dstPort, payload, src, dst);
}

export function addressBytes(...addresses: IpAddress[]): Uint8Array {
  const all = new Uint8Array(16 * addresses.length);
  addresses.forEach((addr, i) => addr.writeTo(all, 16 * i));
  return all;
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A solicitation or advertisement about `target`, with a link-layer option of `mac`. */
export function ndpFrame(
  type: number,
  flags: number,
  target: IpAddress,
  option: number,
  mac: Uint8Array | null,
  fields: Ip6Fields = {},
): Uint8Array {
  const options = mac === null ? new Uint8Array(0) : concat(Uint8Array.of(option, 1), mac);
  const body = concat(addressBytes(target), options);
  return icmp6Frame(type, 0, flags, body, { hopLimit: 255, ...fields });
}

/** The peer's answer to our question. */
export function advertisement(target = PEER_ADDR6, mac = PEER_MAC): Uint8Array {
  return ndpFrame(136, 0x60000000, target, 2, mac, { src: target });
}

export interface Sent6 {
  readonly header: Ipv6Header;
  readonly src: string;
  readonly dst: string;
  readonly dstMac: string;
  /** What follows the IPv6 header. */
  readonly payload: Uint8Array;
}

/** Takes a frame apart; its ICMPv6 checksum, if it has one, must be right. */
export function sent6({ bytes }: SentFrame): Sent6 {
  const dv = new DataView(bytes.buffer);
  const ethernet = new EthernetHeader();
  assertEquals(parseEthernet(dv, 0, bytes.length, ethernet), 0);
  assertEquals(ethernet.etherType, ETHERTYPE_IPV6);
  const header = new Ipv6Header();
  const at = ETHERNET_HEADER_LEN;
  assertEquals(parseIpv6(dv, at, bytes.length - at, header), 0);
  assertEquals(header.payloadLen, bytes.length - at - IPV6_HEADER_LEN);
  const src = IpAddress.read(dv, at + 8, 6);
  const dst = IpAddress.read(dv, at + 24, 6);
  const payload = bytes.slice(at + IPV6_HEADER_LEN);
  if (header.nextHeader === PROTOCOL_ICMPV6) {
    const pseudo = pseudoSum(src, dst, PROTOCOL_ICMPV6, payload.length);
    assertEquals(fold(sum(new DataView(payload.buffer), 0, payload.length, pseudo)), 0xffff);
  }
  const dstMac = [...bytes.slice(0, 6)].map((b) => b.toString(16).padStart(2, "0")).join(":");
  return { header, src: src.toString(), dst: dst.toString(), dstMac, payload };
}

/** A host with both addresses; the peer's is known, and nothing is under way. */
export class Host6 extends Host {
  constructor(options: HostOptions = {}) {
    super(options);
    const { stack, iface } = this;
    assertEquals(stack.addAddress(iface.index, OUR_LINK_LOCAL, 64, this.nowUs), 0);
    assertEquals(stack.addAddress(iface.index, OUR_ADDR6, 64, this.nowUs), 0);
    if (options.isSettled ?? true) {
      this.advance(30e6);
      this.inject(ndpFrame(135, 0, OUR_ADDR6, 1, PEER_MAC, { src: PEER_ADDR6 }));
      this.inject(
        ndpFrame(135, 0, OUR_LINK_LOCAL, 1, PEER_MAC, {
          src: PEER_LINK_LOCAL,
          dst: OUR_LINK_LOCAL,
        }),
      );
      this.sent();
      this.log.all.length = 0;
    }
  }

  /** The IPv6 packets sent since the last call. */
  sent6(): Sent6[] {
    return this.sent().map(sent6);
  }

  sentOne6(): Sent6 {
    const all = this.sent6();
    assert(all.length === 1, `${all.length} frames`);
    return all[0];
  }
}
