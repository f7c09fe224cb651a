/**
 * What is wanted of an interface → its configuration.
 *
 * @module
 */
import type {
  AddressConfig,
  DynamicKind,
  InterfaceConfig,
  VifKind,
  VlanConfig,
} from "../../io/config.ts";
import { TAP_PREFIX } from "../../io/devices/base/device.ts";
import { IpAddress } from "../../stack/base/ip_address.ts";
import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import type { Complaints } from "./complaints.ts";
import { DEVICE_KEYS, type DeviceKeyName } from "./keys.ts";
import { refuseHostEnd, vlanOf } from "./vlans.ts";
import type { ConfigSources, WantedInterface } from "./wanted.ts";
import {
  asWritten,
  checkInterfaceName,
  checkPortName,
  type Cidr,
  NO_HOST_ADDRESS,
  parseBridge,
  parseCidr,
  parseDad,
  parseDynamic,
  parseHostEnd,
  parseMac,
  parseMtu,
  parseNetmask,
  parsePipePath,
  parseTapName,
  parseVif,
  type Setting,
  toHostAddress,
} from "./values.ts";

const DEFAULT_PREFIX_LEN = 24;
const DEFAULT_PREFIX_LEN6 = 64;

/** Where each value of an interface came from; what is not here is a default. */
export interface InterfaceOrigins {
  readonly name: string;
  /** In the order of its addresses. */
  readonly addresses: readonly string[];
  readonly keys: Partial<Record<DeviceKeyName, string>>;
}

export interface BuiltInterface {
  readonly config: InterfaceConfig;
  readonly origins: InterfaceOrigins;
}

/** An address, and who said how long its prefix is; null: the address itself. */
interface BuiltAddress {
  readonly config: AddressConfig;
  readonly prefixFrom: string | null;
}

/** null: something is wrong, and is with the complaints. */
export function buildInterface(
  sources: ConfigSources,
  wanted: WantedInterface,
  complaints: Complaints,
): BuiltInterface | null {
  const before = complaints.count;
  const { keys } = wanted;
  /** The value of a key that was said. */
  const read = <T>(key: DeviceKeyName, parse: (setting: Setting) => T): T | null =>
    keys[key] === undefined ? null : complaints.attempt(() => parse(keys[key]!));

  const kind = complaints.attempt(() => kindOf(wanted));
  const tap = read("tap", parseTapName);
  const vlan = vlanOf(kind, wanted.name.text);
  const name = complaints.attempt(() => checkName(wanted, kind, vlan));
  const ends = read("host", parseHostEnd) ?? [];
  const bridge = read("bridge", parseBridge);
  const pipePath = read("pipe", parsePipePath);
  const mac = read("mac", parseMac) ?? "own";
  const dad = read("dad", parseDad) ?? "quick";
  const mtu = read("mtu", parseMtu);
  if (kind === null || name === null) return null;
  const below = vlan?.below ?? wanted.name.text;
  const hostName = kind === "TAP" ? tap ?? TAP_PREFIX + below : below;
  complaints.attempt(() => refuseStrangers(wanted, kind, mac));
  if (vlan !== null && ends.length > 0) {
    complaints.attempt(() => refuseHostEnd(vlan, keys.host!.from, hostName));
  }
  const fallback = (family: number) =>
    kind === "TAP" ? endOf(ends, family)?.prefixLen ?? null : null;
  const beforeAddress = complaints.count;
  const dynamic = complaints.attempt(() => dynamicOf(wanted, mac));
  const built = dynamic !== null || complaints.count > beforeAddress
    ? []
    : complaints.attempt(() => buildAddresses(sources, wanted, kind, fallback)) ?? [];
  const addresses = built.map(({ config }) => config);
  const [hostAddress, hostAddress6] = [4, 6].map((family) => {
    const end = endOf(ends, family);
    if (end === null || (built.length === 0 && dynamic === null)) return null;
    return complaints.attempt(() => buildHostAddress(keys.host!, addresses, end));
  }) as [AddressConfig | null, AddressConfig | null];
  if (complaints.count > before) return null;
  return {
    config: {
      name,
      kind,
      hostName,
      vlan,
      addresses,
      dynamic,
      pipePath,
      hostAddress,
      ...(hostAddress6 === null ? {} : { hostAddress6 }),
      bridge,
      mac,
      dad,
      mtu,
    },
    origins: originsOf(wanted, built),
  };
}

function endOf(ends: readonly Cidr[], family: number): Cidr | null {
  return ends.find(({ address }) => address.family === family) ?? null;
}

function originsOf(wanted: WantedInterface, built: readonly BuiltAddress[]): InterfaceOrigins {
  const said = DEVICE_KEYS.map(({ name }) => [name, wanted.keys[name]?.from] as const);
  return {
    name: wanted.name.from,
    addresses: wanted.addresses.map(({ from }, i) => {
      if (built.length === 0) return from; // not an address, but where to get one
      const { prefixFrom, config } = built[i];
      return prefixFrom === null ? from : `${from}; /${config.prefixLen}: ${prefixFrom}`;
    }),
    keys: Object.fromEntries(said.filter(([, from]) => from !== undefined)),
  };
}

function checkName(
  { name, keys }: WantedInterface,
  kind: VifKind | null,
  vlan: VlanConfig | null,
): string {
  if (kind === "NETMAP") {
    if (vlan === null) return checkPortName(name);
    return `${checkPortName({ ...name, text: vlan.below })}.${vlan.id}`;
  }
  const isPrefixed = kind === "TAP" && keys.tap === undefined;
  return checkInterfaceName(name, isPrefixed ? TAP_PREFIX.length : 0);
}

/** As said; a path for a pipe says it too. */
function kindOf({ name, keys: { vif, pipe } }: WantedInterface): VifKind {
  const isPipe = pipe !== undefined && (vif === undefined || vif.from === "NUSEVIF");
  const kind = isPipe ? "PIPE" : vif === undefined ? "RAW" : parseVif(vif);
  if (kind === "PIPE" && pipe === undefined) {
    const example = name.placeAt === undefined ? `nuse-${name.text}-pipe=PATH` : "pipepath PATH";
    throw new Failure(`no path for the pipe of ${name.text} (set ${example})`);
  }
  return kind;
}

const NO_MAC_TO_SHARE: Partial<Record<VifKind, string>> = {
  TAP: "a TAP's own MAC is the host's side",
  PIPE: "a PIPE has no interface to share it with",
};

/** Keys that have no meaning for this kind. */
function refuseStrangers({ keys }: WantedInterface, kind: VifKind, mac: string): void {
  const { host, tap, bridge, pipe } = keys;
  if (kind !== "TAP" && host !== undefined && host.text !== NO_HOST_ADDRESS) {
    throw new Failure(`${host.from}: only for TAP (use ip address add for a real interface)`);
  }
  if (kind !== "TAP" && tap !== undefined) {
    throw new Failure(`${tap.from}: only for TAP (set ${asWritten(tap, "vif", "viftype", "TAP")})`);
  }
  if (bridge !== undefined && kind !== "TAP") {
    const advice = asWritten(bridge, "vif", "viftype", "TAP");
    throw new Failure(`${bridge.from}: only for TAP (set ${advice})`);
  }
  if (bridge !== undefined && host !== undefined && host.text !== NO_HOST_ADDRESS) {
    const why = `a port of ${bridge.text} has no address, the bridge has`;
    throw new Failure(`${host.from}: ${why} (leave it out, and give ${bridge.text} one)`);
  }
  if (kind !== "PIPE" && pipe !== undefined) {
    const advice = asWritten(pipe, "vif", "viftype", "PIPE");
    throw new Failure(`${pipe.from}: only for PIPE (set ${advice})`);
  }
  const why = NO_MAC_TO_SHARE[kind];
  if (mac === "interface" && why !== undefined) {
    throw new Failure(`${keys.mac!.from}: ${why} (use own)`);
  }
}

/** Where the address comes from, when that is what is said instead of one. */
function dynamicOf({ name, addresses, keys }: WantedInterface, mac: string): DynamicKind | null {
  const words = addresses.filter((setting) => parseDynamic(setting) !== null);
  if (words.length === 0) return null;
  const [word] = words;
  if (addresses.length > 1) {
    const what = `${name.text} gets its address by ${word.text}, and has others as well`;
    throw new Failure(`${word.from}: ${what} (leave one of them out)`);
  }
  if (mac === "interface") {
    const why = `the host has a lease for that MAC address, and ${word.text} would take it away`;
    throw new Failure(`${keys.mac!.from}: ${why} (use own)`);
  }
  return parseDynamic(word);
}

function buildAddresses(
  sources: ConfigSources,
  wanted: WantedInterface,
  kind: VifKind,
  fallback: (family: number) => number | null,
): BuiltAddress[] {
  const { name, addresses, netmask } = wanted;
  if (addresses.length === 0) throw new Failure(noAddress(sources, wanted));
  const maskLen = netmask === null ? null : parseNetmask(netmask);
  const built = addresses.map((setting) => {
    const cidr = parseCidr(setting);
    const isMasked = maskLen !== null && cidr.address.family === 4;
    if (isMasked && setting.placeAt !== undefined && cidr.prefixLen !== null) {
      refuseOtherLength(netmask!, maskLen, cidr);
    }
    const host = kind === "TAP" ? null : knownPrefixLen(sources, name.text, cidr.address);
    const isV6 = cidr.address.family === 6;
    const others: [number | null, string][] = [
      [isV6 ? null : maskLen, netmask?.from ?? ""],
      [fallback(cidr.address.family), "of host"],
      [host, "the host's"],
      [isV6 ? DEFAULT_PREFIX_LEN6 : DEFAULT_PREFIX_LEN, "default"],
    ];
    const [otherLen, otherFrom] = others.find(([len]) => len !== null)!;
    const config = toHostAddress(setting, cidr, otherLen!);
    return { config, prefixFrom: cidr.prefixLen === null ? otherFrom : null };
  });
  const texts = built.map(({ config }) => config.address);
  const again = texts.findIndex((text, i) => texts.indexOf(text) !== i);
  if (again >= 0) {
    throw new Failure(`${addresses[again].from}: ${texts[again]} is given twice (once is enough)`);
  }
  return built;
}

function refuseOtherLength(netmask: Setting, maskLen: number, { address, prefixLen }: Cidr): void {
  if (prefixLen === maskLen) return;
  throw new Failure(
    `${netmask.from}: ${netmask.text} is /${maskLen}, and ${address} has /${prefixLen} ` +
      "(leave one of them out)",
  );
}

function noAddress(sources: ConfigSources, { name }: WantedInterface): string {
  const own = `nuse-${name.text}`;
  if (name.placeAt !== undefined) {
    const what = "expected address ADDRESS[/PREFIX], e.g. address 198.18.0.2/24";
    return `${name.from}: no address for ${name.text} (${what})`;
  }
  const others = Object.keys(sources.env).filter((v) => v.startsWith("nuse-"));
  const meant = nearest(own, others);
  const advice = meant === null ? "e.g. 198.18.0.2/24" : `did you mean ${own} by ${meant}?`;
  return `no address for ${name.text} (set ${own}=ADDRESS, ${advice})`;
}

/** The prefix of the host's own address on that interface whose subnet holds `address`. */
function knownPrefixLen(sources: ConfigSources, name: string, address: IpAddress): number | null {
  for (const host of sources.hostAddresses()) {
    const other = IpAddress.parse(host.address);
    if (host.name !== name || other === null || other.isLinkLocal) continue;
    if (other.sharesPrefix(address, host.prefixLen)) return host.prefixLen;
  }
  return null;
}

/** The host's end of a TAP: another address of one of nuse's subnets. */
function buildHostAddress(
  setting: Setting,
  addresses: readonly AddressConfig[],
  { address, prefixLen }: Cidr,
): AddressConfig {
  const isNear = (own: AddressConfig) =>
    IpAddress.parse(own.address)!.sharesPrefix(address, own.prefixLen);
  if (addresses.length === 0) { // nuse gets its own later
    if (prefixLen !== null) return toHostAddress(setting, { address, prefixLen }, prefixLen);
    throw new Failure(`${setting.from}: no prefix length (write ${address}/24, for example)`);
  }
  const isKin = (own: AddressConfig) => IpAddress.parse(own.address)!.family === address.family;
  const near = addresses.find(isNear) ?? addresses.find(isKin);
  if (near === undefined) {
    const what = address.family === 4 ? "IPv4" : "IPv6";
    const why = `${address} is for nobody, as nuse has no ${what} address there`;
    throw new Failure(`${setting.from}: ${why} (give it one, or leave this out)`);
  }
  const config = toHostAddress(setting, { address, prefixLen }, near.prefixLen);
  if (addresses.some((own) => own.address === config.address)) {
    throw new Failure(`${setting.from}: ${config.address} is nuse's own address (give another)`);
  }
  if (!isNear(near)) {
    throw new Failure(
      `${setting.from}: ${config.address} is outside ${near.address}/${near.prefixLen} ` +
        `(give an address inside)`,
    );
  }
  return config;
}

/** A TAP that nobody speaks to is rarely what is meant. */
export function hostAddressWarning({ config, origins }: BuiltInterface): string[] {
  const isMeant = origins.keys.host !== undefined || config.bridge !== null;
  if (config.kind !== "TAP" || config.vlan !== null || isMeant) return [];
  const variable = `nuse-${config.name}-host`;
  return [
    `${config.hostName} has no address on this host, so nothing there answers ` +
    `(give it one: ${variable}=198.18.0.1, for example; ${variable}=none says that none is meant)`,
  ];
}
