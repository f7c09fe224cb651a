/**
 * Everything about a stack that can be tuned, in one typed object. The defaults are Linux's.
 *
 * @module
 */
import { DEFAULT_ICMP_CONFIG, type IcmpConfig } from "./icmp/mod.ts";
import { DEFAULT_IGMP_CONFIG, type IgmpConfig } from "./igmp/mod.ts";
import {
  DEFAULT_IP_CONFIG,
  DEFAULT_NEIGHBOUR_CONFIG,
  type IpConfig,
  type NeighbourConfig,
} from "./iface/mod.ts";
import { DEFAULT_SOCKET_CONFIG, type SocketConfig } from "./socket/mod.ts";
import { DEFAULT_TCP_CONFIG, type TcpConfig } from "./tcp/mod.ts";
import { DEFAULT_UDP_CONFIG, type UdpConfig } from "./udp/mod.ts";

export interface StackConfig {
  readonly ip: IpConfig;
  readonly neighbour: NeighbourConfig;
  readonly icmp: IcmpConfig;
  readonly igmp: IgmpConfig;
  readonly udp: UdpConfig;
  readonly tcp: TcpConfig;
  readonly socket: SocketConfig;
}

/** What differs from the defaults. */
export type StackConfigOverrides = { readonly [K in keyof StackConfig]?: Partial<StackConfig[K]> };

export function stackConfig(overrides: StackConfigOverrides = {}): StackConfig {
  return {
    ip: { ...DEFAULT_IP_CONFIG, ...overrides.ip },
    neighbour: { ...DEFAULT_NEIGHBOUR_CONFIG, ...overrides.neighbour },
    icmp: { ...DEFAULT_ICMP_CONFIG, ...overrides.icmp },
    igmp: { ...DEFAULT_IGMP_CONFIG, ...overrides.igmp },
    udp: { ...DEFAULT_UDP_CONFIG, ...overrides.udp },
    tcp: { ...DEFAULT_TCP_CONFIG, ...overrides.tcp },
    socket: { ...DEFAULT_SOCKET_CONFIG, ...overrides.socket },
  };
}
