/**
 * What the stack keeps things in: memory, rings, tables, timers, counters. Knows nothing of
 * protocols.
 *
 * @module
 */
export * from "./arena_memory.ts";
export * from "./counters.ts";
export * from "./events.ts";
export * from "./frames.ts";
export * from "./hash_table.ts";
export * from "./memory.ts";
export * from "./port_allocator.ts";
export * from "./port_table.ts";
export * from "./ring.ts";
export * from "./siphash.ts";
export * from "./span.ts";
export * from "./timer_heap.ts";
export * from "./token_bucket.ts";
