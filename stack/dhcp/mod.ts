/**
 * A DHCPv4 client (RFC 2131), and a DHCPv6 client (RFC 9915).
 *
 * @module
 */
export type { DhcpClient, DhcpState } from "./client.ts";
export type { Dhcp6Client, Dhcp6State } from "./client6.ts";
export { DhcpClients } from "./clients.ts";
export type { Dhcp6Owner, Dhcp6Start } from "./dhcp6_layer.ts";
export type { DhcpOwner, DhcpStart } from "./dhcp_layer.ts";
export type { Lease, LeaseRoute } from "./lease.ts";
export type { Info6, Lease6 } from "./lease6.ts";
