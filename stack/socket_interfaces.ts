/**
 * The interfaces as sockets see them: their names and addresses, and the groups that are joined on
 * them, which IGMP tells of.
 *
 * @module
 */
import { IpAddress } from "./base/ip_address.ts";
import type { NetworkLayer } from "./iface/mod.ts";
import type { IgmpLayer } from "./igmp/mod.ts";
import type { SocketInterfaces } from "./socket/mod.ts";

export function socketInterfaces({ interfaces }: NetworkLayer, igmp: IgmpLayer): SocketInterfaces {
  return {
    indexOf: (name) => interfaces.byName(name)?.index ?? 0,
    nameOf: (index) => interfaces.byIndex(index)?.name ?? null,
    indexOfV4: (word) => interfaces.ownerOf(IpAddress.v4(word))?.index ?? 0,
    changeFilter: (ifIndex, group, before, after) => {
      const iface = interfaces.byIndex(ifIndex);
      if (iface === null) return;
      if (before === null) iface.joinGroup(group);
      if (after === null) iface.leaveGroup(group);
      if (!iface.isLoopback) igmp.changeFilter(ifIndex, group, before, after);
    },
  };
}
