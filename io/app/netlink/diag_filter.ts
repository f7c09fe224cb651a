/**
 * The filters of ss (`ss dport = :80`): a program of a few kinds of step, which is run for each
 * socket (INET_DIAG_REQ_BYTECODE, Linux inet_diag_bc_run). Each step says how many bytes to go on
 * when it is true and when it is not; who comes exactly to the end is wanted.
 *
 * @module
 */
import { BC, HOSTCOND } from "../../../ffi/abi/inet_diag.ts";
import { AF_INET, AF_INET6 } from "../../../ffi/abi/socket.ts";
import { IpAddress } from "../../../stack/mod.ts";

/** A socket as filters see it. */
export interface Filtered {
  readonly local: IpAddress;
  readonly localPort: number;
  readonly remote: IpAddress;
  readonly remotePort: number;
  readonly ifIndex: number;
  readonly mark: number;
  /** The port was not chosen by bind(). */
  readonly isPortAutomatic: boolean;
}

/** Steps whose operand is the step after them, or follows them. */
const OPERAND_LEN: Readonly<Record<number, number>> = {
  [BC.S_GE]: BC.OP_LEN,
  [BC.S_LE]: BC.OP_LEN,
  [BC.D_GE]: BC.OP_LEN,
  [BC.D_LE]: BC.OP_LEN,
  [BC.S_EQ]: BC.OP_LEN,
  [BC.D_EQ]: BC.OP_LEN,
  [BC.S_COND]: HOSTCOND.ADDR,
  [BC.D_COND]: HOSTCOND.ADDR,
  [BC.DEV_COND]: 4,
  [BC.MARK_COND]: 8,
  [BC.NOP]: 0,
  [BC.JMP]: 0,
  [BC.AUTO]: 0,
};

export class DiagFilter {
  readonly #dv: DataView;
  readonly #len: number;

  private constructor(code: Uint8Array) {
    this.#dv = new DataView(code.buffer, code.byteOffset, code.byteLength);
    this.#len = code.length;
  }

  /** null: it is no program that comes to an end (Linux inet_diag_bc_audit). */
  static of(code: Uint8Array): DiagFilter | null {
    const filter = new DiagFilter(code);
    return code.length > 0 && filter.#isSound() ? filter : null;
  }

  #yes(at: number): number {
    return this.#dv.getUint8(at + 1);
  }

  #no(at: number): number {
    return this.#dv.getUint16(at + 2, true);
  }

  /** Every step is one, and goes forward: on a yes to the next that is laid out, on a no to any. */
  #isSound(): boolean {
    const steps = new Set<number>();
    for (let at = 0; at < this.#len;) {
      if (at + BC.OP_LEN > this.#len) return false;
      const operandLen = this.#operandLen(at);
      if (operandLen < 0 || at + BC.OP_LEN + operandLen > this.#len) return false;
      const yes = this.#yes(at);
      if (yes < BC.OP_LEN || yes % 4 !== 0 || yes > this.#len - at + 4) return false;
      steps.add(at);
      at += yes;
    }
    return [...steps].every((at) => this.#dv.getUint8(at) === BC.NOP || this.#isForward(at, steps));
  }

  /** What lies between steps, an operand, is no place to go to: it might go nowhere. */
  #isForward(at: number, steps: ReadonlySet<number>): boolean {
    const no = this.#no(at);
    if (no < BC.OP_LEN || no % 4 !== 0 || no > this.#len - at + 4) return false;
    return at + no >= this.#len || steps.has(at + no);
  }

  /** -1: no such step. */
  #operandLen(at: number): number {
    const code = this.#dv.getUint8(at);
    const len = OPERAND_LEN[code] ?? -1;
    if (code !== BC.S_COND && code !== BC.D_COND) return len;
    if (at + BC.OP_LEN + len > this.#len) return -1;
    const family = this.#dv.getUint8(at + BC.OP_LEN + HOSTCOND.FAMILY);
    const addressLen = family === AF_INET ? 4 : family === AF_INET6 ? 16 : 0;
    const prefixLen = this.#dv.getUint8(at + BC.OP_LEN + HOSTCOND.PREFIX_LEN);
    return prefixLen > 8 * addressLen ? -1 : len + addressLen;
  }

  matches(socket: Filtered): boolean {
    let at = 0;
    while (at < this.#len) {
      at += this.#isTrue(at, socket) ? this.#yes(at) : this.#no(at);
    }
    return at === this.#len;
  }

  /** The port that a comparison names: it lies in the `no` of the step after it. */
  #operandPort(at: number): number {
    return this.#no(at + BC.OP_LEN);
  }

  #isTrue(at: number, socket: Filtered): boolean {
    const { localPort, remotePort } = socket;
    switch (this.#dv.getUint8(at)) {
      case BC.NOP:
        return true;
      case BC.S_EQ:
        return localPort === this.#operandPort(at);
      case BC.S_GE:
        return localPort >= this.#operandPort(at);
      case BC.S_LE:
        return localPort <= this.#operandPort(at);
      case BC.D_EQ:
        return remotePort === this.#operandPort(at);
      case BC.D_GE:
        return remotePort >= this.#operandPort(at);
      case BC.D_LE:
        return remotePort <= this.#operandPort(at);
      case BC.AUTO:
        return socket.isPortAutomatic;
      case BC.S_COND:
        return this.#isHost(at + BC.OP_LEN, socket.local, localPort);
      case BC.D_COND:
        return this.#isHost(at + BC.OP_LEN, socket.remote, remotePort);
      case BC.DEV_COND:
        return socket.ifIndex === this.#dv.getUint32(at + BC.OP_LEN, true);
      case BC.MARK_COND:
        return this.#isMarked(at + BC.OP_LEN, socket.mark);
      default: // JMP
        return false;
    }
  }

  #isMarked(at: number, mark: number): boolean {
    const [value, mask] = [this.#dv.getInt32(at, true), this.#dv.getInt32(at + 4, true)];
    return (mark & mask) === value;
  }

  /** A port of -1: any. */
  #isHost(at: number, addr: IpAddress, port: number): boolean {
    const wanted = this.#dv.getInt32(at + HOSTCOND.PORT, true);
    if (wanted !== -1 && wanted !== port) return false;
    const prefixLen = this.#dv.getUint8(at + HOSTCOND.PREFIX_LEN);
    if (prefixLen === 0) return true;
    const family = this.#dv.getUint8(at + HOSTCOND.FAMILY) === AF_INET ? 4 : 6;
    const host = IpAddress.read(this.#dv, at + HOSTCOND.ADDR, family);
    // A mapped address is the IPv4 one, and its prefix shorter by that much
    const isMapped = family === 6 && host.family === 4;
    return addr.sharesPrefix(host, isMapped ? Math.max(0, prefixLen - 96) : prefixLen);
  }
}
