/**
 * A DHCP client's states (RFC 2131 4.4, figure 5), one for each interface.
 *
 *     SELECTING ─offer─▶ REQUESTING ─ack─▶ PROBING ─free─▶ BOUND ─T1─▶ RENEWING ─T2─▶ REBINDING
 *         ▲                  │ nak            │ in use        ▲── ack ────┴── ack ──────┤
 *         └──── WAITING ◀────┴──── decline ◀──┘               lease over, or nak: lost ─┘
 *
 * The address is asked for by ARP before it is taken (RFC 2131 4.4.1, RFC 5227); one that somebody
 * has is declined. What differs from the RFC: a first answer is waited for 1 s, not 4 (the user
 * waits too), and an acknowledged address is used before the announcements are over.
 *
 * @module
 */
import { IpAddress } from "../base/ip_address.ts";
import type { AddressProbe } from "../iface/mod.ts";
import {
  DHCP_MIN_MAX_LEN,
  DHCPACK,
  DHCPDECLINE,
  DHCPDISCOVER,
  DHCPNAK,
  DHCPOFFER,
  DHCPRELEASE,
  type DhcpReply,
  DHCPREQUEST,
  encodeDhcp,
  OPT_CLASSLESS_ROUTES,
  OPT_CLIENT_ID,
  OPT_DNS_SERVER,
  OPT_DOMAIN_NAME,
  OPT_DOMAIN_SEARCH,
  OPT_HOST_NAME,
  OPT_INTERFACE_MTU,
  OPT_LEASE_TIME,
  OPT_MAX_MESSAGE_LEN,
  OPT_MESSAGE_TYPE,
  OPT_PARAMETER_LIST,
  OPT_REBINDING_TIME,
  OPT_RENEWAL_TIME,
  OPT_REQUESTED_ADDRESS,
  OPT_ROUTER,
  OPT_SERVER_ID,
  OPT_SUBNET_MASK,
  parseDhcpReply,
} from "../wire/dhcp.ts";
import { type Lease, leaseOf } from "./lease.ts";

const BROADCAST = IpAddress.v4(-1);
const FIRST_INTERVAL_US = 1e6;
/** RFC 2131 4.1 */
const MAX_INTERVAL_US = 64e6;
/** An offer that is not acknowledged after so many requests is given up. */
const MAX_REQUESTS = 3;
/** RFC 2131 3.1 (5): after a decline. */
const DECLINE_WAIT_US = 10e6;
const NAK_WAIT_US = 1e6;
/** RFC 2131 4.4.5: between two attempts to renew. */
const MIN_RENEW_INTERVAL_US = 60e6;

/** In this order: the routes of 121 come before the router of 3 (RFC 3442). */
const WANTED = Uint8Array.of(
  OPT_SUBNET_MASK,
  OPT_CLASSLESS_ROUTES,
  OPT_ROUTER,
  OPT_DNS_SERVER,
  OPT_HOST_NAME,
  OPT_DOMAIN_NAME,
  OPT_INTERFACE_MTU,
  OPT_LEASE_TIME,
  OPT_SERVER_ID,
  OPT_RENEWAL_TIME,
  OPT_REBINDING_TIME,
  OPT_DOMAIN_SEARCH,
);

export type DhcpState =
  | "selecting"
  | "requesting"
  | "probing"
  | "waiting"
  | "bound"
  | "renewing"
  | "rebinding"
  | "stopped";

/** What a client asks of its stack. */
export interface DhcpHost {
  /** By UDP from port 68 to port 67 of `dst`. */
  send(message: Uint8Array, dst: IpAddress, nowUs: number): void;
  /** Asks the link whether the address is free; null: it is not to be asked for. */
  probe(addr: IpAddress, nowUs: number): AddressProbe | null;
  /** The interface has the address from now on, with its routes. */
  bound(lease: Lease, nowUs: number): void;
  /** It has not any more. `why`: for a person. */
  lost(lease: Lease, why: string, nowUs: number): void;
}

export interface DhcpClientOptions {
  readonly mac: Uint8Array;
  /** For the server's list of names; "": none is told. */
  readonly hostname: string;
  readonly random: () => number;
}

export class DhcpClient {
  state: DhcpState = "stopped";
  lease: Lease | null = null;
  /** Offers heard and addresses declined since the start: what a failure's line can tell. */
  offers = 0;
  declines = 0;
  #xid = 0;
  /** When it began to look for an address, for `secs`. */
  #beganUs = 0;
  #dueAtUs = Infinity;
  #intervalUs = FIRST_INTERVAL_US;
  #requests = 0;
  /** Offered, and not yet ours. */
  #offer: Lease | null = null;
  #probe: AddressProbe | null = null;
  /** When the request went out that the lease's times count from (RFC 2131 4.4.1). */
  #requestedUs = 0;
  #leaseFromUs = 0;

  constructor(readonly host: DhcpHost, readonly options: DhcpClientOptions) {}

  start(nowUs: number): void {
    this.#beganUs = nowUs;
    this.#discover(nowUs, true);
  }

  /** Gives the address back and ends (RFC 2131 4.4.6); the message still goes out from it. */
  release(nowUs: number): void {
    const { lease } = this;
    this.state = "stopped";
    this.#dueAtUs = Infinity;
    this.lease = null;
    if (lease === null) return;
    const { addr, server } = lease;
    this.#send(DHCPRELEASE, { ciaddr: addr.w3, server, isUnicast: true }, nowUs);
  }

  pollAtUs(): number {
    return this.#dueAtUs;
  }

  poll(nowUs: number): void {
    if (this.state === "probing") this.#lookAtProbe(nowUs);
    if (nowUs < this.#dueAtUs) return;
    switch (this.state) {
      case "selecting":
        return this.#discover(nowUs, false);
      case "requesting":
        return this.#requests < MAX_REQUESTS
          ? this.#requestOffer(nowUs)
          : this.#discover(nowUs, true);
      case "waiting":
        return this.#discover(nowUs, true);
      case "bound":
      case "renewing":
      case "rebinding":
        return this.#renew(nowUs);
    }
  }

  /** A datagram for port 68 has come in; what is not for this client is left alone. */
  input(message: Uint8Array, nowUs: number): void {
    const reply = parseDhcpReply(message);
    if (reply === null || reply.xid !== this.#xid || !isSame(reply.mac, this.options.mac)) return;
    if (reply.type === DHCPOFFER && this.state === "selecting") this.#onOffer(reply, nowUs);
    else if (reply.type === DHCPACK) this.#onAck(reply, nowUs);
    else if (reply.type === DHCPNAK) this.#onNak(nowUs);
  }

  // ---- from nothing to an address

  #discover(nowUs: number, isFirst: boolean): void {
    if (isFirst) {
      this.#xid = this.options.random();
      this.#intervalUs = FIRST_INTERVAL_US;
    }
    this.state = "selecting";
    this.#send(DHCPDISCOVER, {}, nowUs);
    this.#backOff(nowUs);
  }

  /** The first offer that can be used is taken. */
  #onOffer(reply: DhcpReply, nowUs: number): void {
    const offer = leaseOf(reply);
    if (offer === null) return;
    this.offers++;
    this.#offer = offer;
    this.#requests = 0;
    this.#intervalUs = FIRST_INTERVAL_US;
    this.state = "requesting";
    this.#requestOffer(nowUs);
  }

  #requestOffer(nowUs: number): void {
    const { addr, server } = this.#offer!;
    this.#requests++;
    this.#requestedUs = nowUs;
    this.#send(DHCPREQUEST, { requested: addr, server }, nowUs);
    this.#backOff(nowUs);
  }

  #onAck(reply: DhcpReply, nowUs: number): void {
    const lease = leaseOf(reply);
    if (lease === null) return;
    switch (this.state) {
      case "requesting": {
        this.#offer = lease;
        this.#probe = this.host.probe(lease.addr, nowUs);
        this.state = "probing";
        this.#dueAtUs = Infinity;
        if (this.#probe === null) this.#bind(lease, nowUs);
        return;
      }
      case "renewing":
      case "rebinding":
        if (!lease.addr.equals(this.lease!.addr)) return; // not what was asked for
        return this.#bind(lease, nowUs);
    }
  }

  #lookAtProbe(nowUs: number): void {
    const probe = this.#probe!;
    if (!probe.isOver) return;
    if (probe.holder === null) return this.#bind(this.#offer!, nowUs);
    const { addr, server } = this.#offer!;
    this.declines++;
    this.#send(DHCPDECLINE, { requested: addr, server }, nowUs);
    this.#wait(DECLINE_WAIT_US, nowUs);
  }

  /** A lease is granted, or goes on. */
  #bind(lease: Lease, nowUs: number): void {
    const { lease: before } = this;
    this.lease = lease;
    this.#leaseFromUs = this.#requestedUs;
    this.state = "bound";
    this.#dueAtUs = this.#leaseFromUs + lease.renewAfterUs;
    if (before === null) this.host.bound(lease, nowUs);
  }

  /** RFC 2131 3.1 (5): what was asked for is not to be had; begin again, not at once. */
  #onNak(nowUs: number): void {
    switch (this.state) {
      case "renewing":
      case "rebinding":
        this.#lose("the server has taken it back", nowUs);
        return this.#wait(0, nowUs);
      case "requesting":
        return this.#wait(NAK_WAIT_US, nowUs);
    }
  }

  #wait(us: number, nowUs: number): void {
    this.state = "waiting";
    this.#dueAtUs = nowUs + us;
  }

  // ---- keeping it

  /** T1 has come, T2, the end, or the time of another attempt (RFC 2131 4.4.5). */
  #renew(nowUs: number): void {
    const lease = this.lease!;
    const endUs = this.#leaseFromUs + lease.expiresAfterUs;
    const rebindUs = this.#leaseFromUs + lease.rebindAfterUs;
    if (nowUs >= endUs) {
      this.#lose("the lease is over and no server has answered", nowUs);
      this.#beganUs = nowUs;
      return this.#discover(nowUs, true);
    }
    const isRenewal = nowUs < rebindUs;
    if (this.state === "bound") {
      this.#xid = this.options.random();
      this.#beganUs = nowUs;
    }
    this.state = isRenewal ? "renewing" : "rebinding";
    this.#requestedUs = nowUs;
    const { server } = lease;
    const to = isRenewal ? { to: server, isUnicast: true } : {};
    this.#send(DHCPREQUEST, { ciaddr: lease.addr.w3, ...to }, nowUs);
    const untilUs = isRenewal ? rebindUs : endUs;
    const againUs = nowUs + Math.max((untilUs - nowUs) / 2, MIN_RENEW_INTERVAL_US);
    this.#dueAtUs = Math.min(againUs, untilUs);
  }

  #lose(why: string, nowUs: number): void {
    const lease = this.lease!;
    this.lease = null;
    this.host.lost(lease, why, nowUs);
  }

  // ---- messages

  /** RFC 2131 4.1: doubled each time, with a second of noise (here in proportion). */
  #backOff(nowUs: number): void {
    const noise = ((this.options.random() >>> 0) / 2 ** 32 - 0.5) / 2;
    this.#dueAtUs = nowUs + this.#intervalUs * (1 + noise);
    this.#intervalUs = Math.min(2 * this.#intervalUs, MAX_INTERVAL_US);
  }

  /** RFC 2131 table 5 says what goes where. */
  #send(type: number, fields: MessageFields, nowUs: number): void {
    const { ciaddr = 0, requested = null, server = null, isUnicast = false } = fields;
    const { mac, hostname } = this.options;
    const options: [number, Uint8Array][] = [
      [OPT_MESSAGE_TYPE, Uint8Array.of(type)],
      [OPT_CLIENT_ID, Uint8Array.of(1, ...mac)],
    ];
    if (requested !== null) options.push([OPT_REQUESTED_ADDRESS, bytesOf(requested)]);
    if (server !== null) options.push([OPT_SERVER_ID, bytesOf(server)]);
    if (type === DHCPDISCOVER || type === DHCPREQUEST) {
      const maxLen = Uint8Array.of(DHCP_MIN_MAX_LEN >> 8, DHCP_MIN_MAX_LEN & 0xff);
      options.push([OPT_PARAMETER_LIST, WANTED], [OPT_MAX_MESSAGE_LEN, maxLen]);
      if (hostname !== "") options.push([OPT_HOST_NAME, new TextEncoder().encode(hostname)]);
    }
    const message = encodeDhcp({
      xid: this.#xid,
      secs: Math.floor((nowUs - this.#beganUs) / 1e6),
      wantsBroadcast: !isUnicast && type !== DHCPDECLINE,
      ciaddr,
      mac,
      options,
    });
    this.host.send(message, isUnicast ? fields.to ?? server! : BROADCAST, nowUs);
  }
}

interface MessageFields {
  readonly ciaddr?: number;
  readonly requested?: IpAddress;
  /** For the option. */
  readonly server?: IpAddress;
  readonly isUnicast?: boolean;
  /** Where it is sent, when that is not the option's server. */
  readonly to?: IpAddress;
}

function bytesOf(addr: IpAddress): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, addr.w3);
  return bytes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}
