/**
 * What of a stack waits for time, but for TCP: neighbours, addresses, routers, fragments, groups,
 * DHCP. They have little to do, and a turn of the loop takes microseconds: so they are asked when
 * the alarm that they share has rung, and not in each turn.
 *
 * @module
 */
import { type Alarm, UNKNOWN } from "./base/alarm.ts";

/** One of them. */
export interface Timed {
  /** Does what is due. */
  poll(nowUs: number): void;
  /** When there is something to do; Infinity: never, not above now: at once. */
  pollAtUs(): number;
}

export class NetworkTimers implements Timed {
  /**
   * `parts` are asked in this order: whoever asks for an address has told of its group (RFC 4862
   * 5.4.2), and DHCP comes after ARP and NDP, for whose answers it waits.
   */
  constructor(readonly alarm: Alarm, readonly parts: readonly Timed[]) {}

  poll(nowUs: number): void {
    const { alarm } = this;
    if (alarm.atUs > nowUs) return;
    for (const part of this.parts) part.poll(nowUs);
    alarm.stir();
  }

  pollAtUs(): number {
    const { alarm } = this;
    if (alarm.atUs === UNKNOWN) alarm.atUs = this.findDueUs();
    return alarm.atUs;
  }

  /** The same, by asking everybody. */
  findDueUs(): number {
    let atUs = Infinity;
    for (const part of this.parts) atUs = Math.min(atUs, part.pollAtUs());
    return atUs;
  }
}
