/**
 * Wire formats: how packets are read from and written to memory. Pure functions over `(dv, off)`.
 *
 * @module
 */
export * from "./arp.ts";
export * from "./checksum.ts";
export * from "./ethernet.ts";
export * from "./icmp.ts";
export * from "./icmpv6.ts";
export * from "./igmp.ts";
export * from "./ipv4.ts";
export * from "./ipv4_recording.ts";
export * from "./ipv6.ts";
export * from "./ipv6_extension.ts";
export * from "./mld.ts";
export * from "./ndp.ts";
export * from "./tcp.ts";
export * from "./tcp_options.ts";
export * from "./udp.ts";
