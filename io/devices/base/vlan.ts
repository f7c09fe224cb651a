/**
 * Names of VLANs as Linux's tools give them: `eth0.100` is VLAN 100 on eth0 (802.1Q).
 *
 * @module
 */

/** 0 is no VLAN, 4095 is reserved (802.1Q 9.6). */
const ID_MAX = 4094;

export interface VlanName {
  /** The interface below. */
  readonly below: string;
  readonly id: number;
}

/** null: not the name of a VLAN. */
export function parseVlanName(name: string): VlanName | null {
  const [, below, digits] = name.match(/^(.+)\.([1-9]\d{0,3})$/) ?? [];
  const id = Number(digits);
  return below === undefined || id > ID_MAX ? null : { below, id };
}
