/**
 * One interface's IPv6 addresses that nobody has configured: of its link's routers (RFC 4862), and
 * of a DHCPv6 server (RFC 9915) where a router says that there is one, or the user does.
 *
 * @module
 */
import { errnoName } from "../ffi/errno.ts";
import {
  type Dhcp6Client,
  type Dhcp6Owner,
  type Info6,
  type Interface,
  type IpAddress,
  type Lease6,
  type Stack,
} from "../stack/mod.ts";
import { PROBE_PLANS } from "./addresses.ts";
import type { InterfaceConfig } from "./config.ts";
import { info6Text, lease6Text } from "./lease_text.ts";
import { OwnEvent } from "./log/own_events.ts";
import type { StackLog } from "./log/stack_log.ts";

/** States in which the client has asked and waits. */
const WAITING: readonly string[] = [
  "soliciting",
  "requesting",
  "probing",
  "declining",
  "waiting",
  "informing",
];

export class DynamicIpv6 implements Dhcp6Owner {
  client: Dhcp6Client | null = null;
  /** Lines for a person; once it is settled, the log is told instead. */
  readonly notes: string[] = [];
  isSettled = false;
  readonly #iface: Interface;

  constructor(
    readonly stack: Stack,
    readonly config: InterfaceConfig,
    readonly hostname: string,
    readonly log: StackLog,
    ifIndex: number,
  ) {
    this.#iface = stack.interfaceByIndex(ifIndex)!;
  }

  /** Asks the routers, and a DHCPv6 server, now or when a router says so. */
  begin(nowUs: number): void {
    const { stack, config: { dad, dynamic, name }, hostname } = this;
    const { index } = this.#iface;
    const probe = PROBE_PLANS[dad];
    const isAdvised = dynamic !== "dhcp6";
    const how = { hostname, probe, isAdvised, owner: this };
    const client = stack.dhcp.start6(index, how, nowUs);
    if (typeof client !== "number") this.client = client;
    else this.notes.push(`${name}: no DHCPv6: ${errnoName(client)}`);
    stack.startRouterDiscovery(index, nowUs, { probe, formsAddresses: isAdvised });
  }

  /** Those that it has by now. */
  get addresses(): IpAddress[] {
    return this.#iface.addresses.map(({ addr }) => addr)
      .filter((addr) => addr.family === 6 && !addr.isLinkLocal);
  }

  get isHeard(): boolean {
    return this.stack.routers.isSettled(this.#iface);
  }

  /** Nothing more is to be expected: routers have been heard, and whom they have led to. */
  get isComplete(): boolean {
    if (this.#iface.isIpv6Off) return true;
    return this.addresses.length > 0 && this.isHeard && !this.#isWaiting;
  }

  get #isWaiting(): boolean {
    return this.client !== null && WAITING.includes(this.client.state);
  }

  /** Who has been heard and has not given an address: for the line that says why there is none. */
  get failure(): string {
    const { stack, client, config: { name } } = this;
    const { servers, declines = 0 } = client ?? {};
    if (declines > 0) return `every address that the DHCPv6 server on ${name} gave is in use`;
    if (servers !== undefined && servers.offers > 0) {
      return `the DHCPv6 server on ${name} offers an address, but does not acknowledge it`;
    }
    if (servers !== undefined && servers.refusals > 0) {
      return `the DHCPv6 server on ${name} has no address for us`;
    }
    if (stack.routers.takenOn(this.#iface) > 0) {
      return `every address that was formed on ${name} is in use already`;
    }
    if (client?.isStateful) return `no DHCPv6 server has answered on ${name}`;
    if (this.isHeard) return `a router has answered on ${name}, but has no address for us`;
    return `no router has answered on ${name}`;
  }

  /** Lines are made of what is there now. */
  settle(): void {
    const { stack, client, config: { name } } = this;
    this.isSettled = true;
    const leased = client?.lease?.addresses ?? [];
    for (const addr of this.addresses) {
      const isLeased = leased.some((other) => other.addr.equals(addr));
      if (!isLeased) this.notes.push(`${name}: ${addr}/64 by a router`);
    }
    const told = stack.routers.nameServers.filter(({ iface }) => iface === this.#iface);
    if (told.length > 0) {
      const names = told.map(({ addr }) => addr).join(" ");
      this.notes.push(`${name}: name servers ${names} by a router`);
    }
  }

  // ---- Dhcp6Owner

  bound(lease: Lease6, before: Lease6 | null): void {
    const facts = lease6Text(lease);
    if (!this.isSettled) this.notes.push(`${this.config.name}: ${facts}`);
    else if (before === null) {
      this.log.tell(OwnEvent.IP_LEASE, { facts }, { interface: this.config.name });
    }
  }

  lost({ addresses }: Lease6, reason: string): void {
    const address = addresses.map(({ addr }) => addr).join(" ");
    this.log.tell(OwnEvent.IP_LEASE_LOST, { reason }, { interface: this.config.name, address });
  }

  informed(info: Info6): void {
    const facts = info6Text(info);
    if (!this.isSettled && facts !== "") this.notes.push(`${this.config.name}: ${facts}`);
  }
}
