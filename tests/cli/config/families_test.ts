import { assert, assertEquals, assertThrows } from "@std/assert";
import { buildConfig, type ConfigSources } from "../../../cli/config/build.ts";
import { Failure } from "../../../cli/base/failure.ts";

function sources(env: Record<string, string>, more: Partial<ConfigSources> = {}): ConfigSources {
  return { env, devices: [], routes: [], hostAddresses: () => [], ...more };
}

function build(env: Record<string, string>, more: Partial<ConfigSources> = {}) {
  return buildConfig(sources(env, more)).config;
}

function complaint(env: Record<string, string>): string {
  return assertThrows(() => buildConfig(sources(env)), Failure).message;
}

const BOTH_FAMILIES = {
  NUSEDEV: "t",
  "nuse-t": "198.18.4.2/24,2001:db8:1::2",
  "nuse-t-vif": "TAP",
  "nuse-t-host": "198.18.4.1,2001:db8:1::1",
  DEFAULTROUTE: "198.18.4.1,2001:db8:1::9",
};

Deno.test("addresses of both families: several, each with its own prefix length", () => {
  const { interfaces: [tap], routes } = build(BOTH_FAMILIES);
  assertEquals(tap.addresses, [
    { address: "198.18.4.2", prefixLen: 24 },
    { address: "2001:db8:1::2", prefixLen: 64 },
  ]);
  assertEquals([tap.hostAddress, tap.hostAddress6], [
    { address: "198.18.4.1", prefixLen: 24 },
    { address: "2001:db8:1::1", prefixLen: 64 },
  ]);
  assertEquals(routes.map(({ destination, gateway }) => [destination.address, gateway]), [
    ["0.0.0.0", "198.18.4.1"],
    ["::", "2001:db8:1::9"],
  ]);
  const byOption = build({}, {
    devices: ["t=198.18.4.2/24,2001:db8:1::2,vif=TAP,host=198.18.4.1,2001:db8:1::1"],
  });
  assertEquals(byOption.interfaces[0], tap);
});

Deno.test("addresses of IPv6 alone, and of two of a kind", () => {
  const [eth] = build({ NUSEDEV: "eth0", "nuse-eth0": "2001:db8::2/56" }).interfaces;
  assertEquals(eth.addresses, [{ address: "2001:db8::2", prefixLen: 56 }]);
  const two = { NUSEDEV: "t", "nuse-t": "198.18.4.2", "nuse-t-vif": "TAP" };
  assert(complaint({ ...two, "nuse-t-host": "2001:db8::1" }).includes("no IPv6 address there"));
  const twice = "198.18.4.1,198.18.4.3";
  assert(complaint({ ...two, "nuse-t-host": twice }).includes("two addresses of one family"));
});

Deno.test("a gateway on the link: the only one, or the one that is named", () => {
  const env = { NUSEDEV: "eth0", "nuse-eth0": "2001:db8::2/64" };
  const routes = (gateway: string) => build({ ...env, DEFAULTROUTE6: gateway }).routes;
  assertEquals(routes("fe80::1").map(({ gateway, device }) => [gateway, device]), [
    ["fe80::1", "eth0"],
  ]);
  assertEquals(routes("fe80::1%eth0")[0].device, "eth0");
  assert(complaint({ ...env, DEFAULTROUTE6: "fe80::1%eth7" }).includes("none of nuse's"));
  assert(complaint({ ...env, DEFAULTROUTE6: "198.18.0.1" }).includes("not on a subnet"));
});

Deno.test("without IPv6 what is said of it is left out", () => {
  const sysctls = ["net.ipv6.conf.all.disable_ipv6=1"];
  const { interfaces: [tap], routes } = build(BOTH_FAMILIES, { sysctls });
  assertEquals(tap.addresses, [{ address: "198.18.4.2", prefixLen: 24 }]);
  assertEquals([tap.hostAddress6, routes.length], [undefined, 1]);
});
