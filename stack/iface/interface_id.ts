/**
 * The lower half of an address that a host forms itself: from the MAC address (RFC 4291 appendix
 * A), opaque and the same each time in one prefix (RFC 7217), or by chance (RFC 8981).
 *
 * @module
 */
import { IpAddress } from "../base/ip_address.ts";
import { SipHash } from "../base/siphash.ts";
import { linkLocalOf } from "./addresses6.ts";

/** net.ipv6.conf.default.addr_gen_mode */
export const GENERATE_EUI64 = 0;
export const GENERATE_STABLE = 2;
export const GENERATE_RANDOM = 3;

export class InterfaceIds {
  readonly #hash: SipHash | null;
  readonly #words = new Int32Array(8);

  /** `secret`: 128 bits as an IPv6 address, "": none, and nothing is opaque without. */
  constructor(readonly mode: number, secret: string, readonly random: () => number) {
    const key = IpAddress.parse(secret);
    this.#hash = key === null ? null : new SipHash(key.w0, key.w1, key.w2, key.w3);
  }

  /** A try after one that was taken leads to another address. */
  get canRetry(): boolean {
    return this.mode === GENERATE_RANDOM || this.#isOpaque;
  }

  get #isOpaque(): boolean {
    return this.mode === GENERATE_STABLE && this.#hash !== null;
  }

  /** An address in `prefix`, a /64, as number `attempt` of those that were taken (DAD_Counter). */
  form(prefix: IpAddress, mac: Uint8Array, attempt: number): IpAddress {
    if (this.mode === GENERATE_RANDOM) return this.temporary(prefix);
    if (this.#isOpaque) return this.#opaque(prefix, mac, attempt);
    const { w2, w3 } = linkLocalOf(mac);
    return IpAddress.fromWords(prefix.w0, prefix.w1, w2, w3);
  }

  /** Of an identifier that nobody has seen before (RFC 8981 3.3.1). */
  temporary({ w0, w1 }: IpAddress): IpAddress {
    for (;;) {
      const [high, low] = [this.random(), this.random()];
      if (!isReserved(high, low)) return IpAddress.fromWords(w0, w1, high, low);
    }
  }

  /** RFC 7217 5: F(Prefix, Net_Iface, Network_ID, DAD_Counter, secret_key). */
  #opaque({ w0, w1 }: IpAddress, mac: Uint8Array, attempt: number): IpAddress {
    const words = this.#words;
    const [m0, m1, m2, m3, m4, m5] = mac;
    words.set([w0, w1, m0 << 8 | m1, m2 << 24 | m3 << 16 | m4 << 8 | m5, attempt]);
    for (let round = 0;; round++) {
      words[5] = round; // steps past what is reserved
      const low = this.#hash!.hash(words, 6);
      const { high } = this.#hash!;
      if (!isReserved(high, low)) return IpAddress.fromWords(w0, w1, high, low);
    }
  }
}

/** RFC 5453: the subnet's routers, IANA's Ethernet block, subnet anycast. */
function isReserved(high: number, low: number): boolean {
  if (high === 0 && low === 0) return true;
  if (high === (0x02005eff | 0) && low >>> 24 === 0xfe) return true;
  return high === (0xfdffffff | 0) && low >>> 7 === 0x1ffffff;
}
