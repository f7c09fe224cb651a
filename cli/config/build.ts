/**
 * Environment and options → one `Config`, or a Failure that says what to correct.
 *
 * An option and a variable of the same meaning: the option wins. What an option leaves out is taken
 * from the variable. Their names are listed in options.ts.
 *
 * @module
 */

import { TAP_PREFIX } from "../../io/devices/base/device.ts";
import type {
  AddressConfig,
  Config,
  InterfaceConfig,
  RouteConfig,
  VifKind,
} from "../../io/config.ts";
import { IpAddress } from "../../stack/base/ip_address.ts";
import { Failure } from "../base/failure.ts";
import { nearest } from "../base/nearest.ts";
import {
  type HostAddress,
  refuseDoubleRoutes,
  refuseHostSubnets,
  refuseSharedSubnets,
} from "./networks.ts";
import { DEVICE_KEYS, type DeviceKeyName } from "../options.ts";
import {
  checkInterfaceName,
  checkPortName,
  parseCidr,
  parseDad,
  parseMac,
  parseMtu,
  parsePipePath,
  parseVif,
  type Setting,
  toHostAddress,
} from "./values.ts";

const DEFAULT_PREFIX_LEN = 24;
const NO_HOST_ADDRESS = "none";
const KEYS = DEVICE_KEYS.map(({ name }) => name);
type Key = DeviceKeyName;
const KEY_AT_END = new RegExp(`-(${KEYS.join("|")})$`);

/** With nothing configured: works on any machine at once. */
export const EMBEDDED_DEFAULT = {
  name: "nuse0",
  address: "198.18.0.2/24",
  host: "198.18.0.1/24",
};

export interface ConfigSources {
  readonly env: Readonly<Record<string, string>>;
  /** Values of --dev and --route. */
  readonly devices: readonly string[];
  readonly routes: readonly string[];
  /** Asked for a missing prefix length, and what a TAP's subnet must not be. */
  readonly hostAddresses: () => readonly HostAddress[];
}

/** What was said about one interface. */
interface Wanted {
  readonly name: Setting;
  readonly address: Setting | null;
  readonly keys: Partial<Record<Key, Setting>>;
}

function variable(env: ConfigSources["env"], name: string): Setting | null {
  return env[name] === undefined ? null : { text: env[name], from: name };
}

/** Adds what the variables say about `name`. */
function withVariables(env: ConfigSources["env"], wanted: Wanted): Wanted {
  const own = `nuse-${wanted.name.text}`;
  const typo = Object.keys(env).find((v) =>
    v.startsWith(`${own}-`) && !KEYS.some((key) => v === `${own}-${key}`)
  );
  if (typo !== undefined) {
    const known = KEYS.map((key) => `${own}-${key}`);
    const meant = nearest(typo, known);
    const advice = meant === null ? `known: ${known}` : `did you mean ${meant}?`;
    throw new Failure(`unknown variable ${typo} (${advice})`);
  }
  const keys = { ...wanted.keys };
  for (const key of KEYS) {
    const setting = keys[key] ?? variable(env, `${own}-${key}`);
    if (setting !== null) keys[key] = setting;
  }
  keys.vif ??= variable(env, "NUSEVIF") ?? undefined;
  return { ...wanted, address: wanted.address ?? variable(env, own), keys };
}

/** NAME[=ADDRESS[/PREFIX]][,KEY=VALUE...] */
function parseDevice(text: string): Wanted {
  const [first, ...rest] = text.split(",");
  const equals = first.indexOf("=");
  const name = equals < 0 ? first : first.slice(0, equals);
  const from = `--dev ${name}`;
  const keys: Partial<Record<Key, Setting>> = {};
  for (const item of rest) {
    const [key, ...value] = item.split("=");
    const known = KEYS.find((k) => k === key);
    if (known === undefined || value.length === 0) {
      throw new Failure(`${from}: unknown key "${item}" (known: ${KEYS.join("=, ")}=)`);
    }
    keys[known] = { text: value.join("="), from: `${from},${known}` };
  }
  const address = equals < 0 ? null : { text: first.slice(equals + 1), from };
  return { name: { text: name, from: "--dev" }, address, keys };
}

/** Which interfaces were asked for; empty: none at all. */
function wantedInterfaces(sources: ConfigSources): Wanted[] {
  const { env } = sources;
  if (sources.devices.length > 0) {
    return sources.devices.map((text) => withVariables(env, parseDevice(text)));
  }
  const name = variable(env, "NUSEDEV");
  if (name !== null) return [withVariables(env, { name, address: null, keys: {} })];
  const orphan = Object.keys(env).find((v) => v.startsWith("nuse-"));
  if (orphan !== undefined) {
    const device = orphan.slice("nuse-".length).replace(KEY_AT_END, "");
    throw new Failure(`${orphan} is set but NUSEDEV is not (set NUSEDEV=${device})`);
  }
  return [];
}

/** The prefix of the host's own address on that interface whose subnet holds `address`. */
function knownPrefixLen(sources: ConfigSources, name: string, address: IpAddress): number | null {
  for (const host of sources.hostAddresses()) {
    const other = IpAddress.parse(host.address);
    if (host.name !== name || other === null || other.family !== 4) continue;
    if (other.sharesPrefix(address, host.prefixLen)) return host.prefixLen;
  }
  return null;
}

function buildInterface(sources: ConfigSources, wanted: Wanted): InterfaceConfig {
  const kind = kindOf(wanted);
  const isTap = kind === "TAP";
  const name = kind === "NETMAP"
    ? checkPortName(wanted.name)
    : checkInterfaceName(wanted.name, isTap ? TAP_PREFIX.length : 0);
  if (wanted.address === null) {
    const own = `nuse-${wanted.name.text}`;
    const others = Object.keys(sources.env).filter((v) => v.startsWith("nuse-"));
    const meant = nearest(own, others);
    const advice = meant === null ? "e.g. 198.18.0.2/24" : `did you mean ${own} by ${meant}?`;
    throw new Failure(`no address for ${name} (set ${own}=ADDRESS, ${advice})`);
  }
  const cidr = parseCidr(wanted.address);
  const host = hasHostAddress(wanted) ? parseCidr(wanted.keys.host!) : null;
  const known = isTap ? host?.prefixLen : knownPrefixLen(sources, name, cidr.address);
  const own = toHostAddress(wanted.address, cidr, known ?? DEFAULT_PREFIX_LEN);
  return {
    name,
    kind,
    hostName: isTap ? TAP_PREFIX + name : wanted.name.text,
    addresses: [own],
    pipePath: wanted.keys.pipe === undefined ? null : parsePipePath(wanted.keys.pipe),
    hostAddress: host === null ? null : buildHostAddress(wanted, kind, own, host),
    mac: buildMac(wanted, kind),
    dad: wanted.keys.dad === undefined ? "quick" : parseDad(wanted.keys.dad),
    mtu: wanted.keys.mtu === undefined ? null : parseMtu(wanted.keys.mtu),
  };
}

/** `host=none` says that the host's end is somebody else's affair: a bridge's port, for one. */
function hasHostAddress(wanted: Wanted): boolean {
  return wanted.keys.host !== undefined && wanted.keys.host.text !== NO_HOST_ADDRESS;
}

/** A TAP that nobody speaks to is rarely what is meant. */
function hostAddressWarning(wanted: Wanted, built: InterfaceConfig): string[] {
  if (built.kind !== "TAP" || wanted.keys.host !== undefined) return [];
  const variable = `nuse-${built.name}-host`;
  return [
    `${built.hostName} has no address on this host, so nothing there answers ` +
    `(give it one: ${variable}=198.18.0.1, for example; ${variable}=none for a bridge's port)`,
  ];
}

/** As said; a path for a pipe says it too. */
function kindOf({ name, keys: { vif, pipe } }: Wanted): VifKind {
  const isPipe = pipe !== undefined && (vif === undefined || vif.from === "NUSEVIF");
  const kind = isPipe ? "PIPE" : vif === undefined ? "RAW" : parseVif(vif);
  if (kind === "PIPE" && pipe === undefined) {
    throw new Failure(`no path for the pipe of ${name.text} (set nuse-${name.text}-pipe=PATH)`);
  }
  if (kind !== "PIPE" && pipe !== undefined) {
    throw new Failure(`${pipe.from}: only for PIPE (set vif=PIPE)`);
  }
  return kind;
}

const NO_MAC_TO_SHARE = {
  TAP: "a TAP's own MAC is the host's side",
  PIPE: "a PIPE has no interface to share it with",
};

function buildMac(wanted: Wanted, kind: VifKind): string {
  if (wanted.keys.mac === undefined) return "own";
  const mac = parseMac(wanted.keys.mac);
  if (mac === "interface" && (kind === "TAP" || kind === "PIPE")) {
    throw new Failure(`${wanted.keys.mac.from}: ${NO_MAC_TO_SHARE[kind]} (use own)`);
  }
  return mac;
}

function buildHostAddress(
  wanted: Wanted,
  kind: VifKind,
  own: AddressConfig,
  host: ReturnType<typeof parseCidr>,
): AddressConfig {
  const setting = wanted.keys.host!;
  if (kind !== "TAP") {
    throw new Failure(`${setting.from}: only for TAP (use ip address add for a real interface)`);
  }
  const config = toHostAddress(setting, host, own.prefixLen);
  const address = IpAddress.parse(own.address)!;
  if (address.equals(host.address)) {
    throw new Failure(`${setting.from}: ${config.address} is nuse's own address (give another)`);
  }
  if (!address.sharesPrefix(host.address, own.prefixLen)) {
    throw new Failure(
      `${setting.from}: ${config.address} is outside ${own.address}/${own.prefixLen} ` +
        `(give an address inside)`,
    );
  }
  return config;
}

function embeddedDefault(sources: ConfigSources): InterfaceConfig {
  const vif = variable(sources.env, "NUSEVIF");
  if (vif !== null && parseVif(vif) !== "TAP") {
    throw new Failure(`NUSEVIF=${vif.text} needs an interface (set NUSEDEV=eth0, for example)`);
  }
  const from = "the embedded default";
  const built = buildInterface(sources, {
    name: { text: EMBEDDED_DEFAULT.name, from },
    address: { text: EMBEDDED_DEFAULT.address, from },
    keys: { vif: { text: "TAP", from }, host: { text: EMBEDDED_DEFAULT.host, from } },
  });
  return { ...built, hostName: EMBEDDED_DEFAULT.name };
}

/** [DESTINATION/PREFIX=]GATEWAY */
function parseRoute(setting: Setting): { destination: AddressConfig; gateway: IpAddress } {
  const equals = setting.text.indexOf("=");
  const gatewayText = setting.text.slice(equals + 1);
  const gateway = parseCidr({ text: gatewayText, from: setting.from });
  if (gateway.prefixLen !== null) {
    throw new Failure(`${setting.from}: a gateway has no prefix length (write ${gateway.address})`);
  }
  if (equals < 0) {
    return { destination: { address: "0.0.0.0", prefixLen: 0 }, gateway: gateway.address };
  }
  const cidr = parseCidr({ text: setting.text.slice(0, equals), from: setting.from });
  const prefixLen = cidr.prefixLen ?? 32;
  const network = cidr.address.maskedBy(prefixLen);
  if (!network.equals(cidr.address)) {
    throw new Failure(
      `${setting.from}: ${cidr.address} has bits beyond its prefix (write ${network}/${prefixLen})`,
    );
  }
  return { destination: { address: network.toString(), prefixLen }, gateway: gateway.address };
}

function buildRoute(setting: Setting, interfaces: readonly InterfaceConfig[]): RouteConfig {
  const { destination, gateway } = parseRoute(setting);
  const subnets = interfaces.flatMap((i) => i.addresses);
  const near = subnets.find((s) => gateway.sharesPrefix(IpAddress.parse(s.address)!, s.prefixLen));
  if (near === undefined) {
    const list = subnets.map((s) => `${s.address}/${s.prefixLen}`).join(", ");
    throw new Failure(
      `${setting.from}: gateway ${gateway} is not on a subnet of nuse: ${list} (give a neighbour)`,
    );
  }
  if (near.address === gateway.toString()) {
    throw new Failure(`${setting.from}: ${gateway} is nuse's own address (give a neighbour's)`);
  }
  return { destination, gateway: gateway.toString() };
}

function buildRoutes(sources: ConfigSources, interfaces: readonly InterfaceConfig[]) {
  const routes = sources.routes.map((text) => buildRoute({ text, from: "--route" }, interfaces));
  const fallback = variable(sources.env, "DEFAULTROUTE");
  const hasDefault = routes.some((r) => r.destination.prefixLen === 0);
  if (fallback !== null && !hasDefault) routes.push(buildRoute(fallback, interfaces));
  return routes;
}

export interface Built {
  readonly config: Config;
  readonly isEmbedded: boolean;
  /** Lines that a person should see: what is odd, and may still be meant. */
  readonly warnings: readonly string[];
}

/** Throws Failure. */
export function buildConfig(sources: ConfigSources): Built {
  const wanted = wantedInterfaces(sources);
  const isEmbedded = wanted.length === 0;
  const interfaces = isEmbedded
    ? [embeddedDefault(sources)]
    : wanted.map((w) => buildInterface(sources, w));
  for (let i = 0; i < interfaces.length; i++) {
    const name = interfaces[i].hostName;
    if (interfaces.findIndex((other) => other.hostName === name) !== i) {
      throw new Failure(`--dev ${interfaces[i].name} is given twice (once is enough)`);
    }
  }
  refuseSharedSubnets(interfaces);
  refuseHostSubnets(interfaces, sources.hostAddresses);
  const routes = buildRoutes(sources, interfaces);
  refuseDoubleRoutes(routes);
  const warnings = wanted.flatMap((w, i) => hostAddressWarning(w, interfaces[i]));
  return { config: { interfaces, routes }, isEmbedded, warnings };
}
