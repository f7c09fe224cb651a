/**
 * Addresses that a host forms itself in the prefixes of its link (RFC 4862 5.5), and with them, if
 * asked for, temporary ones (RFC 8981).
 *
 *     prefix ── formed ── is it free? ──▶ ours ── preferred time over ──▶ deprecated ──▶ gone
 *                  ▲          │ taken: another one, thrice at most (RFC 7217 6, RFC 8981 3.4)
 *                  └──────────┘
 *     temporary: a successor five seconds before its preferred time is over
 *
 * A lifetime that is to cut an address off at once is not believed (RFC 4862 5.5.3 (e)). Prefixes
 * and temporary addresses are bounded: whoever is on the link can tell of them.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import type { AddressProbe, ProbePlan } from "./address_probe.ts";
import type { IpConfig } from "./config.ts";
import type { Interface } from "./interface.ts";
import type { InterfaceIds } from "./interface_id.ts";

export const SLAAC_PREFIX_LEN = 64;
const PREFIXES_MAX = 16;
/** max_addresses; of all prefixes together. */
const TEMPORARY_MAX = 16;
const TWO_HOURS_US = 7200e6;
/** IDGEN_RETRIES, TEMP_IDGEN_RETRIES (RFC 7217 7, RFC 8981 3.8). */
const RETRIES = 3;
/** REGEN_ADVANCE: 2 s and the time of that many detections (RFC 8981 3.8). */
const REGENERATE_ADVANCE_US = 5e6;
/** MAX_DESYNC_FACTOR: hosts that started together do not change together. */
const DESYNC_PART = 0.4;

interface Formed {
  readonly prefix: IpAddress;
  readonly addr: IpAddress;
  /** null: of the prefix; else from when on it is temporary. */
  readonly temporarySinceUs: number | null;
  /** Of a temporary one: how much earlier than the others' it ends to be preferred. */
  readonly desyncUs: number;
  /** Those before it that were taken. */
  readonly attempt: number;
  /** null: it is ours, or somebody else's. */
  probe: AddressProbe | null;
  isOurs: boolean;
  /** A temporary one that has its successor. */
  isReplaced: boolean;
  preferredUntilUs: number;
  validUntilUs: number;
}

export interface SlaacDeps {
  readonly config: IpConfig;
  readonly ids: InterfaceIds;
  readonly random: () => number;
  readonly probe: (
    iface: Interface,
    addr: IpAddress,
    plan: ProbePlan,
    nowUs: number,
  ) => AddressProbe;
  /** 0 or -errno. Its prefix may not be on the link. */
  readonly addAddress: (
    iface: Interface,
    addr: IpAddress,
    isTemporary: boolean,
    nowUs: number,
  ) => number;
  readonly removeAddress: (iface: Interface, addr: IpAddress, nowUs: number) => void;
}

export class Slaac {
  /** Addresses that somebody else had. */
  taken = 0;
  readonly #all: Formed[] = [];

  /** `plan`: how an address is asked for; null: it is not. */
  constructor(
    readonly iface: Interface,
    readonly plan: ProbePlan | null,
    readonly deps: SlaacDeps,
  ) {}

  /** Of every address it is known whether it is ours. */
  get isSettled(): boolean {
    return this.#all.every(({ probe }) => probe === null);
  }

  /** A prefix of 64 bits to form addresses in. */
  onPrefix(prefix: IpAddress, preferredUntilUs: number, validUntilUs: number, nowUs: number): void {
    const known = this.#all.find((formed) => isOfPrefix(formed, prefix));
    if (known === undefined) {
      if (validUntilUs <= nowUs || this.#count(false) >= PREFIXES_MAX) return;
      this.#form(prefix, 0, preferredUntilUs, validUntilUs, nowUs);
    } else {
      this.#prolong(known, preferredUntilUs, validUntilUs, nowUs);
    }
    const stable = this.#all.find((formed) => isOfPrefix(formed, prefix));
    if (stable === undefined) return;
    for (const formed of this.#all) {
      if (formed.temporarySinceUs !== null && formed.prefix.equals(prefix)) {
        this.#follow(formed, stable, nowUs);
      }
    }
    this.#provideTemporary(stable, 0, nowUs);
  }

  /** Its addresses have been taken from the interface. */
  forget(): void {
    this.#all.length = 0;
  }

  /** When something is due; 0: at once. */
  dueAtUs(): number {
    let atUs = Infinity;
    for (const formed of this.#all) {
      if (formed.probe?.isOver) return 0;
      atUs = Math.min(atUs, formed.validUntilUs);
      if (this.#isPreferred(formed)) atUs = Math.min(atUs, this.#changesAtUs(formed));
    }
    return atUs;
  }

  poll(nowUs: number): void {
    for (const formed of [...this.#all]) this.#age(formed, nowUs);
  }

  // ---- forming

  #form(
    prefix: IpAddress,
    attempt: number,
    preferredUntilUs: number,
    validUntilUs: number,
    nowUs: number,
  ): void {
    const { iface, deps: { ids } } = this;
    const addr = ids.form(prefix, iface.mac, attempt);
    if (iface.findAddress(addr) !== null) return; // somebody has given it to us already
    const times = { preferredUntilUs, validUntilUs };
    this.#ask({ prefix, addr, attempt, temporarySinceUs: null, desyncUs: 0, ...times }, nowUs);
  }

  /** RFC 8981 3.4: one for each prefix, of which the last is the one that is used. */
  #provideTemporary(stable: Formed, attempt: number, nowUs: number): void {
    const { config, ids, random } = this.deps;
    const { prefix, preferredUntilUs, validUntilUs } = stable;
    const hasOne = this.#all.some((formed) =>
      formed.temporarySinceUs !== null && !formed.isReplaced && formed.prefix.equals(prefix)
    );
    if (config.useTempaddr === 0 || hasOne || this.#count(true) >= TEMPORARY_MAX) return;
    const part = DESYNC_PART * ((random() >>> 0) / 2 ** 32);
    const desyncUs = part * config.tempPreferredUs;
    const until = {
      preferredUntilUs: Math.min(preferredUntilUs, nowUs + config.tempPreferredUs - desyncUs),
      validUntilUs: Math.min(validUntilUs, nowUs + config.tempValidUs),
    };
    if (until.preferredUntilUs <= nowUs + REGENERATE_ADVANCE_US) return;
    const addr = ids.temporary(prefix);
    this.#ask({ prefix, addr, attempt, temporarySinceUs: nowUs, desyncUs, ...until }, nowUs);
  }

  #ask(fields: Omit<Formed, "probe" | "isOurs" | "isReplaced">, nowUs: number): void {
    const { iface, plan, deps } = this;
    const probe = plan === null ? null : deps.probe(iface, fields.addr, plan, nowUs);
    const formed = { ...fields, probe, isOurs: false, isReplaced: false };
    this.#all.push(formed);
    if (probe === null) this.#take(formed, nowUs);
  }

  #take(formed: Formed, nowUs: number): void {
    const isTemporary = formed.temporarySinceUs !== null;
    formed.isOurs = this.deps.addAddress(this.iface, formed.addr, isTemporary, nowUs) === 0;
    if (formed.preferredUntilUs <= nowUs) this.#setDeprecated(formed, true);
  }

  // ---- time

  /** RFC 4862 5.5.3 (e): who has not two hours left is not robbed of what he has. */
  #prolong(formed: Formed, preferredUntilUs: number, validUntilUs: number, nowUs: number): void {
    const inTwoHoursUs = nowUs + TWO_HOURS_US;
    if (validUntilUs > inTwoHoursUs || validUntilUs > formed.validUntilUs) {
      formed.validUntilUs = validUntilUs;
    } else if (formed.validUntilUs > inTwoHoursUs) {
      formed.validUntilUs = inTwoHoursUs;
    }
    formed.preferredUntilUs = preferredUntilUs;
    this.#setDeprecated(formed, preferredUntilUs <= nowUs);
  }

  /** A temporary address lives as long as its prefix, and never longer than it was to. */
  #follow(formed: Formed, stable: Formed, nowUs: number): void {
    const { tempPreferredUs, tempValidUs } = this.deps.config;
    const sinceUs = formed.temporarySinceUs!;
    const preferredUs = sinceUs + tempPreferredUs - formed.desyncUs;
    formed.preferredUntilUs = Math.min(stable.preferredUntilUs, preferredUs);
    formed.validUntilUs = Math.min(stable.validUntilUs, sinceUs + tempValidUs);
    this.#setDeprecated(formed, formed.preferredUntilUs <= nowUs);
  }

  #age(formed: Formed, nowUs: number): void {
    if (formed.probe?.isOver) this.#onProbed(formed, formed.probe, nowUs);
    if (!this.#all.includes(formed)) return;
    if (formed.validUntilUs <= nowUs) {
      this.#forget(formed);
      if (formed.isOurs) this.deps.removeAddress(this.iface, formed.addr, nowUs);
      return;
    }
    if (this.#changesAtUs(formed) > nowUs) return;
    if (formed.temporarySinceUs !== null && !formed.isReplaced) {
      formed.isReplaced = true;
      const stable = this.#all.find((other) => isOfPrefix(other, formed.prefix));
      if (stable !== undefined) this.#provideTemporary(stable, 0, nowUs);
    }
    if (formed.preferredUntilUs <= nowUs) this.#setDeprecated(formed, true);
  }

  /** It is ours; or it is not, and another one may be. */
  #onProbed(formed: Formed, { holder }: AddressProbe, nowUs: number): void {
    formed.probe = null;
    if (holder === null) return this.#take(formed, nowUs);
    this.taken++;
    const { prefix, attempt, preferredUntilUs, validUntilUs } = formed;
    if (attempt >= RETRIES) return;
    if (formed.temporarySinceUs !== null) {
      this.#forget(formed);
      const stable = this.#all.find((other) => isOfPrefix(other, prefix));
      if (stable !== undefined) this.#provideTemporary(stable, attempt + 1, nowUs);
    } else if (this.deps.ids.canRetry) {
      this.#forget(formed);
      this.#form(prefix, attempt + 1, preferredUntilUs, validUntilUs, nowUs);
    }
  }

  /** When its successor is to be there, or when it is deprecated. */
  #changesAtUs({ temporarySinceUs, isReplaced, preferredUntilUs }: Formed): number {
    const isToBeReplaced = temporarySinceUs !== null && !isReplaced;
    return isToBeReplaced ? preferredUntilUs - REGENERATE_ADVANCE_US : preferredUntilUs;
  }

  /** It is ours, which a user may have taken from us since, and not deprecated yet. */
  #isPreferred({ addr, isOurs }: Formed): boolean {
    const entry = isOurs ? this.iface.findAddress(addr) : null;
    return entry !== null && entry.isDeprecated !== true;
  }

  #setDeprecated({ addr, isOurs }: Formed, is: boolean): void {
    const entry = isOurs ? this.iface.findAddress(addr) : null;
    if (entry !== null) entry.isDeprecated = is;
  }

  #forget(formed: Formed): void {
    this.#all.splice(this.#all.indexOf(formed), 1);
  }

  #count(areTemporary: boolean): number {
    const isCounted = (formed: Formed) => (formed.temporarySinceUs !== null) === areTemporary;
    return this.#all.filter(isCounted).length;
  }
}

/** It is what the prefix is known by: the address that lives as long. */
function isOfPrefix(formed: Formed, prefix: IpAddress): boolean {
  return formed.temporarySinceUs === null && formed.prefix.equals(prefix);
}
