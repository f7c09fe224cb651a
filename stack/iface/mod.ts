/**
 * The network layer: interfaces, ARP and neighbour discovery, routing, IPv4 and IPv6 in and out.
 *
 * @module
 */
export { type AddressProbe, FULL_PROBE, type ProbePlan, QUICK_PROBE } from "./address_probe.ts";
export * from "./config.ts";
export { Forwarder } from "./forward.ts";
export { Forwarder6 } from "./forward6.ts";
export * from "./interface.ts";
export { IpInput, type IpInputDeps } from "./ip_input.ts";
export { Ipv6Input } from "./ipv6_input.ts";
export { LINK_LOCAL6_PREFIX_LEN, linkLocalOf, sharedLinkLocalOf } from "./addresses6.ts";
export type { Reassembly } from "./reassembly.ts";
export { LINK_LOCAL_PREFIX_LEN, linkLocalCandidate } from "./link_local.ts";
export { LinkInput } from "./link_input.ts";
export { setInterfaceUp } from "./link_state.ts";
export { LOOPBACK_INDEX } from "../base/packet.ts";
export { LOOPBACK_MTU } from "./loopback.ts";
export { LongFrameCutter } from "./soft_offload.ts";
export { NetworkLayer, type RouteSpec } from "./network_layer.ts";
export { VlanLink } from "./vlan_link.ts";
export { RedirectSender6 } from "./redirect_sender6.ts";
export type { RouterDiscovery, RouterListening } from "./router_discovery.ts";
export type { RouteEntry } from "./route_table.ts";
