/**
 * Which of the DHCPv6 servers that advertise is asked (RFC 9915 18.2.9): the one of the highest
 * preference that has addresses for us. Only the best is kept, however many there are, and a few of
 * those who advertised and then did not reply.
 *
 * @module
 */
import { type Dhcp6Reply, STATUS6_SUCCESS } from "../wire/dhcp6.ts";
import { lease6Of } from "./lease6.ts";

const MAX_RT_US = 3600e6;
/** What servers may make of SOL_MAX_RT and INF_MAX_RT (RFC 9915 21.24, 21.25). */
const MAX_RT_LEAST_S = 60;
const MAX_RT_MOST_S = 86_400;
/** The highest preference: nobody else need be waited for (RFC 9915 18.2.1). */
const PREFERENCE_MAX = 255;
const SILENT_MAX = 4;

export class ServerChoice6 {
  best: Dhcp6Reply | null = null;
  /** How long solicitations, and requests for information, may come to wait for an answer. */
  solicitMaxUs = MAX_RT_US;
  informMaxUs = MAX_RT_US;
  /** What a failure's line can tell: usable offers, and refusals. */
  offers = 0;
  refusals = 0;
  /** The first timeout of a solicitation is for collecting; later the first offer is taken. */
  isCollecting = false;
  #silent: Uint8Array[] = [];

  begin(): void {
    this.best = null;
    this.isCollecting = true;
  }

  /** An advertisement: whether the best one is to be taken at once. */
  consider(reply: Dhcp6Reply, nowUs: number): boolean {
    this.heedTimes(reply);
    if (!isUsable(reply, nowUs)) {
      this.refusals++;
      return false;
    }
    this.offers++;
    const rank = this.#rankOf(reply);
    if (this.best === null || rank > this.#rankOf(this.best)) this.best = reply;
    return !this.isCollecting || rank === PREFERENCE_MAX;
  }

  /** It has advertised, and then refused or not replied: any other goes first from now on. */
  giveUp(server: Uint8Array): void {
    this.#silent = [server, ...this.#silent].slice(0, SILENT_MAX);
  }

  /** A server keeps its word: those who do not may have another chance. */
  settle(): void {
    this.#silent = [];
  }

  #rankOf({ serverId, preference }: Dhcp6Reply): number {
    return this.#silent.some((server) => areEqual(server, serverId)) ? -1 : preference;
  }

  /** Also of servers that have nothing for us. */
  heedTimes({ solMaxRtSeconds, infMaxRtSeconds }: Dhcp6Reply): void {
    if (isMaxRt(solMaxRtSeconds)) this.solicitMaxUs = solMaxRtSeconds * 1e6;
    if (isMaxRt(infMaxRtSeconds)) this.informMaxUs = infMaxRtSeconds * 1e6;
  }
}

function isMaxRt(seconds: number | null): seconds is number {
  return seconds !== null && seconds >= MAX_RT_LEAST_S && seconds <= MAX_RT_MOST_S;
}

/** It grants an address, or would. */
export function isUsable(reply: Dhcp6Reply, nowUs: number): boolean {
  const { association, status } = reply;
  if (association === null || status !== STATUS6_SUCCESS) return false;
  if (association.status !== STATUS6_SUCCESS) return false;
  const read = lease6Of(reply, nowUs);
  return read !== null && read.lease.addresses.length > 0;
}

export function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
