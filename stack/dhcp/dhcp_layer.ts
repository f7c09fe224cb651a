/**
 * The DHCP clients of a stack, and what each does to its interface: a UDP endpoint on port 68, the
 * address that it was granted, its routes and its MTU.
 *
 * @module
 */
import type { DatagramSink } from "../base/datagram_sink.ts";
import { ANY_V4, type IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import { AF_INET } from "../base/socket_constants.ts";
import type { AddressProbe, Interface, NetworkLayer, ProbePlan, RouteSpec } from "../iface/mod.ts";
import { UdpEndpoint, type UdpLayer } from "../udp/mod.ts";
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from "../wire/dhcp.ts";
import { DhcpClient, type DhcpHost } from "./client.ts";
import type { Lease } from "./lease.ts";

const TTL = 64;
/** So that a route of the user's own to the same network goes first. */
const METRIC = 100;

/** Told what has become of the address. */
export interface DhcpOwner {
  bound(lease: Lease): void;
  lost(lease: Lease, why: string): void;
}

export interface DhcpStart {
  /** For the server's list; "": none. */
  readonly hostname: string;
  /** How an address is asked for before it is used; null: it is not. */
  readonly probe: ProbePlan | null;
  readonly owner: DhcpOwner;
}

export interface DhcpLayerDeps {
  readonly memory: Memory;
  readonly random: () => number;
  readonly layer: NetworkLayer;
  readonly udp: UdpLayer;
}

/** One interface's client and what it stands on. */
class DhcpInterface implements DhcpHost, DatagramSink {
  readonly client: DhcpClient;
  readonly #endpoint: UdpEndpoint;
  /** Added for the lease; gone with it. */
  #routes: RouteSpec[] = [];

  constructor(readonly deps: DhcpLayerDeps, readonly iface: Interface, readonly how: DhcpStart) {
    const { mac } = iface;
    this.client = new DhcpClient(this, { mac, hostname: how.hostname, random: deps.random });
    this.#endpoint = new UdpEndpoint(AF_INET, this);
    this.#endpoint.ifIndex = iface.index;
    this.#endpoint.reuseAddr = true; // each interface's client has the same port
  }

  /** 0 or -errno. */
  open(): number {
    return this.deps.udp.bind(this.#endpoint, ANY_V4, DHCP_CLIENT_PORT);
  }

  // ---- DatagramSink

  receive(pkt: Packet, off: number, len: number, port: number): void {
    if (port !== DHCP_SERVER_PORT) return;
    this.deps.layer.alarm.stir();
    this.client.input(this.deps.memory.u8.slice(off, off + len), pkt.nowUs);
  }

  /** A server that is gone is noticed by its silence. */
  icmpError(): void {}

  // ---- DhcpHost

  send(message: Uint8Array, dst: IpAddress, nowUs: number): void {
    sendToServer(this.deps, this.#endpoint, dst, DHCP_SERVER_PORT, TTL, message, nowUs);
  }

  probe(addr: IpAddress, nowUs: number): AddressProbe | null {
    if (this.how.probe === null) return null;
    const probe = this.deps.layer.probeAddress(this.iface.index, addr, this.how.probe, nowUs);
    return typeof probe === "number" ? null : probe;
  }

  bound(lease: Lease, nowUs: number): void {
    const { layer } = this.deps;
    const { index } = this.iface;
    layer.addAddress(index, lease.addr, lease.prefixLen, nowUs);
    if (lease.mtu > 0) layer.setMtu(index, lease.mtu);
    for (const { dst, prefixLen, gateway } of lease.routes) {
      // A gateway beyond the subnet (as clouds give it) is on the link all the same (RFC 3442).
      if (gateway !== null && !lease.addr.sharesPrefix(gateway, lease.prefixLen)) {
        this.#addRoute({ dst: gateway, prefixLen: 32, gateway: null, ifIndex: index });
      }
      this.#addRoute({ dst, prefixLen, gateway, ifIndex: index, metric: METRIC });
    }
    this.how.owner.bound(lease);
  }

  lost(lease: Lease, why: string, nowUs: number): void {
    const { layer } = this.deps;
    for (const route of this.#routes.reverse()) layer.removeRoute(route);
    this.#routes = [];
    layer.removeAddress(this.iface.index, lease.addr, nowUs);
    this.how.owner.lost(lease, why);
  }

  #addRoute(route: RouteSpec): void {
    if (this.deps.layer.addRoute(route) === 0) this.#routes.push(route);
  }
}

export class DhcpLayer {
  readonly #interfaces: DhcpInterface[] = [];

  constructor(readonly deps: DhcpLayerDeps) {}

  /** Begins to get an address for an interface that has none. The client, or -errno of its port. */
  start(iface: Interface, how: DhcpStart, nowUs: number): DhcpClient | number {
    const started = new DhcpInterface(this.deps, iface, how);
    const opened = started.open();
    if (opened < 0) return opened;
    this.#interfaces.push(started);
    this.deps.layer.alarm.stir();
    started.client.start(nowUs);
    return started.client;
  }

  /** Gives all addresses back to their servers, for the end of a stack: until then they stay. */
  releaseAll(nowUs: number): void {
    this.deps.layer.alarm.stir();
    for (const { client } of this.#interfaces) client.release(nowUs);
  }

  pollAtUs(): number {
    let atUs = Infinity;
    for (const { client } of this.#interfaces) atUs = Math.min(atUs, client.pollAtUs());
    return atUs;
  }

  poll(nowUs: number): void {
    for (const { client } of this.#interfaces) client.poll(nowUs);
  }
}

/**
 * Sends from a client's endpoint, by its interface. What cannot be sent (no memory, no route to a
 * server that is far) is as good as lost.
 */
export function sendToServer(
  { memory, layer, udp }: DhcpLayerDeps,
  endpoint: UdpEndpoint,
  dst: IpAddress,
  port: number,
  ttl: number,
  message: Uint8Array,
  nowUs: number,
): void {
  const route = layer.output.route(dst, null, endpoint.ifIndex, false);
  if (typeof route === "number") return;
  const off = memory.alloc(message.length);
  if (off < 0) return;
  memory.u8.set(message, off);
  memory.freeDeferred(off, message.length);
  udp.output(endpoint, route, port, off, message.length, ttl, 0, false, nowUs);
}
