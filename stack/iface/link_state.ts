/**
 * An interface that is taken down, and up again (`ip link set … down`), as Linux does it.
 *
 *                     down                                   up
 *     IPv4 addresses  stay                                   with their on-link routes again
 *     IPv6 addresses  go                                     those of the link come back, fe80::/10
 *     routes          all that lead out of it go             only the on-link ones come back
 *     neighbours      forgotten, whoever has put them there
 *     groups          are kept, and not spoken of            told again with the next query
 *     VLANs on it     go down with it                        come up with it
 *
 * Nothing comes in by an interface that is down, nothing leaves (LinkInput, Interface.transmit),
 * and no route is found to it.
 *
 * @module
 */
import { ENODEV } from "../base/errno.ts";
import type { Interface, InterfaceAddress } from "./interface.ts";
import type { NetworkLayer } from "./network_layer.ts";

/** What an interface had when it was taken down, of what it gets back. */
const kept = new WeakMap<Interface, InterfaceAddress[]>();

/** 0 or -ENODEV. */
export function setInterfaceUp(
  layer: NetworkLayer,
  ifIndex: number,
  isUp: boolean,
  nowUs: number,
): number {
  const iface = layer.interfaces.byIndex(ifIndex);
  if (iface === null) return -ENODEV;
  if (iface.isUp !== isUp) change(layer, iface, isUp, nowUs);
  for (const vlan of iface.vlans?.values() ?? []) {
    if (vlan.isUp !== isUp) change(layer, vlan, isUp, nowUs);
  }
  layer.router.table.invalidate();
  layer.alarm.stir();
  return 0;
}

function change(layer: NetworkLayer, iface: Interface, isUp: boolean, nowUs: number): void {
  if (isUp) comeUp(layer, iface, nowUs);
  else goDown(layer, iface, nowUs);
}

function goDown(layer: NetworkLayer, iface: Interface, nowUs: number): void {
  const { neighbours, neighbours6, router: { table } } = layer;
  const ofLink = iface.addresses.filter(({ addr }) => isOfLink(iface, addr));
  kept.set(iface, ofLink);
  for (const { addr } of iface.addresses.filter((each) => each.addr.family === 6)) {
    layer.removeAddress(iface.index, addr, nowUs);
  }
  for (const entry of [...table.entries]) if (entry.ifIndex === iface.index) table.remove(entry);
  iface.isUp = false;
  for (const all of [neighbours, neighbours6]) all.clear(iface, nowUs, true);
  layer.routers.pause(iface);
}

function comeUp(layer: NetworkLayer, iface: Interface, nowUs: number): void {
  iface.isUp = true;
  for (const { addr, prefixLen } of iface.addresses) layer.addOnLink(iface, addr, prefixLen);
  for (const { addr, prefixLen } of kept.get(iface) ?? []) {
    layer.addAddress(iface.index, addr, prefixLen, nowUs); // -EEXIST: somebody has, meanwhile
  }
  kept.delete(iface);
  layer.routers.resume(iface, nowUs);
}

/** IPv6's own of every interface, which nobody has to configure. */
function isOfLink({ isLoopback }: Interface, addr: InterfaceAddress["addr"]): boolean {
  return addr.family === 6 && (addr.isLinkLocal || isLoopback);
}
