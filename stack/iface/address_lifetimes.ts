/**
 * Addresses that somebody has given for a time (`ip addr add … valid_lft`, as DHCP clients do):
 * deprecated when the preferred time is over, and gone when the valid time is (RFC 4862 5.5.4,
 * Linux check_lifetime). What routers and our own DHCP give has its times elsewhere.
 *
 * @module
 */
import type { Interface, InterfaceAddress } from "./interface.ts";
import type { NetworkLayer } from "./network_layer.ts";

export class AddressLifetimes {
  constructor(private readonly layer: NetworkLayer) {}

  /** Both in seconds from now on; Infinity: for ever. */
  set(address: InterfaceAddress, preferred: number, valid: number, nowUs: number): void {
    address.preferredUntilUs = nowUs + preferred * 1e6;
    address.validUntilUs = nowUs + valid * 1e6;
    address.isDeprecated = preferred === 0;
    this.layer.alarm.stir();
  }

  pollAtUs(): number {
    let atUs = Infinity;
    for (const { addresses } of this.layer.interfaces.all) {
      for (const { preferredUntilUs, validUntilUs, isDeprecated } of addresses) {
        const preferred = isDeprecated ? Infinity : preferredUntilUs ?? Infinity;
        atUs = Math.min(atUs, preferred, validUntilUs ?? Infinity);
      }
    }
    return atUs;
  }

  poll(nowUs: number): void {
    for (const iface of this.layer.interfaces.all) {
      for (const address of [...iface.addresses]) this.#age(iface, address, nowUs);
    }
  }

  #age(iface: Interface, address: InterfaceAddress, nowUs: number): void {
    const { preferredUntilUs = Infinity, validUntilUs = Infinity } = address;
    if (validUntilUs <= nowUs) this.layer.removeAddress(iface.index, address.addr, nowUs);
    else if (preferredUntilUs <= nowUs) address.isDeprecated = true;
  }
}
