/**
 * A DHCPv6 client's states (RFC 9915 18.2), one for each interface.
 *
 *     SOLICITING ─advertisement─▶ REQUESTING ─reply─▶ PROBING ─free─▶ BOUND ─T1─▶ RENEWING
 *       ▲  └────── a rapid reply ──────────────────────▲ │ taken        ▲            │ T2
 *       │                                                ▼              └─ reply ─ REBINDING
 *       └───────────────── WAITING ◀─── reply ─────── DECLINING      lifetimes over: lost
 *
 *     INFORMING ─reply─▶ INFORMED ─refresh time─▶ INFORMING          (no addresses: RFC 9915 6.1)
 *
 * Every message goes to all servers of the link: to which server it is, its identifier says. That a
 * server offers to be spoken to by unicast is not heard (RFC 9915 took the option back), nor is a
 * Reconfigure. What differs from the RFC: the first message does not wait up to a second (that is
 * for many hosts that start at once; here a user waits), and a server that advertises and does not
 * reply is given up after three requests, not ten.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import type { AddressProbe } from "../iface/mod.ts";
import {
  DHCP6_ADVERTISE,
  DHCP6_DECLINE,
  DHCP6_INFORMATION_REQUEST,
  DHCP6_REBIND,
  DHCP6_RELEASE,
  DHCP6_RENEW,
  DHCP6_REQUEST,
  DHCP6_SOLICIT,
  type Dhcp6Reply,
  parseDhcp6Reply,
  STATUS6_NO_ADDRS_AVAIL,
  STATUS6_NO_BINDING,
  STATUS6_NOT_ON_LINK,
  STATUS6_SUCCESS,
} from "../wire/dhcp6.ts";
import { addressesOf, endOf, type Info6, type Lease6, type Leased6, prolonged } from "./lease6.ts";
import { type ClientIdentity6, type ClientMessage6, encodeClientMessage6 } from "./message6.ts";
import {
  DECLINE,
  INFORM,
  REBIND,
  RELEASE,
  RENEW,
  REQUEST,
  Retransmission,
  type RetransmissionPlan,
  SOLICIT,
} from "./retransmission.ts";
import { areEqual, isUsable, ServerChoice6 } from "./server_choice6.ts";

/** IRT_DEFAULT, IRT_MINIMUM (RFC 9915 7.6). */
const REFRESH_DEFAULT_S = 86_400;
const REFRESH_LEAST_S = 600;
/** After a decline; after many of them somebody claims whatever is granted. */
const DECLINE_WAIT_US = 1e6;
const MANY_DECLINES = 3;
const MANY_DECLINES_WAIT_US = 60e6;
/** So many messages at once, then one a second, whatever servers say (RFC 9915 14.1). */
const MESSAGE_BURST = 20;
const MESSAGES_PER_SECOND = 1;
export type Dhcp6State =
  | "soliciting"
  | "requesting"
  | "probing"
  | "declining"
  | "waiting"
  | "bound"
  | "renewing"
  | "rebinding"
  | "informing"
  | "informed"
  | "releasing"
  | "stopped";

/** What a client asks of its stack. */
export interface Dhcp6Host {
  /** By UDP from port 546 to port 547 of all servers on the link. */
  send(message: Uint8Array, nowUs: number): void;
  /** Asks the link whether the address is free; null: it is not to be asked for. */
  probe(addr: IpAddress, nowUs: number): AddressProbe | null;
  /** The interface has these addresses of the server from now on; `before`: what it had. */
  bound(lease: Lease6, before: Lease6 | null, nowUs: number): void;
  /** It has none any more. `why`: for a person. */
  lost(lease: Lease6, why: string, nowUs: number): void;
  /** What was asked for without addresses. */
  informed(info: Info6): void;
}

/** What an exchange is about. */
type About = Omit<ClientMessage6, "xid" | "elapsedUs">;

export interface Dhcp6ClientOptions extends ClientIdentity6 {
  readonly random: () => number;
}

export class Dhcp6Client {
  state: Dhcp6State = "stopped";
  lease: Lease6 | null = null;
  /** Of servers, whether with addresses or without. */
  info: Info6 | null = null;
  /** Who has been heard. */
  readonly servers = new ServerChoice6();
  /** How often addresses were declined since the start. */
  declines = 0;
  #xid = 0;
  #retransmission: Retransmission | null = null;
  #beganUs = 0;
  #dueAtUs = Infinity;
  /** When the message went out that a lease's times count from. */
  #askedUs = 0;
  /** Of the exchange under way. */
  #about: About = { type: DHCP6_SOLICIT };
  /** Granted, and not yet known to be free. */
  #granted: Lease6 | null = null;
  #probes: AddressProbe[] = [];
  readonly #limit = new TokenBucket(MESSAGES_PER_SECOND, MESSAGE_BURST);

  constructor(readonly host: Dhcp6Host, readonly options: Dhcp6ClientOptions) {}

  /** Begins to ask for addresses, or, not `isStateful`, for name servers alone. */
  start(isStateful: boolean, nowUs: number): void {
    if (isStateful) this.#solicit(nowUs);
    else this.#inform(nowUs);
  }

  /** Whether it asks for addresses, or has asked. */
  get isStateful(): boolean {
    return this.state !== "informing" && this.state !== "informed" && this.state !== "stopped";
  }

  /** Gives the addresses back (RFC 9915 18.2.7), until a server says that it knows. */
  release(nowUs: number): void {
    const { lease } = this;
    this.lease = null;
    this.#stop();
    if (lease === null) return;
    const { server } = lease;
    const about = { type: DHCP6_RELEASE, server, addresses: addressesOf(lease) };
    this.#begin("releasing", RELEASE, about, nowUs);
  }

  /** The link is there again, perhaps another: whether the lease is good there (18.2.12). */
  reattach(nowUs: number): void {
    if (this.lease !== null) this.#rebind(this.lease, nowUs);
  }

  pollAtUs(): number {
    if (this.state === "probing" && this.#probes.every(({ isOver }) => isOver)) return 0;
    return this.#dueAtUs;
  }

  poll(nowUs: number): void {
    if (this.state === "probing") this.#lookAtProbes(nowUs);
    if (nowUs < this.#dueAtUs) return;
    switch (this.state) {
      case "soliciting":
        this.servers.isCollecting = false;
        return this.servers.best === null ? this.#transmit(nowUs) : this.#request(nowUs);
      case "requesting":
        return this.#retransmission!.isOver ? this.#giveUpServer(nowUs) : this.#transmit(nowUs);
      case "declining":
        return this.#retransmission!.isOver ? this.#wait(nowUs) : this.#transmit(nowUs);
      case "releasing":
        return this.#retransmission!.isOver ? this.#stop() : this.#transmit(nowUs);
      case "waiting":
        return this.#solicit(nowUs);
      case "informing":
        return this.#transmit(nowUs);
      case "informed":
        return this.#inform(nowUs);
      case "bound":
      case "renewing":
      case "rebinding":
        return this.#keep(nowUs);
    }
  }

  /** A datagram for port 546 has come in; what is not for this client is left alone. */
  input(message: Uint8Array, nowUs: number): void {
    const reply = parseDhcp6Reply(message, this.options.iaid);
    if (reply === null || reply.xid !== this.#xid) return;
    if (!areEqual(reply.clientId, this.options.duid)) return;
    if (reply.type !== DHCP6_ADVERTISE) return this.#onReply(reply, nowUs);
    if (this.state === "soliciting" && this.servers.consider(reply, nowUs)) this.#request(nowUs);
  }

  // ---- from nothing to an address

  #solicit(nowUs: number): void {
    const { servers } = this;
    servers.begin();
    const plan = { ...SOLICIT, mrtUs: servers.solicitMaxUs };
    this.#begin("soliciting", plan, { type: DHCP6_SOLICIT, addresses: [] }, nowUs);
  }

  /** Of the best server. */
  #request(nowUs: number): void {
    const { serverId: server, association } = this.servers.best!;
    const addresses = addressesOf(association!);
    this.#begin("requesting", REQUEST, { type: DHCP6_REQUEST, server, addresses }, nowUs);
  }

  /** What was asked for is not to be had, not from this server, or not on this link. */
  #giveUpServer(nowUs: number): void {
    this.servers.giveUp(this.#about.server!);
    if (this.lease === null) return this.#solicit(nowUs);
    this.#rebind(this.lease, nowUs);
    this.#dueAtUs = Math.min(this.#dueAtUs, endOf(this.lease));
  }

  #onReply(reply: Dhcp6Reply, nowUs: number): void {
    switch (this.state) {
      case "soliciting":
        if (reply.isRapid && isUsable(reply, nowUs)) this.#onGrant(reply, nowUs);
        return;
      case "requesting":
        if (!areEqual(reply.serverId, this.#about.server!)) return;
        return this.#onRequested(reply, nowUs);
      case "renewing":
      case "rebinding":
        return this.#onRenewed(reply, nowUs);
      case "informing":
        return this.#onInformed(reply, nowUs);
      case "declining":
        return this.#wait(nowUs);
      case "releasing":
        return this.#stop();
    }
  }

  /** RFC 9915 18.2.10.1. A failure that has no name is waited out: the request goes again. */
  #onRequested(reply: Dhcp6Reply, nowUs: number): void {
    const statuses = [reply.status, reply.association?.status];
    const isRefused = statuses.includes(STATUS6_NO_ADDRS_AVAIL) ||
      statuses.includes(STATUS6_NOT_ON_LINK);
    if (isRefused) {
      this.servers.refusals++;
      return this.#giveUpServer(nowUs);
    }
    if (reply.status === STATUS6_SUCCESS && isUsable(reply, nowUs)) this.#onGrant(reply, nowUs);
  }

  #onRenewed(reply: Dhcp6Reply, nowUs: number): void {
    this.servers.heedTimes(reply);
    if (reply.status !== STATUS6_SUCCESS || reply.association === null) return;
    if (reply.association.status === STATUS6_NO_BINDING) {
      const addresses = addressesOf(this.lease!);
      const about = { type: DHCP6_REQUEST, server: reply.serverId, addresses };
      return this.#begin("requesting", REQUEST, about, nowUs);
    }
    if (reply.association.status === STATUS6_SUCCESS) this.#onGrant(reply, nowUs);
  }

  /** A lease is granted, or goes on: what is new in it is asked for on the link first. */
  #onGrant(reply: Dhcp6Reply, nowUs: number): void {
    const granted = prolonged(this.lease, reply, this.#askedUs);
    if (granted === null) return;
    this.#granted = granted;
    const fresh = granted.addresses.filter(({ addr }) => !this.#has(addr));
    const probes = fresh.map(({ addr }) => this.host.probe(addr, nowUs));
    this.#probes = probes.filter((probe) => probe !== null);
    this.state = "probing";
    this.#dueAtUs = Infinity;
    if (this.#probes.length === 0) this.#bind(granted, nowUs);
  }

  #lookAtProbes(nowUs: number): void {
    if (!this.#probes.every(({ isOver }) => isOver)) return;
    const taken = this.#probes.filter(({ holder }) => holder !== null).map(({ addr }) => addr);
    this.#probes = [];
    const granted = this.#granted!;
    const isFree = ({ addr }: Leased6) => !taken.some((other) => other.equals(addr));
    const lease = { ...granted, addresses: granted.addresses.filter(isFree) };
    if (taken.length === 0) return this.#bind(lease, nowUs);
    this.declines++;
    if (lease.addresses.length > 0) this.#bind(lease, nowUs);
    const about = { type: DHCP6_DECLINE, server: granted.server, addresses: taken };
    this.#begin("declining", DECLINE, about, nowUs);
  }

  #bind(lease: Lease6, nowUs: number): void {
    const before = this.lease;
    this.#retransmission = null;
    if (lease.addresses.length === 0) return this.#lose("the server has taken it back", nowUs);
    this.lease = lease;
    this.info = lease;
    this.servers.settle();
    this.#rest(lease);
    this.host.bound(lease, before, nowUs);
  }

  /** Nothing is to be done for the lease until T1. */
  #rest(lease: Lease6): void {
    this.state = "bound";
    this.#dueAtUs = Math.min(lease.renewAtUs, endOf(lease));
  }

  /** A decline is over. */
  #wait(nowUs: number): void {
    if (this.lease !== null) return this.#rest(this.lease);
    this.state = "waiting";
    const isMany = this.declines > MANY_DECLINES;
    this.#dueAtUs = nowUs + (isMany ? MANY_DECLINES_WAIT_US : DECLINE_WAIT_US);
  }

  // ---- keeping it

  /** T1 has come, T2, the end, or the time of another attempt (RFC 9915 18.2.4, 18.2.5). */
  #keep(nowUs: number): void {
    const lease = this.lease!;
    if (nowUs >= endOf(lease)) {
      return this.#lose("its lifetime is over and no server has answered", nowUs);
    }
    if (nowUs >= lease.rebindAtUs && this.state !== "rebinding") this.#rebind(lease, nowUs);
    else if (this.state === "bound") this.#renew(lease, nowUs);
    else this.#transmit(nowUs);
    const untilUs = this.state === "renewing" ? lease.rebindAtUs : endOf(lease);
    this.#dueAtUs = Math.min(this.#dueAtUs, untilUs);
  }

  #renew(lease: Lease6, nowUs: number): void {
    const about = { type: DHCP6_RENEW, server: lease.server, addresses: addressesOf(lease) };
    this.#begin("renewing", RENEW, about, nowUs);
  }

  #rebind(lease: Lease6, nowUs: number): void {
    const about = { type: DHCP6_REBIND, addresses: addressesOf(lease) };
    this.#begin("rebinding", REBIND, about, nowUs);
  }

  #lose(why: string, nowUs: number): void {
    const { lease } = this;
    this.lease = null;
    if (lease !== null) this.host.lost(lease, why, nowUs);
    this.#solicit(nowUs);
  }

  #has(addr: IpAddress): boolean {
    return this.lease?.addresses.some((known) => known.addr.equals(addr)) ?? false;
  }

  // ---- without addresses

  #inform(nowUs: number): void {
    const plan = { ...INFORM, mrtUs: this.servers.informMaxUs };
    this.#begin("informing", plan, { type: DHCP6_INFORMATION_REQUEST }, nowUs);
  }

  #onInformed(reply: Dhcp6Reply, nowUs: number): void {
    this.servers.heedTimes(reply);
    if (reply.status !== STATUS6_SUCCESS) return;
    const { nameservers, search, refreshSeconds } = reply;
    this.info = { nameservers, search };
    this.state = "informed";
    const seconds = Math.max(refreshSeconds ?? REFRESH_DEFAULT_S, REFRESH_LEAST_S);
    this.#dueAtUs = nowUs + seconds * 1e6;
    this.host.informed(this.info);
  }

  // ---- messages

  #stop(): void {
    this.state = "stopped";
    this.#dueAtUs = Infinity;
  }

  /** Begins an exchange: the message goes out, and again until it is answered or given up. */
  #begin(state: Dhcp6State, plan: RetransmissionPlan, about: About, nowUs: number): void {
    const { random } = this.options;
    this.state = state;
    this.#about = about;
    this.#xid = random() & 0xffffff;
    this.#beganUs = nowUs;
    this.#retransmission = new Retransmission(plan, random, state === "soliciting");
    this.#transmit(nowUs);
  }

  #transmit(nowUs: number): void {
    if (!this.#limit.take(nowUs)) {
      this.#dueAtUs = nowUs + 1e6 / MESSAGES_PER_SECOND;
      return;
    }
    const elapsedUs = nowUs - this.#beganUs;
    const message = { ...this.#about, xid: this.#xid, elapsedUs };
    this.#askedUs = nowUs;
    this.host.send(encodeClientMessage6(this.options, message), nowUs);
    this.#dueAtUs = nowUs + this.#retransmission!.nextUs();
  }
}
