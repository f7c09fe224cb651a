/**
 * The interfaces as sockets see them: their names and addresses, and the groups that are joined on
 * them, which IGMP and listener discovery tell of.
 *
 * @module
 */
import { IpAddress } from "./base/ip_address.ts";
import type { NetworkLayer } from "./iface/mod.ts";
import type { IgmpLayer, MldLayer } from "./igmp/mod.ts";
import type { SocketInterfaces } from "./socket/mod.ts";

export function socketInterfaces(
  { interfaces }: NetworkLayer,
  igmp: IgmpLayer,
  mld: MldLayer,
): SocketInterfaces {
  return {
    indexOf: (name) => interfaces.byName(name)?.index ?? 0,
    nameOf: (index) => interfaces.byIndex(index)?.name ?? null,
    indexOfV4: (word) => interfaces.ownerOf(IpAddress.v4(word))?.index ?? 0,
    changeFilter: (ifIndex, group, before, after) => {
      const iface = interfaces.byIndex(ifIndex);
      if (iface === null) return;
      const addr = mld.numbers.addressOf(group);
      if (addr !== null && addr.family === 6) {
        if (before === null) iface.joinGroup6(addr);
        if (after === null) iface.leaveGroup6(addr);
        if (!iface.isLoopback) mld.changeFilter(ifIndex, group, before, after);
        return;
      }
      if (before === null) iface.joinGroup(group);
      if (after === null) iface.leaveGroup(group);
      if (!iface.isLoopback) igmp.changeFilter(ifIndex, group, before, after);
    },
  };
}
