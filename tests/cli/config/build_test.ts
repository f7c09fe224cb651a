import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { buildConfig, type ConfigSources } from "../../../cli/config/build.ts";
import { parseConfigFile } from "../../../cli/config/file.ts";
import { Failure, Failures } from "../../../cli/base/failure.ts";
import type { HostAddress } from "../../../cli/config/networks.ts";

const HOST: HostAddress[] = [
  { name: "eth0", address: "10.1.2.3", prefixLen: 8 },
  { name: "eth0", address: "fe80::1", prefixLen: 64 },
  { name: "eth1", address: "198.18.0.9", prefixLen: 16 },
];

function sources(env: Record<string, string>, more: Partial<ConfigSources> = {}): ConfigSources {
  return { env, devices: [], routes: [], hostAddresses: () => HOST, ...more };
}

function build(env: Record<string, string>, more: Partial<ConfigSources> = {}) {
  return buildConfig(sources(env, more)).config;
}

/** The one line that a person gets. It must say what to do, in brackets at its end. */
function complaint(env: Record<string, string>, more: Partial<ConfigSources> = {}): string {
  const { message, status } = assertThrows(() => buildConfig(sources(env, more)), Failure);
  assertEquals(status, 2);
  assertMatch(message, /\(.+\)$/);
  assert(!message.includes("\n"));
  return message;
}

Deno.test("the original's three variables", () => {
  const config = build({
    NUSEDEV: "veth0",
    "nuse-veth0": "198.18.0.2",
    DEFAULTROUTE: "198.18.0.1",
  });
  assertEquals(config, {
    interfaces: [{
      name: "veth0",
      kind: "RAW",
      hostName: "veth0",
      vlan: null,
      addresses: [{ address: "198.18.0.2", prefixLen: 24 }],
      pipePath: null,
      hostAddress: null,
      bridge: null,
      mac: "own",
      dynamic: null,
      dad: "quick",
      mtu: null,
    }],
    routes: [{
      destination: { address: "0.0.0.0", prefixLen: 0 },
      gateway: "198.18.0.1",
      metric: 0,
    }],
    names: { hostname: null, nameservers: [], search: [] },
    sysctls: {},
  });
});

Deno.test("an address that somebody gives: alone, with a MAC of nuse's own", () => {
  const env = { NUSEDEV: "eth7", "nuse-eth7": "DHCP" };
  const [one] = build(env).interfaces;
  assertEquals([one.dynamic, one.addresses], ["dhcp", []]);
  // The gateway may turn out to be a neighbour.
  assertEquals(build({ ...env, DEFAULTROUTE: "203.0.113.1" }).routes.length, 1);
  assertMatch(complaint({ ...env, "nuse-eth7-mac": "interface" }), /-mac: the host has a lease/);
  const file = parseConfigFile("interface a\n  address dhcp\n  address 198.18.0.2\n", "n.conf");
  assertMatch(complaint({}, { file }), /^n.conf:2:11: a gets its address by dhcp, and has others/);
  const tap = { ...env, NUSEVIF: "TAP", "nuse-eth7-host": "198.18.0.1/24" };
  assertEquals(build(tap).interfaces[0].hostAddress?.prefixLen, 24);
  assertMatch(complaint({ ...tap, "nuse-eth7-host": "198.18.0.1" }), /-host: no prefix length/);
});

Deno.test("a TAP on a bridge: the bridge has the host's address", () => {
  const env = { NUSEDEV: "t", NUSEVIF: "TAP", "nuse-t": "198.18.0.2", "nuse-t-bridge": "br0" };
  const { config, warnings } = buildConfig(sources(env));
  assertEquals([config.interfaces[0].bridge, warnings], ["br0", []]);
  assertMatch(complaint({ ...env, NUSEVIF: "RAW" }), /^nuse-t-bridge: only for TAP/);
  assertMatch(complaint({ ...env, "nuse-t-host": "198.18.0.1" }), /-host: a port of br0 has no/);
  assertEquals(build({ ...env, "nuse-t-host": "none" }).interfaces[0].hostAddress, null);
});

Deno.test("dad: how long to ask whether the address is free", () => {
  const env = { NUSEDEV: "veth0", "nuse-veth0": "198.18.0.2" };
  const dad = (more: Record<string, string>) => build({ ...env, ...more }).interfaces[0].dad;
  assertEquals([dad({}), dad({ "nuse-veth0-dad": "FULL" })], ["quick", "full"]);
  assertEquals(build(env, { devices: ["veth0,dad=off"] }).interfaces[0].dad, "off");
  assertMatch(complaint({ ...env, "nuse-veth0-dad": "on" }), /-dad: "on" is unknown/);
});

Deno.test("TAP with everything of ours", () => {
  const { interfaces } = build({
    NUSEDEV: "eth0",
    NUSEVIF: "tap",
    "nuse-eth0": "198.18.4.2",
    "nuse-eth0-host": "198.18.4.1/20",
    "nuse-eth0-mac": "02:AA:00:00:00:01",
    "nuse-eth0-mtu": "9000",
  });
  assertEquals(interfaces, [{
    name: "eth0",
    kind: "TAP",
    hostName: "nuse-eth0",
    vlan: null,
    addresses: [{ address: "198.18.4.2", prefixLen: 20 }],
    pipePath: null,
    hostAddress: { address: "198.18.4.1", prefixLen: 20 },
    bridge: null,
    mac: "02:aa:00:00:00:01",
    dynamic: null,
    dad: "quick",
    mtu: 9000,
  }]);
});

Deno.test("a missing prefix length: the host's own, if it holds the address, else /24", () => {
  const prefixOf = (dev: string, address: string) =>
    build({ NUSEDEV: dev, [`nuse-${dev}`]: address }).interfaces[0].addresses[0].prefixLen;
  assertEquals(prefixOf("eth0", "10.200.0.1"), 8);
  assertEquals(prefixOf("eth0", "192.168.0.2"), 24);
  assertEquals(prefixOf("eth1", "198.18.200.2"), 16);
  assertEquals(prefixOf("eth1", "198.18.200.2/30"), 30);
  const tap = build({
    NUSEVIF: "TAP",
    NUSEDEV: "a",
    "nuse-a": "1.2.3.4/8",
    "nuse-a-host": "1.9.9.9",
  });
  assertEquals(tap.interfaces[0].hostAddress, { address: "1.9.9.9", prefixLen: 8 });
});

Deno.test("nothing configured: the embedded default", () => {
  const { config, isEmbedded } = buildConfig(sources({ HOME: "/root" }));
  assert(isEmbedded);
  const [only] = config.interfaces;
  assertEquals([only.name, only.kind, only.hostName], ["nuse0", "TAP", "nuse0"]);
  assertEquals(only.addresses, [
    { address: "198.18.0.2", prefixLen: 24 },
    { address: "fd6e:7573:6500::2", prefixLen: 64 },
  ]);
  assertEquals(only.hostAddress, { address: "198.18.0.1", prefixLen: 24 });
  assertEquals(only.hostAddress6, { address: "fd6e:7573:6500::1", prefixLen: 64 });
  const [v4] = buildConfig(sources({}, { hasIpv6: false })).config.interfaces;
  assertEquals([v4.addresses.length, v4.hostAddress6], [1, undefined]);
  assert(buildConfig(sources({ NUSEVIF: "TAP" })).isEmbedded);
  assert(!buildConfig(sources({ NUSEDEV: "eth0", "nuse-eth0": "1.2.3.4" })).isEmbedded);
});

Deno.test("options say the same, win, and leave the rest to the variables", () => {
  const env = {
    NUSEDEV: "eth9",
    NUSEVIF: "TAP",
    "nuse-eth0": "198.18.0.2/16",
    "nuse-eth0-mtu": "1400",
    "nuse-eth0-mac": "interface",
    DEFAULTROUTE: "198.18.0.1",
  };
  const devices = ["eth0,mac=own,host=198.18.0.1", "eth1=198.19.0.2/24,vif=RAW"];
  const routes = ["198.19.0.9", "10.0.0.0/8=198.18.7.7"];
  const config = build(env, { devices, routes, hostAddresses: () => [] });
  assertEquals(config.interfaces.map((i) => i.name), ["eth0", "eth1"]);
  assertEquals(config.interfaces.map((i) => i.kind), ["TAP", "RAW"]);
  assertEquals(config.interfaces[0].addresses, [{ address: "198.18.0.2", prefixLen: 16 }]);
  assertEquals(config.interfaces[0].mtu, 1400);
  assertEquals(config.interfaces[0].mac, "own");
  assertEquals(config.interfaces[0].hostAddress, { address: "198.18.0.1", prefixLen: 16 });
  assertEquals(config.routes, [
    { destination: { address: "0.0.0.0", prefixLen: 0 }, gateway: "198.19.0.9", metric: 0 },
    { destination: { address: "10.0.0.0", prefixLen: 8 }, gateway: "198.18.7.7", metric: 0 },
  ]);
});

Deno.test("the configuration survives the way to the worker", () => {
  const config = build({ NUSEDEV: "eth0", "nuse-eth0": "198.18.0.2" });
  assertEquals(structuredClone(config), config);
});

Deno.test("wrong addresses", () => {
  const wrong: Record<string, string> = {
    "": "not an IP address",
    "198.18.0": "not an IP address",
    "198.18.0.256": "not an IP address",
    "198.18.0.02": "not an IP address",
    "eth0": "not an IP address",
    "198.18.0.2/24/8": "not an IP address",
    "198.18.0.2/": "no valid prefix length",
    "198.18.0.2/33": "no valid prefix length",
    "198.18.0.2/-1": "no valid prefix length",
    "198.18.0.2/0": "leaves no network",
    "ff02::1": "multicast",
    "2001:db8::/64": "names the subnet",
    "2001:db8::1/129": "/1 to /128",
    "0.0.0.0": "is no address",
    "127.0.0.1": "loopback",
    "224.0.0.1": "multicast",
    "255.255.255.255": "broadcast",
    "198.18.0.0/24": "names the subnet",
    "198.18.0.255/24": "broadcast address of its subnet",
  };
  for (const [text, why] of Object.entries(wrong)) {
    const message = complaint({ NUSEDEV: "eth0", "nuse-eth0": text });
    assert(message.startsWith("nuse-eth0: "), message);
    assert(message.includes(why), message);
  }
  assertEquals(
    build({ NUSEDEV: "eth0", "nuse-eth0": "198.18.0.0/31" }).interfaces[0].addresses[0].address,
    "198.18.0.0",
  );
});

Deno.test("no address, no name, no such key", () => {
  assert(complaint({ NUSEDEV: "eth0" }).startsWith("no address for eth0 (set nuse-eth0="));
  assert(complaint({ NUSEDEV: "" }).includes("NUSEDEV is empty"));
  assert(complaint({ "nuse-eth0": "198.18.0.2" }).includes("set NUSEDEV=eth0"));
  assert(complaint({ "nuse-eth0-host": "198.18.0.2" }).includes("set NUSEDEV=eth0"));
  assert(complaint({ NUSEVIF: "RAW" }).includes("needs an interface"));
  const typo = { NUSEDEV: "eth0", "nuse-eth0": "198.18.0.2", "nuse-eth0-hots": "198.18.0.1" };
  assert(complaint(typo).includes("unknown variable nuse-eth0-hots"));
  assert(complaint({}, { devices: ["eth0=1.2.3.4,speed=9"] }).includes('unknown key "speed=9"'));
  assert(complaint({}, { devices: ["eth0=1.2.3.4,mtu"] }).includes('unknown key "mtu"'));
  assert(complaint({}, { devices: ["=1.2.3.4"] }).includes("--dev is empty"));
  assert(complaint({}, { devices: ["a=1.2.3.4", "a=1.2.3.5"] }).includes("twice"));
});

Deno.test("names that the kernel would not take", () => {
  for (const name of ["et h0", "a/b", "a:b", ".", ".."]) {
    assert(complaint({ NUSEDEV: name, [`nuse-${name}`]: "1.2.3.4" }).includes("cannot name"));
  }
  const env = { NUSEDEV: "sixteen-bytes-xx", "nuse-sixteen-bytes-xx": "1.2.3.4" };
  assert(complaint(env).includes("too long (at most 15 bytes"));
  const tap = { NUSEVIF: "TAP", NUSEDEV: "elevenbytes", "nuse-elevenbytes": "1.2.3.4" };
  assert(
    complaint(tap).includes(
      "at most 10 bytes: the TAP is named nuse-elevenbytes, and Linux takes 15",
    ),
  );
});

Deno.test("wrong kinds, MACs, MTUs and host sides", () => {
  const tap = { NUSEVIF: "TAP", NUSEDEV: "a", "nuse-a": "198.18.0.2/24" };
  assert(complaint({ ...tap, NUSEVIF: "DPDK" }).startsWith("NUSEVIF: DPDK is not served (NETMAP"));
  assert(complaint({ ...tap, "nuse-a-vif": "pip" }).includes("choose RAW, TAP, NETMAP or PIPE"));
  for (const mac of ["", "02:00", "zz:00:00:00:00:01", "2:0:0:0:0:1"]) {
    assert(complaint({ ...tap, "nuse-a-mac": mac }).includes("no MAC address"));
  }
  for (const mac of ["01:00:5e:00:00:01", "00:00:00:00:00:00"]) {
    assert(complaint({ ...tap, "nuse-a-mac": mac }).includes("no address of one host"));
  }
  assert(complaint({ ...tap, "nuse-a-mac": "interface" }).includes("host's side"));
  for (const mtu of ["", "67", "65536", "1e3", "-1", "1500x"]) {
    assert(complaint({ ...tap, "nuse-a-mtu": mtu }).includes("is no MTU"));
  }
  assert(complaint({ ...tap, "nuse-a-host": "198.18.0.2" }).includes("nuse's own address"));
  const text = "interface a\n  viftype TAP\n  address 198.18.0.2\n  address 198.18.0.3\n";
  const file = parseConfigFile(text, "n.conf");
  assert(complaint({ "nuse-a-host": "198.18.0.3" }, { file }).includes("nuse's own address"));
  assert(complaint({ ...tap, "nuse-a-host": "198.19.0.1" }).includes("is outside 198.18.0.2/24"));
  assert(complaint({ ...tap, "nuse-a-host": "x" }).startsWith("nuse-a-host: "));
  assert(
    complaint({ ...tap, NUSEVIF: "RAW", "nuse-a-host": "198.18.0.1" }).includes("only for TAP"),
  );
});

Deno.test("tap: another name on the host, and no limit but the kernel's on the other", () => {
  const [built] = build({}, { devices: ["elevenbytes=198.18.0.2,vif=TAP,tap=lan0"] }).interfaces;
  assertEquals([built.name, built.hostName], ["elevenbytes", "lan0"]);
  const dev = { NUSEDEV: "a", "nuse-a": "198.18.0.2/24" };
  assert(complaint({ ...dev, "nuse-a-tap": "x" }).startsWith("nuse-a-tap: only for TAP"));
  const two = ["a=198.18.0.2,vif=TAP,tap=x", "b=198.18.1.2,vif=TAP,tap=x"];
  assert(complaint({}, { devices: two }).includes("x is given twice"));
});

Deno.test("all that is wrong is said, a line each", () => {
  const devices = ["a=198.18.0.2,mtu=9,dad=x", "b=198.18.1.300"];
  const failures = assertThrows(() => buildConfig(sources({}, { devices })), Failures);
  assertEquals(failures.lines.map((line) => line.split(":")[0]), [
    "--dev a,dad",
    "--dev a,mtu",
    "--dev b",
  ]);
});

Deno.test("wrong routes", () => {
  const eth = { NUSEDEV: "eth0", "nuse-eth0": "198.18.0.2/24" };
  assert(complaint({ ...eth, DEFAULTROUTE: "10.0.0.1" }).includes("not on a subnet of nuse"));
  assert(complaint({ ...eth, DEFAULTROUTE: "198.18.0.2" }).includes("nuse's own address"));
  assert(complaint({ ...eth, DEFAULTROUTE: "gw" }).startsWith("DEFAULTROUTE: "));
  assert(complaint({ ...eth, DEFAULTROUTE: "198.18.0.1/24" }).includes("no prefix length"));
  assert(complaint(eth, { routes: ["10.0.0.1/8=198.18.0.1"] }).includes("write 10.0.0.0/8"));
  assert(complaint(eth, { routes: ["=198.18.0.1"] }).startsWith("--route: "));
});

Deno.test("what cannot work together is refused", () => {
  const eth = { NUSEDEV: "eth0", "nuse-eth0": "198.18.7.2/24" };
  const devices = ["a=198.18.7.2/24", "b=198.18.7.3/24"];
  assert(complaint({}, { devices }).startsWith("b: 198.18.7.0/24 is on a already"));
  const routes = ["198.18.7.1", "198.18.7.9"];
  assert(complaint(eth, { routes }).startsWith("two default routes, by 198.18.7.1 and by "));
  assertEquals(build({ ...eth, DEFAULTROUTE: "198.18.7.1" }, { routes: ["198.18.7.9"] }).routes, [
    { destination: { address: "0.0.0.0", prefixLen: 0 }, gateway: "198.18.7.9", metric: 0 },
  ]);
  // eth1 of this host has 198.18.0.9/16.
  const tap = {
    NUSEVIF: "TAP",
    NUSEDEV: "a",
    "nuse-a": "198.18.7.2",
    "nuse-a-host": "198.18.7.1/16",
  };
  assert(complaint(tap).startsWith("a: this host has 198.18.0.0/16 on eth1"));
  build({ ...tap, "nuse-a-host": "198.18.7.1/24" });
});

Deno.test("a TAP without an address on the host is warned of, unless it is meant", () => {
  const tap = { NUSEVIF: "TAP", NUSEDEV: "a", "nuse-a": "198.18.0.2" };
  const warningsOf = (env: Record<string, string>) => buildConfig(sources(env)).warnings;
  const [warning, ...more] = warningsOf(tap);
  assert(warning.startsWith("nuse-a has no address on this host, so nothing there answers ("));
  assert(warning.includes("nuse-a-host=none"), warning);
  assertEquals(more, []);
  assertEquals(warningsOf({ ...tap, "nuse-a-host": "none" }), []);
  assertEquals(build({ ...tap, "nuse-a-host": "none" }).interfaces[0].hostAddress, null);
  assertEquals(warningsOf({ NUSEDEV: "eth0", "nuse-eth0": "198.18.0.2" }), []);
  assertEquals(warningsOf({}), []);
});

Deno.test("a variable that was meant otherwise is asked about", () => {
  const typo = complaint({ NUSEDEV: "ncv0", "nuse-ncvO": "198.18.0.2" });
  assert(typo.includes("did you mean nuse-ncv0 by nuse-ncvO?"), typo);
  const key = { NUSEDEV: "eth0", "nuse-eth0": "198.18.0.2", "nuse-eth0-mtuu": "1400" };
  assert(complaint(key).endsWith("nuse-eth0-mtuu (did you mean nuse-eth0-mtu?)"));
});

Deno.test("NETMAP: ports of every kind, and what the stack calls them", () => {
  const names = { "netmap:eth0-1": "eth0", "vale0:x": "vale0:x", "eth0{1": "eth0{1" };
  for (const [port, name] of Object.entries(names)) {
    const env = { NUSEVIF: "NETMAP", NUSEDEV: port, [`nuse-${port}`]: "198.18.0.2/24" };
    const [built] = build(env).interfaces;
    assertEquals([built.name, built.hostName, built.kind], [name, port, "NETMAP"]);
  }
  const monitor = { NUSEVIF: "NETMAP", NUSEDEV: "netmap:eth0/z" };
  assert(complaint(monitor).includes("monitor"));
});

Deno.test("PIPE: a path, by variable or option; it says the kind", () => {
  const byVariable = build({ NUSEDEV: "a", "nuse-a": "198.18.0.2", "nuse-a-pipe": "/tmp/x" });
  const { kind, pipePath, hostName, addresses } = byVariable.interfaces[0];
  assertEquals([kind, pipePath, hostName], ["PIPE", "/tmp/x", "a"]);
  assertEquals(addresses, [{ address: "198.18.0.2", prefixLen: 24 }]);
  const byOption = build({ NUSEVIF: "RAW" }, { devices: ["a=198.18.0.2,pipe=x"] });
  assertEquals(byOption.interfaces[0].kind, "PIPE");
  assertEquals(byOption.interfaces[0].pipePath, `${Deno.cwd()}/x`);
});

Deno.test("PIPE: what cannot be is said", () => {
  const dev = { NUSEDEV: "a", "nuse-a": "198.18.0.2" };
  assert(complaint({ ...dev, NUSEVIF: "PIPE" }).includes("set nuse-a-pipe=PATH"));
  assert(complaint({ ...dev, "nuse-a-pipe": "/x", "nuse-a-vif": "TAP" }).includes("only for PIPE"));
  assert(complaint({ ...dev, "nuse-a-pipe": "/tmp/" }).includes("names no file"));
  assert(complaint({ ...dev, "nuse-a-pipe": "/" + "x".repeat(108) }).includes("at most 107"));
  assert(complaint({ ...dev, "nuse-a-pipe": "/x", "nuse-a-mac": "interface" }).includes("PIPE"));
});
