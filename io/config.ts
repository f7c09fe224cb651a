/**
 * The configuration as one typed object of plain data: file, environment and options fill it
 * (cli/config/), it crosses to the stack's worker by structured clone, and the worker builds from
 * it. Everything in it is validated; addresses are canonical text.
 *
 * @module
 */

export const VIF_KINDS = ["RAW", "TAP", "NETMAP", "PIPE"] as const;

/** How frames get in and out. */
export type VifKind = typeof VIF_KINDS[number];

export const DAD_KINDS = ["quick", "full", "off"] as const;

/**
 * How long to ask whether an address is free before it is used: 20 ms, the 4 to 7 s of RFC 5227,
 * or not at all.
 */
export type DadKind = typeof DAD_KINDS[number];

export const DYNAMIC_KINDS = [
  "dhcp",
  "linklocal",
  "dhcp-or-linklocal",
  "auto",
  "auto6",
  "dhcp6",
] as const;

/**
 * Where an address comes from that nobody has configured: a DHCP server, or the link itself.
 * "auto6": the routers of IPv6, and a DHCPv6 server where they say so; "auto": that, and a DHCP
 * server of IPv4's; "dhcp6": a DHCPv6 server, with routes of the routers.
 */
export type DynamicKind = typeof DYNAMIC_KINDS[number];

export interface AddressConfig {
  readonly address: string;
  readonly prefixLen: number;
}

/** 802.1Q: a VLAN on what is called `below`. */
export interface VlanConfig {
  readonly below: string;
  readonly id: number;
}

export interface InterfaceConfig {
  /** As in NUSEDEV; the name inside the stack. */
  readonly name: string;
  readonly kind: VifKind;
  /** The kernel's name of the device: `name` itself, the TAP's, or netmap's port. PIPE: `name`. */
  readonly hostName: string;
  /** Not for RAW, where the device finds out; `hostName`, `pipePath` and `bridge` are `below`'s. */
  readonly vlan: VlanConfig | null;
  /** Empty when `dynamic` says where one comes from. */
  readonly addresses: readonly AddressConfig[];
  readonly dynamic: DynamicKind | null;
  /** PIPE: the absolute path where it meets its other end; else null. */
  readonly pipePath: string | null;
  /** TAP: what the host's side is given; null: nothing. */
  readonly hostAddress: AddressConfig | null;
  /** The same in IPv6. */
  readonly hostAddress6?: AddressConfig;
  /** TAP: the host's bridge whose port it becomes; null: none. */
  readonly bridge: string | null;
  /**
   * "own": made from interface and address; "interface": that of the device; else
   * "aa:bb:cc:dd:ee:ff".
   */
  readonly mac: string;
  readonly dad: DadKind;
  /** null: the device's. */
  readonly mtu: number | null;
}

export interface RouteConfig {
  readonly destination: AddressConfig;
  readonly gateway: string;
  /** The interface of a gateway that is known by its link-local address; else the subnet tells. */
  readonly device?: string;
  /** Of two routes to one destination the lower goes first. */
  readonly metric: number;
}

/** Names of hosts. */
export interface NamesConfig {
  /** What the program sees of itself; null: the host's. */
  readonly hostname: string | null;
  /** Whom the program's resolver asks; none: those of DHCP, or of the host. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
}

export interface Config {
  readonly interfaces: readonly InterfaceConfig[];
  readonly routes: readonly RouteConfig[];
  readonly names: NamesConfig;
  /** Settings of the stack, name → value (stack/sysctl.ts). */
  readonly sysctls: Readonly<Record<string, string>>;
}
