/**
 * IGMP: which groups are heard on a link, told to its routers and switches.
 *
 * @module
 */
export * from "./config.ts";
export { IgmpLayer, type IgmpLayerDeps } from "./igmp_layer.ts";
export { MldLayer, type MldLayerDeps } from "./mld_layer.ts";
