/**
 * DHCPv6 messages (RFC 9915 8, 21), as bytes of their own: a few of them in an hour, no hot path.
 *
 *     type | transaction id (3 bytes) | options …
 *     an option: code (2) | length (2) | value; addresses lie in an IA's, status codes in either
 *
 * What a server, or whoever plays one, can put into a message is bounded: so many addresses and
 * names are read, and no more.
 *
 * @module
 */
import { IpAddress } from "../base/ip_address.ts";
import { readDomainNames } from "./domain_names.ts";

export const DHCP6_CLIENT_PORT = 546;
export const DHCP6_SERVER_PORT = 547;
/** All servers and relays of the link (RFC 9915 7.1). */
export const ALL_DHCP6_SERVERS: IpAddress = IpAddress.parse("ff02::1:2")!;

/** Message types (RFC 9915 7.3). */
export const DHCP6_SOLICIT = 1;
export const DHCP6_ADVERTISE = 2;
export const DHCP6_REQUEST = 3;
export const DHCP6_RENEW = 5;
export const DHCP6_REBIND = 6;
export const DHCP6_REPLY = 7;
export const DHCP6_RELEASE = 8;
export const DHCP6_DECLINE = 9;
export const DHCP6_INFORMATION_REQUEST = 11;

/** Options (RFC 9915 21; 23, 24: RFC 3646; 39: RFC 4704). */
export const OPT6_CLIENT_ID = 1;
export const OPT6_SERVER_ID = 2;
export const OPT6_IA_NA = 3;
export const OPT6_IA_ADDRESS = 5;
export const OPT6_REQUEST = 6;
export const OPT6_PREFERENCE = 7;
export const OPT6_ELAPSED_TIME = 8;
export const OPT6_STATUS_CODE = 13;
export const OPT6_RAPID_COMMIT = 14;
export const OPT6_DNS_SERVERS = 23;
export const OPT6_DOMAIN_LIST = 24;
export const OPT6_REFRESH_TIME = 32;
export const OPT6_CLIENT_FQDN = 39;
export const OPT6_SOL_MAX_RT = 82;
export const OPT6_INF_MAX_RT = 83;

/** Status codes (RFC 9915 21.13). */
export const STATUS6_SUCCESS = 0;
export const STATUS6_UNSPEC_FAIL = 1;
export const STATUS6_NO_ADDRS_AVAIL = 2;
export const STATUS6_NO_BINDING = 3;
export const STATUS6_NOT_ON_LINK = 4;

const HEADER_LEN = 4;
const OPTION_HEADER_LEN = 4;
/** Identifier, T1, T2. */
const IA_HEADER_LEN = 12;
/** Address and two lifetimes. */
const IA_ADDRESS_LEN = 24;
const ADDRESS_LEN = 16;
/** RFC 9915 11.1. */
const DUID_LEN_MAX = 130;
const DUID_LEN_MIN = 3;

/** Of one IA, of one message, of one list: what is beyond is not read. */
const ADDRESSES_MAX = 8;
const SERVERS_MAX = 8;
const NAMES_MAX = 16;

export interface Dhcp6Address {
  readonly addr: IpAddress;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
}

/** An identity association for addresses (RFC 9915 21.4). */
export interface Dhcp6Association {
  readonly t1Seconds: number;
  readonly t2Seconds: number;
  readonly status: number;
  readonly addresses: readonly Dhcp6Address[];
}

/** A server's message. */
export interface Dhcp6Reply {
  readonly type: number;
  readonly xid: number;
  readonly clientId: Uint8Array;
  readonly serverId: Uint8Array;
  readonly preference: number;
  readonly isRapid: boolean;
  readonly status: number;
  /** null: none with the client's identifier. */
  readonly association: Dhcp6Association | null;
  readonly nameservers: readonly IpAddress[];
  readonly search: readonly string[];
  /** Seconds; null: not said. */
  readonly refreshSeconds: number | null;
  readonly solMaxRtSeconds: number | null;
  readonly infMaxRtSeconds: number | null;
}

export type Dhcp6Option = readonly [code: number, value: Uint8Array];

export function encodeDhcp6(type: number, xid: number, options: readonly Dhcp6Option[]) {
  const body = encodeOptions(options);
  const message = new Uint8Array(HEADER_LEN + body.length);
  new DataView(message.buffer).setUint32(0, (type << 24 | (xid & 0xffffff)) >>> 0);
  message.set(body, HEADER_LEN);
  return message;
}

function encodeOptions(options: readonly Dhcp6Option[]): Uint8Array {
  const len = options.reduce((sum, [, value]) => sum + OPTION_HEADER_LEN + value.length, 0);
  const all = new Uint8Array(len);
  const dv = new DataView(all.buffer);
  let at = 0;
  for (const [code, value] of options) {
    dv.setUint16(at, code);
    dv.setUint16(at + 2, value.length);
    all.set(value, at + OPTION_HEADER_LEN);
    at += OPTION_HEADER_LEN + value.length;
  }
  return all;
}

/** An IA's value, its addresses without lifetimes: that is up to the server (RFC 9915 18.2.4). */
export function encodeAssociation(iaid: number, addresses: readonly IpAddress[]): Uint8Array {
  const options = encodeOptions(addresses.map((addr): Dhcp6Option => {
    const value = new Uint8Array(IA_ADDRESS_LEN);
    addr.writeTo(value, 0);
    return [OPT6_IA_ADDRESS, value];
  }));
  const value = new Uint8Array(IA_HEADER_LEN + options.length);
  new DataView(value.buffer).setInt32(0, iaid);
  value.set(options, IA_HEADER_LEN);
  return value;
}

/**
 * Reads an Advertise or a Reply, of the association `iaid` only. null: it is neither, or malformed,
 * or does not say of whom and for whom it is (RFC 9915 16.3, 16.10).
 */
export function parseDhcp6Reply(message: Uint8Array, iaid: number): Dhcp6Reply | null {
  if (message.length < HEADER_LEN) return null;
  const word = new DataView(message.buffer, message.byteOffset).getUint32(0);
  const type = word >>> 24;
  if (type !== DHCP6_ADVERTISE && type !== DHCP6_REPLY) return null;
  const options = readOptions(message.subarray(HEADER_LEN));
  if (options === null) return null;
  const first = (code: number) => options.find((option) => option[0] === code)?.[1];
  const [clientId, serverId] = [first(OPT6_CLIENT_ID), first(OPT6_SERVER_ID)];
  if (!isDuid(clientId) || !isDuid(serverId)) return null;
  const association = associationOf(options, iaid);
  if (association === undefined) return null;
  return {
    type,
    xid: word & 0xffffff,
    clientId: clientId.slice(),
    serverId: serverId.slice(),
    preference: first(OPT6_PREFERENCE)?.at(0) ?? 0,
    isRapid: first(OPT6_RAPID_COMMIT) !== undefined,
    status: statusOf(options),
    association,
    nameservers: addressList(first(OPT6_DNS_SERVERS)),
    search: readDomainNames(first(OPT6_DOMAIN_LIST) ?? new Uint8Array(), NAMES_MAX),
    refreshSeconds: uint32(first(OPT6_REFRESH_TIME)),
    solMaxRtSeconds: uint32(first(OPT6_SOL_MAX_RT)),
    infMaxRtSeconds: uint32(first(OPT6_INF_MAX_RT)),
  };
}

/** null: one goes beyond the end. */
function readOptions(bytes: Uint8Array): Dhcp6Option[] | null {
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const options: Dhcp6Option[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + OPTION_HEADER_LEN > bytes.length) return null;
    const end = at + OPTION_HEADER_LEN + dv.getUint16(at + 2);
    if (end > bytes.length) return null;
    options.push([dv.getUint16(at), bytes.subarray(at + OPTION_HEADER_LEN, end)]);
    at = end;
  }
  return options;
}

/** null: there is none; undefined: it is malformed. */
function associationOf(
  options: readonly Dhcp6Option[],
  iaid: number,
): Dhcp6Association | null | undefined {
  for (const [code, value] of options) {
    if (code !== OPT6_IA_NA) continue;
    if (value.length < IA_HEADER_LEN) return undefined;
    const dv = new DataView(value.buffer, value.byteOffset, value.length);
    if (dv.getInt32(0) !== (iaid | 0)) continue;
    const inner = readOptions(value.subarray(IA_HEADER_LEN));
    if (inner === null) return undefined;
    const t1Seconds = dv.getUint32(4);
    const t2Seconds = dv.getUint32(8);
    return { t1Seconds, t2Seconds, status: statusOf(inner), addresses: leased(inner) };
  }
  return null;
}

/** Those that a host can have, with lifetimes that can be (RFC 9915 21.6). */
function leased(options: readonly Dhcp6Option[]): Dhcp6Address[] {
  const all: Dhcp6Address[] = [];
  for (const [code, value] of options) {
    if (code !== OPT6_IA_ADDRESS || value.length < IA_ADDRESS_LEN) continue;
    const dv = new DataView(value.buffer, value.byteOffset, value.length);
    const addr = IpAddress.read(dv, 0, 6);
    const preferredSeconds = dv.getUint32(ADDRESS_LEN);
    const validSeconds = dv.getUint32(ADDRESS_LEN + 4);
    const inner = readOptions(value.subarray(IA_ADDRESS_LEN));
    if (!addr.isHost6 || addr.isLinkLocal || preferredSeconds > validSeconds || inner === null) {
      continue;
    }
    if (statusOf(inner) !== STATUS6_SUCCESS || all.some((known) => known.addr.equals(addr))) {
      continue;
    }
    if (all.length < ADDRESSES_MAX) all.push({ addr, preferredSeconds, validSeconds });
  }
  return all;
}

function statusOf(options: readonly Dhcp6Option[]): number {
  const value = options.find(([code]) => code === OPT6_STATUS_CODE)?.[1];
  if (value === undefined) return STATUS6_SUCCESS;
  return value.length < 2 ? STATUS6_UNSPEC_FAIL : value[0] << 8 | value[1];
}

function isDuid(value: Uint8Array | undefined): value is Uint8Array {
  return value !== undefined && value.length >= DUID_LEN_MIN && value.length <= DUID_LEN_MAX;
}

/** Name servers; one on the link may be a neighbour (RFC 3646 3). */
function addressList(value: Uint8Array = new Uint8Array()): IpAddress[] {
  const dv = new DataView(value.buffer, value.byteOffset, value.length);
  const all: IpAddress[] = [];
  for (let at = 0; at + ADDRESS_LEN <= value.length; at += ADDRESS_LEN) {
    all.push(IpAddress.read(dv, at, 6));
  }
  return all.filter(({ isHost6 }) => isHost6).slice(0, SERVERS_MAX);
}

function uint32(value: Uint8Array | undefined): number | null {
  if (value === undefined || value.length !== 4) return null;
  return new DataView(value.buffer, value.byteOffset, 4).getUint32(0);
}
