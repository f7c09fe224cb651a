/**
 * The table of everything that a configuration says: the keys of a file's sections, and of those
 * the ones that `--dev NAME=ADDRESS,KEY=VALUE` and `nuse-NAME-KEY` set as well. The parser of the
 * file, `--show-config`, help, man page, completions and docs/configuration.md are made from it.
 *
 * A new key of an interface: a row in DEVICE_KEYS, its field in InterfaceConfig (io/config.ts), and
 * the line in interfaces.ts that fills it from the row's `parse`; then `deno task papers`.
 *
 * @module
 */
import { DAD_KINDS, DYNAMIC_KINDS, type InterfaceConfig, VIF_KINDS } from "../../io/config.ts";
import { TAP_PREFIX } from "../../io/devices/base/device.ts";
import { parseHostname, parseNameserver, parseSearch, parseSysctl } from "./global_values.ts";
import {
  NO_HOST_ADDRESS,
  parseBridge,
  parseCidr,
  parseDad,
  parseDynamic,
  parseGateway,
  parseHostEnd,
  parseMac,
  parseMetric,
  parseMtu,
  parseNetmask,
  parsePipePath,
  parseTapName,
  parseVif,
  type Setting,
} from "./values.ts";

/** A key of a file. */
export interface FileKey {
  /** What it is called there. */
  readonly inFile: string;
  /** The value's shape. */
  readonly argument: string;
  /** A value for examples. */
  readonly example: string;
  readonly meaning: string;
  /** It may stand several times in a section. */
  readonly isRepeatable?: boolean;
  /** Throws Failure when the value is none. */
  readonly parse: (setting: Setting) => unknown;
}

/** A key of an interface that has its variable, and its place in `--dev`, too. */
export interface DeviceKey extends FileKey {
  /** What it is called there. */
  readonly name: string;
  readonly choices?: readonly string[];
  /** A variable that sets it for every interface that does not say, with an example. */
  readonly forAll?: string;
  /** Its value as a file has it; null: there is nothing to write. */
  readonly show: (config: InterfaceConfig) => string | null;
}

export const DEVICE_KEYS = [
  {
    name: "vif",
    inFile: "viftype",
    argument: VIF_KINDS.join("|"),
    choices: VIF_KINDS,
    example: "TAP",
    meaning: "how frames get in and out; `RAW` unless said",
    forAll: "NUSEVIF=RAW",
    parse: parseVif,
    show: ({ kind }) => kind,
  },
  {
    name: "host",
    inFile: "host",
    argument: "ADDRESS|none",
    example: "198.18.0.1/24",
    meaning: "TAP: gives the host's side this address, or two; `none`: a bridge has it",
    parse: parseHostEnd,
    show: ({ kind, hostAddress, hostAddress6 }) => {
      if (kind !== "TAP") return null;
      const ends = [hostAddress, hostAddress6 ?? null].filter((end) => end !== null);
      if (ends.length === 0) return NO_HOST_ADDRESS;
      return ends.map(({ address, prefixLen }) => `${address}/${prefixLen}`).join(",");
    },
  },
  {
    name: "tap",
    inFile: "tap",
    argument: "NAME",
    example: "mytap",
    meaning: "TAP: its name on the host; default `nuse-` and the interface's",
    parse: parseTapName,
    show: ({ kind, name, vlan, hostName }) =>
      kind === "TAP" && hostName !== TAP_PREFIX + (vlan?.below ?? name) ? hostName : null,
  },
  {
    name: "bridge",
    inFile: "bridge",
    argument: "NAME",
    example: "br0",
    meaning: "TAP: makes it a port of this bridge of the host",
    parse: parseBridge,
    show: ({ bridge }) => bridge,
  },
  {
    name: "pipe",
    inFile: "pipepath",
    argument: "PATH",
    example: "/tmp/cable",
    meaning: "PIPE: where it meets its other end; implies PIPE",
    parse: parsePipePath,
    show: ({ pipePath }) => pipePath,
  },
  {
    name: "mac",
    inFile: "macaddr",
    argument: "own|interface|MAC",
    choices: ["own", "interface"],
    example: "own",
    meaning: "`own` (default), `interface`, or `02:00:00:00:00:01`",
    parse: parseMac,
    show: ({ mac }) => mac,
  },
  {
    name: "dad",
    inFile: "dad",
    argument: DAD_KINDS.join("|"),
    choices: DAD_KINDS,
    example: "quick",
    meaning: "asks if the address is free: `quick`, 20 ms (default); `full`, 7 s; `off`",
    parse: parseDad,
    show: ({ dad }) => dad,
  },
  {
    name: "mtu",
    inFile: "mtu",
    argument: "BYTES",
    example: "1500",
    meaning: "default: that of the device",
    parse: parseMtu,
    show: ({ mtu }) => mtu === null ? null : String(mtu),
  },
] as const satisfies readonly DeviceKey[];

export type DeviceKeyName = typeof DEVICE_KEYS[number]["name"];

/** The rows where their names as types do not matter. */
export const DEVICE_ROWS: readonly DeviceKey[] = DEVICE_KEYS;

const NETMASK: FileKey = {
  inFile: "netmask",
  argument: "NETMASK",
  example: "255.255.255.0",
  meaning: "in place of a prefix length",
  parse: parseNetmask,
};

const ADDRESS_KEYS: readonly FileKey[] = [
  {
    inFile: "address",
    argument: `ADDRESS[/PREFIX]|${DYNAMIC_KINDS.join("|")}`,
    example: "198.18.0.2/24",
    meaning: "nuse's address; several lines give several, the first is preferred; or who gives one",
    isRepeatable: true,
    parse: (setting) => parseDynamic(setting) ?? parseCidr(setting),
  },
  NETMASK,
];

const ROUTE_KEYS: readonly FileKey[] = [
  {
    inFile: "network",
    argument: "NETWORK[/PREFIX]",
    example: "0.0.0.0/0",
    meaning: "where to; `0.0.0.0/0` is everywhere, the default route",
    parse: parseCidr,
  },
  NETMASK,
  {
    inFile: "gateway",
    argument: "ADDRESS",
    example: "198.18.0.1",
    meaning: "the router, on a subnet of an interface",
    parse: parseGateway,
  },
  {
    inFile: "metric",
    argument: "NUMBER",
    example: "100",
    meaning: "of two routes to one network the lower goes first; default 0",
    parse: parseMetric,
  },
];

const GLOBAL_KEYS: readonly FileKey[] = [
  {
    inFile: "hostname",
    argument: "NAME",
    example: "lab",
    meaning: "what the program sees; default: the host's",
    parse: parseHostname,
  },
  {
    inFile: "nameserver",
    argument: "ADDRESS",
    example: "198.18.0.53",
    meaning:
      "whom the program asks for names, by the stack; several lines; default: DHCP's, the host's",
    isRepeatable: true,
    parse: parseNameserver,
  },
  {
    inFile: "search",
    argument: "DOMAIN ...",
    example: "example.net",
    meaning: "domains that it looks in; default: the host's",
    parse: parseSearch,
  },
  {
    inFile: "sysctl",
    argument: "NAME VALUE",
    example: "net.ipv4.tcp_sack 0",
    meaning: "a setting of the stack, by Linux's name; several lines",
    isRepeatable: true,
    parse: parseSysctl,
  },
];

/** What begins a section, and what may stand outside of all. */
export type SectionKind = "interface" | "route" | "global";

export const SECTIONS: Readonly<Record<SectionKind, readonly FileKey[]>> = {
  global: GLOBAL_KEYS,
  interface: [...ADDRESS_KEYS, ...DEVICE_ROWS],
  route: ROUTE_KEYS,
};
