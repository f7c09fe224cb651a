/**
 * Interfaces for the tests of ifaddrs and ioctl: lo, and eth0 with one address of each family.
 *
 * @module
 */
import { broadcastOf, Interface } from "../../../stack/iface/interface.ts";
import { BuddyMemory, IpAddress, type LinkDevice } from "../../../stack/mod.ts";

export const ETH0_MAC: Uint8Array = new Uint8Array([2, 0x11, 0x22, 0x33, 0x44, 0x55]);

const caps = { csum: false, tso: false, uso: false, gsoMaxBytes: 0 };
const link: LinkDevice = { caps, mtu: 1500, transmit: () => {} };

function addAddress(iface: Interface, text: string, prefixLen: number): void {
  const addr = IpAddress.parse(text) as IpAddress;
  iface.addresses.push({ addr, prefixLen, broadcast: broadcastOf(addr, prefixLen) });
}

export function makeInterfaces(): Interface[] {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16));
  const loOptions = { name: "lo", mac: new Uint8Array(6), link, mtu: 65536 };
  const lo = new Interface(1, loOptions, memory, 4, true);
  const eth0 = new Interface(2, { name: "eth0", mac: ETH0_MAC, link }, memory, 4);
  const bare = new Interface(3, { name: "bare", mac: ETH0_MAC, link }, memory, 4);
  addAddress(lo, "127.0.0.1", 8);
  addAddress(eth0, "2001:db8::2", 64);
  addAddress(eth0, "198.18.3.2", 22);
  return [lo, eth0, bare];
}
