/**
 * The service for the programs' sockets.
 *
 * @module
 */
export { Service, type ServiceOptions } from "./service.ts";
export type { AppLimits } from "./app_context.ts";
export { AppCounters } from "./counters.ts";
