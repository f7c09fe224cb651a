/**
 * VLANs over what nuse makes itself: `cable.100` is VLAN 100 on `cable`, for TAP, PIPE and NETMAP
 * (for RAW the host is asked, io/devices/open.ts). The interface below may be configured as well,
 * and then says what it is; or only VLANs are, and the first of them does.
 *
 * @module
 */
import type { VifKind, VlanConfig } from "../../io/config.ts";
import { parseVlanName } from "../../io/devices/base/vlan.ts";
import { Failure } from "../base/failure.ts";
import type { BuiltInterface } from "./interfaces.ts";
import type { DeviceKeyName } from "./keys.ts";
import type { WantedInterface } from "./wanted.ts";

/** What is said of the device below. */
const BELOW: readonly DeviceKeyName[] = ["vif", "tap", "bridge", "pipe"];
/** Behind it a name is netmap's own, with all its dots. */
const PORT_PREFIX = "netmap:";

/** Which VLAN an interface of this kind and name is; null: none, or the host's business. */
export function vlanOf(kind: VifKind | null, name: string): VlanConfig | null {
  return kind === null || kind === "RAW" || name.startsWith(PORT_PREFIX)
    ? null
    : parseVlanName(name);
}

/** Each VLAN with what is said of its device elsewhere. */
export function withKeysBelow(all: readonly WantedInterface[]): WantedInterface[] {
  return all.map((wanted) => {
    const below = parseVlanName(wanted.name.text)?.below;
    if (below === undefined) return wanted;
    const isOn = ({ name: { text } }: WantedInterface) => parseVlanName(text)?.below === below;
    const first = all.find(({ name }) => name.text === below) ?? all.find(isOn)!;
    const keys = { ...wanted.keys };
    for (const key of BELOW) {
      const setting = keys[key] ?? first.keys[key];
      if (setting !== undefined) keys[key] = setting;
    }
    return { ...wanted, keys };
  });
}

/** The host's end of a VLAN is an interface of its own, which nuse does not make. */
export function refuseHostEnd({ below, id }: VlanConfig, from: string, hostName: string): never {
  const made = `ip link add link ${hostName} name ${hostName}.${id} type vlan id ${id}`;
  throw new Failure(`${from}: not for a VLAN, but for ${below} itself (the host has: ${made})`);
}

/** One device has one name on the host, one path, one bridge. Throws Failure. */
export function refuseTornDevices(built: readonly BuiltInterface[]): void {
  for (const { config, origins } of built) {
    const { vlan, kind } = config;
    if (vlan === null) continue;
    const first = built.find(({ config: other }) =>
      other.kind === kind && (other.vlan?.below ?? other.name) === vlan.below
    )!.config;
    const pairs = [
      [first.hostName, config.hostName],
      [first.pipePath, config.pipePath],
      [first.bridge, config.bridge],
    ];
    const torn = pairs.find(([one, other]) =>
      one !== other
    );
    if (torn === undefined) continue;
    const [one, other] = torn.map((value) => value ?? "none");
    const what = `${vlan.below} is ${one} for ${first.name} and ${other} for ${config.name}`;
    throw new Failure(`${origins.name}: ${what} (say it once)`);
  }
}
