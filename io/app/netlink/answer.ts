/**
 * What a handler of netlink requests gives back, and what it works on.
 *
 * @module
 */
import { EOPNOTSUPP, IpAddress, type Socket, type Stack } from "../../../stack/mod.ts";
import type { NetlinkRequest } from "./message.ts";

/** clock_t, in which Linux tells times, microseconds. */
const TICK_US = 10_000;

/** A span of time in whole ticks; 0 when it is over. */
export function ticks(us: number): number {
  return Math.max(0, Math.floor(us / TICK_US));
}

/** Why a request is refused, in a word for the person (extended acknowledgment). */
export class Refusal {
  /** `errno`: positive. */
  constructor(readonly errno: number, readonly text: string) {}
}

/** What the stack has not, in that word. */
export function unsupported(what: string): Refusal {
  return new Refusal(EOPNOTSUPP, `nuse has no ${what}`);
}

/** Messages; 0: nothing but an acknowledgment, if one is asked for; or -errno. */
export type Answer = readonly Uint8Array[] | number | Refusal;

/** What the answers are made of. */
export interface NetlinkSource {
  readonly stack: Stack;
  readonly nowUs: number;
  /** The inode of the program's end of a socket's pair; 0: no program has it. */
  inodeOf(socket: Socket | null): number;
  /** The user that has made it. */
  uidOf(socket: Socket | null): number;
  /** `ss -K` of a listener: 0, or -ENOENT: it is none any more. */
  endListener(socket: Socket | null): number;
}

export type Handler = (source: NetlinkSource, request: NetlinkRequest) => Answer;

/** The address as the attribute has it: 4 or 16 bytes. */
export function addressBytes(addr: IpAddress): Uint8Array {
  const bytes = new Uint8Array(addr.family === 4 ? 4 : 16);
  addr.writeTo(bytes, 0);
  return bytes;
}

/** Of 4 or 16 bytes; null: it is none. */
export function addressOfBytes(bytes: Uint8Array | null): IpAddress | null {
  if (bytes === null || (bytes.length !== 4 && bytes.length !== 16)) return null;
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return IpAddress.read(dv, 0, bytes.length === 4 ? 4 : 6);
}
