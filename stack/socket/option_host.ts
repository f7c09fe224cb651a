/**
 * What the code that sets and gets options needs from a socket. An option's meaning is with whoever
 * reads its field in SocketOptions.
 *
 * @module
 */
import type { SocketOptions } from "../base/socket_options.ts";
import type { Endpoint } from "./api.ts";
import type { Memberships } from "./memberships.ts";
import type { PacketFilter } from "./packet_filter.ts";

/** What the stack tells about interfaces to options that name one. */
export interface InterfaceNames {
  /** 0: there is none. */
  indexOf(name: string): number;
  /** null: there is none. */
  nameOf(index: number): string | null;
  /** The interface that has this int32 address, 0: none. */
  indexOfV4(addr: number): number;
}

/** SO_MEMINFO: bytes received and not handed over, bytes to be sent; datagrams lost. */
export interface MemoryUse {
  readonly heldBytes: number;
  readonly queuedBytes: number;
  readonly dropCount: number;
}

/** A socket, as the options code sees it. */
export interface OptionHost {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  /** To be read; whoever sets one asks `ownOptions`. */
  readonly options: SocketOptions;
  /** The options as this socket's alone: a stream may share them with its listener. */
  ownOptions(): SocketOptions;
  readonly interfaces: InterfaceNames;
  readonly isListening: boolean;
  readonly isBound: boolean;
  /** SO_RCVBUF and SO_SNDBUF as getsockopt shows them; set to what has been doubled and bounded. */
  receiveBuffer: number;
  sendBuffer: number;
  readonly receiveBufferMax: number;
  readonly receiveLowatMax: number;
  /** What IP_TTL is when nobody has set it. */
  readonly defaultTtl: number;
  readonly sendBufferMax: number;
  readonly memoryUse: MemoryUse;
  takeError(): number;
  local(): Endpoint;
  /** null: not connected. */
  remote(): Endpoint | null;
  /** The path MTU towards the peer, 0 when not connected. */
  pathMtu(): number;
  /** Puts changed options into effect. */
  applyOptions(): void;
  /** The multicast groups it has joined; null: it knows none (streams). */
  readonly memberships: Memberships | null;
  /** SO_ATTACH_FILTER; undefined: what this socket receives cannot be filtered. */
  packetFilter?: PacketFilter | null;
  /** ICMP_FILTER, null when the socket has none. */
  icmpFilter: number | null;
  /** ICMP6_FILTER: eight words; null when the socket has none. */
  readonly icmp6Filter: Int32Array | null;
  /** IPV6_CHECKSUM of a raw socket; -1: none. */
  checksumOffset: number;
  /** The program may send packets of its own making (CAP_NET_RAW), as far as is known. */
  readonly mayRaw?: boolean;
  /** IP_RECVERR was turned off: what is queued is dropped. */
  purgeErrorQueue(): void;
}
