/**
 * The server's side of DHCPv6, by hand: reads a client's message and builds answers.
 *
 * @module
 */
import { assert } from "@std/assert";
import { IpAddress } from "../../../stack/mod.ts";

export const SERVER_ID = Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 1);
export const OTHER_ID = Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 9);
export const GRANTED = "2001:db8::77";

/** A client's message as a server reads it. */
export interface Seen6 {
  readonly type: number;
  readonly xid: number;
  readonly options: ReadonlyMap<number, Uint8Array>;
  /** null: no association is asked about. */
  readonly iaid: number | null;
  readonly addresses: readonly string[];
}

function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + dv.getUint16(at + 2);
    assert(end <= bytes.length);
    const code = dv.getUint16(at);
    // Addresses of an association are the only ones that come again.
    const key = options.has(code) ? code + 1000 * options.size : code;
    options.set(key, bytes.slice(at + 4, end));
    at = end;
  }
  return options;
}

export function readMessage6(message: Uint8Array): Seen6 {
  const dv = new DataView(message.buffer, message.byteOffset, message.length);
  const options = readOptions(message.slice(4));
  const ia = options.get(3);
  const inner = ia === undefined ? [] : [...readOptions(ia.slice(12)).values()];
  return {
    type: message[0],
    xid: dv.getUint32(0) & 0xffffff,
    options,
    iaid: ia === undefined ? null : new DataView(ia.buffer).getInt32(0),
    addresses: inner.map((value) => IpAddress.read(new DataView(value.buffer), 0, 6).toString()),
  };
}

export function option6(code: number, value: Iterable<number>): number[] {
  const bytes = [...value];
  return [code >> 8, code & 255, bytes.length >> 8, bytes.length & 255, ...bytes];
}

export function u32(n: number): number[] {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

export function bytes16(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  IpAddress.parse(text)!.writeTo(bytes, 0);
  return bytes;
}

export function status6(code: number): number[] {
  return option6(13, [0, code]);
}

export interface Granted6 {
  readonly addr?: string;
  /** Seconds. */
  readonly preferred?: number;
  readonly valid?: number;
}

export interface Answer6 {
  readonly server?: Uint8Array;
  readonly clientId?: Uint8Array;
  readonly xid?: number;
  readonly iaid?: number;
  readonly t1?: number;
  readonly t2?: number;
  /** Default: one, for an hour; []: none. */
  readonly addresses?: readonly Granted6[];
  /** Options inside the association, and outside. */
  readonly inner?: readonly number[];
  readonly outer?: readonly number[];
  /** There is no association in it. */
  readonly isBare?: boolean;
}

/** An Advertise (2) or a Reply (7) to what was seen. */
export function reply6(seen: Seen6, type: number, answer: Answer6 = {}): Uint8Array {
  const { t1 = 0, t2 = 0, addresses = [{}], inner = [], outer = [], isBare = false } = answer;
  const granted = addresses.flatMap(({ addr = GRANTED, preferred = 1800, valid = 3600 }) =>
    option6(5, [...bytes16(addr), ...u32(preferred), ...u32(valid)])
  );
  const ia = [...u32(answer.iaid ?? seen.iaid ?? 0), ...u32(t1), ...u32(t2), ...granted, ...inner];
  const xid = answer.xid ?? seen.xid;
  return Uint8Array.from([
    ...u32((type << 24 | xid) >>> 0),
    ...option6(1, answer.clientId ?? seen.options.get(1)!),
    ...option6(2, answer.server ?? SERVER_ID),
    ...isBare ? [] : option6(3, ia),
    ...outer,
  ]);
}
