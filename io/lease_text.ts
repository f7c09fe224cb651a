/**
 * What servers and routers have given, in words: lines that let a person know, and no more.
 *
 * @module
 */
import type { Info6, IpAddress, Lease, Lease6 } from "../stack/mod.ts";

/** "198.18.0.77/24 by DHCP of 198.18.0.1 for 1 h, route to 0.0.0.0/0 by 198.18.0.1". */
export function leaseText(lease: Lease): string {
  const { addr, prefixLen, server, expiresAfterUs, routes, mtu, nameservers, domain } = lease;
  return [
    `${addr}/${prefixLen} by DHCP of ${server} ${durationText(expiresAfterUs / 1e6)}`,
    ...routes.map(({ dst, prefixLen: len, gateway }) =>
      `route to ${dst}/${len} ${gateway === null ? "on the link" : `by ${gateway}`}`
    ),
    ...mtu > 0 ? [`mtu ${mtu}`] : [],
    ...nameservers.length > 0 ? [`name servers ${nameservers.join(" ")}`] : [],
    ...domain !== "" ? [`domain ${domain}`] : [],
  ].join(", ");
}

/** "2001:db8::77/128 by DHCPv6 for 1 h, name servers 2001:db8::53, search lab.test". */
export function lease6Text(lease: Lease6): string {
  const addresses = lease.addresses.map(({ addr, validUntilUs }) =>
    `${addr}/128 by DHCPv6 ${durationText(Math.round((validUntilUs - lease.askedUs) / 1e6))}`
  );
  return [...addresses, ...namesParts(lease.nameservers, lease.search)].join(", ");
}

/** "name servers 2001:db8::53, search lab.test by DHCPv6"; "": nothing. */
export function info6Text({ nameservers, search }: Info6): string {
  const parts = namesParts(nameservers, search);
  return parts.length === 0 ? "" : `${parts.join(", ")} by DHCPv6`;
}

function namesParts(nameservers: readonly IpAddress[], search: readonly string[]): string[] {
  return [
    ...nameservers.length > 0 ? [`name servers ${nameservers.join(" ")}`] : [],
    ...search.length > 0 ? [`search ${search.join(" ")}`] : [],
  ];
}

function durationText(seconds: number): string {
  if (seconds === Infinity) return "for ever";
  if (seconds % 3600 === 0) return `for ${seconds / 3600} h`;
  return seconds % 60 === 0 ? `for ${seconds / 60} min` : `for ${seconds} s`;
}
