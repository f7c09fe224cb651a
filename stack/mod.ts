/**
 * The TCP/IP stack: all that its owners (devices, event loop, service, tests) need of it.
 *
 * @module
 */
export { type StackConfig, stackConfig, type StackConfigOverrides } from "./config.ts";
export type {
  Dhcp6Client,
  Dhcp6Owner,
  Dhcp6Start,
  Dhcp6State,
  DhcpClient,
  DhcpOwner,
  DhcpStart,
  DhcpState,
  Info6,
  Lease,
  Lease6,
} from "./dhcp/mod.ts";
export {
  type AddressProbe,
  type DeviceCaps,
  FULL_PROBE,
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_RUNNING,
  IFF_UP,
  Interface,
  type InterfaceAddress,
  type InterfaceOptions,
  LINK_LOCAL6_PREFIX_LEN,
  LINK_LOCAL_PREFIX_LEN,
  type LinkDevice,
  linkLocalCandidate,
  linkLocalOf,
  LongFrameCutter,
  type LongPackets,
  LOOPBACK_INDEX,
  type ProbePlan,
  QUICK_PROBE,
  type RouteEntry,
  type RouteSpec,
  sharedLinkLocalOf,
  VlanLink,
} from "./iface/mod.ts";
export * from "./socket/mod.ts";
export {
  type NeighbourView,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_PERMANENT,
  NUD_STALE,
  NUD_VALID,
  type RouteView,
} from "./network_view.ts";
export type { SocketView } from "./socket_view.ts";
export { Stack, type StackOptions } from "./stack.ts";
export type { StackView } from "./stack_view.ts";
export { BuddyMemory } from "./storage/mod.ts";
export {
  Counters,
  CSUM_NONE,
  CSUM_PARTIAL,
  CSUM_VALID,
  DROP_NAMES,
  GSO_NONE,
  GSO_TCPV4,
  GSO_TCPV6,
  GSO_UDP_L4,
  LOG_EVENT_END,
  LOG_EVENTS_MAX,
  type LogEnds,
  LogEvent,
  type LogSink,
  type Memory,
  RxFrames,
  SILENT_LOG,
  TX_HEADROOM,
  TX_SLOT_LEN,
  TxFrames,
} from "./base/mod.ts";
export {
  DEFAULT_TCP_CONFIG,
  EndCause,
  KEEP_COUNT_MAX,
  KEEP_SECONDS_MAX,
  NO_LOWAT,
  State as TcpState,
  stateName,
  TCP_CORK,
  TCP_INQ,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
  type TcpConfig,
} from "./tcp/mod.ts";
export { cText } from "./base/c_text.ts";
export { GROW_SHARE, isWithin } from "./base/memory_share.ts";
export { UDP_MAX_PAYLOAD_LEN } from "./udp/mod.ts";
export { formatMac, formatMacNumber } from "./wire/ethernet.ts";
export { IPV6_MIN_MTU } from "./wire/ipv6.ts";
export * from "./base/errno.ts";
export { errnoName } from "./base/errno_name.ts";
export {
  ANY_V4,
  ANY_V6,
  BROADCAST_V4,
  IpAddress,
  LOOPBACK_V4,
  LOOPBACK_V6,
} from "./base/ip_address.ts";
