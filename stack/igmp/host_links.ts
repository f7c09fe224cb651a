/**
 * A host's half of IGMP, or of listener discovery, on all of its interfaces together.
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import { HostLink, type HostLinkDeps } from "./host_link.ts";

export class HostLinks {
  /** A few: those where something has been said. */
  readonly #links: HostLink[] = [];

  constructor(readonly deps: HostLinkDeps, readonly alarm: Alarm) {}

  /** The one of an interface, about to be told something; made if there is none. */
  of(ifIndex: number): HostLink {
    this.alarm.stir();
    const found = this.#links.find((link) => link.ifIndex === ifIndex);
    if (found !== undefined) return found;
    const link = new HostLink(ifIndex, this.deps);
    this.#links.push(link);
    return link;
  }

  /** All that has changed has been told once. */
  isQuiet(): boolean {
    return this.#links.every((link) => link.isQuiet);
  }

  pollAtUs(): number {
    let atUs = Infinity;
    for (const link of this.#links) atUs = Math.min(atUs, link.pollAtUs());
    return atUs;
  }

  poll(nowUs: number): void {
    for (const link of this.#links) link.poll(nowUs);
  }
}
