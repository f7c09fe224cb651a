/**
 * What is wanted of routes, from a file, DEFAULTROUTE and `--route` → their configuration. One that
 * is said later takes the place of those to the same network that were said before.
 *
 * @module
 */
import type { AddressConfig, InterfaceConfig, RouteConfig } from "../../io/config.ts";
import { IpAddress } from "../../stack/base/ip_address.ts";
import { Failure } from "../base/failure.ts";
import type { Complaints } from "./complaints.ts";
import { only, type Section } from "./file.ts";
import {
  parseCidr,
  parseGateway,
  parseMetric,
  parseNetmask,
  type Setting,
  splitList,
} from "./values.ts";
import { type ConfigSources, variable } from "./wanted.ts";

/** Where each value of a route came from. */
export interface RouteOrigins {
  readonly network: string;
  readonly gateway: string;
  /** null: a default. */
  readonly metric: string | null;
}

export interface BuiltRoute {
  readonly config: RouteConfig;
  readonly origins: RouteOrigins;
}

interface WantedRoute {
  /** null: everywhere. */
  readonly network: Setting | null;
  readonly netmask: Setting | null;
  readonly gateway: Setting;
  readonly metric: Setting | null;
}

/** A wanted one whose destination is known. */
interface Directed {
  readonly wanted: WantedRoute;
  readonly destination: AddressConfig;
}

const EVERYWHERE: AddressConfig = { address: "0.0.0.0", prefixLen: 0 };
const EVERYWHERE6: AddressConfig = { address: "::", prefixLen: 0 };

/** [NETWORK=]GATEWAY */
function parseRoute({ text, from }: Setting): WantedRoute {
  const equals = text.indexOf("=");
  return {
    network: equals < 0 ? null : { text: text.slice(0, equals), from },
    netmask: null,
    gateway: { text: text.slice(equals + 1), from },
    metric: null,
  };
}

function fromSection(section: Section): WantedRoute {
  const [network, gateway] = ["network", "gateway"].map((key) => {
    const setting = only(section, key);
    if (setting !== undefined) return setting;
    throw new Failure(`${section.from}: a route without ${key} (expected network, gateway)`);
  });
  const [netmask, metric] = ["netmask", "metric"].map((key) => only(section, key) ?? null);
  return { network, netmask, gateway, metric };
}

function destinationOf({ network, netmask, gateway }: WantedRoute): AddressConfig {
  if (network === null) return gateway.text.includes(":") ? EVERYWHERE6 : EVERYWHERE;
  const { address, prefixLen: said } = parseCidr(network);
  const maskLen = netmask === null ? null : parseNetmask(netmask);
  if (maskLen !== null && said !== null && maskLen !== said) {
    throw new Failure(
      `${netmask!.from}: ${netmask!.text} is /${maskLen}, and ${address} has /${said} ` +
        "(leave one of them out)",
    );
  }
  if (network.placeAt !== undefined && said === null && maskLen === null) {
    throw new Failure(`${network.from}: no netmask for ${address} (expected e.g. ${address}/24)`);
  }
  const prefixLen = said ?? maskLen ?? (address.family === 4 ? 32 : 128);
  const masked = address.maskedBy(prefixLen);
  if (!masked.equals(address)) {
    throw new Failure(
      `${network.from}: ${address} has bits beyond its prefix (write ${masked}/${prefixLen})`,
    );
  }
  return { address: masked.toString(), prefixLen };
}

function isSameNetwork(a: AddressConfig, b: AddressConfig): boolean {
  return a.address === b.address && a.prefixLen === b.prefixLen;
}

/** All that stand: options, then DEFAULTROUTE, then the file. */
function directedRoutes(sources: ConfigSources, complaints: Complaints): Directed[] {
  const direct = (make: () => WantedRoute): Directed[] => {
    const made = complaints.attempt(() => {
      const wanted = make();
      return { wanted, destination: destinationOf(wanted) };
    });
    return made === null ? [] : [made];
  };
  const fallbacks = ["DEFAULTROUTE", "DEFAULTROUTE6"].flatMap((name) => {
    const setting = variable(sources.env, name);
    return setting === null ? [] : splitList(setting);
  });
  const sections = (sources.file?.sections ?? [])
    .filter(({ kind, isBroken }) => kind === "route" && !isBroken);
  const sayings = [
    sources.routes.flatMap((text) => direct(() => parseRoute({ text, from: "--route" }))),
    fallbacks.flatMap((setting) => direct(() => parseRoute(setting))),
    sections.flatMap((section) => direct(() => fromSection(section))),
  ];
  return sayings.flatMap((routes, i) => {
    const stronger = sayings.slice(0, i).flat();
    return routes.filter(({ destination }) =>
      !stronger.some((other) => isSameNetwork(other.destination, destination))
    );
  });
}

function buildRoute(directed: Directed, interfaces: readonly InterfaceConfig[]): BuiltRoute {
  const { wanted: { network, gateway: setting, metric }, destination } = directed;
  const { address: gateway, device } = parseGateway(setting);
  if (gateway.family !== IpAddress.parse(destination.address)!.family) {
    const { address, prefixLen } = destination;
    throw new Failure(
      `${setting.from}: ${gateway} is no gateway to ${address}/${prefixLen} ` +
        "(both must be IPv4, or both IPv6)",
    );
  }
  const subnets = interfaces.flatMap((i) => i.addresses);
  const near = subnets.find((s) => gateway.sharesPrefix(IpAddress.parse(s.address)!, s.prefixLen));
  const link = gateway.family === 6 && gateway.isLinkLocal
    ? linkOf(setting, device, interfaces)
    : null;
  if (near === undefined && link === null && interfaces.every(({ dynamic }) => dynamic === null)) {
    const list = subnets.map((s) => `${s.address}/${s.prefixLen}`).join(", ");
    throw new Failure(
      `${setting.from}: gateway ${gateway} is not on a subnet of nuse: ${list} (give a neighbour)`,
    );
  }
  if (subnets.some(({ address }) => address === gateway.toString())) {
    throw new Failure(`${setting.from}: ${gateway} is nuse's own address (give a neighbour's)`);
  }
  return {
    config: {
      destination,
      gateway: gateway.toString(),
      ...(link === null ? {} : { device: link }),
      metric: metric === null ? 0 : parseMetric(metric),
    },
    origins: {
      network: (network ?? setting).from,
      gateway: setting.from,
      metric: metric?.from ?? null,
    },
  };
}

/** The interface on whose link a link-local gateway is: said with it, or the only one. */
function linkOf(
  { from, text }: Setting,
  device: string | null,
  interfaces: readonly InterfaceConfig[],
): string {
  const names = interfaces.map(({ name }) => name);
  if (device === null && names.length === 1) return names[0];
  if (device !== null && names.includes(device)) return device;
  const what = device === null ? `${text} may be on several links` : `${device} is none of nuse's`;
  throw new Failure(`${from}: ${what} (write ${text.split("%")[0]}%${names[0] ?? "eth0"})`);
}

/** One destination, two routes: nuse has no way to choose. */
function refuseDouble(built: BuiltRoute, before: readonly BuiltRoute[]): void {
  const { destination, gateway, metric } = built.config;
  const other = before.find(({ config }) =>
    isSameNetwork(config.destination, destination) && config.metric === metric
  );
  if (other === undefined) return;
  const { address, prefixLen } = destination;
  const what = prefixLen === 0 ? "default routes" : `routes to ${address}/${prefixLen}`;
  const line = `two ${what}, by ${other.config.gateway} and by ${gateway}`;
  const isInFile = built.origins.network !== "--route";
  throw new Failure(
    isInFile ? `${built.origins.network}: ${line} (give one, or a metric)` : `${line} (give one)`,
  );
}

/** Throws nothing: what is wrong is with the complaints. */
export function buildRoutes(
  sources: ConfigSources,
  interfaces: readonly InterfaceConfig[],
  complaints: Complaints,
): BuiltRoute[] {
  const before = complaints.count;
  const directed = directedRoutes(sources, complaints);
  // Whether a gateway is a neighbour cannot be said while something is wrong with an interface
  if (before > 0) return [];
  const routes: BuiltRoute[] = [];
  for (const one of directed) {
    complaints.attempt(() => {
      const built = buildRoute(one, interfaces);
      refuseDouble(built, routes);
      routes.push(built);
    });
  }
  return routes;
}
