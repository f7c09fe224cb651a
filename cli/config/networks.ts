/**
 * Whether the subnets of nuse's interfaces can work together, and with the host's: what cannot is
 * refused before anything is set up.
 *
 * @module
 */
import type { AddressConfig, InterfaceConfig } from "../../io/config.ts";
import { IpAddress } from "../../stack/base/ip_address.ts";
import { Failure } from "../base/failure.ts";

/** An address that the host has on one of its interfaces. */
export interface HostAddress {
  readonly name: string;
  readonly address: string;
  readonly prefixLen: number;
}

const LOOPBACK = "lo";

function networkOf({ address, prefixLen }: AddressConfig): string {
  return `${IpAddress.parse(address)!.maskedBy(prefixLen)}/${prefixLen}`;
}

/** Of two interfaces on one subnet nuse would use the first. Throws Failure. */
export function refuseSharedSubnets(interfaces: readonly InterfaceConfig[]): void {
  const owners = new Map<string, string>();
  for (const { name, addresses } of interfaces) {
    for (const network of addresses.map(networkOf)) {
      const owner = owners.get(network);
      if (owner !== undefined && owner !== name) {
        throw new Failure(
          `${name}: ${network} is on ${owner} already, and packets leave by one interface only ` +
            "(give each a subnet of its own)",
        );
      }
      owners.set(network, name);
    }
  }
}

/**
 * The host sends what is for nuse by the most exact of its routes. That must be the TAP. Throws
 * Failure.
 */
export function refuseHostSubnets(
  interfaces: readonly InterfaceConfig[],
  hostAddresses: () => readonly HostAddress[],
): void {
  for (const { name, hostName, addresses, hostAddress, hostAddress6 } of interfaces) {
    for (const own of addresses.map((config) => IpAddress.parse(config.address)!)) {
      const end = own.family === 4 ? hostAddress : hostAddress6 ?? null;
      if (end === null) continue;
      const other = hostAddresses().find((host) => {
        const address = IpAddress.parse(host.address);
        return host.name !== hostName && host.name !== LOOPBACK && address !== null &&
          host.prefixLen >= end.prefixLen && address.sharesPrefix(own, host.prefixLen);
      });
      if (other === undefined) continue;
      throw new Failure(
        `${name}: this host has ${networkOf(other)} on ${other.name}, and would look for ${own} ` +
          "there, not at the TAP (choose another subnet, e.g. 198.18.77.0/24)",
      );
    }
  }
}
