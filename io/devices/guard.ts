/**
 * Keeps the host's kernel from forwarding or answering packets for our addresses when we share its
 * MAC.
 *
 *     card ──> AF_PACKET tap (us) ──> tc ingress: GUARD drops what is ours ──> the kernel's IP
 *
 * With our own MAC the kernel sees other people's frames and drops them. With the interface's MAC
 * the frames are addressed to the host: a router (ip_forward=1) would send them on, or answer "host
 * unreachable". The guard is an eBPF program at tc ingress, which comes after the taps. It is
 * attached by a bpf_link (tcx, Linux 6.6): when the descriptor closes, even by SIGKILL, the kernel
 * takes it off.
 *
 * @module
 */
import {
  BPF_INSN,
  BPF_LINK_CREATE,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_TCX_INGRESS,
  EBPF_EXIT,
  EBPF_JEQ32_K,
  EBPF_JNE32_K,
  EBPF_LD_ABS_H,
  EBPF_LD_ABS_W,
  EBPF_LDX_W,
  EBPF_MOV32_K,
  EBPF_MOV64_X,
  LINK_CREATE,
  SK_BUFF_VLAN_PRESENT,
  TCX_DROP,
  TCX_NEXT,
} from "../../ffi/abi/bpf.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../ffi/abi/packet.ts";
import { libc } from "../../ffi/libc.ts";
import type { IpAddress } from "../../stack/mod.ts";
import { ETHERTYPE_OFF, IPV4_DST_OFF, IPV6_DST_OFF } from "./base/frame.ts";

const R0 = 0;
const R1 = 1;
const R6 = 6;
const R7 = 7;

type Instruction = [code: number, dst: number, src: number, off: number, imm: number];

const VERDICT_NEXT: Instruction[] = [[EBPF_MOV32_K, R0, 0, 0, TCX_NEXT], [EBPF_EXIT, 0, 0, 0, 0]];
const VERDICT_DROP: Instruction[] = [[EBPF_MOV32_K, R0, 0, 0, TCX_DROP], [EBPF_EXIT, 0, 0, 0, 0]];

/**
 * Attaches the guard to an interface. Returns a descriptor to keep open, or -errno (old kernel, no
 * right).
 */
export function attachGuard(ifIndex: number, addresses: readonly IpAddress[]): number {
  const sys = libc();
  const program = guardProgram(addresses);
  const count = program.length / BPF_INSN.LEN;
  const loaded = sys.bpfLoad(BPF_PROG_TYPE_SCHED_CLS, program, count, null, 0);
  if (loaded < 0) return loaded;
  const attributes = new Uint8Array(LINK_CREATE.LEN);
  const dv = new DataView(attributes.buffer);
  dv.setUint32(LINK_CREATE.PROG_FD, loaded, true);
  dv.setUint32(LINK_CREATE.TARGET_IFINDEX, ifIndex, true);
  dv.setUint32(LINK_CREATE.ATTACH_TYPE, BPF_TCX_INGRESS, true);
  const link = sys.bpf(BPF_LINK_CREATE, attributes, LINK_CREATE.LEN);
  sys.close(loaded);
  return link;
}

/**
 * Untagged packets to one of the addresses: drop; the rest: to the next program. struct bpf_insn[].
 * Packet loads (from r6 to r0) fail short packets with verdict 0 of the kernel's own: pass on.
 */
function guardProgram(addresses: readonly IpAddress[]): Uint8Array<ArrayBuffer> {
  const v4 = addresses.filter((a) => a.family === 4).flatMap((a) =>
    compare([[IPV4_DST_OFF, a.toV4Word()]])
  );
  const v6 = addresses.filter((a) => a.family === 6).flatMap((a) =>
    compare([a.w0, a.w1, a.w2, a.w3].map((word, i) => [IPV6_DST_OFF + 4 * i, word]))
  );
  return assemble([
    [EBPF_MOV64_X, R6, R1, 0, 0],
    [EBPF_LDX_W, R7, R6, SK_BUFF_VLAN_PRESENT, 0],
    [EBPF_JEQ32_K, R7, 0, 2, 0],
    ...VERDICT_NEXT,
    ...section(ETH_P_IP, v4),
    ...section(ETH_P_IPV6, v6),
    ...VERDICT_NEXT,
  ]);
}

function section(etherType: number, body: Instruction[]): Instruction[] {
  return [
    [EBPF_LD_ABS_H, 0, 0, 0, ETHERTYPE_OFF],
    [EBPF_JNE32_K, R0, 0, body.length, etherType],
    ...body,
  ];
}

/** Drops when every word at its offset is equal; else falls through. */
function compare(words: [off: number, word: number][]): Instruction[] {
  const test: Instruction[] = words.flatMap(([off, word], i): Instruction[] => {
    const left = words.length - 1 - i;
    return [
      [EBPF_LD_ABS_W, 0, 0, 0, off],
      [EBPF_JNE32_K, R0, 0, 2 * left + VERDICT_DROP.length, word],
    ];
  });
  return [...test, ...VERDICT_DROP];
}

function assemble(program: Instruction[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(program.length * BPF_INSN.LEN);
  const dv = new DataView(bytes.buffer);
  program.forEach(([code, dst, src, off, imm], i) => {
    const at = i * BPF_INSN.LEN;
    dv.setUint8(at + BPF_INSN.CODE, code);
    dv.setUint8(at + BPF_INSN.REGS, src << 4 | dst);
    dv.setInt16(at + BPF_INSN.OFF, off, true);
    dv.setInt32(at + BPF_INSN.IMM, imm | 0, true);
  });
  return bytes;
}
