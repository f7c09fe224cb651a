/**
 * The service for the programs' sockets.
 *
 * @module
 */
export type { Report } from "./protocol/reports.ts";
export type { RunFacts, RunView } from "./join/messages.ts";
export { type RunOptions, Service, type ServiceOptions } from "./service.ts";
export type { AppLimits } from "./endpoint/app_context.ts";
export { AppCounters } from "./endpoint/counters.ts";
export { ringSetting } from "./endpoint/rings.ts";
