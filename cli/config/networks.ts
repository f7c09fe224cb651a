/**
 * Whether the subnets of nuse's interfaces can work together, and with the host's: what cannot is
 * refused before anything is set up.
 *
 * @module
 */
import type { AddressConfig, InterfaceConfig, RouteConfig } from "../../io/config.ts";
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
      if (owner !== undefined) {
        throw new Failure(
          `${name}: ${network} is on ${owner} already, and packets leave by one interface only ` +
            "(give each a subnet of its own)",
        );
      }
      owners.set(network, name);
    }
  }
}

/** One destination, two routes: nuse has no way to choose. Throws Failure. */
export function refuseDoubleRoutes(routes: readonly RouteConfig[]): void {
  for (const [i, { destination, gateway }] of routes.entries()) {
    const network = networkOf(destination);
    const other = routes.slice(0, i).find((route) => networkOf(route.destination) === network);
    if (other === undefined) continue;
    const what = destination.prefixLen === 0 ? "default routes" : `routes to ${network}`;
    throw new Failure(`two ${what}, by ${other.gateway} and by ${gateway} (give one)`);
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
  for (const { name, hostName, addresses, hostAddress } of interfaces) {
    if (hostAddress === null) continue;
    const own = IpAddress.parse(addresses[0].address)!;
    const other = hostAddresses().find((host) => {
      const address = IpAddress.parse(host.address);
      return host.name !== hostName && host.name !== LOOPBACK && address?.family === 4 &&
        host.prefixLen >= hostAddress.prefixLen && address.sharesPrefix(own, host.prefixLen);
    });
    if (other === undefined) continue;
    throw new Failure(
      `${name}: this host has ${networkOf(other)} on ${other.name}, and would look for ${own} ` +
        "there, not at the TAP (choose another subnet, e.g. 198.18.77.0/24)",
    );
  }
}
