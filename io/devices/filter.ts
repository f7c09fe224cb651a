/**
 * The classic BPF program of a RAW device: the kernel wakes us only for frames that may be ours.
 *
 *     sent by this host                            no
 *     VLAN-tagged; for a VLAN: any but its own     no
 *     to a unicast MAC that is not ours            no
 *     ARP                                          yes
 *     own MAC:        IPv4; IPv6 if we have it     yes
 *     interface MAC:  IPv4, IPv6 to one of our addresses, our subnets' broadcast, multicast,
 *     255.255.255.255 anything else                                no
 *
 * With the interface's MAC the host's own traffic comes by too, hence the look at the address.
 *
 * @module
 */
import {
  CBPF_AND_K,
  CBPF_JA,
  CBPF_JEQ,
  CBPF_JGE,
  CBPF_JSET,
  CBPF_LD_B,
  CBPF_LD_H,
  CBPF_LD_W,
  CBPF_RET,
  SKF_PACKET_TYPE,
  SKF_VLAN_TAG,
  SKF_VLAN_TAG_PRESENT,
  SOCK_FILTER,
} from "../../ffi/abi/bpf.ts";
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, PACKET_OUTGOING } from "../../ffi/abi/packet.ts";
import type { IpAddress } from "../../stack/mod.ts";
import type { DeviceAddress } from "./base/device.ts";
import { ETHERTYPE_OFF, IPV4_DST_OFF, IPV6_DST_OFF } from "./base/frame.ts";

const IPV4_FIRST_GROUP = 0xe0000000;
const IPV6_GROUP_BYTE = 0xff;
const WHOLE_FRAME = 0xffffffff;
const VLAN_ID_MASK = 0xfff;

type Instruction = [code: number, jt: number, jf: number, k: number];

export const ACCEPT: Instruction = [CBPF_RET, 0, 0, WHOLE_FRAME];
export const REJECT: Instruction = [CBPF_RET, 0, 0, 0];

/**
 * `addresses`: null with a MAC of our own (any IPv4 address may be ours). `vlanId`: the VLAN whose
 * frames are wanted, which the kernel shows without their tag; null: those of none. Returns struct
 * sock_filter[].
 */
export function frameFilter(
  mac: Uint8Array,
  addresses: readonly DeviceAddress[] | null,
  hasIpv6: boolean,
  vlanId: number | null = null,
): Uint8Array<ArrayBuffer> {
  const program: Instruction[] = [
    [CBPF_LD_W, 0, 0, SKF_PACKET_TYPE],
    [CBPF_JEQ, 0, 1, PACKET_OUTGOING],
    REJECT,
    ...vlanTest(vlanId),
    ...macTest(mac),
    [CBPF_LD_H, 0, 0, ETHERTYPE_OFF],
    [CBPF_JEQ, 0, 1, ETH_P_ARP],
    ACCEPT,
    ...section(ETH_P_IP, addresses === null ? [ACCEPT] : ipv4Test(addresses)),
  ];
  if (hasIpv6) {
    program.push(...section(ETH_P_IPV6, addresses === null ? [ACCEPT] : ipv6Test(addresses)));
  }
  program.push(REJECT);
  return assemble(program);
}

function vlanTest(vlanId: number | null): Instruction[] {
  const isTagged: Instruction = [CBPF_LD_W, 0, 0, SKF_VLAN_TAG_PRESENT];
  if (vlanId === null) return [isTagged, [CBPF_JEQ, 1, 0, 0], REJECT];
  return [
    isTagged,
    [CBPF_JEQ, 0, 1, 0],
    REJECT,
    [CBPF_LD_W, 0, 0, SKF_VLAN_TAG],
    [CBPF_AND_K, 0, 0, VLAN_ID_MASK],
    [CBPF_JEQ, 1, 0, vlanId],
    REJECT,
  ];
}

/** Rejects frames to another station; falls through for groups and for us. */
function macTest(mac: Uint8Array): Instruction[] {
  const dv = new DataView(mac.buffer, mac.byteOffset, 6);
  return [
    [CBPF_LD_B, 0, 0, 0],
    [CBPF_JSET, 6, 0, 1],
    [CBPF_LD_W, 0, 0, 2],
    [CBPF_JEQ, 1, 0, dv.getUint32(2)],
    REJECT,
    [CBPF_LD_H, 0, 0, 0],
    [CBPF_JEQ, 1, 0, dv.getUint16(0)],
    REJECT,
  ];
}

/** `body` for one ethertype (in A); other types go on behind it. */
function section(etherType: number, body: Instruction[]): Instruction[] {
  return [[CBPF_JEQ, 1, 0, etherType], [CBPF_JA, 0, 0, body.length], ...body];
}

function ipv4Test(addresses: readonly DeviceAddress[]): Instruction[] {
  const words = new Set<number>();
  for (const { addr, prefixLen } of addresses) {
    if (addr.family !== 4) continue;
    words.add(addr.toV4Word());
    if (prefixLen < 31) words.add(addr.toV4Word() | hostBits(prefixLen));
  }
  const test: Instruction[] = [
    [CBPF_LD_W, 0, 0, IPV4_DST_OFF],
    [CBPF_JGE, 0, 1, IPV4_FIRST_GROUP],
    ACCEPT,
  ];
  for (const word of words) test.push([CBPF_JEQ, 0, 1, word], ACCEPT);
  return [...test, REJECT];
}

function hostBits(prefixLen: number): number {
  return prefixLen === 0 ? -1 : ~(-1 << (32 - prefixLen));
}

function ipv6Test(addresses: readonly DeviceAddress[]): Instruction[] {
  const test: Instruction[] = [
    [CBPF_LD_B, 0, 0, IPV6_DST_OFF],
    [CBPF_JEQ, 0, 1, IPV6_GROUP_BYTE],
    ACCEPT,
  ];
  for (const { addr } of addresses) {
    if (addr.family !== 6) continue;
    addressWords(addr).forEach((word, i) => {
      const left = 3 - i;
      test.push([CBPF_LD_W, 0, 0, IPV6_DST_OFF + 4 * i], [CBPF_JEQ, 0, 2 * left + 1, word]);
    });
    test.push(ACCEPT);
  }
  return [...test, REJECT];
}

function addressWords(addr: IpAddress): number[] {
  return [addr.w0, addr.w1, addr.w2, addr.w3];
}

/** struct sock_filter[] */
export function assemble(program: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(program.length * SOCK_FILTER.LEN);
  const dv = new DataView(bytes.buffer);
  program.forEach(([code, jt, jf, k], i) => {
    const at = i * SOCK_FILTER.LEN;
    dv.setUint16(at + SOCK_FILTER.CODE, code, true);
    dv.setUint8(at + SOCK_FILTER.JT, jt);
    dv.setUint8(at + SOCK_FILTER.JF, jf);
    dv.setUint32(at + SOCK_FILTER.K, k, true);
  });
  return bytes;
}
