/**
 * How an address becomes ours: locked against another nuse, asked for on the wire (RFC 5227, RFC
 * 4862), then given to the stack, which announces it. Refused with one line when somebody has it
 * already.
 *
 *     begin ── first probe ──▶ … the rest is set up meanwhile … ── settle: the probes are over
 *
 * RFC 5227 asks for 4 to 7 seconds (`dad=full`); who starts a program does not wait so long.
 * `quick` asks twice within 20 ms, which a host on the same wire answers in time; one that is
 * slower, or comes later, is a conflict that is said and defended against (stack/iface/arp.ts).
 *
 * @module
 */
import { check, EADDRINUSE, SysError } from "../ffi/errno.ts";
import {
  type AddressProbe,
  FULL_PROBE,
  IpAddress,
  LINK_LOCAL6_PREFIX_LEN,
  type ProbePlan,
  QUICK_PROBE,
  type Stack,
} from "../stack/mod.ts";
import { holdLock } from "./address_lock.ts";
import type { AddressConfig, DadKind, InterfaceConfig } from "./config.ts";
import type { DeviceAddress } from "./devices/base/device.ts";
import type { EventLoop } from "./loop/loop.ts";

/** How an address is asked for before it is ours; null: it is not. */
export const PROBE_PLANS: Readonly<Record<DadKind, ProbePlan | null>> = {
  quick: QUICK_PROBE,
  full: FULL_PROBE,
  off: null,
};

interface Claim {
  readonly ifIndex: number;
  readonly name: string;
  readonly addr: IpAddress;
  readonly prefixLen: number;
  /** null: not asked for. */
  readonly probe: AddressProbe | null;
  /** Nobody has asked for it, the link's own: there is no IPv6 when somebody else has it ... */
  readonly isOptional: boolean;
  /** ... which the configuration cannot do without. */
  readonly isIpv6Needed: boolean;
}

export function addressOf(config: AddressConfig): DeviceAddress {
  const addr = IpAddress.parse(config.address);
  if (addr === null) throw new TypeError(`configuration: address ${config.address}`);
  return { addr, prefixLen: config.prefixLen };
}

export class AddressClaims {
  /** Lines for a person. */
  readonly notes: string[] = [];
  readonly #claims: Claim[] = [];

  constructor(readonly stack: Stack, readonly loop: EventLoop) {}

  /**
   * Begins to claim the addresses of one interface, whose frames the loop reads already, and
   * `linkLocal`, its own on the link (null: none). Throws SysError when another nuse has one.
   */
  begin(
    ifIndex: number,
    config: InterfaceConfig,
    linkLocal: IpAddress | null,
    nowUs: number,
  ): void {
    // First: what tells the link of the others goes out from it.
    if (linkLocal !== null) {
      this.#claim(ifIndex, config, linkLocal, LINK_LOCAL6_PREFIX_LEN, true, nowUs);
    }
    for (const { addr, prefixLen } of config.addresses.map(addressOf)) {
      const stranger = holdLock(this.loop, config, addr.toString());
      if (stranger !== null) this.notes.push(stranger);
      this.#claim(ifIndex, config, addr, prefixLen, false, nowUs);
    }
    this.stack.poll(nowUs);
    this.stack.flush(nowUs);
  }

  #claim(
    ifIndex: number,
    { name, dad, addresses, dynamic }: InterfaceConfig,
    addr: IpAddress,
    prefixLen: number,
    isOptional: boolean,
    nowUs: number,
  ): void {
    const plan = PROBE_PLANS[dad];
    const asked = plan === null ? null : this.stack.probeAddress(ifIndex, addr, plan, nowUs);
    if (typeof asked === "number") check(asked, "probeAddress", `cannot ask for ${addr}`);
    const probe = asked as AddressProbe | null;
    const isIpv6Needed = dynamic === "auto6" || dynamic === "dhcp6" ||
      addresses.some((wanted) => addressOf(wanted).addr.family === 6);
    const claim = { ifIndex, name, addr, prefixLen, probe };
    this.#claims.push({ ...claim, isOptional, isIpv6Needed });
  }

  /** Waits until all is known and takes the addresses. Throws SysError when one is not free. */
  settle(): void {
    const { stack, loop } = this;
    const isPending = ({ probe }: Claim) => probe !== null && !probe.isOver;
    while (this.#claims.some(isPending)) loop.step(Infinity);
    for (const claim of this.#claims) {
      const { name, addr, probe, isOptional } = claim;
      if (probe === null || probe.holder === null) continue;
      if (isOptional) {
        this.#goWithoutIpv6(claim, probe.holder);
        continue;
      }
      throw new SysError("ARP", EADDRINUSE, `${addr} is in use on ${name} by ${probe.holder}`, {
        advice: "choose another address; dad=off does not ask",
      });
    }
    for (const { ifIndex, name, addr, prefixLen, probe, isOptional } of this.#claims) {
      if (isOptional && probe !== null && probe.holder !== null) continue;
      const added = stack.addAddress(ifIndex, addr, prefixLen, loop.nowUs);
      check(added, "addAddress", `cannot give ${name} ${addr}/${prefixLen}`);
    }
  }

  /** RFC 4862 5.4.5. Throws SysError when an address of IPv6 is wanted on that interface. */
  #goWithoutIpv6({ ifIndex, name, addr, isIpv6Needed }: Claim, holder: string): void {
    const what = `${addr} is in use on ${name} by ${holder}`;
    if (isIpv6Needed) {
      const why = `${what}: there can be no IPv6`;
      throw new SysError("NDP", EADDRINUSE, why, {
        advice: "set another mac; dad=off does not ask",
      });
    }
    this.stack.disableIpv6(ifIndex, this.loop.nowUs);
    this.notes.push(`${what}: there is no IPv6 on ${name}`);
  }
}
