/**
 * Which devices a configuration needs, and which interfaces are on each: one that is configured as
 * such, and the VLANs on it, below which a device may be that has no address itself.
 *
 * @module
 */
import type { InterfaceConfig } from "./config.ts";

export interface PlannedDevice {
  readonly config: InterfaceConfig;
  /** It is only there for its VLANs. */
  readonly isImplied: boolean;
  readonly vlans: readonly InterfaceConfig[];
}

/** In the order in which they are first spoken of. */
export function planDevices(interfaces: readonly InterfaceConfig[]): PlannedDevice[] {
  const plan: { config: InterfaceConfig; isImplied: boolean; vlans: InterfaceConfig[] }[] = [];
  for (const config of interfaces) {
    if (config.vlan === null) plan.push({ config, isImplied: false, vlans: [] });
  }
  for (const config of interfaces) {
    if (config.vlan === null) continue;
    const { below } = config.vlan;
    const found = plan.find((device) =>
      device.config.kind === config.kind && device.config.name === below
    );
    if (found !== undefined) found.vlans.push(config);
    else plan.push({ config: impliedBy(config, below), isImplied: true, vlans: [config] });
  }
  return plan.map((device) => device.isImplied ? { ...device, config: wide(device) } : device);
}

function impliedBy(vlan: InterfaceConfig, below: string): InterfaceConfig {
  const { hostAddress6: _, ...rest } = vlan;
  return { ...rest, name: below, vlan: null, addresses: [], dynamic: null, hostAddress: null };
}

/** Wide enough for each of its VLANs; null: one takes what there is. */
function wide({ config, vlans }: PlannedDevice): InterfaceConfig {
  const mtus = vlans.map(({ mtu }) => mtu);
  return { ...config, mtu: mtus.includes(null) ? null : Math.max(...mtus as number[]) };
}
