/**
 * Addresses that nobody has configured: of a DHCP server (RFC 2131), of the routers of IPv6 and
 * whom they lead to (dynamic_ipv6.ts), or of the link itself (RFC 3927). Begun for each interface
 * that asks, waited for at the set-up, kept while the program runs, given back at the end.
 *
 *     begin ──▶ … the rest is set up meanwhile … ── settle: each has its address, or the run fails
 *
 * @module
 */
import { check, EADDRINUSE, ETIMEDOUT, SysError } from "../ffi/errno.ts";
import {
  type AddressProbe,
  type DhcpClient,
  type DhcpOwner,
  type IpAddress,
  type Lease,
  LINK_LOCAL_PREFIX_LEN,
  linkLocalCandidate,
  type ProbePlan,
  QUICK_PROBE,
  type Stack,
} from "../stack/mod.ts";
import { holdLock } from "./address_lock.ts";
import { PROBE_PLANS } from "./addresses.ts";
import type { InterfaceConfig } from "./config.ts";
import { DynamicIpv6 } from "./dynamic_ipv6.ts";
import { leaseText } from "./lease_text.ts";
import { OwnEvent } from "./log/own_events.ts";
import type { StackLog } from "./log/stack_log.ts";
import type { EventLoop } from "./loop/loop.ts";

/** How long a server may keep the user waiting; a decline begins it anew. */
const DHCP_LIMIT_US = 15e6;
const MAX_DECLINES = 3;
/** RFC 3927 9: MAX_CONFLICTS. */
const MAX_CONFLICTS = 10;
/**
 * How long the rest is waited for when there is an address: IPv6 beside IPv4, or routes. A router
 * may leave 3.5 s between advertisements (RFC 4861 6.2.6, 10).
 */
const REST_LIMIT_US = 4e6;
/** How long the messages that give leases back may take to leave. */
const RELEASE_LIMIT_US = 1e6;
const STEP_US = 20_000;
/** Of one interface. */
const MAX_INSTANCES = 256;

/** One interface on its way to an address. */
class Pending implements DhcpOwner {
  isSettled = false;
  client: DhcpClient | null = null;
  /** null: the interface is to have no address of IPv6, or a configured one. */
  ipv6: DynamicIpv6 | null = null;
  probe: AddressProbe | null = null;
  limitUs = Infinity;
  declines = 0;
  conflicts = 0;
  /** The link's own address, while there is no lease. */
  linkLocal: IpAddress | null = null;

  constructor(
    readonly ifIndex: number,
    readonly config: InterfaceConfig,
    readonly onBound: (pending: Pending, lease: Lease) => void,
    readonly onLost: (pending: Pending, lease: Lease, why: string) => void,
    readonly begunUs: number,
  ) {}

  bound(lease: Lease): void {
    this.onBound(this, lease);
  }

  lost(lease: Lease, why: string): void {
    this.onLost(this, lease, why);
  }
}

export class DynamicAddresses {
  /** Lines for a person: what was got. */
  readonly notes: string[] = [];
  readonly #all: Pending[] = [];

  /** `hostname`: what servers are told; "": nothing. */
  constructor(
    readonly stack: Stack,
    readonly loop: EventLoop,
    readonly log: StackLog,
    readonly hostname: string,
  ) {}

  /**
   * What tells this nuse's MAC address from that of others on the same interface, who have no
   * address of their own yet either: a number, the first that is free.
   */
  macSeed(config: InterfaceConfig): string | undefined {
    if (config.dynamic === null || config.mac !== "own") return undefined;
    for (let number = 0; number < MAX_INSTANCES; number++) {
      const seed = `${config.dynamic} ${number}`;
      if (this.#isLocked(config, seed)) return seed;
    }
    const why = `${MAX_INSTANCES} nuse on ${config.name} have their addresses by DHCP`;
    throw new SysError("bind", EADDRINUSE, why, { advice: "set an address" });
  }

  /** The name servers that DHCP and routers have told of. */
  get nameservers(): string[] {
    const leases = this.#all.map(({ client }) => client?.lease ?? null);
    const all = leases.flatMap((lease) => lease?.nameservers.map((server) => `${server}`) ?? []);
    const leased6 = this.#all.flatMap(({ config, ipv6 }) =>
      ipv6?.client?.info?.nameservers.map((addr) => zoned(addr, config.name)) ?? []
    );
    const told = this.stack.routers.nameServers.map(({ addr, iface }) => zoned(addr, iface.name));
    return [...new Set([...all, ...leased6, ...told])];
  }

  /** The domains to look names up in, of the same. */
  get searchDomains(): string[] {
    const all = this.#all.flatMap(({ client, ipv6 }) => {
      const { search = [], domain = "" } = client?.lease ?? {};
      const own = search.length > 0 || domain === "" ? search : [domain];
      return [...own, ...ipv6?.client?.info?.search ?? []];
    });
    return [...new Set([...all, ...this.stack.routers.searchDomains])];
  }

  /** Begins to look for an address of an interface whose frames the loop reads already. */
  begin(ifIndex: number, config: InterfaceConfig, nowUs: number): void {
    if (config.dynamic === null) return;
    const pending = new Pending(ifIndex, config, this.#onBound, this.#onLost, nowUs);
    this.#all.push(pending);
    const kind = config.dynamic;
    const hasIpv6 = kind === "auto" || kind === "auto6" || kind === "dhcp6";
    pending.limitUs = nowUs + DHCP_LIMIT_US;
    if (hasIpv6) {
      pending.ipv6 = new DynamicIpv6(this.stack, config, this.hostname, this.log, ifIndex);
      pending.ipv6.begin(nowUs);
    }
    if (kind === "linklocal") this.#tryLinkLocal(pending, nowUs);
    else if (kind !== "auto6" && kind !== "dhcp6") this.#startDhcp(pending, nowUs);
    this.stack.poll(nowUs);
    this.stack.flush(nowUs);
  }

  /** Waits until every interface has its address. Throws SysError. */
  settle(): void {
    const { loop } = this;
    while (this.#all.some((pending) => !this.#look(pending))) loop.step(loop.nowUs + STEP_US);
  }

  /** Tells the servers that the leases are over, and waits for that to leave, not for long. */
  giveBack(): void {
    const { stack, loop } = this;
    const hasLease = ({ client, ipv6 }: Pending) =>
      (client?.lease ?? null) !== null || (ipv6?.client?.lease ?? null) !== null;
    if (!this.#all.some(hasLease)) return;
    stack.dhcp.releaseAll(loop.nowUs);
    const limitUs = loop.nowUs + RELEASE_LIMIT_US;
    do loop.step(loop.nowUs + STEP_US); while (!stack.isQuiet() && loop.nowUs < limitUs);
  }

  // ---- DHCP

  #startDhcp(pending: Pending, nowUs: number): void {
    const { ifIndex, config } = pending;
    const { hostname } = this;
    const how = { hostname, probe: PROBE_PLANS[config.dad], owner: pending };
    const client = this.stack.dhcp.start(ifIndex, how, nowUs);
    if (typeof client === "number") {
      check(client, "DHCP", `cannot ask for ${config.name}'s address`);
    } else pending.client = client;
  }

  readonly #onBound = (pending: Pending, lease: Lease): void => {
    const { ifIndex, config } = pending;
    if (pending.linkLocal !== null) {
      this.stack.removeAddress(ifIndex, pending.linkLocal, this.loop.nowUs);
      pending.linkLocal = null;
    }
    const facts = leaseText(lease);
    if (pending.isSettled) this.log.tell(OwnEvent.IP_LEASE, { facts }, { interface: config.name });
    else this.notes.push(`${config.name}: ${facts}`);
  };

  readonly #onLost = ({ config }: Pending, { addr }: Lease, reason: string): void => {
    const subject = { interface: config.name, address: addr.toString() };
    this.log.tell(OwnEvent.IP_LEASE_LOST, { reason }, subject);
  };

  // ---- link-local

  #tryLinkLocal(pending: Pending, nowUs: number): void {
    const { ifIndex, config, conflicts } = pending;
    const iface = this.stack.interfaceByIndex(ifIndex)!;
    const plan: ProbePlan = PROBE_PLANS[config.dad] ?? QUICK_PROBE; // RFC 3927 2.2.1: it must ask
    const addr = linkLocalCandidate(iface.mac, conflicts);
    const probe = this.stack.probeAddress(ifIndex, addr, plan, nowUs);
    if (typeof probe !== "number") pending.probe = probe;
  }

  // ---- waiting

  /** Whether the interface has its address by now. */
  #look(pending: Pending): boolean {
    if (pending.isSettled) return true;
    if (pending.ipv6 !== null) return this.#lookAtIpv6(pending, pending.ipv6);
    const { client } = pending;
    if (client !== null && client.lease !== null) return this.#settleLease(pending, client.lease);
    if (pending.probe !== null) return this.#lookAtProbe(pending, pending.probe);
    if (client !== null) this.#watchDhcp(pending, client);
    return false;
  }

  /** With IPv6, and perhaps IPv4: all that is to be had, or some, when the rest is late. */
  #lookAtIpv6(pending: Pending, ipv6: DynamicIpv6): boolean {
    const { config, client, begunUs, limitUs } = pending;
    const { nowUs } = this.loop;
    const lease = client?.lease ?? null;
    const isComplete = ipv6.isComplete && (client === null || lease !== null);
    const hasOne = lease !== null || ipv6.addresses.length > 0;
    if (!isComplete && !(hasOne && nowUs >= begunUs + REST_LIMIT_US)) {
      if (nowUs < limitUs) return false;
      const { name } = config;
      const also = client === null ? "" : ", and no DHCP server either";
      const why = `${ipv6.failure}${also}: no address within ${DHCP_LIMIT_US / 1e6} s`;
      throw new SysError("DHCP", ETIMEDOUT, why, { advice: `set nuse-${name}=ADDRESS` });
    }
    ipv6.settle();
    this.notes.push(...ipv6.notes);
    return lease === null ? pending.isSettled = true : this.#settleLease(pending, lease);
  }

  #settleLease(pending: Pending, { addr }: Lease): boolean {
    this.#lock(pending.config, addr.toString());
    return pending.isSettled = true;
  }

  /** Gives up, or turns to the link's own address, when no server has an address for us. */
  #watchDhcp(pending: Pending, client: DhcpClient): void {
    const { nowUs } = this.loop;
    if (client.declines > pending.declines) {
      pending.declines = client.declines;
      pending.limitUs = nowUs + DHCP_LIMIT_US;
    }
    if (nowUs < pending.limitUs && client.declines < MAX_DECLINES) return;
    if (pending.config.dynamic === "dhcp-or-linklocal") return this.#tryLinkLocal(pending, nowUs);
    const { name } = pending.config;
    const why = client.declines >= MAX_DECLINES
      ? `every address that the DHCP server on ${name} gave is in use already`
      : client.offers > 0
      ? `the DHCP server on ${name} offers an address, but does not acknowledge it`
      : `no DHCP server has answered on ${name} within ${DHCP_LIMIT_US / 1e6} s`;
    const advice = `set nuse-${name}=ADDRESS, or dhcp-or-linklocal to go on without a server`;
    throw new SysError("DHCP", ETIMEDOUT, why, { advice });
  }

  #lookAtProbe(pending: Pending, probe: AddressProbe): boolean {
    if (!probe.isOver) return false;
    const { ifIndex, config } = pending;
    const { nowUs } = this.loop;
    if (probe.holder !== null) {
      pending.conflicts++;
      if (pending.conflicts < MAX_CONFLICTS) {
        this.#tryLinkLocal(pending, nowUs);
        return false;
      }
      const why = `${MAX_CONFLICTS} link-local addresses in a row are in use on ${config.name}`;
      const advice = `set nuse-${config.name}=ADDRESS`;
      throw new SysError("ARP", EADDRINUSE, why, { advice });
    }
    const { addr } = probe;
    this.#lock(config, addr.toString());
    const added = this.stack.addAddress(ifIndex, addr, LINK_LOCAL_PREFIX_LEN, nowUs);
    check(added, "addAddress", `cannot give ${config.name} ${addr}`);
    pending.linkLocal = addr;
    this.notes.push(`${config.name}: ${addr}/${LINK_LOCAL_PREFIX_LEN}, link-local`);
    return pending.isSettled = true;
  }

  /** Throws SysError when another nuse has it. */
  #lock(config: InterfaceConfig, what: string): void {
    const stranger = holdLock(this.loop, config, what);
    if (stranger !== null) this.notes.push(stranger);
  }

  #isLocked(config: InterfaceConfig, what: string): boolean {
    try {
      this.#lock(config, what);
      return true;
    } catch (error) {
      if (error instanceof SysError && error.errno === EADDRINUSE) return false;
      throw error;
    }
  }
}

/** As resolvers want it: one on a link needs to be told of which. */
function zoned(addr: IpAddress, name: string): string {
  return addr.family === 6 && addr.isLinkLocal ? `${addr}%${name}` : `${addr}`;
}
