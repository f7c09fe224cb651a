import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../../cli/base/failure.ts";
import { parseConfigFile } from "../../../cli/config/file.ts";
import { type ConfigSources, wantedInterfaces } from "../../../cli/config/wanted.ts";

const FILE = parseConfigFile(
  `interface a
    address 198.18.0.2
    address 198.18.1.2
    netmask 255.255.255.0
    viftype TAP
    mtu 1400

interface b
    address 198.19.0.2/24
`,
  "f",
);

function wanted(more: Partial<ConfigSources>) {
  const all = { env: {}, devices: [], routes: [], hostAddresses: () => [], ...more };
  return wantedInterfaces(all).map(({ name, addresses, netmask, keys }) => ({
    name: name.text,
    addresses: addresses.map(({ text }) => text),
    netmask: netmask?.text ?? null,
    keys: Object.entries(keys).map(([key, setting]) => `${key} ${setting.text} ${setting.from}`)
      .sort(),
  }));
}

Deno.test("a file alone", () => {
  assertEquals(wanted({ file: FILE }), [
    {
      name: "a",
      addresses: ["198.18.0.2", "198.18.1.2"],
      netmask: "255.255.255.0",
      keys: ["mtu 1400 f:6:9", "vif TAP f:5:13"],
    },
    { name: "b", addresses: ["198.19.0.2/24"], netmask: null, keys: [] },
  ]);
});

Deno.test("variables override the file, options override both, key by key", () => {
  const env = { "nuse-a": "198.18.7.2", "nuse-a-mtu": "1300", "nuse-a-dad": "off" };
  const [a, b] = wanted({ file: FILE, env, devices: ["a,mtu=1200", "b,dad=full"] });
  assertEquals(a.addresses, ["198.18.7.2"], "in place of both");
  assertEquals(a.keys, ["dad off nuse-a-dad", "mtu 1200 --dev a,mtu", "vif TAP f:5:13"]);
  assertEquals(b.keys, ["dad full --dev b,dad"]);
  assertEquals(b.addresses, ["198.19.0.2/24"]);
});

Deno.test("NUSEVIF is for those that say nothing, in a file as well", () => {
  const [a, b] = wanted({ file: FILE, env: { NUSEVIF: "RAW" } });
  assertEquals([a.keys.at(-1), b.keys], ["vif TAP f:5:13", ["vif RAW NUSEVIF"]]);
});

Deno.test("another interface is added; options hide NUSEDEV", () => {
  const names = (more: Partial<ConfigSources>) =>
    wanted({ file: FILE, ...more }).map((w) => w.name);
  assertEquals(names({ env: { NUSEDEV: "c" } }), ["a", "b", "c"]);
  assertEquals(names({ env: { NUSEDEV: "b" } }), ["a", "b"]);
  assertEquals(names({ env: { NUSEDEV: "c" }, devices: ["d"] }), ["a", "b", "d"]);
});

Deno.test("a variable that sets nothing", () => {
  const orphan = { env: { "nuse-x": "198.18.0.2" } };
  assertThrows(() => wanted(orphan), Failure, "set NUSEDEV=x");
  assertEquals(wanted({ ...orphan, file: FILE }).length, 2);
  const typo = { env: { "nuse-a-mtuu": "9" }, file: FILE };
  assertThrows(() => wanted(typo), Failure, "did you mean nuse-a-mtu?");
});
