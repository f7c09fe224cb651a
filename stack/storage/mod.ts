/**
 * What the stack keeps things in: memory, rings, tables, timers. Knows nothing of protocols.
 *
 * @module
 */
export * from "./arena_memory.ts";
export * from "./hash_table.ts";
export * from "./port_allocator.ts";
export * from "./ring.ts";
export * from "./timer_heap.ts";
