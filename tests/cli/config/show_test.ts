import { assertEquals } from "@std/assert";
import { buildConfig, type ConfigSources } from "../../../cli/config/build.ts";
import { parseConfigFile } from "../../../cli/config/file.ts";
import { showConfig } from "../../../cli/config/show.ts";

function built(more: Partial<ConfigSources>) {
  return buildConfig({ env: {}, devices: [], routes: [], hostAddresses: () => [], ...more });
}

const fileOf = (text: string) => parseConfigFile(text, "nuse.conf");

const WHOLE = `hostname lab
nameserver 198.18.0.53
nameserver 198.18.0.54
search lab.example example
sysctl net.ipv4.tcp_sack 0
sysctl net.ipv4.tcp_rmem 4096   65536 1048576

interface a
    address 198.18.0.2
    address 198.18.1.2/16
    netmask 255.255.0.0
    viftype TAP
    host 198.18.0.1
    tap lan0
    macaddr 02:AA:00:00:00:01
    dad full
    mtu 9000

interface b
    address 198.19.0.2/24
    pipepath "/tmp/a #b"

interface b.7
    address 198.20.7.2/24
    mtu 1400

interface c.8
    address 198.20.8.2/24
    viftype TAP
    bridge br0

interface eth9.9
    address 198.20.9.2/24
    viftype netmap

interface netmap:eth0-1
    address 198.19.1.2/24
    viftype netmap

route
    network 0.0.0.0
    netmask 0.0.0.0
    gateway 198.18.0.1

route
    network 0.0.0.0/0
    gateway 198.18.0.9
    metric 5
`;

Deno.test("what is shown reads back to the same", () => {
  const all: Partial<ConfigSources>[] = [
    {},
    { env: { NUSEDEV: "eth0", "nuse-eth0": "198.18.0.2", DEFAULTROUTE: "198.18.0.1" } },
    { env: { NUSEVIF: "TAP" }, devices: ["a=198.18.0.2,host=none"] },
    { devices: ["a=198.18.0.2/24,pipe=cable", "b=198.18.1.2/24"], routes: ["198.18.0.9"] },
    { file: fileOf(WHOLE) },
    { file: fileOf("interface a\n  address dhcp\n"), routes: ["198.18.0.9"] },
    { file: fileOf(WHOLE), env: { "nuse-a-mtu": "1400" }, sysctls: ["net.ipv4.tcp_sack=1"] },
  ];
  for (const sources of all) {
    const one = built(sources);
    const text = showConfig(one);
    const again = built({ file: fileOf(text) });
    assertEquals(again.config, one.config, text);
    assertEquals(again.config, built({ file: fileOf(showConfig(again)) }).config);
  }
});

Deno.test("each value says where it came from", () => {
  const text = showConfig(built({
    env: { NUSEVIF: "TAP", "nuse-a": "198.18.7.2", DEFAULTROUTE: "198.18.7.9" },
    devices: ["a,host=198.18.7.1"],
    file: fileOf("sysctl net.ipv4.tcp_sack 0\n\ninterface a\n  address 1.2.3.4/24\n  mtu 1400\n"),
    sysctls: ["net.ipv4.tcp_ecn=1"],
  }));
  assertEquals(
    text,
    `sysctl net.ipv4.tcp_sack 0              # nuse.conf:1:8
sysctl net.ipv4.tcp_ecn 1               # --sysctl

interface a                             # nuse.conf:3:11
    address 198.18.7.2/24               # nuse-a; /24: default
    viftype TAP                         # NUSEVIF
    host 198.18.7.1/24                  # --dev a,host
    macaddr own                         # default
    dad quick                           # default
    mtu 1400                            # nuse.conf:5:7

route
    network 0.0.0.0/0                   # DEFAULTROUTE
    gateway 198.18.7.9                  # DEFAULTROUTE
`,
  );
});

Deno.test("the embedded default is shown, too", () => {
  const [first, ...rest] = showConfig(built({})).split("\n");
  assertEquals(first, "interface nuse0                         # the embedded default");
  assertEquals(rest.filter((line) => line.includes("198.18.0")).map((line) => line.trim()), [
    "address 198.18.0.2/24               # the embedded default",
    "host 198.18.0.1/24,fd6e:7573:6500::1/64 # the embedded default",
  ]);
});
