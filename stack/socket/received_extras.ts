/**
 * Control messages of received datagrams that have no place in the header of a record: extension
 * headers and flow information of IPv6 (RFC 3542, and by the names of RFC 2292), options of IPv4
 * (ip(7): IP_RECVOPTS, IP_RETOPTS), the path MTU. They wait here, by a number that is in the
 * record, until whoever reads it asks for them.
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";
import type { Route } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import * as c from "../base/socket_constants.ts";
import type { SocketOptions } from "../base/socket_options.ts";
import { IpAddress } from "../base/ip_address.ts";
import { IPV4_HEADER_LEN } from "../wire/ipv4.ts";
import {
  IPV6_HEADER_LEN,
  IPV6_NEXT_HEADER_OFFSET,
  NEXT_DESTINATION,
  NEXT_FRAGMENT,
  NEXT_HOP_BY_HOP,
  NEXT_ROUTING,
} from "../wire/ipv6.ts";
import { FRAGMENT_HEADER_LEN } from "../wire/ipv6_extension.ts";
import { controlMessage } from "./ancillary.ts";
import { emitEmpty } from "./datagram_header.ts";
import { echoIpOptions, receivedIpOptions } from "./ip_options.ts";
import { intBytes } from "./option_codec.ts";
import type { ReceiveQueue } from "./receive_queue.ts";
import type { SocketEnv } from "./socket_env.ts";

/** More wait for nobody: the oldest are dropped. */
const KEPT_MAX = 1024;
const FLOW_INFO_MASK = 0x0fffffff;
/** struct ip6_mtuinfo: a sockaddr_in6, then the MTU. */
export const MTU_INFO_LEN = 32;
const SOCKADDR_IN6_LEN = 28;

export class ReceivedExtras {
  readonly #kept = new Map<number, Uint8Array>();
  #lastId = 0;
  /** Some option asks for some of them. */
  #isWanted = false;

  constructor(readonly env: SocketEnv, readonly options: SocketOptions) {}

  /** Options have changed. */
  refresh(): void {
    const o = this.options;
    this.#isWanted = o.recvHopOpts6 || o.recvRtHdr6 || o.recvDstOpts6 || o.recvFlowInfo6 ||
      o.recvOrigDst6 || o.recvPktInfo2292 || o.recvHopLimit2292 || o.recvHopOpts2292 ||
      o.recvRtHdr2292 || o.recvDstOpts2292 || o.recvOpts || o.retOpts;
  }

  /** The number of those that the packet has and the options ask for; 0: there are none. */
  of(pkt: Packet): number {
    if (!this.#isWanted) return 0;
    const messages = pkt.family === 4 ? this.#ofV4(pkt) : ofV6(this.env.memory, pkt, this.options);
    return messages.length === 0 ? 0 : this.#keep(join(messages));
  }

  /** IPV6_RECVPATHMTU: a record without payload, that a datagram was too long for `route`. */
  tellPathMtu({ dst, mtu, ifIndex }: Route, queue: ReceiveQueue): void {
    const record = queue.records.push(0);
    if (record < 0) return;
    const info = new Uint8Array(MTU_INFO_LEN);
    info.set(sockaddr6(dst, 0, dst.isLinkLocal ? ifIndex : 0));
    info.set(intBytes(mtu), SOCKADDR_IN6_LEN);
    const id = this.#keep(controlMessage(c.IPPROTO_IPV6, c.IPV6_PATHMTU, info));
    emitEmpty(this.env.memory, record, dst, ifIndex, id);
  }

  /** The control messages of this number; read again only if they stay (MSG_PEEK). */
  take(id: number, stays: boolean): Uint8Array | null {
    const found = this.#kept.get(id) ?? null;
    if (!stays) this.#kept.delete(id);
    return found;
  }

  #keep(messages: Uint8Array): number {
    this.#lastId = (this.#lastId % 0x7fffffff) + 1;
    this.#kept.set(this.#lastId, messages);
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    return this.#lastId;
  }

  #ofV4(pkt: Packet): Uint8Array[] {
    const { options, env: { memory, network, clock } } = this;
    const headerLen = pkt.transportOff - pkt.networkOff;
    if (headerLen <= IPV4_HEADER_LEN) return [];
    const header = memory.u8.slice(pkt.networkOff, pkt.transportOff);
    const isOurs = (addr: number) => network.isLocal(IpAddress.v4(addr));
    const seen = receivedIpOptions(header, pkt.dst3, pkt.nowUs + clock.offsetUs, isOurs);
    const messages: Uint8Array[] = [];
    if (options.recvOpts) messages.push(controlMessage(c.IPPROTO_IP, c.IP_RECVOPTS, seen));
    if (options.retOpts) {
      messages.push(controlMessage(c.IPPROTO_IP, c.IP_RETOPTS, echoIpOptions(seen)));
    }
    return messages;
  }
}

/** In Linux's order. */
function ofV6({ dv, u8 }: Memory, pkt: Packet, o: SocketOptions): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const put = (type: number, data: Uint8Array) =>
    messages.push(controlMessage(c.IPPROTO_IPV6, type, data));
  const flowInfo = dv.getInt32(pkt.networkOff) & FLOW_INFO_MASK;
  if (o.recvFlowInfo6 && flowInfo !== 0) {
    put(c.IPV6_FLOWINFO, u8.slice(pkt.networkOff, pkt.networkOff + 4));
    messages.at(-1)![16] &= 0x0f;
  }
  const headers = extensionsOf(dv, u8, pkt);
  const hop = headers.find(([kind]) => kind === NEXT_HOP_BY_HOP)?.[1];
  if (o.recvHopOpts6 && hop !== undefined) put(c.IPV6_HOPOPTS, hop);
  for (const [kind, header] of headers) {
    if (kind === NEXT_DESTINATION && o.recvDstOpts6) put(c.IPV6_DSTOPTS, header);
    if (kind === NEXT_ROUTING && o.recvRtHdr6) put(c.IPV6_RTHDR, header);
  }
  if (o.recvPktInfo2292) {
    const at = pkt.networkOff + IPV6_HEADER_LEN;
    const info = [...u8.subarray(at - 16, at), ...intBytes(pkt.ifIndex)];
    put(c.IPV6_2292PKTINFO, Uint8Array.from(info));
  }
  if (o.recvHopLimit2292) put(c.IPV6_2292HOPLIMIT, intBytes(pkt.ttl));
  if (o.recvHopOpts2292 && hop !== undefined) put(c.IPV6_2292HOPOPTS, hop);
  for (const [kind, header] of headers) {
    if (kind === NEXT_DESTINATION && o.recvDstOpts2292) put(c.IPV6_2292DSTOPTS, header);
    if (kind === NEXT_ROUTING && o.recvRtHdr2292) put(c.IPV6_2292RTHDR, header);
  }
  if (o.recvOrigDst6 && pkt.transportOff + 4 <= pkt.endOff) {
    const { dst0, dst1, dst2, dst3 } = pkt;
    const dst = IpAddress.fromWords(dst0, dst1, dst2, dst3);
    const port = dv.getUint16(pkt.transportOff + 2);
    put(c.IPV6_ORIGDSTADDR, sockaddr6(dst, port, dst.isLinkLocal ? pkt.ifIndex : 0));
  }
  return messages;
}

/** The extension headers that a host reads, each with its kind; they are well formed. */
function extensionsOf(dv: DataView, u8: Uint8Array, pkt: Packet): [number, Uint8Array][] {
  const found: [number, Uint8Array][] = [];
  let kind = dv.getUint8(pkt.networkOff + IPV6_NEXT_HEADER_OFFSET);
  for (let at = pkt.networkOff + IPV6_HEADER_LEN; at < pkt.transportOff;) {
    const isFragment = kind === NEXT_FRAGMENT;
    const len = isFragment ? FRAGMENT_HEADER_LEN : (u8[at + 1] + 1) << 3;
    if (!isFragment) found.push([kind, u8.slice(at, at + len)]);
    kind = u8[at];
    at += len;
  }
  return found;
}

function sockaddr6(addr: IpAddress, port: number, scopeId: number): Uint8Array {
  const name = new Uint8Array(SOCKADDR_IN6_LEN);
  const dv = new DataView(name.buffer);
  dv.setUint16(0, c.AF_INET6, true);
  dv.setUint16(2, port);
  addr.writeTo(name, 8);
  dv.setUint32(24, scopeId, true);
  return name;
}

function join(messages: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [...message]));
}
