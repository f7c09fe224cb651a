/**
 * ICMP: echo, errors in both directions, ping sockets.
 *
 * @module
 */
export * from "./config.ts";
export { errnoOfIcmp, isHardIcmp } from "./error_map.ts";
export { IcmpErrorSender } from "./error_sender.ts";
export { IcmpLayer, type IcmpLayerDeps } from "./icmp_layer.ts";
export { Icmpv6Layer, type Icmpv6LayerDeps } from "./icmpv6_layer.ts";
export { errnoOfIcmpv6, isHardIcmpv6 } from "./error_map6.ts";
export { PingEndpoint, PingLayer } from "./ping.ts";
