/**
 * A VLAN on a link (IEEE 802.1Q): what goes out by it gets the tag, and leaves by the link below.
 *
 *     dst | src | type …   →   dst | src | 0x8100 | priority 0, VLAN id | type …
 *
 * @module
 */
import type { TxFrames } from "../base/frames.ts";
import { ETHERNET_TYPE_OFFSET, ETHERTYPE_VLAN, VLAN_TAG_LEN } from "../wire/ethernet.ts";
import type { DeviceCaps, LinkDevice } from "./interface.ts";

export class VlanLink implements LinkDevice {
  readonly caps: DeviceCaps;
  readonly mtu: number;
  readonly isAddressBound: boolean;

  /** `vlanId`: 1 to 4094. The link below takes frames that are a tag longer (802.3ac). */
  constructor(readonly below: LinkDevice, readonly vlanId: number) {
    const { gsoMaxBytes } = below.caps; // of a frame that the tag makes longer
    this.caps = {
      ...below.caps,
      long: undefined,
      gsoMaxBytes: Math.max(0, gsoMaxBytes - VLAN_TAG_LEN),
    };
    this.mtu = below.mtu;
    this.isAddressBound = below.isAddressBound ?? false;
  }

  transmit(tx: TxFrames): void {
    const { u8, dv } = tx.memory;
    for (let row = 0; row < tx.count; row++) {
      const before = tx.hdrOff[row];
      const off = before - VLAN_TAG_LEN;
      u8.copyWithin(off, before, before + ETHERNET_TYPE_OFFSET);
      dv.setUint16(off + ETHERNET_TYPE_OFFSET, ETHERTYPE_VLAN);
      dv.setUint16(off + ETHERNET_TYPE_OFFSET + 2, this.vlanId);
      tx.hdrOff[row] = off;
      tx.hdrLen[row] += VLAN_TAG_LEN;
    }
    this.below.transmit(tx);
  }
}
