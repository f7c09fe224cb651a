/**
 * One TCP endpoint on a network that is not there: what it sends is parsed, verified and collected;
 * what it is to receive is put together from fields.
 *
 * @module
 */
import { BuddyMemory } from "../../../../stack/storage/arena_memory.ts";
import { Counters } from "../../../../stack/base/counters.ts";
import {
  CSUM_NONE,
  CSUM_PARTIAL,
  GSO_NONE,
  GSO_TCPV4,
  TxFrames,
} from "../../../../stack/base/frames.ts";
import {
  DEFAULT_TCP_CONFIG,
  type SocketHandle,
  type TcpConfig,
  TcpLayer,
  type TcpSocket,
} from "../../../../stack/tcp/mod.ts";
import { finish, fold, pseudoSumV6, sum } from "../../../../stack/wire/checksum.ts";
import { ENETUNREACH } from "../../../../stack/base/errno.ts";
import { IpAddress } from "../../../../stack/base/ip_address.ts";
import type { Network, Route } from "../../../../stack/base/network.ts";
import { Packet } from "../../../../stack/base/packet.ts";
import { parseTcp, TcpHeader } from "../../../../stack/wire/tcp.ts";
import { parseTcpOptions, TcpOptions } from "../../../../stack/wire/tcp_options.ts";

export const PROTOCOL_TCP = 6;

/** A segment on the wire: its bytes from the TCP header on, and the offload metadata. */
export interface WirePacket {
  readonly src: IpAddress;
  readonly dst: IpAddress;
  readonly bytes: Uint8Array;
  readonly gsoSize: number;
  readonly tos: number;
}

export class FakeRoute implements Route {
  valid = true;
  readonly ifIndex = 2;
  mtu = 1500;
  csumOffload = false;
  gsoMaxBytes = 0;
  readonly usoMaxBytes = 0;
  readonly isLoopback = false;
  readonly isBroadcast = false;
  readonly isMulticast = false;

  constructor(readonly src: IpAddress, readonly dst: IpAddress, readonly tx: TxFrames) {}
}

export interface HostOptions {
  address: string;
  config?: Partial<TcpConfig>;
  mtu?: number;
  csumOffload?: boolean;
  gsoMaxBytes?: number;
  memoryBytes?: number;
  seed?: number;
}

/** A small deterministic generator (xorshift). */
export function seededRandom(seed: number): () => number {
  let s = seed | 0 || 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return s | 0;
  };
}

export class Host implements Network {
  shape = null;
  readonly memory: BuddyMemory;
  readonly counters = new Counters();
  readonly tcp: TcpLayer;
  readonly address: IpAddress;
  /** Who gets what this host sends; set by the test. */
  onSend: (packet: WirePacket) => void = () => {};
  /** Bits of each socket that an event was raised for. */
  readonly events = new Map<SocketHandle, number>();
  /** -errno that route() answers with, 0: there is a way. */
  routeError = 0;
  readonly #tx: TxFrames;
  readonly #routes = new Map<string, FakeRoute>();
  readonly #options: HostOptions;
  readonly #rxOff: number;
  readonly #packet = new Packet();

  constructor(options: HostOptions) {
    this.#options = options;
    this.memory = new BuddyMemory(new ArrayBuffer(options.memoryBytes ?? 1 << 24));
    this.#tx = new TxFrames(this.memory, 64);
    this.#rxOff = this.memory.alloc(1 << 17);
    this.address = IpAddress.parse(options.address)!;
    this.tcp = new TcpLayer({
      memory: this.memory,
      network: this,
      random: seededRandom(options.seed ?? 1),
      counters: this.counters,
      config: { ...DEFAULT_TCP_CONFIG, ...options.config },
      onEvent: (socket, bits) => {
        this.events.set(socket, (this.events.get(socket) ?? 0) | bits);
      },
    });
  }

  /** Returns and clears the events of a socket. */
  takeEvents(socket: TcpSocket): number {
    const bits = this.events.get(socket) ?? 0;
    this.events.delete(socket);
    return bits;
  }

  // ---- Network

  route(dst: IpAddress, src: IpAddress | null): Route | number {
    if (this.routeError !== 0) return this.routeError;
    if (src !== null && !this.isLocal(src)) return -ENETUNREACH;
    return this.routeTo(dst);
  }

  routeTo(dst: IpAddress): FakeRoute {
    const key = dst.toString();
    let route = this.#routes.get(key);
    if (route === undefined || !route.valid) {
      const mtu = route?.mtu ?? this.#options.mtu ?? 1500;
      route = new FakeRoute(this.address, dst, this.#tx);
      route.mtu = mtu;
      route.csumOffload = this.#options.csumOffload ?? false;
      route.gsoMaxBytes = this.#options.gsoMaxBytes ?? 0;
      this.#routes.set(key, route);
    }
    return route;
  }

  begin(): number {
    return this.#tx.begin();
  }

  send(route: Route, src: IpAddress, protocol: number, _ttl: number, tos: number): number {
    if (protocol !== PROTOCOL_TCP) throw new Error("not TCP");
    const tx = this.#tx;
    const row = tx.count;
    const u8 = this.memory.u8;
    const bytes = new Uint8Array(tx.frameLen(row));
    const { hdrOff, hdrLen, payOff, payLen, pay2Off, pay2Len } = tx;
    bytes.set(u8.subarray(hdrOff[row], hdrOff[row] + hdrLen[row]), 0);
    bytes.set(u8.subarray(payOff[row], payOff[row] + payLen[row]), hdrLen[row]);
    bytes.set(u8.subarray(pay2Off[row], pay2Off[row] + pay2Len[row]), hdrLen[row] + payLen[row]);
    this.#checkRow(row, route, src, bytes);
    const gsoSize = tx.gsoType[row] === GSO_NONE ? 0 : tx.gsoSize[row];
    this.onSend({ src, dst: route.dst, bytes, gsoSize, tos });
    return 0;
  }

  /** What every row must satisfy; finishes a partial checksum as a device would. */
  #checkRow(row: number, route: Route, src: IpAddress, bytes: Uint8Array): void {
    const tx = this.#tx;
    const ipLen = route.dst.family === 4 ? 20 : 40;
    const isGso = tx.gsoType[row] !== GSO_NONE;
    if (!isGso && bytes.length + ipLen > route.mtu) throw new Error("segment exceeds the MTU");
    if (isGso) {
      if (bytes.length + ipLen > route.gsoMaxBytes) throw new Error("row exceeds gsoMaxBytes");
      if (route.dst.family === 4 && tx.gsoType[row] !== GSO_TCPV4) throw new Error("GSO type");
      if (tx.gsoSize[row] + tx.hdrLen[row] + ipLen > route.mtu) throw new Error("GSO size");
    }
    const dv = new DataView(bytes.buffer);
    const pseudo = pseudo4or6(src, route.dst, bytes.length);
    if (tx.csum[row] === CSUM_PARTIAL) {
      if (!route.csumOffload) throw new Error("CSUM_PARTIAL without offload");
      if (dv.getUint16(16) !== fold(pseudo)) throw new Error("pseudo-header sum");
      dv.setUint16(16, finish(sum(dv, 0, bytes.length, 0)));
    }
    if (fold(sum(dv, 0, bytes.length, pseudo)) !== 0xffff) throw new Error("TCP checksum");
  }

  confirm(): void {}

  sendWithIpHeader(): number {
    throw new Error("TCP does not send whole IP packets");
  }

  updatePmtu(dst: IpAddress, mtu: number): void {
    const route = this.routeTo(dst);
    route.mtu = Math.min(route.mtu, mtu);
    route.valid = false;
  }

  /** What has been told of better ways, "destination gateway router". */
  readonly redirects: string[] = [];

  redirect(dst: IpAddress, gateway: IpAddress, from: IpAddress): void {
    this.redirects.push(`${dst} ${gateway} ${from}`);
  }

  isLocal(addr: IpAddress): boolean {
    return addr.equals(this.address) || addr.isLoopback;
  }

  // ---- Receiving

  /** A packet arrives. */
  receive(packet: WirePacket, nowUs: number): void {
    const { bytes, src, dst } = packet;
    this.memory.u8.set(bytes, this.#rxOff);
    const pkt = this.#packet;
    pkt.ifIndex = 2;
    pkt.transportOff = this.#rxOff;
    pkt.endOff = this.#rxOff + bytes.length;
    pkt.csum = CSUM_NONE;
    pkt.gsoSize = packet.gsoSize;
    pkt.gsoType = packet.gsoSize > 0 ? GSO_TCPV4 : GSO_NONE;
    pkt.family = src.family;
    pkt.protocol = PROTOCOL_TCP;
    pkt.ttl = 64;
    pkt.tos = packet.tos;
    pkt.src0 = src.w0;
    pkt.src1 = src.w1;
    pkt.src2 = src.w2;
    pkt.src3 = src.w3;
    pkt.dst0 = dst.w0;
    pkt.dst1 = dst.w1;
    pkt.dst2 = dst.w2;
    pkt.dst3 = dst.w3;
    pkt.nowUs = nowUs;
    this.tcp.input(pkt);
  }
}

export function pseudo4or6(src: IpAddress, dst: IpAddress, len: number): number {
  return pseudoSumV6(
    src.w0,
    src.w1,
    src.w2,
    src.w3,
    dst.w0,
    dst.w1,
    dst.w2,
    dst.w3,
    PROTOCOL_TCP,
    len,
  );
}

/** A parsed segment, for looking at. */
export interface Seen {
  readonly header: TcpHeader;
  readonly options: TcpOptions;
  readonly payload: Uint8Array;
  readonly packet: WirePacket;
}

export function parsePacket(packet: WirePacket): Seen {
  const dv = new DataView(packet.bytes.buffer, packet.bytes.byteOffset, packet.bytes.length);
  const header = new TcpHeader();
  if (parseTcp(dv, 0, packet.bytes.length, header) !== 0) throw new Error("unparseable segment");
  const options = new TcpOptions();
  parseTcpOptions(dv, header.optionsOff, header.optionsLen, (header.flags & 2) !== 0, options);
  return { header, options, payload: packet.bytes.subarray(header.payloadOff), packet };
}
