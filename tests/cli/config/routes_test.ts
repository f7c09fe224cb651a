import { assertEquals } from "@std/assert";
import { Failures } from "../../../cli/base/failure.ts";
import { buildConfig, type ConfigSources } from "../../../cli/config/build.ts";
import { parseConfigFile } from "../../../cli/config/file.ts";

const INTERFACE = "interface a\n  address 198.18.0.2/24\n\n";

function routeSection(...lines: string[]): string {
  return `route\n${lines.map((line) => `  ${line}\n`).join("")}\n`;
}

function build(sections: string, more: Partial<ConfigSources> = {}) {
  const file = parseConfigFile(INTERFACE + sections, "f");
  const sources = { env: {}, devices: [], routes: [], hostAddresses: () => [], file, ...more };
  return buildConfig(sources).config.routes.map(({ destination, gateway, metric }) =>
    `${destination.address}/${destination.prefixLen} ${gateway} ${metric}`
  );
}

/** What is wrong, a line each. */
function complaints(sections: string, more: Partial<ConfigSources> = {}): string[] {
  try {
    build(sections, more);
    return [];
  } catch (error) {
    return error instanceof Failures ? [...error.lines] : [(error as Error).message];
  }
}

const DEFAULT = routeSection("network 0.0.0.0", "netmask 0.0.0.0", "gateway 198.18.0.1");
const TEN = routeSection("network 10.0.0.0/8", "gateway 198.18.0.9", "metric 7");

Deno.test("routes of a file, by netmask or prefix length, with a metric", () => {
  assertEquals(build(DEFAULT + TEN), ["0.0.0.0/0 198.18.0.1 0", "10.0.0.0/8 198.18.0.9 7"]);
});

Deno.test("DEFAULTROUTE takes the place of the file's, an option that of both", () => {
  const env = { DEFAULTROUTE: "198.18.0.3" };
  const both = DEFAULT + routeSection("network 0.0.0.0/0", "gateway 198.18.0.8", "metric 9") + TEN;
  assertEquals(build(both, { env }), ["0.0.0.0/0 198.18.0.3 0", "10.0.0.0/8 198.18.0.9 7"]);
  const routes = ["198.18.0.4", "10.0.0.0/8=198.18.0.5", "11.0.0.0/8=198.18.0.5"];
  assertEquals(build(both, { env, routes }), [
    "0.0.0.0/0 198.18.0.4 0",
    "10.0.0.0/8 198.18.0.5 0",
    "11.0.0.0/8 198.18.0.5 0",
  ]);
});

Deno.test("two routes to one network need different metrics", () => {
  const other = (...more: string[]) =>
    routeSection("network 0.0.0.0/0", "gateway 198.18.0.9", ...more);
  assertEquals(build(DEFAULT + other("metric 1")).length, 2);
  assertEquals(complaints(DEFAULT + other()), [
    "f:10:11: two default routes, by 198.18.0.1 and by 198.18.0.9 (give one, or a metric)",
  ]);
  assertEquals(complaints(TEN + TEN), [
    "f:10:11: two routes to 10.0.0.0/8, by 198.18.0.9 and by 198.18.0.9 (give one, or a metric)",
  ]);
  assertEquals(complaints("", { routes: ["198.18.0.1", "198.18.0.9"] }), [
    "two default routes, by 198.18.0.1 and by 198.18.0.9 (give one)",
  ]);
});

Deno.test("all that is wrong with routes, in the file's order", () => {
  const wrong = [
    routeSection("gateway 198.18.0.1"),
    routeSection("network 10.0.0.0/8"),
    routeSection("network 10.0.0.0", "gateway 198.18.0.1"),
    routeSection("network 10.0.0.1/8", "gateway 198.18.0.1"),
    routeSection("network 10.0.0.0/8", "netmask 255.255.0.0", "gateway 198.18.0.1"),
    routeSection("network 11.0.0.0/8", "gateway 198.18.1.1"),
    routeSection("network 12.0.0.0/8", "gateway 198.18.0.2"),
  ];
  assertEquals(complaints(wrong.join("")), [
    "f:4:1: a route without network (expected network, gateway)",
    "f:7:1: a route without gateway (expected network, gateway)",
    "f:11:11: no netmask for 10.0.0.0 (expected e.g. 10.0.0.0/24)",
    "f:15:11: 10.0.0.1 has bits beyond its prefix (write 10.0.0.0/8)",
    "f:20:11: 255.255.0.0 is /16, and 10.0.0.0 has /8 (leave one of them out)",
    "f:25:11: gateway 198.18.1.1 is not on a subnet of nuse: 198.18.0.2/24 (give a neighbour)",
    "f:29:11: 198.18.0.2 is nuse's own address (give a neighbour's)",
  ]);
});

Deno.test("no gateway is judged while an interface is wrong", () => {
  const file = parseConfigFile("interface a\n  address x\n\n" + DEFAULT, "f");
  assertEquals(complaints("", { file }), [
    'f:2:11: "x" is not an IP address (write 198.18.0.2/24 or 2001:db8::2/64)',
  ]);
});
