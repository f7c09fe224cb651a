/**
 * The DHCPv6 clients of a stack, and what each does to its interface: a UDP endpoint on port 546,
 * the addresses that it was granted, and their ages. Routes are not DHCPv6's to give: they come of
 * the link's routers (iface/router_discovery.ts), and so does the prefix of the link, which is why
 * an address is a /128 (RFC 5942 5).
 *
 * @module
 */
import type { DatagramSink } from "../base/datagram_sink.ts";
import { ANY_V6, type IpAddress } from "../base/ip_address.ts";
import type { Packet } from "../base/packet.ts";
import { AF_INET6 } from "../base/socket_constants.ts";
import type { AddressProbe, Interface, ProbePlan } from "../iface/mod.ts";
import { UdpEndpoint } from "../udp/mod.ts";
import { HARDWARE_ETHERNET } from "../wire/arp.ts";
import { ALL_DHCP6_SERVERS, DHCP6_CLIENT_PORT, DHCP6_SERVER_PORT } from "../wire/dhcp6.ts";
import { Dhcp6Client, type Dhcp6Host } from "./client6.ts";
import { type DhcpLayerDeps, sendToServer } from "./dhcp_layer.ts";
import type { Info6, Lease6 } from "./lease6.ts";

/** To a group of the link. */
const GROUP_HOP_LIMIT = 1;
const PREFIX_LEN = 128;
/** A DUID of the link-layer address, of Ethernet (RFC 9915 11.4). */
const DUID_LL = 3;

/** Told what has become of the addresses. */
export interface Dhcp6Owner {
  bound(lease: Lease6, before: Lease6 | null): void;
  lost(lease: Lease6, why: string): void;
  informed(info: Info6): void;
}

export interface Dhcp6Start {
  /** For the server's list; "": none. */
  readonly hostname: string;
  /** How an address is asked for before it is used; null: it is not. */
  readonly probe: ProbePlan | null;
  /** A server is asked when a router says so (M, O: RFC 4861 4.2); else for addresses, at once. */
  readonly isAdvised: boolean;
  readonly owner: Dhcp6Owner;
}

/** One interface's client and what it stands on. */
class Dhcp6Interface implements Dhcp6Host, DatagramSink {
  readonly client: Dhcp6Client;
  readonly #endpoint: UdpEndpoint;
  /** Those of the lease that were not somebody else's to give before. */
  #owned: IpAddress[] = [];
  #wasDown = false;
  /** When one of them is to be preferred, or valid, no more. */
  #agesAtUs = Infinity;

  constructor(
    readonly deps: DhcpLayerDeps,
    readonly iface: Interface,
    readonly how: Dhcp6Start,
    duid: Uint8Array,
  ) {
    const { hostname } = how;
    const iaid = iaidOf(iface);
    this.client = new Dhcp6Client(this, { duid, iaid, hostname, random: deps.random });
    this.#endpoint = new UdpEndpoint(AF_INET6, this);
    this.#endpoint.ifIndex = iface.index;
    this.#endpoint.isV6Only = true;
    this.#endpoint.reuseAddr = true; // each interface's client has the same port
  }

  /** 0 or -errno. */
  open(): number {
    return this.deps.udp.bind(this.#endpoint, ANY_V6, DHCP6_CLIENT_PORT);
  }

  /** Nobody can be asked from no address (RFC 9915 18.2: a link-local one). */
  get canSend(): boolean {
    return this.iface.isUp && this.iface.linkLocal6 !== null;
  }

  pollAtUs(): number {
    const clientAtUs = this.client.pollAtUs();
    return clientAtUs < this.#agesAtUs && this.canSend ? clientAtUs : this.#agesAtUs;
  }

  poll(nowUs: number): void {
    if (!this.iface.isUp) this.#wasDown = true;
    else if (this.#wasDown && this.canSend) {
      this.#wasDown = false;
      this.client.reattach(nowUs);
    }
    if (this.#agesAtUs <= nowUs) this.#age(nowUs);
    if (this.client.pollAtUs() <= nowUs && this.canSend) this.client.poll(nowUs);
  }

  // ---- DatagramSink

  receive(pkt: Packet, off: number, len: number, port: number): void {
    if (port !== DHCP6_SERVER_PORT) return;
    this.deps.layer.alarm.stir();
    this.client.input(this.deps.memory.u8.slice(off, off + len), pkt.nowUs);
  }

  /** A server that is gone is noticed by its silence. */
  icmpError(): void {}

  // ---- Dhcp6Host

  send(message: Uint8Array, nowUs: number): void {
    const port = DHCP6_SERVER_PORT;
    sendToServer(
      this.deps,
      this.#endpoint,
      ALL_DHCP6_SERVERS,
      port,
      GROUP_HOP_LIMIT,
      message,
      nowUs,
    );
  }

  probe(addr: IpAddress, nowUs: number): AddressProbe | null {
    if (this.how.probe === null || this.iface.findAddress(addr) !== null) return null;
    const probe = this.deps.layer.probeAddress(this.iface.index, addr, this.how.probe, nowUs);
    return typeof probe === "number" ? null : probe;
  }

  bound(lease: Lease6, before: Lease6 | null, nowUs: number): void {
    const { layer } = this.deps;
    const { index } = this.iface;
    const isGranted = (addr: IpAddress) => lease.addresses.some((a) => a.addr.equals(addr));
    for (const addr of this.#owned.filter((addr) => !isGranted(addr))) {
      layer.removeAddress(index, addr, nowUs);
    }
    this.#owned = this.#owned.filter(isGranted);
    for (const { addr } of lease.addresses) {
      if (layer.addAddress(index, addr, PREFIX_LEN, nowUs) === 0) this.#owned.push(addr);
    }
    this.#age(nowUs);
    this.how.owner.bound(lease, before);
  }

  lost(lease: Lease6, why: string, nowUs: number): void {
    for (const addr of this.#owned) this.deps.layer.removeAddress(this.iface.index, addr, nowUs);
    this.#owned = [];
    this.#agesAtUs = Infinity;
    this.how.owner.lost(lease, why);
  }

  informed(info: Info6): void {
    this.how.owner.informed(info);
  }

  /** Deprecates and removes what is to be, and says when there is more to do. */
  #age(nowUs: number): void {
    this.#agesAtUs = Infinity;
    const { lease } = this.client;
    for (const { addr, preferredUntilUs, validUntilUs } of lease?.addresses ?? []) {
      if (!this.#owned.some((own) => own.equals(addr))) continue;
      if (validUntilUs <= nowUs) {
        this.deps.layer.removeAddress(this.iface.index, addr, nowUs);
        this.#owned = this.#owned.filter((own) => !own.equals(addr));
        continue;
      }
      const entry = this.iface.findAddress(addr);
      const isDeprecated = preferredUntilUs <= nowUs;
      if (entry !== null) entry.isDeprecated = isDeprecated;
      this.#agesAtUs = Math.min(this.#agesAtUs, isDeprecated ? validUntilUs : preferredUntilUs);
    }
  }
}

export class Dhcp6Layer {
  readonly #interfaces: Dhcp6Interface[] = [];
  /** null: nobody has asked yet; then that of the first interface, for all (RFC 9915 11). */
  #duid: Uint8Array | null = null;
  #isOver = false;

  constructor(readonly deps: DhcpLayerDeps) {}

  /** Begins, or waits for a router's word. The client, or -errno of its port. */
  start(iface: Interface, how: Dhcp6Start, nowUs: number): Dhcp6Client | number {
    this.#duid ??= Uint8Array.of(0, DUID_LL, 0, HARDWARE_ETHERNET, ...iface.mac);
    const started = new Dhcp6Interface(this.deps, iface, how, this.#duid);
    const opened = started.open();
    if (opened < 0) return opened;
    this.#interfaces.push(started);
    this.deps.layer.alarm.stir();
    if (!how.isAdvised) started.client.start(true, nowUs);
    return started.client;
  }

  /** A router has said where addresses, or other things, are to be had (RFC 4861 4.2). */
  advise(iface: Interface, isManaged: boolean, hasOther: boolean, nowUs: number): void {
    if (this.#isOver) return;
    const { client } = this.#interfaces.find((known) => known.iface === iface) ?? {};
    if (client === undefined) return;
    this.deps.layer.alarm.stir();
    // What was said once stands: a router that takes it back takes no address away.
    if (isManaged && !client.isStateful) client.start(true, nowUs);
    else if (hasOther && client.state === "stopped") client.start(false, nowUs);
  }

  /** Gives all addresses back to their servers, for the end of a stack: until then they stay. */
  releaseAll(nowUs: number): void {
    this.#isOver = true;
    this.deps.layer.alarm.stir();
    for (const { client } of this.#interfaces) client.release(nowUs);
  }

  /** No server is still to say that it knows of a release. */
  isQuiet(): boolean {
    return this.#interfaces.every(({ client }) => client.state !== "releasing");
  }

  pollAtUs(): number {
    let atUs = Infinity;
    for (const iface of this.#interfaces) atUs = Math.min(atUs, iface.pollAtUs());
    return atUs;
  }

  poll(nowUs: number): void {
    for (const iface of this.#interfaces) iface.poll(nowUs);
  }
}

/** The same for the same interface at every start, and another for each. */
function iaidOf({ name, mac }: Interface): number {
  let hash = 0x811c9dc5 | 0; // FNV-1a
  for (const byte of [...new TextEncoder().encode(name), ...mac]) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash;
}
