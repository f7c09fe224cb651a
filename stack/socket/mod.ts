/**
 * The socket layer: BSD semantics over the transports.
 *
 * @module
 */
export * from "./api.ts";
export * from "./config.ts";
export * from "./constants.ts";
export { PingSocket } from "./ping_socket.ts";
export { RawSocket } from "./raw_socket.ts";
export { ReadyList } from "./ready_list.ts";
export type { SocketEnv, SocketInterfaces } from "./socket_env.ts";
export type { InterfaceNames } from "./socket_options.ts";
export { TcpStreamSocket } from "./stream_socket.ts";
export { UdpSocket } from "./udp_socket.ts";
