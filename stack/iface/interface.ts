/**
 * A network interface: a link device, its addresses and groups, and its queue of frames to send.
 *
 * The stack owns the queue (`tx`) and empties it through `LinkDevice.transmit`, once per flush or
 * when it is full. Index 1 is the loopback.
 *
 * @module
 */
import { DeviceCounters } from "../base/counters.ts";
import { TxFrames } from "../base/frames.ts";
import type { Memory } from "../base/memory.ts";
import { macHi, macLo } from "../wire/ethernet.ts";
import { IpAddress } from "../base/ip_address.ts";

/** What the device does for us. */
export interface DeviceCaps {
  /** Finishes L4 checksums of CSUM_PARTIAL rows. */
  readonly csum: boolean;
  /** Segments GSO_TCPV4 rows. */
  readonly tso: boolean;
  /** Segments GSO_UDP_L4 rows. */
  readonly uso: boolean;
  /** Longest IP packet it segments, bytes, at most 65535. */
  readonly gsoMaxBytes: number;
  /** One neighbour takes longer ones whole, of TCP over IPv4. */
  readonly long?: LongPackets;
}

/** Beyond that neighbour they would have to be cut, by who is not good at it. */
export interface LongPackets {
  readonly to: IpAddress;
  readonly maxBytes: number;
}

/** The sending side of a device: all that the stack knows of it. */
export interface LinkDevice {
  readonly caps: DeviceCaps;
  /** Largest IP packet, bytes. */
  readonly mtu: number;
  /** It hears packets only to the addresses that it was opened with. Default: to all. */
  readonly isAddressBound?: boolean;
  /**
   * Sends every row of `tx` and counts what it had to drop; the stack resets `tx.count` afterwards.
   */
  transmit(tx: TxFrames): void;
}

/** Sees what goes out. */
export interface TransmitTap {
  /** All rows, before the device gets them. */
  sent(tx: TxFrames): void;
}

export interface InterfaceAddress {
  readonly addr: IpAddress;
  readonly prefixLen: number;
  /** The subnet's broadcast address; null where there is none (/31, /32, IPv6, loopback). */
  readonly broadcast: IpAddress | null;
  /** IPv6: not to be chosen for what is new (RFC 4862 5.5.4). */
  isDeprecated?: boolean;
  /** Given for a time (address_lifetimes.ts). Default: for ever. */
  preferredUntilUs?: number;
  validUntilUs?: number;
  /** IPv6: for a time, so that nobody knows the host by it (RFC 8981). */
  isTemporary?: boolean;
}

export const IFF_UP = 0x1;
export const IFF_BROADCAST = 0x2;
export const IFF_LOOPBACK = 0x8;
export const IFF_RUNNING = 0x40;
export const IFF_MULTICAST = 0x1000;

export interface InterfaceOptions {
  readonly name: string;
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly link: LinkDevice;
  readonly mtu?: number;
  readonly caps?: DeviceCaps;
}

/** The all-hosts group, 224.0.0.1: joined everywhere (RFC 1112 4). */
const ALL_HOSTS_GROUP = 0xe0000001 | 0;
/** First words of ff02::1 and ff01::1. */
const ALL_NODES_WORD = 0xff020000 | 0;
const OWN_NODE_WORD = 0xff010000 | 0;

export class Interface {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly macHi: number;
  readonly macLo: number;
  /** At most the device's; changed by NetworkLayer.setMtu. */
  mtu: number;
  /** Its link-local address is somebody else's: it has no IPv6 (RFC 4862 5.4.5). */
  isIpv6Off = false;
  /** Of IPv6 packets, where it is less: as the link's routers say (RFC 4861 4.6.4). */
  mtu6 = Infinity;
  /** Of two addresses alike the temporary one is chosen (RFC 6724 5, rule 7). */
  prefersTemporary = false;
  readonly caps: DeviceCaps;
  readonly link: LinkDevice;
  readonly tx: TxFrames;
  readonly addresses: InterfaceAddress[] = [];
  /** VLANs on this link whose frames come in by it with their tag, by id; null: none. */
  vlans: Map<number, Interface> | null = null;
  /** null: nobody looks. */
  tap: TransmitTap | null = null;
  /** Frames come and go; changed by setInterfaceUp (link_state.ts). */
  isUp = true;
  rxPackets = 0;
  rxBytes = 0;
  /** Frames received and thrown away by link or network layer. */
  rxDropped = 0;
  /** Frames handed to the device; those that it cuts up count once. */
  txPackets = 0;
  txBytes = 0;
  /** Packets that we could not queue. */
  txDropped = 0;
  /** Multicast groups joined: int32 group → number of members. */
  readonly #groups = new Map<number, number>();
  /** IPv6 groups joined: a few, walked faster than looked up. */
  readonly #groups6: { readonly addr: IpAddress; members: number }[] = [];

  constructor(
    readonly index: number,
    options: InterfaceOptions,
    memory: Memory,
    txRows: number,
    readonly isLoopback = false,
    /** Counters of all devices together. */
    readonly totals: DeviceCounters = new DeviceCounters(),
  ) {
    this.name = options.name;
    this.mac = options.mac.slice(0, 6);
    this.macHi = macHi(this.mac);
    this.macLo = macLo(this.mac);
    this.link = options.link;
    this.mtu = options.mtu ?? options.link.mtu;
    this.caps = options.caps ?? options.link.caps;
    this.tx = new TxFrames(memory, txRows);
  }

  /** As SIOCGIFFLAGS gives them. */
  get flags(): number {
    const common = this.isUp ? IFF_UP | IFF_RUNNING : 0;
    return this.isLoopback ? common | IFF_LOOPBACK : common | IFF_BROADCAST | IFF_MULTICAST;
  }

  /** Hands everything queued to the device. */
  transmit(): void {
    const tx = this.tx;
    if (tx.count === 0) return;
    if (this.isUp) {
      this.#count(tx);
      if (this.tap !== null) this.tap.sent(tx);
      this.link.transmit(tx);
    } else this.txDropped += tx.count;
    tx.count = 0;
    tx.epoch++;
  }

  /** Only now: until it is transmitted, a row may grow by further datagrams. */
  #count(tx: TxFrames): void {
    let bytes = 0;
    for (let row = 0; row < tx.count; row++) bytes += tx.frameLen(row);
    this.txPackets += tx.count;
    this.txBytes += bytes;
    this.totals.txPackets += tx.count;
    this.totals.txBytes += bytes;
  }

  findAddress(addr: IpAddress): InterfaceAddress | null {
    for (const entry of this.addresses) if (entry.addr.equals(addr)) return entry;
    return null;
  }

  /** Its IPv6 address of the link; null: it has none. */
  get linkLocal6(): IpAddress | null {
    for (const { addr } of this.addresses) if (addr.family === 6 && addr.isLinkLocal) return addr;
    return null;
  }

  /** It has an IPv6 address. */
  get hasIpv6(): boolean {
    return this.addresses.some(({ addr }) => addr.family === 6);
  }

  /** The address to use towards `nextHop`: of its subnet if there is one, else the first. */
  sourceFor(nextHop: IpAddress): IpAddress | null {
    let first: IpAddress | null = null;
    for (const { addr, prefixLen } of this.addresses) {
      if (addr.family !== nextHop.family) continue;
      if (addr.sharesPrefix(nextHop, prefixLen)) return addr;
      first ??= addr;
    }
    return first;
  }

  /** Whether the int32 IPv4 address is the broadcast address of one of our subnets. */
  isSubnetBroadcast(word: number): boolean {
    for (const { broadcast } of this.addresses) {
      if (broadcast !== null && broadcast.w3 === word) return true;
    }
    return false;
  }

  joinGroup(group: number): void {
    this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1);
  }

  leaveGroup(group: number): void {
    const members = this.#groups.get(group) ?? 0;
    if (members > 1) this.#groups.set(group, members - 1);
    else this.#groups.delete(group);
  }

  joinGroup6(addr: IpAddress): void {
    const joined = this.#groups6.find((group) => group.addr.equals(addr));
    if (joined === undefined) this.#groups6.push({ addr, members: 1 });
    else joined.members++;
  }

  leaveGroup6(addr: IpAddress): void {
    const at = this.#groups6.findIndex((group) => group.addr.equals(addr));
    if (at >= 0 && --this.#groups6[at].members === 0) this.#groups6.splice(at, 1);
  }

  /** Of an IPv6 group, given its words. Every node is in ff02::1 and ff01::1 (RFC 4291 2.8). */
  hasGroup6(w0: number, w1: number, w2: number, w3: number): boolean {
    if (w3 === 1 && w2 === 0 && w1 === 0 && (w0 === ALL_NODES_WORD || w0 === OWN_NODE_WORD)) {
      return true;
    }
    const groups = this.#groups6;
    for (let i = 0; i < groups.length; i++) {
      const { addr } = groups[i];
      if (addr.w3 === w3 && addr.w0 === w0 && addr.w1 === w1 && addr.w2 === w2) return true;
    }
    return false;
  }

  /** Those that somebody has joined. */
  get groups(): number[] {
    return [...this.#groups.keys()];
  }

  /** How many have joined it. */
  groupUsers(group: number): number {
    return this.#groups.get(group) ?? 0;
  }

  hasGroup(group: number): boolean {
    return group === ALL_HOSTS_GROUP || this.#groups.has(group);
  }
}

/** The broadcast address of a subnet, null when it has none. */
export function broadcastOf(addr: IpAddress, prefixLen: number): IpAddress | null {
  if (addr.family !== 4 || prefixLen > 30 || addr.isLoopback) return null;
  return IpAddress.v4(addr.w3 | (-1 >>> prefixLen));
}
