import { assertEquals } from "@std/assert";
import type { InterfaceConfig } from "../../io/config.ts";
import { planDevices } from "../../io/device_plan.ts";

function config(name: string, fields: Partial<InterfaceConfig> = {}): InterfaceConfig {
  const [below, id] = name.split(".");
  return {
    name,
    kind: "TAP",
    hostName: `nuse-${below}`,
    vlan: id === undefined ? null : { below, id: Number(id) },
    addresses: [{ address: `198.18.0.${name.length}`, prefixLen: 24 }],
    dynamic: null,
    pipePath: null,
    hostAddress: null,
    bridge: null,
    mac: "own",
    dad: "quick",
    mtu: null,
    ...fields,
  };
}

/** "t(t.1 t.2)", with a star where it is there for its VLANs only. */
function planned(...all: InterfaceConfig[]): string[] {
  return planDevices(all).map(({ config, isImplied, vlans }) => {
    const names = vlans.map(({ name }) => name).join(" ");
    return `${config.kind} ${config.name}${isImplied ? "*" : ""}(${names})`;
  });
}

Deno.test("a VLAN is on the interface of that name and kind, wherever that stands", () => {
  const all = [config("t.1"), config("a"), config("t"), config("t.2")];
  assertEquals(planned(...all), ["TAP a()", "TAP t(t.1 t.2)"]);
  const pipe = config("t.1", { kind: "PIPE", pipePath: "/p" });
  assertEquals(planned(config("t"), pipe), ["TAP t()", "PIPE t*(t.1)"]);
});

Deno.test("without one a device is there for its VLANs alone: it has no address", () => {
  const all = [config("t.1", { bridge: "br0" }), config("t.2"), config("u.1")];
  assertEquals(planned(...all), ["TAP t*(t.1 t.2)", "TAP u*(u.1)"]);
  const [{ config: device }] = planDevices(all);
  assertEquals([device.addresses, device.dynamic, device.vlan], [[], null, null]);
  assertEquals([device.hostName, device.bridge], ["nuse-t", "br0"]);
});

Deno.test("it is wide enough for the widest of them", () => {
  const mtuOf = (...mtus: (number | null)[]) =>
    planDevices(mtus.map((mtu, i) => config(`t.${i + 1}`, { mtu })))[0].config.mtu;
  assertEquals([mtuOf(1400, 9000), mtuOf(1400, null), mtuOf(1400)], [9000, null, 1400]);
  const [given] = planDevices([config("t", { mtu: 1300 }), config("t.1", { mtu: 9000 })]);
  assertEquals(given.config.mtu, 1300);
});
