/**
 * BPF: the classic instructions of socket filters (linux/filter.h) and as much of eBPF
 * (linux/bpf.h) as a program that drops packets at tc ingress needs.
 *
 * @module
 */

/** struct sock_filter and struct bpf_insn have the same length. */
export const SOCK_FILTER = { LEN: 8, CODE: 0, JT: 2, JF: 3, K: 4 } as const;
export const BPF_INSN = { LEN: 8, CODE: 0, REGS: 1, OFF: 2, IMM: 4 } as const;

/** Classic: load word, half-word, byte at a fixed offset; jump; return. */
export const CBPF_LD_W = 0x20;
export const CBPF_LD_H = 0x28;
export const CBPF_LD_B = 0x30;
export const CBPF_AND_K = 0x54;
export const CBPF_JEQ = 0x15;
export const CBPF_JGE = 0x35;
export const CBPF_JSET = 0x45;
/** Unconditional, over `k` instructions. */
export const CBPF_JA = 0x05;
export const CBPF_RET = 0x06;
/** SKF_AD_OFF + SKF_AD_PKTTYPE: PACKET_* of linux/if_packet.h. */
export const SKF_PACKET_TYPE = -0x1000 + 4;
/** SKF_AD_OFF + SKF_AD_MARK: SO_MARK of who has sent it. */
export const SKF_MARK = -0x1000 + 20;
/** SKF_AD_OFF + SKF_AD_VLAN_TAG: priority and VLAN id. */
export const SKF_VLAN_TAG = -0x1000 + 44;
/** SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT: 1 when the tag was taken off by the card. */
export const SKF_VLAN_TAG_PRESENT = -0x1000 + 48;

/** eBPF: packet loads as above (from r6, to r0), 32-bit compare with immediate, moves, exit. */
export const EBPF_LD_ABS_W = 0x20;
export const EBPF_LD_ABS_H = 0x28;
export const EBPF_LDX_W = 0x61;
export const EBPF_JEQ32_K = 0x16;
export const EBPF_JNE32_K = 0x56;
export const EBPF_MOV64_X = 0xbf;
export const EBPF_MOV32_K = 0xb4;
export const EBPF_EXIT = 0x95;

export const BPF_PROG_TYPE_SCHED_CLS = 3;
/** struct __sk_buff: offset of vlan_present. */
export const SK_BUFF_VLAN_PRESENT = 20;

/** bpf(BPF_LINK_CREATE): as much of union bpf_attr as it takes. */
export const BPF_LINK_CREATE = 28;
export const LINK_CREATE = { LEN: 64, PROG_FD: 0, TARGET_IFINDEX: 4, ATTACH_TYPE: 8 } as const;
export const BPF_TCX_INGRESS = 46;
/** Verdicts of a tcx program: ask the next program; drop. */
export const TCX_NEXT = -1;
export const TCX_DROP = 2;
