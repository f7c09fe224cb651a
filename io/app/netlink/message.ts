/**
 * Netlink messages as bytes: reading requests, building answers. A message is a header and a fixed
 * part, then attributes; all numbers are the machine's, little endian on what nuse runs on
 * (netlink(7)).
 *
 * @module
 */
import { NLA_NESTED, NLA_TYPE_MASK, NLATTR_LEN, NLMSGHDR } from "../../../ffi/abi/netlink.ts";
import { cText } from "../../../stack/mod.ts";

/** Everything in a message begins at a multiple of 4. */
export function aligned(len: number): number {
  return (len + 3) & ~3;
}

/** One request, in the program's bytes. */
export class NetlinkRequest {
  readonly dv: DataView;

  /** `bytes`: header and all, of the length that the header says. */
  constructor(readonly bytes: Uint8Array, readonly portId: number, readonly isStrict: boolean) {
    this.dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get type(): number {
    return this.dv.getUint16(NLMSGHDR.TYPE, true);
  }

  get flags(): number {
    return this.dv.getUint16(NLMSGHDR.FLAGS, true);
  }

  get seq(): number {
    return this.dv.getUint32(NLMSGHDR.SEQ, true);
  }

  has(flags: number): boolean {
    return (this.flags & flags) !== 0;
  }

  /** How long the part behind the header is. */
  get length(): number {
    return this.bytes.length - NLMSGHDR.LEN;
  }

  /** A byte of the part behind the header; 0 where there is none. */
  u8(off: number): number {
    return off < this.length ? this.dv.getUint8(NLMSGHDR.LEN + off) : 0;
  }

  u16(off: number): number {
    return off + 2 <= this.length ? this.dv.getUint16(NLMSGHDR.LEN + off, true) : 0;
  }

  u32(off: number): number {
    return off + 4 <= this.length ? this.dv.getUint32(NLMSGHDR.LEN + off, true) : 0;
  }

  /** Attributes behind a fixed part of `fixedLen` bytes; null: they are malformed. */
  attributes(fixedLen: number): Attributes | null {
    const from = Math.min(NLMSGHDR.LEN + aligned(fixedLen), this.bytes.length);
    return Attributes.parse(this.bytes.subarray(from));
  }
}

/** By number; of several of one number the last, as Linux's nla_parse. */
export class Attributes {
  readonly #byType = new Map<number, Uint8Array>();

  /** null: one does not fit. What is too short to be one is ignored at the end. */
  static parse(bytes: Uint8Array): Attributes | null {
    const all = new Attributes();
    const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + NLATTR_LEN <= bytes.length;) {
      const len = dv.getUint16(at, true);
      if (len < NLATTR_LEN || at + len > bytes.length) return null;
      const type = dv.getUint16(at + 2, true) & NLA_TYPE_MASK;
      all.#byType.set(type, bytes.subarray(at + NLATTR_LEN, at + len));
      at += aligned(len);
    }
    return all;
  }

  bytes(type: number): Uint8Array | null {
    return this.#byType.get(type) ?? null;
  }

  has(type: number): boolean {
    return this.#byType.has(type);
  }

  get types(): readonly number[] {
    return [...this.#byType.keys()];
  }

  /** 0 when there is none, or too short a one. */
  u32(type: number): number {
    const bytes = this.bytes(type);
    if (bytes === null || bytes.length < 4) return 0;
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }

  /** Up to the first NUL; null: there is none. */
  text(type: number): string | null {
    const bytes = this.bytes(type);
    return bytes === null ? null : cText(bytes);
  }
}

/** Whose request an answer is to, and which. */
export type Addressee = Pick<NetlinkRequest, "seq" | "portId">;

/** Of what nobody has asked for. */
export const EVERYBODY: Addressee = { seq: 0, portId: 0 };

const START_LEN = 512;

/** Builds one message; what is not written is zero. */
export class NetlinkWriter {
  #bytes = new Uint8Array(START_LEN);
  #dv = new DataView(this.#bytes.buffer);
  #len = NLMSGHDR.LEN;

  constructor(type: number, flags: number, { seq, portId }: Addressee) {
    this.#dv.setUint16(NLMSGHDR.TYPE, type, true);
    this.#dv.setUint16(NLMSGHDR.FLAGS, flags, true);
    this.#dv.setUint32(NLMSGHDR.SEQ, seq, true);
    this.#dv.setUint32(NLMSGHDR.PORT_ID, portId, true);
  }

  /** Room for `len` more bytes: where it begins. */
  #grow(len: number): number {
    const at = this.#len;
    this.#len += len;
    if (this.#len > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, aligned(this.#len)));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#dv = new DataView(larger.buffer);
    }
    return at;
  }

  #each(
    values: readonly number[],
    len: number,
    put: (dv: DataView, at: number, value: number) => void,
  ): void {
    const from = this.#grow(len * values.length);
    values.forEach((value, i) => put(this.#dv, from + len * i, value));
  }

  u8(...values: readonly number[]): this {
    this.#each(values, 1, (dv, at, value) => dv.setUint8(at, value));
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#dv.setUint16(at, value, true);
    return this;
  }

  u32(...values: readonly number[]): this {
    this.#each(values, 4, (dv, at, value) => dv.setUint32(at, value, true));
    return this;
  }

  u64(...values: readonly number[]): this {
    this.#each(values, 8, (dv, at, value) => dv.setBigUint64(at, BigInt(value), true));
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  #align(): void {
    this.#grow(aligned(this.#len) - this.#len);
  }

  /** Begins an attribute: what is to be given to `end`. */
  begin(type: number): number {
    this.#align();
    const at = this.#grow(NLATTR_LEN);
    this.#dv.setUint16(at + 2, type, true);
    return at;
  }

  end(at: number): this {
    this.#dv.setUint16(at, this.#len - at, true);
    return this;
  }

  attribute(type: number, bytes: Uint8Array): this {
    const at = this.begin(type);
    return this.bytes(bytes).end(at);
  }

  attributeU8(type: number, value: number): this {
    const at = this.begin(type);
    return this.u8(value).end(at);
  }

  attributeU16(type: number, value: number): this {
    const at = this.begin(type);
    return this.u16(value).end(at);
  }

  attributeU32(type: number, ...values: readonly number[]): this {
    const at = this.begin(type);
    return this.u32(...values).end(at);
  }

  attributeU64(type: number, ...values: readonly number[]): this {
    const at = this.begin(type);
    return this.u64(...values).end(at);
  }

  /** With its NUL. */
  attributeText(type: number, text: string): this {
    return this.attribute(type, Uint8Array.from(`${text}\0`, (c) => c.charCodeAt(0)));
  }

  beginNested(type: number): number {
    return this.begin(type | NLA_NESTED);
  }

  /** The message, its length a multiple of 4, as Linux's are. */
  finish(): Uint8Array {
    this.#align();
    this.#dv.setUint32(NLMSGHDR.LENGTH, this.#len, true);
    return this.#bytes.subarray(0, this.#len);
  }
}
