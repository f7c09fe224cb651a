/**
 * What IPv6 scripts call the two ends of the link, and the numbers that they write as words.
 *
 * @module
 */
import { IpAddress } from "../../../stack/mod.ts";
import { addressFor } from "../../support/families.ts";
import { macText } from "../../support/format.ts";
import { LOCAL_ADDR, LOCAL_MAC, PEER_ADDR, PEER_MAC } from "../../support/rig.ts";

function address(text: string): IpAddress {
  const addr = IpAddress.parse(text);
  if (addr === null || addr.family !== 6) throw new Error(`not an IPv6 address: "${text}"`);
  return addr;
}

/** The link-local addresses are those of the MAC addresses. */
const ADDRESSES: readonly (readonly [string, IpAddress])[] = [
  ["own", addressFor(6, LOCAL_ADDR)],
  ["peer", addressFor(6, PEER_ADDR)],
  ["own-ll", address("fe80::c6ff:fe12:2")],
  ["peer-ll", address("fe80::c6ff:fe12:1")],
];
const MACS: readonly (readonly [string, Uint8Array])[] = [
  ["own-mac", LOCAL_MAC],
  ["peer-mac", PEER_MAC],
];

/** A name, a group of who may have an address ("group(ADDR)"), or the address itself. */
export function parseAddress(text: string): IpAddress {
  const known = ADDRESSES.find(([name]) => name === text);
  if (known !== undefined) return known[1];
  const group = /^group\((.*)\)$/.exec(text);
  if (group !== null) return solicitedGroup(parseAddress(group[1]));
  return address(text);
}

export function addressText(addr: IpAddress): string {
  for (const [name, known] of ADDRESSES) if (known.equals(addr)) return name;
  for (const [name, known] of ADDRESSES) {
    if (solicitedGroup(known).equals(addr)) return `group(${name})`;
  }
  return addr.toString();
}

export function solicitedGroup(addr: IpAddress): IpAddress {
  return IpAddress.fromWords(0xff020000, 0, 1, 0xff000000 | (addr.w3 & 0xffffff));
}

export function addressBytes(addr: IpAddress): number[] {
  const bytes = new Uint8Array(16);
  addr.writeTo(bytes, 0);
  return [...bytes];
}

export function readAddress(bytes: Uint8Array, at: number): IpAddress {
  return IpAddress.read(new DataView(bytes.buffer, bytes.byteOffset), at, 6);
}

export function parseMac(text: string): number[] {
  const known = MACS.find(([name]) => name === text);
  if (known !== undefined) return [...known[1]];
  const parts = text.split(":").map((part) => parseInt(part, 16));
  if (parts.length !== 6 || parts.some(Number.isNaN)) throw new Error(`not a MAC: "${text}"`);
  return parts;
}

export function nameOfMac(mac: Uint8Array): string {
  const text = macText(mac);
  return MACS.find(([, known]) => macText(known) === text)?.[0] ?? text;
}

/** The MAC address to which packets for `dst` go: the group's, or that of the other end. */
export function macFor(dst: IpAddress, other: Uint8Array): Uint8Array {
  const { w3 } = dst;
  return dst.isMulticast ? Uint8Array.of(0x33, 0x33, w3 >>> 24, w3 >>> 16, w3 >>> 8, w3) : other;
}

/** Errors of ICMPv6: type and code (RFC 4443 3, RFC 7112 5), and what the last word is. */
export const ERRORS: Readonly<Record<string, readonly [number, number, "" | "mtu" | "ptr"]>> = {
  no_route: [1, 0, ""],
  prohibited: [1, 1, ""],
  beyond_scope: [1, 2, ""],
  address_unreachable: [1, 3, ""],
  port_unreachable: [1, 4, ""],
  too_big: [2, 0, "mtu"],
  hop_limit_exceeded: [3, 0, ""],
  reassembly_exceeded: [3, 1, ""],
  bad_field: [4, 0, "ptr"],
  bad_next_header: [4, 1, "ptr"],
  bad_option: [4, 2, "ptr"],
  incomplete_chain: [4, 3, "ptr"],
};

export const RECORDS: readonly string[] = [
  "?",
  "IS_IN",
  "IS_EX",
  "TO_IN",
  "TO_EX",
  "ALLOW",
  "BLOCK",
];

/** By the two bits of a router's preference (RFC 4191 2.1). */
export const PREFERENCES: readonly string[] = ["medium", "high", "reserved", "low"];
