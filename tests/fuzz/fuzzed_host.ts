/**
 * The addresses and routes of the stack under test, in either family, and their comings and goings.
 *
 * @module
 */
import { type IpAddress, linkLocalOf, type Stack } from "../../stack/mod.ts";
import { addressFor, type Family } from "../support/families.ts";
import { LOCAL_MAC } from "../support/rig.ts";
import { FAR_ADDRS, GATEWAY_ADDR, LOCAL_ADDRS, type Setting } from "./setting.ts";

export class FuzzedHost {
  readonly family: Family;
  /** The address that comes and goes is not there. */
  isAway = false;

  constructor(readonly stack: Stack, readonly ifIndex: number, readonly setting: Setting) {
    this.family = setting.family ?? 4;
  }

  setUp(nowUs: number): void {
    const { stack, ifIndex, family, setting } = this;
    const [onLinkLen, hostLen] = family === 4 ? [24, 32] : [120, 128];
    if (family === 6) stack.addAddress(ifIndex, linkLocalOf(LOCAL_MAC), 64, nowUs);
    for (const addr of LOCAL_ADDRS) {
      stack.addAddress(ifIndex, this.#address(addr), onLinkLen, nowUs);
    }
    const gateway = this.#address(GATEWAY_ADDR);
    for (const addr of FAR_ADDRS) {
      stack.addRoute({ dst: this.#address(addr), prefixLen: hostLen, gateway });
    }
    stack.addRoute({ dst: this.#address(0), prefixLen: 0, gateway });
    if (setting.discovers) stack.startRouterDiscovery(ifIndex, nowUs);
  }

  /** What stands for an IPv4 address (its word). */
  #address(word: number): IpAddress {
    return addressFor(this.family, word);
  }

  changeAddress(isThere: boolean, nowUs: number): void {
    this.isAway = !isThere;
    const addr = this.#address(LOCAL_ADDRS[1]);
    const prefixLen = this.family === 4 ? 24 : 120;
    if (isThere) this.stack.addAddress(this.ifIndex, addr, prefixLen, nowUs);
    else this.stack.removeAddress(this.ifIndex, addr, nowUs);
  }

  /** 0: the default route; n: that to the nth far address. */
  changeRoute(n: number, isThere: boolean): void {
    const gateway = this.#address(GATEWAY_ADDR);
    const dst = this.#address(n === 0 ? 0 : FAR_ADDRS[n - 1]);
    const hostLen = this.family === 4 ? 32 : 128;
    const spec = { dst, prefixLen: n === 0 ? 0 : hostLen, gateway };
    if (isThere) this.stack.addRoute(spec);
    else this.stack.removeRoute(spec);
  }
}
