/**
 * What every layer speaks of: addresses, errors, reasons for a drop, packets, counters, events, and
 * the contracts between the transports and the network layer.
 *
 * @module
 */
export * from "./counters.ts";
export * from "./datagram_sink.ts";
export * from "./drop_counters.ts";
export * from "./drop_reason.ts";
export * from "./errno.ts";
export * from "./errno_name.ts";
export * from "./events.ts";
export * from "./frames.ts";
export * from "./ip_address.ts";
export * from "./ip_address_text.ts";
export * from "./log.ts";
export * from "./log_event.ts";
export * from "./memory.ts";
export * from "./memory_share.ts";
export * from "./network.ts";
export * from "./packet.ts";
export * from "./siphash.ts";
export * from "./socket_constants.ts";
export * from "./socket_options.ts";
export * from "./span.ts";
export * from "./token_bucket.ts";
