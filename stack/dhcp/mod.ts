/**
 * A DHCPv4 client (RFC 2131).
 *
 * @module
 */
export type { DhcpClient, DhcpState } from "./client.ts";
export { DhcpLayer, type DhcpOwner, type DhcpStart } from "./dhcp_layer.ts";
export type { Lease, LeaseRoute } from "./lease.ts";
