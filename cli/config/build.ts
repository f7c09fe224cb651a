/**
 * File, variables and options → one `Config`, or a Failure that says what to correct.
 *
 * @module
 */
import type { Config, InterfaceConfig, NamesConfig } from "../../io/config.ts";
import { Failure } from "../base/failure.ts";
import { Complaints } from "./complaints.ts";
import { only } from "./file.ts";
import {
  parseHostname,
  parseNameserver,
  parseSearch,
  parseSysctl,
  parseSysctlOption,
} from "./global_values.ts";
import {
  buildInterface,
  type BuiltInterface,
  hostAddressWarning,
  type InterfaceOrigins,
} from "./interfaces.ts";
import { refuseHostSubnets, refuseSharedSubnets } from "./networks.ts";
import { buildRoutes, type RouteOrigins } from "./routes.ts";
import { parseVif, type Setting } from "./values.ts";
import { refuseTornDevices, withKeysBelow } from "./vlans.ts";
import { type ConfigSources, variable, wantedInterfaces } from "./wanted.ts";

export type { ConfigSources } from "./wanted.ts";

/** With nothing configured: works on any machine at once. */
export const EMBEDDED_DEFAULT = {
  name: "nuse0",
  address: "198.18.0.2/24",
  host: "198.18.0.1/24",
  /** A unique local prefix (RFC 4193): 6e757365 spells nuse. */
  address6: "fd6e:7573:6500::2/64",
  host6: "fd6e:7573:6500::1/64",
};

/** Where each value came from, in the order of the configuration. */
export interface Origins {
  readonly interfaces: readonly InterfaceOrigins[];
  readonly routes: readonly RouteOrigins[];
  readonly hostname: string | null;
  readonly nameservers: readonly string[];
  readonly search: string | null;
  readonly sysctls: Readonly<Record<string, string>>;
}

export interface Built {
  readonly config: Config;
  readonly origins: Origins;
  readonly isEmbedded: boolean;
  /** Lines that a person should see: what is odd, and may still be meant. */
  readonly warnings: readonly string[];
}

/** Throws Failure. */
export function buildConfig(sources: ConfigSources): Built {
  const complaints = new Complaints(sources.file?.complaints);
  const wanted = complaints.attempt(() => withKeysBelow(wantedInterfaces(sources)));
  const isEmbedded = wanted?.length === 0 && complaints.count === 0;
  const built = isEmbedded
    ? [complaints.attempt(() => embeddedDefault(sources, complaints))]
    : (wanted ?? []).map((one) => buildInterface(sources, one, complaints));
  const interfaces = built.filter((one) => one !== null);
  complaints.attempt(() => refuseUnfitting(sources, interfaces));
  const configs = interfaces.map(({ config }) => config);
  const routes = buildRoutes(sources, configs, complaints);
  const sysctls = complaints.attempt(() => sysctlsOf(sources)) ?? new Map();
  const isV4Only = sysctls.get(DISABLE_IPV6)?.value === "1";
  complaints.throwIfAny();
  const names = namesOf(sources);
  return {
    config: {
      interfaces: isV4Only ? configs.map(withoutIpv6) : configs,
      routes: routes.map(({ config }) => config).filter(({ gateway }) =>
        !(isV4Only && isV6(gateway))
      ),
      names: names.config,
      sysctls: Object.fromEntries([...sysctls].map(([name, { value }]) => [name, value])),
    },
    origins: {
      interfaces: interfaces.map(({ origins }) => origins),
      routes: routes.map(({ origins }) => origins),
      ...names.origins,
      sysctls: Object.fromEntries([...sysctls].map(([name, { from }]) => [name, from])),
    },
    isEmbedded,
    warnings: [
      ...isEmbedded ? [] : interfaces.flatMap(hostAddressWarning),
    ],
  };
}

const DISABLE_IPV6 = "net.ipv6.conf.all.disable_ipv6";

function isV6(address: string): boolean {
  return address.includes(":");
}

/** What is left of an interface where IPv6 is not spoken. */
function withoutIpv6({ hostAddress6: _, ...config }: InterfaceConfig): InterfaceConfig {
  return { ...config, addresses: config.addresses.filter(({ address }) => !isV6(address)) };
}

/** Interfaces that cannot be together. Throws Failure. */
function refuseUnfitting(sources: ConfigSources, built: readonly BuiltInterface[]): void {
  const interfaces = built.map(({ config }) => config);
  const names = interfaces.map(({ hostName, vlan }) =>
    vlan === null ? hostName : `${hostName}.${vlan.id}`
  );
  const again = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (again >= 0) {
    throw new Failure(`${built[again].origins.name}: ${names[again]} is given twice (rename one)`);
  }
  refuseTornDevices(built);
  refuseSharedSubnets(interfaces);
  refuseHostSubnets(interfaces, sources.hostAddresses);
}

function embeddedDefault(sources: ConfigSources, complaints: Complaints): BuiltInterface | null {
  const vif = variable(sources.env, "NUSEVIF");
  if (vif !== null && parseVif(vif) !== "TAP") {
    throw new Failure(`NUSEVIF=${vif.text} needs an interface (set NUSEDEV=eth0, for example)`);
  }
  const said = (text: string) => ({ text, from: "the embedded default" });
  const { name, address, host, address6, host6 } = EMBEDDED_DEFAULT;
  const hasIpv6 = sources.hasIpv6 ?? true;
  const wanted = {
    name: said(name),
    addresses: hasIpv6 ? [said(address), said(address6)] : [said(address)],
    netmask: null,
    keys: {
      vif: said("TAP"),
      host: said(hasIpv6 ? `${host},${host6}` : host),
      tap: said(name),
    },
  };
  return buildInterface(sources, wanted, complaints);
}

/** By name; an option's before the file's. */
function sysctlsOf(sources: ConfigSources): Map<string, { value: string; from: string }> {
  const sysctls = new Map<string, { value: string; from: string }>();
  for (const setting of sources.file?.global.settings.get("sysctl") ?? []) {
    const { name, value } = parseSysctl(setting);
    if (sysctls.has(name)) {
      throw new Failure(`${setting.from}: ${name} again (first: ${sysctls.get(name)!.from})`);
    }
    sysctls.set(name, { value, from: setting.from });
  }
  for (const text of sources.sysctls ?? []) {
    const { name, value } = parseSysctlOption(text);
    sysctls.set(name, { value, from: "--sysctl" });
  }
  return sysctls;
}

/** Only a file says these, but for the name servers. */
function namesOf({ env, file = null }: ConfigSources) {
  const hostname = file === null ? undefined : only(file.global, "hostname");
  const search = file === null ? undefined : only(file.global, "search");
  const nameservers = nameserversIn(env) ?? file?.global.settings.get("nameserver") ?? [];
  const config: NamesConfig = {
    hostname: hostname === undefined ? null : parseHostname(hostname),
    nameservers: nameservers.map(parseNameserver),
    search: search === undefined ? [] : parseSearch(search),
  };
  const origins = {
    hostname: hostname?.from ?? null,
    nameservers: nameservers.map(({ from }) => from),
    search: search?.from ?? null,
  };
  return { config, origins };
}

/** NUSE_NAMESERVER: addresses with blanks or commas between; null: it is not set. */
function nameserversIn(env: ConfigSources["env"]): Setting[] | null {
  const setting = variable(env, "NUSE_NAMESERVER");
  if (setting === null) return null;
  const words = setting.text.split(/[\s,]+/).filter((word) => word !== "");
  return words.map((text) => ({ ...setting, text }));
}
