/**
 * The options at IPPROTO_IPV6 that say what headers go with all that a socket sends: IPV6_HOPOPTS,
 * IPV6_RTHDRDSTOPTS, IPV6_RTHDR, IPV6_DSTOPTS (RFC 3542 6 to 9), or all at once as control messages
 * (IPV6_2292PKTOPTIONS, RFC 2292); and leases of flow labels (IPV6_FLOWLABEL_MGR).
 *
 * Of streams they are refused: a device cuts segments by a header of the usual length. So are
 * routing headers, of which no type is known (RFC 5095), and leases.
 *
 * @module
 */
import { EINVAL, ENOBUFS, ENOENT, ENOPROTOOPT, ESRCH } from "../base/errno.ts";
import { type Headers6, HEADERS6_MAX_LEN, headers6Len, NO_HEADERS6 } from "../base/packet_shape.ts";
import * as c from "../base/socket_constants.ts";
import { Ancillary, controlMessage } from "./ancillary.ts";
import { intBytes, readInt } from "./option_codec.ts";
import type { OptionHost } from "./option_host.ts";

/** Of one sticky header. */
const STICKY_MAX_LEN = 8 * 255;
const PACKET_OPTIONS_MAX_LEN = 64 * 1024;

/** struct in6_flowlabel_req: destination, label, action, share, flags, times. */
export const FLOW_REQUEST_LEN = 32;
const FLOW_LABEL_OFF = 16;
const FLOW_ACTION_OFF = 20;
const FLOW_FLAGS_OFF = 22;
const FLOW_GET = 0;
const FLOW_RENEW = 2;
const FLOW_F_CREATE = 1;

const PLACES: { readonly [name: number]: keyof Headers6 } = {
  [c.IPV6_HOPOPTS]: "hopByHop",
  [c.IPV6_RTHDRDSTOPTS]: "routerDestination",
  [c.IPV6_RTHDR]: "routing",
  [c.IPV6_DSTOPTS]: "destination",
};

/** Whether the option is one header. */
export function isHeaderOption(name: number): boolean {
  return PLACES[name] !== undefined;
}

/** No value: none any more. */
export function setHeader(host: OptionHost, name: number, value: Uint8Array): number {
  const { options } = host;
  const place = PLACES[name];
  if (value.length > 0) {
    if (name === c.IPV6_RTHDR) return -EINVAL;
    if (host.type === c.SOCK_STREAM) return -ENOPROTOOPT;
    if ((value.length & 7) !== 0 || value.length > STICKY_MAX_LEN) return -EINVAL;
    if ((value[1] + 1) << 3 > value.length) return -EINVAL;
  }
  const header = value.length === 0 ? null : value.slice(0, (value[1] + 1) << 3);
  const all: Headers6 = { ...options.headers6, [place]: header };
  const len = headers6Len(all);
  if (len > HEADERS6_MAX_LEN) return -ENOBUFS;
  options.headers6 = len === 0 ? NO_HEADERS6 : all;
  return 0;
}

export function getHeader({ options }: OptionHost, name: number): Uint8Array {
  return options.headers6[PLACES[name]] ?? new Uint8Array(0);
}

/** IPV6_2292PKTOPTIONS: control messages, of which the headers stay. */
export function setPacketOptions(host: OptionHost, value: Uint8Array): number {
  if (value.length > PACKET_OPTIONS_MAX_LEN) return -EINVAL;
  const found = new Ancillary();
  const dv = new DataView(value.buffer, value.byteOffset, value.length);
  const result = found.read(dv, 0, value.length, true);
  if (result !== 0) return result;
  if (found.headers6 !== NO_HEADERS6 && host.type === c.SOCK_STREAM) return -ENOPROTOOPT;
  host.options.headers6 = found.headers6;
  return 0;
}

/** The same of a stream: what its packets would bring (Linux, without any kept). */
export function packetOptions(host: OptionHost): Uint8Array {
  const { options } = host;
  const { multicastIfIndex6: group, stickySource6: source } = options;
  const info = new Uint8Array(20);
  if (group !== 0) host.remote()?.addr.writeTo(info, 0);
  else source?.writeTo(info, 0);
  info.set(intBytes(group || options.stickyIfIndex6), 16);
  const hops = intBytes(options.multicastHops6);
  const messages: Uint8Array[] = [];
  const put = (isOn: boolean, type: number, data: Uint8Array) => {
    if (isOn) messages.push(controlMessage(c.IPPROTO_IPV6, type, data));
  };
  put(options.recvPktInfo6, c.IPV6_PKTINFO, info);
  put(options.recvHopLimit6, c.IPV6_HOPLIMIT, hops);
  put(options.recvTclass6, c.IPV6_TCLASS, intBytes(0));
  put(options.recvPktInfo2292, c.IPV6_2292PKTINFO, info);
  put(options.recvHopLimit2292, c.IPV6_2292HOPLIMIT, hops);
  put(options.recvFlowInfo6, c.IPV6_FLOWINFO, intBytes(0));
  return Uint8Array.from(messages.flatMap((message) => [...message]));
}

/** IPV6_FLOWLABEL_MGR: nobody has a lease, and none is given. */
export function changeFlowLabel(value: Uint8Array): number {
  if (value.length < FLOW_REQUEST_LEN) return -EINVAL;
  const action = value[FLOW_ACTION_OFF];
  if (action > FLOW_RENEW) return -EINVAL;
  if (action !== FLOW_GET) return -ESRCH;
  if (value[FLOW_LABEL_OFF] !== 0 || (value[FLOW_LABEL_OFF + 1] & 0xf0) !== 0) return -EINVAL;
  const flags = readInt(value, FLOW_FLAGS_OFF) & 0xffff;
  return (flags & FLOW_F_CREATE) === 0 ? -ENOENT : -ENOBUFS;
}

/** Which of the socket's leases is in use: none is. */
export function askFlowLabel(asked: Uint8Array): number {
  return (asked[FLOW_ACTION_OFF] ?? FLOW_GET) === FLOW_GET ? -ENOENT : -EINVAL;
}
