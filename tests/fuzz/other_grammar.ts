/**
 * What comes in besides TCP: datagrams, echoes, ICMP errors about packets that we did and did not
 * send, ARP, IGMP.
 *
 * @module
 */
import { onesSum } from "../support/checksum.ts";
import { PROTO_IGMP } from "../support/igmp.ts";
import { LOCAL_MAC, PEER_MAC } from "../support/rig.ts";
import { ipWord, PROTO_ICMP, PROTO_TCP, PROTO_UDP } from "../support/packet_types.ts";
import type { Prng } from "../support/prng.ts";
import { type Draft, IP_OFF } from "./draft.ts";
import { DEAD_ADDR, FAR_ADDRS, LIVE_ADDRS, LOCAL_ADDRS } from "./setting.ts";
import { writeIp } from "./tcp_grammar.ts";

export const UDP_PORTS: readonly number[] = [53, 5000, 5001];
export const GROUP_ADDR = ipWord("239.1.2.3");
/** Identifiers that ping sockets bind. */
export const PING_IDS: readonly number[] = [7, 8];
const L4 = IP_OFF + 20;
const MTUS: readonly number[] = [0, 1, 68, 296, 552, 576, 1000, 1499, 1500, 9000, 65535];

export class OtherGrammar {
  constructor(readonly prng: Prng, readonly draft: Draft) {}

  udp(): void {
    const { prng, draft } = this;
    this.#ip(PROTO_UDP, this.#localOrGroup());
    const len = prng.chance(0.05) ? prng.magnitude(1, 20_000) : prng.below(1400);
    draft.dv.setUint16(L4, prng.pick([53, 7, 5000, 0, 40000, prng.below(65536)]));
    draft.dv.setUint16(L4 + 2, prng.chance(0.8) ? prng.pick(UDP_PORTS) : prng.below(65536));
    draft.dv.setUint16(L4 + 4, 8 + len);
    draft.u8.fill(len & 0xff, L4 + 8, L4 + 8 + len);
    draft.len = L4 + 8 + len;
    draft.fixAll();
    const kind = prng.below(20);
    if (kind === 0) draft.dv.setUint16(L4 + 6, 0); // no checksum
    if (kind === 1) draft.dv.setUint16(L4 + 4, prng.pick([0, 7, 8, 7 + len, 9 + len, 65535]));
  }

  echo(): void {
    const { prng, draft } = this;
    this.#ip(PROTO_ICMP, this.#localOrGroup());
    const kind = prng.below(12);
    const type = kind < 5 ? 8 : kind < 8 ? 0 : prng.pick([4, 5, 13, 14, 15, 17, 18, 30, 255]);
    draft.u8[L4] = type;
    draft.u8[L4 + 1] = prng.chance(0.9) ? 0 : prng.below(256);
    draft.dv.setUint16(L4 + 4, prng.chance(0.8) ? prng.pick(PING_IDS) : prng.below(65536));
    draft.dv.setUint16(L4 + 6, prng.below(8));
    const len = prng.chance(0.05) ? prng.magnitude(1, 20_000) : prng.below(200);
    draft.u8.fill(0x61, L4 + 8, L4 + 8 + len);
    draft.len = L4 + 8 + len;
    draft.fixAll();
  }

  /** An error that quotes `sent`, a frame of ours, or what could be one. */
  icmpError(sent: Uint8Array | null): void {
    const { prng, draft } = this;
    const { u8, dv } = draft;
    this.#ip(PROTO_ICMP, prng.pick(LOCAL_ADDRS));
    const kind = prng.below(9);
    const [type, codes] = kind < 6 ? [3, 16] : ([[11, 2], [12, 3], [5, 5]] as const)[kind - 6];
    u8[L4] = type;
    u8[L4 + 1] = type === 3 && prng.chance(0.4) ? 4 : prng.below(codes);
    dv.setUint32(L4 + 4, 0);
    dv.setUint16(L4 + 6, prng.pick(MTUS));
    if (type === 5) dv.setUint32(L4 + 4, this.#arpAddr()); // a gateway
    const quote = L4 + 8;
    let len = 28;
    if (sent !== null && sent.length > IP_OFF + 20) {
      const whole = Math.min(sent.length - IP_OFF, 548);
      len = prng.pick([28, 28, 27, 20, whole, prng.below(whole + 1)]);
      len = Math.min(len, whole);
      u8.set(sent.subarray(IP_OFF, IP_OFF + len), quote);
    } else {
      u8.fill(0, quote, quote + len);
      u8[quote] = 0x45;
      u8[quote + 9] = prng.pick([PROTO_TCP, PROTO_UDP, PROTO_ICMP]);
      dv.setUint32(quote + 12, LOCAL_ADDRS[0]);
      dv.setUint32(quote + 16, prng.pick(LIVE_ADDRS));
    }
    draft.len = quote + len;
    if (prng.chance(0.3)) this.#bendQuote(quote, len);
    draft.fixAll();
  }

  /**
   * A quote that does not quite fit: header length, protocol, addresses, ports, sequence number.
   */
  #bendQuote(quote: number, len: number): void {
    const { prng, draft: { u8, dv } } = this;
    const kind = prng.below(5);
    if (kind === 0) u8[quote] = 0x40 | prng.below(16);
    else if (kind === 1) u8[quote + 9] = prng.pick([1, 6, 17, 0, 255]);
    else if (kind === 2) dv.setUint32(quote + 12, prng.pick([0, 0xffffffff, ...LIVE_ADDRS]));
    else if (kind === 3 && len >= 28) {
      dv.setInt32(quote + 24, dv.getInt32(quote + 24) + prng.pick([1, -1, 65536, -0x80000000]));
    } else if (len > 20) u8[quote + 20 + prng.below(len - 20)] = prng.below(256);
  }

  arp(): void {
    const { prng, draft } = this;
    const { u8, dv } = draft;
    draft.reset();
    if (prng.chance(0.5)) u8.fill(0xff, 0, 6);
    else u8.set(LOCAL_MAC, 0);
    u8.set(PEER_MAC, 6);
    dv.setUint16(12, 0x0806);
    dv.setUint32(14, 0x00010800);
    dv.setUint16(18, 0x0604);
    dv.setUint16(20, prng.pick([1, 1, 2, 2, 2, 0, 3, 65535]));
    u8.set(PEER_MAC, 22);
    if (prng.chance(0.3)) u8[22 + prng.below(6)] = prng.below(256);
    dv.setUint32(28, this.#arpAddr());
    u8.set(prng.chance(0.5) ? LOCAL_MAC : [0, 0, 0, 0, 0, 0], 32);
    dv.setUint32(38, prng.chance(0.7) ? prng.pick(LOCAL_ADDRS) : this.#arpAddr());
    draft.len = prng.chance(0.5) ? 42 : 60;
    u8.fill(0, 42, 60);
    if (prng.chance(0.15)) u8[14 + prng.below(8)] ^= 1 << prng.below(8);
    if (prng.chance(0.05)) draft.len = prng.below(42);
  }

  #arpAddr(): number {
    const { prng } = this;
    const kind = prng.below(12);
    if (kind < 6) return prng.pick(LIVE_ADDRS);
    if (kind < 8) return prng.pick(LOCAL_ADDRS);
    if (kind === 8) return DEAD_ADDR;
    if (kind === 9) return prng.pick([0, 0xffffffff, ipWord("224.0.0.1"), ipWord("127.0.0.1")]);
    return (LOCAL_ADDRS[0] & ~0xff | prng.below(256)) >>> 0;
  }

  /** Queries of every version, about groups and sources, and what other hosts report. */
  igmp(): void {
    const { prng, draft } = this;
    const { u8, dv } = draft;
    const group = prng.pick([0, 0, GROUP_ADDR, GROUP_ADDR, ipWord("224.0.0.1"), prng.next() >>> 0]);
    this.#ip(PROTO_IGMP, prng.chance(0.7) ? ipWord("224.0.0.1") : this.#localOrGroup());
    const isQuery = prng.chance(0.7);
    const isV3 = prng.chance(0.6);
    u8[L4] = isQuery ? 0x11 : isV3 ? 0x22 : prng.pick([0x12, 0x16, 0x17, 0x13, prng.below(256)]);
    u8[L4 + 1] = prng.pick([0, 1, 10, 100, 127, 128, prng.below(256)]);
    dv.setUint32(L4 + 4, group);
    let len = 8;
    if (isV3) {
      const count = prng.chance(0.05) ? prng.below(360) : prng.below(4);
      u8[L4 + 8] = prng.below(16);
      u8[L4 + 9] = prng.pick([0, 1, 125, 255]);
      const lies = prng.chance(0.05);
      dv.setUint16(L4 + 10, lies ? prng.below(65536) : count);
      for (let i = 0; i < count; i++) dv.setUint32(L4 + 12 + 4 * i, prng.pick(LIVE_ADDRS));
      len = 12 + 4 * count;
    }
    draft.len = L4 + len;
    draft.fixAll();
    dv.setUint16(L4 + 2, 0);
    dv.setUint16(L4 + 2, ~onesSum(u8, L4, len) & 0xffff);
  }

  /** A packet of a protocol that only raw sockets know, or nobody. */
  raw(): void {
    const { prng, draft } = this;
    this.#ip(prng.pick([2, 47, 253, 255, prng.below(256)]), this.#localOrGroup());
    const len = prng.below(300);
    draft.u8.fill(prng.below(256), L4, L4 + len);
    draft.len = L4 + len;
    draft.fixAll();
  }

  #localOrGroup(): number {
    const { prng } = this;
    const kind = prng.below(20);
    if (kind < 16) return prng.pick(LOCAL_ADDRS);
    if (kind === 16) return ipWord("198.18.0.255");
    if (kind === 17) return 0xffffffff;
    return kind === 18 ? GROUP_ADDR : ipWord("224.0.0.1");
  }

  #ip(protocol: number, dst: number): void {
    const { prng, draft } = this;
    draft.reset();
    const { u8, dv } = draft;
    u8.set(LOCAL_MAC, 0);
    if (dst >>> 28 >= 14) u8.set([0x01, 0, 0x5e, (dst >>> 16) & 127, dst >>> 8, dst], 0);
    if (dst === 0xffffffff || dst === ipWord("198.18.0.255")) u8.fill(0xff, 0, 6);
    u8.set(PEER_MAC, 6);
    dv.setUint16(12, 0x0800);
    const kind = prng.below(12);
    let src = prng.pick(LIVE_ADDRS);
    if (kind < 3) src = prng.pick(FAR_ADDRS);
    else if (kind === 3) src = (LOCAL_ADDRS[0] & ~0xff | prng.below(256)) >>> 0;
    else if (kind === 4) src = prng.next() >>> 0;
    writeIp(draft, protocol, src, dst, prng);
  }
}
