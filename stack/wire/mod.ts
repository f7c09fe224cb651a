/**
 * Wire formats: how packets are read from and written to memory. Pure functions over `(dv, off)`.
 *
 * @module
 */
export * from "./arp.ts";
export * from "./checksum.ts";
export * from "./datagram_sink.ts";
export * from "./drop_reason.ts";
export * from "./errno.ts";
export * from "./errno_name.ts";
export * from "./ethernet.ts";
export * from "./icmp.ts";
export * from "./ip_address.ts";
export * from "./ipv4.ts";
export * from "./ipv6.ts";
export * from "./network.ts";
export * from "./packet.ts";
export * from "./tcp.ts";
export * from "./tcp_options.ts";
export * from "./udp.ts";
