import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Failure } from "../../../cli/base/failure.ts";
import { buildConfig } from "../../../cli/config/build.ts";
import { parseConfigFile } from "../../../cli/config/file.ts";
import { vlanOf } from "../../../cli/config/vlans.ts";

function build(...devices: string[]) {
  return buildConfig({ env: {}, devices, routes: [], hostAddresses: () => [] });
}

function complaint(...devices: string[]): string {
  return assertThrows(() => build(...devices), Failure).message;
}

/** What the interfaces are called here and on the host, and on what they are. */
function names(...devices: string[]): string[] {
  return build(...devices).config.interfaces.map(({ kind, name, hostName, vlan }) =>
    `${kind} ${name} ${hostName} ${vlan === null ? "-" : `${vlan.below} ${vlan.id}`}`
  );
}

Deno.test("NAME.ID is a VLAN on what nuse makes itself; RAW asks the host", () => {
  assertEquals(names("eth0.7=198.18.7.2/24"), ["RAW eth0.7 eth0.7 -"]);
  assertEquals(names("t.7=198.18.7.2/24,vif=TAP"), ["TAP t.7 nuse-t t 7"]);
  assertEquals(names("t.7=198.18.7.2/24,vif=TAP,tap=lan"), ["TAP t.7 lan t 7"]);
  assertEquals(names("p.7=198.18.7.2/24,pipe=/p"), ["PIPE p.7 p p 7"]);
  assertEquals(names("eth0.7=198.18.7.2/24,vif=NETMAP"), ["NETMAP eth0.7 eth0 eth0 7"]);
  assertEquals(vlanOf("NETMAP", "netmap:eth0.7"), null);
  assertEquals([vlanOf("TAP", "t.4095"), vlanOf("TAP", "t.07"), vlanOf(null, "t.7")], [
    null,
    null,
    null,
  ]);
});

Deno.test("what is said of the interface below holds for its VLANs", () => {
  const tap = ["t.7=198.18.7.2/24", "t=198.18.0.2/24,vif=TAP,host=198.18.0.1,tap=lan"];
  assertEquals(names(...tap), ["TAP t.7 lan t 7", "TAP t lan -"]);
  const pipes = build("p=198.18.0.2/24,pipe=/cable", "p.7=198.18.7.2/24").config.interfaces;
  assertEquals(pipes.map(({ kind, pipePath }) => [kind, pipePath]), [
    ["PIPE", "/cable"],
    ["PIPE", "/cable"],
  ]);
  // Without that, the first VLAN says it
  assertEquals(names("t.7=198.18.7.2/24,vif=TAP,tap=lan", "t.8=198.18.8.2/24"), [
    "TAP t.7 lan t 7",
    "TAP t.8 lan t 8",
  ]);
  const file = parseConfigFile(
    "interface p\n  address 198.18.0.2/24\n  pipepath /cable\n" +
      "interface p.7\n  address 198.18.7.2/24\n",
    "n.conf",
  );
  const { config } = buildConfig({
    env: {},
    devices: [],
    routes: [],
    hostAddresses: () => [],
    file,
  });
  assertEquals(config.interfaces[1].pipePath, "/cable");
});

Deno.test("a device is one: what differs between its interfaces is refused", () => {
  assertMatch(
    complaint("p.7=198.18.7.2/24,pipe=/a", "p.8=198.18.8.2/24,pipe=/b"),
    /^--dev: p is \/a for p\.7 and \/b for p\.8 \(say it once\)$/,
  );
  assertMatch(
    complaint("t=198.18.0.2/24,vif=TAP,host=none", "t.8=198.18.8.2/24,tap=x"),
    /^--dev: t is nuse-t for t and x for t\.8 \(say it once\)$/,
  );
});

Deno.test("the host's end of a VLAN is the host's to make", () => {
  assertMatch(
    complaint("t.7=198.18.7.2/24,vif=TAP,host=198.18.7.1"),
    /^--dev t\.7,host: not for a VLAN, but for t itself \(.*link nuse-t name nuse-t\.7 type vlan/,
  );
  assertEquals(build("t.7=198.18.7.2/24,vif=TAP").warnings, []);
});

Deno.test("twice the same VLAN, and two of one name", () => {
  assertMatch(complaint("t.7=198.18.7.2/24,vif=TAP", "t.7=198.18.8.2/24"), /given twice/);
  assertMatch(
    complaint("a.7=198.18.7.2/24,vif=TAP,tap=x", "b.7=198.18.8.2/24,vif=TAP,tap=x"),
    /x\.7 is given twice/,
  );
});
