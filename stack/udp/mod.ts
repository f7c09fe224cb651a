/**
 * UDP: endpoints, demultiplexing, output.
 *
 * @module
 */
export * from "./config.ts";
export { UdpEndpoint } from "./endpoint.ts";
export { UDP_MAX_PAYLOAD_LEN, UdpLayer, type UdpLayerDeps } from "./udp_layer.ts";
