/**
 * TCP (RFC 9293): the door of the folder. `TcpLayer` is what the stack drives, `TcpSocket` what
 * `stack/socket` puts BSD semantics around.
 *
 * @module
 */
export { DEFAULT_TCP_CONFIG, NO_LOWAT, type TcpConfig } from "./base/config.ts";
export { EndCause } from "./base/end_cause.ts";
export { State, stateName } from "./base/state.ts";
export { destroyFlow } from "./destroy.ts";
export { TcpLayer, type TcpLayerDeps } from "./tcp_layer.ts";
export type { SocketHandle } from "./tcb/context.ts";
export { isRoomToWakeFor } from "./output/send_buffer.ts";
export { TcpSocket } from "./user/socket.ts";
export type { Tcb } from "./tcb/tcb.ts";
export { TcpSocketOptions } from "./tcb/socket_options.ts";
export { CONGESTION_NAMES } from "./congestion/mod.ts";
export {
  getTcpOption,
  KEEP_COUNT_MAX,
  KEEP_SECONDS_MAX,
  setTcpOption,
  TCP_CORK,
  TCP_INQ,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
} from "./user/sol_tcp.ts";
export { type TcpDetail, type TcpView, viewTcp, ViewTimer } from "./tcp_view.ts";
