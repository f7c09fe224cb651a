/**
 * `--show-config`: a configuration as a file that means the same, with where each value came from.
 *
 * @module
 */
import type { InterfaceConfig, RouteConfig } from "../../io/config.ts";
import type { Built } from "./build.ts";
import { quoted } from "./file.ts";
import type { InterfaceOrigins } from "./interfaces.ts";
import { DEVICE_ROWS } from "./keys.ts";
import type { RouteOrigins } from "./routes.ts";

/** A key, its value, where it came from. */
type Row = readonly [key: string, value: string, from: string];

const DEFAULT = "default";
const INDENT = "    ";
/** Comments begin here, where the value leaves room. */
const COMMENT_COLUMN = 40;

/** The file's text. */
export function showConfig({ config, origins }: Built): string {
  const { hostname, nameservers, search } = config.names;
  const global: Row[] = [
    ...(hostname === null ? [] : [["hostname", hostname, origins.hostname!] as const]),
    ...nameservers.map((server, i) => ["nameserver", server, origins.nameservers[i]] as const),
    ...(search.length === 0 ? [] : [["search", search.join(" "), origins.search!] as const]),
    ...Object.entries(config.sysctls).map(([name, value]) =>
      ["sysctl", `${name} ${value}`, origins.sysctls[name]] as const
    ),
  ];
  const sections = [
    ...(global.length === 0 ? [] : [global.map((row) => lineOf(row, ""))]),
    ...config.interfaces.map((one, i) => interfaceLines(one, origins.interfaces[i])),
    ...config.routes.map((one, i) => routeLines(one, origins.routes[i])),
  ];
  return sections.map((lines) => lines.join("\n") + "\n").join("\n");
}

function lineOf([key, value, from]: Row, indent = INDENT): string {
  return `${`${indent}${key} ${quoted(value)}`.padEnd(COMMENT_COLUMN - 1)} # ${from}`;
}

function interfaceLines(config: InterfaceConfig, origins: InterfaceOrigins): string[] {
  const { kind, vlan, hostName } = config;
  const port = vlan === null ? hostName : `${hostName}.${vlan.id}`;
  const name = kind === "NETMAP" ? port : config.name;
  const addresses = config.dynamic !== null
    ? [config.dynamic]
    : config.addresses.map(({ address, prefixLen }) => `${address}/${prefixLen}`);
  const rows: Row[] = addresses.map((text, i) => ["address", text, origins.addresses[i]]);
  for (const { name: key, inFile, show } of DEVICE_ROWS) {
    const value = show(config);
    const from = (origins.keys as Record<string, string | undefined>)[key] ?? DEFAULT;
    if (value !== null) rows.push([inFile, value, from]);
  }
  return [lineOf(["interface", name, origins.name], ""), ...rows.map((row) => lineOf(row))];
}

function routeLines(config: RouteConfig, origins: RouteOrigins): string[] {
  const { destination: { address, prefixLen }, gateway, metric } = config;
  const rows: Row[] = [
    ["network", `${address}/${prefixLen}`, origins.network],
    ["gateway", gateway, origins.gateway],
  ];
  if (metric !== 0 || origins.metric !== null) {
    rows.push(["metric", String(metric), origins.metric ?? DEFAULT]);
  }
  return ["route", ...rows.map((row) => lineOf(row))];
}
