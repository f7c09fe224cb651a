/**
 * Raw sockets' endpoints.
 *
 * @module
 */
export { RawEndpoint, RawLayer, type RawLayerDeps } from "./raw_layer.ts";
