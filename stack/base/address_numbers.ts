/**
 * IPv6 addresses as numbers, for tables that are made for IPv4's int32 (multicast memberships,
 * IGMP): equal addresses have equal numbers, and no number is an int32.
 *
 * An address keeps its number for as long as it is held, and a while longer.
 *
 * @module
 */
import { IpAddress } from "./ip_address.ts";

/** No int32 is that large. */
const FIRST = 2 ** 33;
/** Numbers that nobody holds and that are still known: reports may have to name them. */
const IDLE_MAX = 4096;

interface Held {
  readonly number: number;
  readonly addr: IpAddress;
  holders: number;
}

export class AddressNumbers {
  readonly #byText = new Map<string, Held>();
  readonly #byNumber = new Map<number, Held>();
  /** Held by nobody, the latest last. */
  readonly #idle = new Set<Held>();
  #next = FIRST;

  get count(): number {
    return this.#byNumber.size;
  }

  /** Holds `addr` once more; its number. An IPv4 address is its own. */
  hold(addr: IpAddress): number {
    if (addr.family === 4) return addr.w3;
    const text = addr.toString();
    let held = this.#byText.get(text);
    if (held === undefined) {
      held = { number: this.#next++, addr, holders: 0 };
      this.#byText.set(text, held);
      this.#byNumber.set(held.number, held);
    }
    held.holders++;
    this.#idle.delete(held);
    return held.number;
  }

  /** Holds the address of a number that is known once more. */
  holdNumber(number: number): void {
    const held = this.#byNumber.get(number);
    if (held === undefined) return;
    held.holders++;
    this.#idle.delete(held);
  }

  /** Who called `hold` does not need it any more. */
  release(number: number): void {
    const held = this.#byNumber.get(number);
    if (held === undefined || --held.holders > 0) return;
    this.#idle.add(held);
    if (this.#idle.size <= IDLE_MAX) return;
    for (const oldest of this.#idle) {
      this.#idle.delete(oldest);
      this.#byNumber.delete(oldest.number);
      this.#byText.delete(oldest.addr.toString());
      return;
    }
  }

  /** The number of an address that is known; NaN: it is not. */
  find(addr: IpAddress): number {
    return addr.family === 4 ? addr.w3 : this.#byText.get(addr.toString())?.number ?? NaN;
  }

  /** The address of a number: of an int32 the IPv4 address; null: not known. */
  addressOf(number: number): IpAddress | null {
    if (number < FIRST) return IpAddress.v4(number);
    return this.#byNumber.get(number)?.addr ?? null;
  }
}
