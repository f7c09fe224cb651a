/**
 * The socket layer: BSD semantics over the transports.
 *
 * @module
 */
export * from "./api.ts";
export { needsScope, useFlowLabel, useScope } from "./scope.ts";
export * from "./config.ts";
export * from "./datagram_header.ts";
export { BaseDatagramSocket } from "./datagram_socket.ts";
export * from "../base/socket_constants.ts";
export { getOption, setOption } from "./options.ts";
export { PingSocket } from "./ping_socket.ts";
export { RawSocket } from "./raw_socket.ts";
export { ReadyList } from "./ready_list.ts";
export type { RealtimeClock, SocketEnv, SocketInterfaces } from "./socket_env.ts";
export type { InterfaceNames } from "./option_host.ts";
export { TcpStreamSocket } from "./stream_socket.ts";
export { UdpSocket } from "./udp_socket.ts";
