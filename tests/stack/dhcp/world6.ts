/**
 * A DHCPv6 client alone, and a server that is the test.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Dhcp6Client } from "../../../stack/dhcp/client6.ts";
import type { Lease6 } from "../../../stack/dhcp/lease6.ts";
import type { AddressProbe, Info6, IpAddress } from "../../../stack/mod.ts";
import { type Answer6, option6, readMessage6, reply6, type Seen6 } from "./server6.ts";

export const DUID = Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 7);
export const IAID = -77;
const [ADVERTISE, REPLY] = [2, 7];
export const PREFERENCE = (n: number) => option6(7, [n]);

export interface Sent extends Seen6 {
  readonly atUs: number;
}

/** A client alone, with virtual time and the test as its stack. */
export class World {
  nowUs = 5e6;
  readonly sent: Sent[] = [];
  readonly events: string[] = [];
  /** By address: who has it; an address that is not here is not asked for. */
  readonly probes = new Map<string, { isOver: boolean; holder: string | null; addr: IpAddress }>();
  holders: Record<string, string | null> = {};
  readonly client: Dhcp6Client;
  #state = 7;

  constructor(isStateful = true) {
    this.client = new Dhcp6Client({
      send: (message: Uint8Array, nowUs: number) => {
        this.sent.push({ ...readMessage6(message), atUs: nowUs });
      },
      probe: (addr: IpAddress) => {
        if (!(addr.toString() in this.holders)) return null;
        const holder = this.holders[addr.toString()];
        return { isOver: true, holder, addr } as unknown as AddressProbe;
      },
      bound: ({ addresses }: Lease6) =>
        this.events.push(`bound ${addresses.map(({ addr }) => addr).join(" ")}`),
      lost: ({ addresses }: Lease6, why: string) =>
        this.events.push(`lost ${addresses.map(({ addr }) => addr).join(" ")}: ${why}`),
      informed: ({ nameservers, search }: Info6) =>
        this.events.push(`informed ${nameservers} ${search}`),
    }, {
      duid: DUID,
      iaid: IAID,
      hostname: "box",
      random: () => this.#state = (Math.imul(this.#state, 1103515245) + 12345) | 0,
    });
    this.client.start(isStateful, this.nowUs);
  }

  take(): Sent[] {
    return this.sent.splice(0);
  }

  takeOne(): Sent {
    const all = this.take();
    assertEquals(all.length, 1);
    return all[0];
  }

  answer(to: Seen6, type: number, answer?: Answer6): void {
    this.client.input(reply6(to, type, answer), this.nowUs);
  }

  /** Goes to the next time at which something is due. */
  next(): void {
    this.nowUs = Math.max(this.nowUs, this.client.pollAtUs());
    this.client.poll(this.nowUs);
  }

  /** From the start to the lease, by a server of the highest preference. */
  bind(answer: Answer6 = {}): Sent {
    this.answer(this.takeOne(), ADVERTISE, { ...answer, outer: PREFERENCE(255) });
    const request = this.takeOne();
    this.answer(request, REPLY, answer);
    assertEquals(this.client.state, "bound");
    return request;
  }
}
