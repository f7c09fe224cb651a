/**
 * Classic BPF (McCanne and Jacobson 1993), as SO_ATTACH_FILTER takes it: socket(7), Linux's
 * Documentation/networking/filter.rst. A program is checked when it is attached, by Linux's rules,
 * so that running it needs no more care than bounds of the packet: it only jumps forward, inside,
 * and ends with a return.
 *
 * Instruction (struct sock_filter): u16 code, u8 jt, u8 jf, u32 k, little endian.
 *
 * A filter sees the packet from the transport header on (UDP), or from the IP header (raw). Values
 * are int32; where the sign matters they are taken as unsigned.
 *
 * @module
 */
import type { Packet } from "../base/packet.ts";
import { ETHERTYPE_IPV4 } from "../wire/ethernet.ts";

const FILTER_INSTRUCTION_LEN = 8;
const MAX_INSTRUCTIONS = 4096;
const MEMORY_WORDS = 16;
const SHIFT_MAX = 31;

/** Fields of a code: class, size and mode of loads, operation and source of the others. */
const CLASS_MASK = 7;
const [LD, LDX, ST, STX, ALU, JMP, RET, MISC] = [0, 1, 2, 3, 4, 5, 6, 7];
const MODE_MASK = 0xe0;
const [IMM, ABS, IND, MEM, LEN, MSH] = [0x00, 0x20, 0x40, 0x60, 0x80, 0xa0];
const SIZE_MASK = 0x18;
const [WORD, HALF, BYTE] = [0x00, 0x08, 0x10];
const OP_MASK = 0xf0;
const FROM_X = 0x08;
const [ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  .map((op) => op << 4);
const [JA, JEQ, JGT, JGE, JSET] = [0x00, 0x10, 0x20, 0x30, 0x40];
const RETURN_A = 0x10;
const TAX = 0x07;
const TXA = 0x87;

/** Where a load's offset is negative: ancillary data, the network header, the link header. */
const ANCILLARY_OFF = -0x1000;
const NETWORK_OFF = -0x100000;
const LINK_OFF = -0x200000;
const [AD_PROTOCOL, AD_PKTTYPE, AD_IFINDEX] = [0, 4, 8];
/** Mark, queue, hash, CPU, VLAN tag and its presence and protocol: none of ours has any. */
const AD_NONE: readonly number[] = [20, 24, 32, 36, 44, 48, 60];
const AD_XOR_X = 40;
const [TO_HOST, TO_BROADCAST, TO_MULTICAST] = [0, 1, 2];

/** A load beyond the packet. */
const OUTSIDE = Number.NaN;

/** A datagram as a filter sees it. Reused. */
export class FilterView {
  dv: DataView = new DataView(new ArrayBuffer(0));
  pkt: Packet | null = null;
  /** The transport header, 0 bytes if there is none before the payload. */
  headOff = 0;
  headLen = 0;
  bodyOff = 0;
  bodyLen = 0;

  get length(): number {
    return this.headLen + this.bodyLen;
  }

  /** `size` bytes at `at`, in network order, or NaN. */
  load(at: number, size: number): number {
    if (at < 0) return this.#loadFromStart(at, size);
    if (at + size > this.length) return OUTSIDE;
    let value = 0;
    for (let i = at; i < at + size; i++) value = (value << 8) | this.#byte(i);
    return value;
  }

  #byte(at: number): number {
    if (at >= this.headLen) return this.dv.getUint8(this.bodyOff + at - this.headLen);
    // The length of UDP: the header may be that of several datagrams
    if (at === 4) return this.length >> 8;
    return at === 5 ? this.length & 0xff : this.dv.getUint8(this.headOff + at);
  }

  #loadFromStart(at: number, size: number): number {
    const { pkt, dv } = this;
    if (pkt === null || at < LINK_OFF) return OUTSIDE;
    const off = at < NETWORK_OFF ? pkt.linkOff + at - LINK_OFF : pkt.networkOff + at - NETWORK_OFF;
    if (off + size > pkt.endOff) return OUTSIDE;
    let value = 0;
    for (let i = off; i < off + size; i++) value = (value << 8) | dv.getUint8(i);
    return value;
  }

  /** SKF_AD_*: about the packet. */
  ancillary(which: number): number {
    const { pkt } = this;
    if (pkt === null) return 0;
    if (which === AD_PROTOCOL) return ETHERTYPE_IPV4;
    if (which === AD_IFINDEX) return pkt.ifIndex;
    if (which !== AD_PKTTYPE) return 0;
    if (pkt.isMulticast) return TO_MULTICAST;
    return pkt.isBroadcast ? TO_BROADCAST : TO_HOST;
  }
}

export class PacketFilter {
  readonly #codes: Uint16Array;
  readonly #jumps: Uint8Array;
  readonly #operands: Int32Array;
  readonly #memory = new Int32Array(MEMORY_WORDS);

  private constructor(program: Uint8Array) {
    const count = program.length / FILTER_INSTRUCTION_LEN;
    const dv = new DataView(program.buffer, program.byteOffset, program.byteLength);
    this.#codes = new Uint16Array(count);
    this.#jumps = new Uint8Array(2 * count);
    this.#operands = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      this.#codes[i] = dv.getUint16(i * FILTER_INSTRUCTION_LEN, true);
      this.#jumps[2 * i] = program[i * FILTER_INSTRUCTION_LEN + 2];
      this.#jumps[2 * i + 1] = program[i * FILTER_INSTRUCTION_LEN + 3];
      this.#operands[i] = dv.getInt32(i * FILTER_INSTRUCTION_LEN + 4, true);
    }
  }

  /** null: not a program that may run (EINVAL). */
  static of(program: Uint8Array): PacketFilter | null {
    const count = program.length / FILTER_INSTRUCTION_LEN;
    if (!Number.isInteger(count) || count === 0 || count > MAX_INSTRUCTIONS) return null;
    const filter = new PacketFilter(program);
    return filter.#isSound() && filter.#storesBeforeLoads() ? filter : null;
  }

  /** Every instruction is one that there is, jumps stay inside, the last one returns. */
  #isSound(): boolean {
    const count = this.#codes.length;
    for (let pc = 0; pc < count; pc++) {
      const code = this.#codes[pc];
      const k = this.#operands[pc];
      if (!isCode(code) || !isOperand(code, k)) return false;
      if ((code & CLASS_MASK) !== JMP) continue;
      const left = count - pc - 1;
      if (code === (JMP | JA)) {
        if ((k >>> 0) >= left) return false;
      } else if (Math.max(this.#jumps[2 * pc], this.#jumps[2 * pc + 1]) >= left) {
        return false;
      }
    }
    return (this.#codes[count - 1] & CLASS_MASK) === RET;
  }

  /** No way through the program loads a word of the scratch memory that it has not stored. */
  #storesBeforeLoads(): boolean {
    const count = this.#codes.length;
    const stored = new Uint16Array(count).fill(0xffff);
    let valid = 0;
    for (let pc = 0; pc < count; pc++) {
      const code = this.#codes[pc];
      const k = this.#operands[pc];
      valid &= stored[pc];
      if (isStore(code)) valid |= 1 << k;
      else if (isMemoryLoad(code) && (valid & (1 << k)) === 0) return false;
      if ((code & CLASS_MASK) !== JMP) continue;
      if (code === (JMP | JA)) {
        stored[pc + 1 + k] &= valid;
      } else {
        stored[pc + 1 + this.#jumps[2 * pc]] &= valid;
        stored[pc + 1 + this.#jumps[2 * pc + 1]] &= valid;
      }
      valid = 0xffff;
    }
    return true;
  }

  /** How many bytes of the packet are wanted; 0: none, it is to be dropped. */
  run(view: FilterView): number {
    let a = 0;
    let x = 0;
    for (let pc = 0; pc < this.#codes.length; pc++) {
      const code = this.#codes[pc];
      const k = this.#operands[pc];
      switch (code & CLASS_MASK) {
        case LD: {
          const value = this.#load(view, code, k, a, x);
          if (Number.isNaN(value)) return 0;
          a = value;
          break;
        }
        case LDX: {
          const value = this.#loadIndex(view, code, k);
          if (Number.isNaN(value)) return 0;
          x = value;
          break;
        }
        case ST:
          this.#memory[k] = a;
          break;
        case STX:
          this.#memory[k] = x;
          break;
        case ALU: {
          const operand = (code & FROM_X) !== 0 ? x : k;
          const isDivision = (code & OP_MASK) === DIV || (code & OP_MASK) === MOD;
          if (isDivision && operand === 0) return 0;
          a = compute(code & OP_MASK, a, operand);
          break;
        }
        case JMP:
          pc += this.#jump(pc, a, x);
          break;
        case RET:
          return (code & RETURN_A) !== 0 ? a >>> 0 : k >>> 0;
        default: // MISC
          if (code === TAX) x = a;
          else a = x;
      }
    }
    return 0; // not reached: the last instruction returns
  }

  #load(view: FilterView, code: number, k: number, a: number, x: number): number {
    const size = sizeOf(code);
    switch (code & MODE_MASK) {
      case ABS:
        if (k >= ANCILLARY_OFF && k < 0) {
          return k === ANCILLARY_OFF + AD_XOR_X ? a ^ x : view.ancillary(k - ANCILLARY_OFF);
        }
        return view.load(k, size);
      case IND:
        return view.load((k + x) | 0, size);
      case LEN:
        return view.length;
      case MEM:
        return this.#memory[k];
      default: // IMM
        return k;
    }
  }

  #loadIndex(view: FilterView, code: number, k: number): number {
    switch (code & MODE_MASK) {
      case MSH: { // the length of an IP header whose first byte is there
        const first = view.load(k, 1);
        return Number.isNaN(first) ? OUTSIDE : (first & 0xf) * 4;
      }
      case LEN:
        return view.length;
      case MEM:
        return this.#memory[k];
      default:
        return k;
    }
  }

  /** How many instructions are skipped. */
  #jump(pc: number, a: number, x: number): number {
    const code = this.#codes[pc];
    const k = this.#operands[pc];
    if ((code & OP_MASK) === JA) return k;
    const operand = (code & FROM_X) !== 0 ? x : k;
    return this.#jumps[2 * pc + (holds(code & OP_MASK, a, operand) ? 0 : 1)];
  }
}

function sizeOf(code: number): number {
  if ((code & SIZE_MASK) === BYTE) return 1;
  return (code & SIZE_MASK) === HALF ? 2 : 4;
}

function compute(op: number, a: number, b: number): number {
  switch (op) {
    case ADD:
      return (a + b) | 0;
    case SUB:
      return (a - b) | 0;
    case MUL:
      return Math.imul(a, b);
    case DIV:
      return Math.floor((a >>> 0) / (b >>> 0)) | 0;
    case MOD:
      return ((a >>> 0) % (b >>> 0)) | 0;
    case OR:
      return a | b;
    case AND:
      return a & b;
    case XOR:
      return a ^ b;
    case LSH:
      return a << b;
    case RSH:
      return (a >>> b) | 0;
    default: // NEG
      return -a | 0;
  }
}

function holds(op: number, a: number, b: number): boolean {
  if (op === JEQ) return a === b;
  if (op === JGT) return (a >>> 0) > (b >>> 0);
  return op === JGE ? (a >>> 0) >= (b >>> 0) : (a & b) !== 0;
}

function isStore(code: number): boolean {
  return code === ST || code === STX;
}

function isMemoryLoad(code: number): boolean {
  return code === (LD | MEM) || code === (LDX | MEM);
}

const CODES: ReadonlySet<number> = new Set([
  ...[WORD, HALF, BYTE].flatMap((size) => [LD | ABS | size, LD | IND | size]),
  ...[IMM, MEM, LEN].flatMap((mode) => [LD | mode, LDX | mode]),
  LDX | MSH | BYTE,
  ST,
  STX,
  ...[ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR].flatMap((op) => [
    ALU | op,
    ALU | op | FROM_X,
  ]),
  ALU | NEG,
  JMP | JA,
  ...[JEQ, JGT, JGE, JSET].flatMap((op) => [JMP | op, JMP | op | FROM_X]),
  RET,
  RET | RETURN_A,
  MISC | (TAX & ~CLASS_MASK),
  MISC | (TXA & ~CLASS_MASK),
]);

function isCode(code: number): boolean {
  return CODES.has(code);
}

const ANCILLARY: ReadonlySet<number> = new Set(
  [AD_PROTOCOL, AD_PKTTYPE, AD_IFINDEX, AD_XOR_X, ...AD_NONE].map((ad) => ad + ANCILLARY_OFF),
);

function isOperand(code: number, k: number): boolean {
  if (isStore(code) || isMemoryLoad(code)) return k >= 0 && k < MEMORY_WORDS;
  if ((code & CLASS_MASK) === LD && (code & MODE_MASK) === ABS && k >= ANCILLARY_OFF && k < 0) {
    return ANCILLARY.has(k);
  }
  if ((code & CLASS_MASK) !== ALU || (code & FROM_X) !== 0) return true;
  const op = code & OP_MASK;
  if (op === DIV || op === MOD) return k !== 0;
  return op !== LSH && op !== RSH || (k >= 0 && k <= SHIFT_MAX);
}

const view = new FilterView();

/**
 * How many bytes of a datagram a filter lets through: of `len` at `off`, after `headLen` bytes of
 * transport header, which are always kept. -1: it is dropped.
 */
export function filterDatagram(
  filter: PacketFilter,
  dv: DataView,
  pkt: Packet,
  headLen: number,
  off: number,
  len: number,
): number {
  view.dv = dv;
  view.pkt = pkt;
  view.headOff = pkt.transportOff;
  view.headLen = headLen;
  view.bodyOff = off;
  view.bodyLen = len;
  const wanted = filter.run(view);
  return wanted === 0 ? -1 : Math.min(len, Math.max(0, wanted - headLen));
}
