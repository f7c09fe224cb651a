/**
 * The server's side of DHCP, by hand: reads a client's message and builds answers.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { DHCPACK, DHCPOFFER } from "../../../stack/wire/dhcp.ts";

const OPTIONS = 240;

/** A client's message as a server reads it. */
export interface Seen {
  readonly xid: number;
  readonly secs: number;
  readonly wantsBroadcast: boolean;
  readonly ciaddr: number;
  readonly mac: Uint8Array;
  readonly type: number;
  readonly options: ReadonlyMap<number, Uint8Array>;
}

export function readRequest(message: Uint8Array): Seen {
  const dv = new DataView(message.buffer, message.byteOffset, message.length);
  assertEquals([...message.subarray(0, 4)], [1, 1, 6, 0]);
  assertEquals(dv.getUint32(236), 0x63825363);
  const options = new Map<number, Uint8Array>();
  for (let i = OPTIONS; message[i] !== 255; i += 2 + message[i + 1]) {
    options.set(message[i], message.slice(i + 2, i + 2 + message[i + 1]));
  }
  return {
    xid: dv.getInt32(4),
    secs: dv.getUint16(8),
    wantsBroadcast: dv.getUint16(10) === 0x8000,
    ciaddr: dv.getInt32(12),
    mac: message.slice(28, 34),
    type: options.get(53)![0],
    options,
  };
}

export function address(text: string): Uint8Array {
  return Uint8Array.from(text.split("."), Number);
}

export function seconds(s: number): Uint8Array {
  return Uint8Array.of(s >>> 24, s >>> 16, s >>> 8, s);
}

export const SERVER = "198.18.0.1";
export const OFFERED = "198.18.0.77";

export interface Answer {
  readonly yiaddr?: string;
  readonly xid?: number;
  readonly mac?: Uint8Array;
  /** Instead of, or besides, mask, server, and an hour's lease; null: left out. */
  readonly options?: Readonly<Record<number, Uint8Array | null>>;
}

/** A server's message of `type` to what was seen. */
export function reply(seen: Seen, type: number, answer: Answer = {}): Uint8Array {
  const isGrant = type === DHCPOFFER || type === DHCPACK;
  const grant: Record<number, Uint8Array> = isGrant
    ? { 1: address("255.255.255.0"), 51: seconds(3600) }
    : {};
  const options: Record<number, Uint8Array | null> = {
    53: Uint8Array.of(type),
    54: address(SERVER),
    ...grant,
    ...answer.options,
  };
  const bytes = [...new Uint8Array(OPTIONS)];
  const set = (at: number, values: Iterable<number>) =>
    [...values].forEach((v, i) => bytes[at + i] = v);
  set(0, [2, 1, 6, 0]);
  set(4, seconds(answer.xid ?? seen.xid));
  if (isGrant) set(16, address(answer.yiaddr ?? OFFERED));
  set(28, answer.mac ?? seen.mac);
  set(236, [0x63, 0x82, 0x53, 0x63]);
  for (const [code, value] of Object.entries(options)) {
    if (value !== null) bytes.push(Number(code), value.length, ...value);
  }
  return Uint8Array.from([...bytes, 255]);
}
