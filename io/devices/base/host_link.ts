/**
 * An Ethernet interface of the host that a device attaches to: what it is, which MAC address our
 * end has on it, and what makes the card give us our frames.
 *
 * @module
 */
import { IFF_UP } from "../../../ffi/abi/interface.ts";
import {
  ARPHRD_ETHER,
  PACKET_ADD_MEMBERSHIP,
  PACKET_MR_ALLMULTI,
  PACKET_MR_PROMISC,
  PACKET_MREQ,
  SOL_PACKET,
} from "../../../ffi/abi/packet.ts";
import { EINVAL, ENETDOWN, EPROTONOSUPPORT, SysError } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { LinkControl } from "../../../ffi/link.ts";
import type { DeviceConfig } from "./device.ts";
import { machineId, ownMac } from "./mac.ts";

/** What the host says of an interface. */
export interface Link {
  name: string;
  ifIndex: number;
  mtu: number;
  mac: Uint8Array<ArrayBuffer>;
  driver: string;
  hasCarrier: boolean;
}

export function inspect(name: string, kind: string): Link {
  const control = new LinkControl();
  try {
    const ifIndex = control.index(name);
    const hardware = control.hardware(name);
    if (hardware.type !== ARPHRD_ETHER) {
      const advice = `${kind} needs an Ethernet interface`;
      throw new SysError("SIOCGIFHWADDR", EPROTONOSUPPORT, `cannot attach to ${name}`, {
        path: name,
        advice,
      });
    }
    if ((control.flags(name) & IFF_UP) === 0) {
      throw new SysError("SIOCGIFFLAGS", ENETDOWN, `interface ${name} is down`, {
        path: name,
        advice: `ip link set ${name} up`,
      });
    }
    return {
      name,
      ifIndex,
      mtu: control.mtu(name),
      mac: hardware.mac,
      driver: control.driver(name),
      hasCarrier: control.hasCarrier(name),
    };
  } finally {
    control.close();
  }
}

export function chooseMac(config: DeviceConfig, link: Link | null): Uint8Array {
  if (config.mac instanceof Uint8Array) return config.mac;
  if (config.mac === "interface") {
    if (link !== null) return link.mac;
    throw new SysError("open", EINVAL, `cannot share the MAC address of ${config.name}`, {
      path: config.name,
      advice: "only an interface has one: this is for NUSEVIF=RAW, or NETMAP on an interface",
    });
  }
  const address = config.addresses.length > 0 ? config.addresses[0].addr.toString() : "";
  return ownMac(machineId(), config.name, config.macSeed ?? address);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * What makes the card give us our frames. A veth passes on everything that it gets. Others must be
 * promiscuous for a MAC that is not theirs, or else be told to pass all multicast.
 */
export function membershipOf(driver: string, isOwn: boolean): number {
  if (driver === "veth") return 0;
  return isOwn ? PACKET_MR_PROMISC : PACKET_MR_ALLMULTI;
}

/** Makes the interface promiscuous (or the like) for as long as the packet socket is open. */
export function join(fd: number, ifIndex: number, membership: number): number {
  const request = new Uint8Array(PACKET_MREQ.LEN);
  const dv = new DataView(request.buffer);
  dv.setInt32(PACKET_MREQ.IFINDEX, ifIndex, true);
  dv.setUint16(PACKET_MREQ.TYPE, membership, true);
  return libc().setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, PACKET_MREQ.LEN);
}
