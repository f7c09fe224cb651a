/**
 * DHCP messages (RFC 2131 2, RFC 2132): the BOOTP header and its options, as bytes of their own (a
 * few of them in an hour: no hot path).
 *
 *     op htype hlen hops | xid | secs flags | ciaddr | yiaddr | siaddr | giaddr |
 *     chaddr (16) | sname (64) | file (128) | magic cookie | options …
 *
 * A long option may come in parts (RFC 3396), and in the fields `file` and `sname` when option 52
 * says so.
 *
 * @module
 */
import { MAC_LEN } from "./ethernet.ts";

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;
/** What a client must be able to take, IP and UDP header included (RFC 2131 2). */
export const DHCP_MIN_MAX_LEN = 576;

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const HTYPE_ETHERNET = 1;
/** The answer is to be broadcast: before it has an address, a client hears nothing else. */
const FLAG_BROADCAST = 0x8000;

const XID_OFFSET = 4;
const SECS_OFFSET = 8;
const FLAGS_OFFSET = 10;
const CIADDR_OFFSET = 12;
const YIADDR_OFFSET = 16;
const CHADDR_OFFSET = 28;
const SNAME_OFFSET = 44;
const SNAME_LEN = 64;
const FILE_OFFSET = 108;
const FILE_LEN = 128;
const COOKIE_OFFSET = 236;
const OPTIONS_OFFSET = 240;
const MAGIC_COOKIE = 0x63825363;
/** Shorter ones are padded: relays and servers of BOOTP's days drop them (RFC 1542 2.1). */
const MIN_LEN = 300;

/** Message types (option 53). */
export const DHCPDISCOVER = 1;
export const DHCPOFFER = 2;
export const DHCPREQUEST = 3;
export const DHCPDECLINE = 4;
export const DHCPACK = 5;
export const DHCPNAK = 6;
export const DHCPRELEASE = 7;

/** Options (RFC 2132; 119: RFC 3397, 121: RFC 3442). */
export const OPT_SUBNET_MASK = 1;
export const OPT_ROUTER = 3;
export const OPT_DNS_SERVER = 6;
export const OPT_HOST_NAME = 12;
export const OPT_DOMAIN_NAME = 15;
export const OPT_INTERFACE_MTU = 26;
export const OPT_REQUESTED_ADDRESS = 50;
export const OPT_LEASE_TIME = 51;
const OPT_OVERLOAD = 52;
export const OPT_MESSAGE_TYPE = 53;
export const OPT_SERVER_ID = 54;
export const OPT_PARAMETER_LIST = 55;
export const OPT_MAX_MESSAGE_LEN = 57;
export const OPT_RENEWAL_TIME = 58;
export const OPT_REBINDING_TIME = 59;
export const OPT_CLIENT_ID = 61;
export const OPT_DOMAIN_SEARCH = 119;
export const OPT_CLASSLESS_ROUTES = 121;
const OPT_PAD = 0;
const OPT_END = 255;

/** A client's message. Addresses are int32, 0: none. */
export interface DhcpRequest {
  readonly xid: number;
  /** Seconds since the client began. */
  readonly secs: number;
  readonly wantsBroadcast: boolean;
  readonly ciaddr: number;
  readonly mac: Uint8Array;
  /** Code and value, in this order; each up to 255 bytes. */
  readonly options: readonly (readonly [code: number, value: Uint8Array])[];
}

/** A server's message. */
export interface DhcpReply {
  readonly xid: number;
  readonly type: number;
  readonly yiaddr: number;
  readonly mac: Uint8Array;
  /** By code, parts joined. */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

export function encodeDhcp(request: DhcpRequest): Uint8Array {
  const { xid, secs, wantsBroadcast, ciaddr, mac, options } = request;
  const optionsLen = options.reduce((len, [, value]) => len + 2 + value.length, 1);
  const message = new Uint8Array(Math.max(MIN_LEN, OPTIONS_OFFSET + optionsLen));
  const dv = new DataView(message.buffer);
  message.set([BOOTREQUEST, HTYPE_ETHERNET, MAC_LEN, 0]);
  dv.setInt32(XID_OFFSET, xid);
  dv.setUint16(SECS_OFFSET, Math.min(secs, 0xffff));
  dv.setUint16(FLAGS_OFFSET, wantsBroadcast ? FLAG_BROADCAST : 0);
  dv.setInt32(CIADDR_OFFSET, ciaddr);
  message.set(mac.subarray(0, MAC_LEN), CHADDR_OFFSET);
  dv.setUint32(COOKIE_OFFSET, MAGIC_COOKIE);
  let at = OPTIONS_OFFSET;
  for (const [code, value] of options) {
    message.set([code, value.length], at);
    message.set(value, at + 2);
    at += 2 + value.length;
  }
  message[at] = OPT_END;
  return message;
}

/** null: not a DHCP server's message, or a malformed one. */
export function parseDhcpReply(message: Uint8Array): DhcpReply | null {
  if (message.length < OPTIONS_OFFSET) return null;
  const dv = new DataView(message.buffer, message.byteOffset, message.length);
  if (message[0] !== BOOTREPLY || message[1] !== HTYPE_ETHERNET || message[2] !== MAC_LEN) {
    return null;
  }
  if (dv.getUint32(COOKIE_OFFSET) !== MAGIC_COOKIE) return null;
  const options = new Map<number, Uint8Array>();
  if (!collectOptions(message.subarray(OPTIONS_OFFSET), options)) return null;
  const overload = options.get(OPT_OVERLOAD)?.[0] ?? 0;
  const file = message.subarray(FILE_OFFSET, FILE_OFFSET + FILE_LEN);
  if ((overload & 1) !== 0 && !collectOptions(file, options)) return null;
  const sname = message.subarray(SNAME_OFFSET, SNAME_OFFSET + SNAME_LEN);
  if ((overload & 2) !== 0 && !collectOptions(sname, options)) return null;
  const type = options.get(OPT_MESSAGE_TYPE);
  if (type === undefined || type.length !== 1) return null;
  return {
    xid: dv.getInt32(XID_OFFSET),
    type: type[0],
    yiaddr: dv.getInt32(YIADDR_OFFSET),
    mac: message.slice(CHADDR_OFFSET, CHADDR_OFFSET + MAC_LEN),
    options,
  };
}

/** Adds the options of one field; a code seen before goes on (RFC 3396 7). False: malformed. */
function collectOptions(field: Uint8Array, options: Map<number, Uint8Array>): boolean {
  for (let i = 0; i < field.length;) {
    const code = field[i];
    if (code === OPT_END) return true;
    if (code === OPT_PAD) {
      i++;
      continue;
    }
    if (i + 1 >= field.length) return false;
    const end = i + 2 + field[i + 1];
    if (end > field.length) return false;
    const part = field.slice(i + 2, end);
    const before = options.get(code);
    options.set(code, before === undefined ? part : Uint8Array.of(...before, ...part));
    i = end;
  }
  return true;
}
