/**
 * RTM_GETLINK: the stack's interfaces as `ip link` shows them (rtnetlink(7)).
 *
 * @module
 */
import { TX_QUEUE_LEN } from "../../../ffi/abi/packet.ts";
import {
  IFF_LOWER_UP,
  IFINFOMSG,
  IFLA,
  NLM_F_DUMP,
  NLM_F_MULTI,
  RTM,
} from "../../../ffi/abi/netlink.ts";
import { EINVAL, ENODEV, type Interface, type Stack } from "../../../stack/mod.ts";
import { hardwareType } from "../control/ifaddrs.ts";
import type { Answer, NetlinkSource } from "./answer.ts";
import { type Addressee, type NetlinkRequest, NetlinkWriter } from "./message.ts";

const AF_BRIDGE = 7;
const OPERSTATE_UNKNOWN = 0;
const OPERSTATE_DOWN = 2;
const OPERSTATE_UP = 6;
/** Of an Ethernet interface without a greater one of its device, and of the loopback. */
export const MIN_MTU = 68;
const GSO_MAX_SEGS = 65535;
const STATS64_LEN = 25;
const STATS_LEN = 24;
const IFMAP_LEN = 32;
const CHANGE_NONE = 0;

export function getLinks(source: NetlinkSource, request: NetlinkRequest): Answer {
  const { interfaces } = source.stack;
  if (request.u8(IFINFOMSG.FAMILY) === AF_BRIDGE) return []; // ports of bridges: there are none
  if (!request.has(NLM_F_DUMP)) {
    const found = findLink(source.stack, request);
    return typeof found === "number" ? found : [linkMessage(source, request, found, 0)];
  }
  return interfaces.map((iface) => linkMessage(source, request, iface, NLM_F_MULTI));
}

/** Which interface a request about one means, by number or name; -errno. */
export function findLink(stack: Stack, request: NetlinkRequest): Interface | number {
  const index = request.u32(IFINFOMSG.INDEX) | 0;
  if (index < 0) return -EINVAL;
  if (index > 0) return stack.interfaceByIndex(index) ?? -ENODEV;
  const attributes = request.attributes(IFINFOMSG.LEN);
  const name = attributes?.text(IFLA.IFNAME) ?? attributes?.text(IFLA.ALT_IFNAME) ?? null;
  if (name === null) return -EINVAL;
  return stack.interfaceByName(name) ?? -ENODEV;
}

/** Flags as netlink has them: SIOCGIFFLAGS has room for 16 bits. */
export function linkFlags({ flags, isUp }: Interface): number {
  return (isUp ? flags | IFF_LOWER_UP : flags) >>> 0;
}

export function linkMessage(
  { stack }: Pick<NetlinkSource, "stack">,
  to: Addressee,
  iface: Interface,
  flags: number,
): Uint8Array {
  const { index, isLoopback, mac } = iface;
  const w = new NetlinkWriter(RTM.NEWLINK, flags, to);
  w.u8(0, 0).u16(hardwareType(iface)).u32(index, linkFlags(iface), CHANGE_NONE);
  w.attributeText(IFLA.IFNAME, iface.name);
  w.attributeU32(IFLA.TXQLEN, TX_QUEUE_LEN);
  w.attributeU8(IFLA.OPERSTATE, operationalState(iface));
  w.attributeU8(IFLA.LINKMODE, 0);
  w.attributeU32(IFLA.MTU, iface.mtu);
  w.attributeU32(IFLA.MIN_MTU, isLoopback ? 0 : MIN_MTU);
  w.attributeU32(IFLA.MAX_MTU, isLoopback ? 0 : iface.link.mtu);
  w.attributeU32(IFLA.GROUP, 0);
  w.attributeU32(IFLA.PROMISCUITY, 0);
  w.attributeU32(IFLA.NUM_TX_QUEUES, 1);
  w.attributeU32(IFLA.GSO_MAX_SEGS, GSO_MAX_SEGS);
  w.attributeU32(IFLA.GSO_MAX_SIZE, iface.caps.gsoMaxBytes);
  w.attributeU32(IFLA.NUM_RX_QUEUES, 1);
  writeVlan(w, stack, iface);
  w.attributeU8(IFLA.CARRIER, iface.isUp ? 1 : 0);
  w.attributeText(IFLA.QDISC, "noqueue");
  w.attributeU32(IFLA.CARRIER_CHANGES, 0);
  w.attributeU8(IFLA.PROTO_DOWN, 0);
  w.attribute(IFLA.MAP, new Uint8Array(IFMAP_LEN));
  w.attribute(IFLA.ADDRESS, mac);
  w.attribute(IFLA.BROADCAST, new Uint8Array(mac.length).fill(isLoopback ? 0 : 0xff));
  const stats = statsOf(iface);
  w.attributeU64(IFLA.STATS64, ...stats);
  w.attributeU32(IFLA.STATS, ...stats.slice(0, STATS_LEN).map((n) => n % 2 ** 32));
  return w.finish();
}

/** RFC 2863, as Linux shows it */
function operationalState({ isLoopback, isUp }: Interface): number {
  if (!isUp) return OPERSTATE_DOWN;
  return isLoopback ? OPERSTATE_UNKNOWN : OPERSTATE_UP;
}

/** A VLAN names the interface below it, and its number. */
function writeVlan(w: NetlinkWriter, { interfaces }: Stack, iface: Interface): void {
  for (const below of interfaces) {
    for (const [id, vlan] of below.vlans ?? []) {
      if (vlan !== iface) continue;
      w.attributeU32(IFLA.LINK, below.index);
      const info = w.beginNested(IFLA.LINKINFO);
      w.attributeText(IFLA.INFO_KIND, "vlan");
      const data = w.beginNested(IFLA.INFO_DATA);
      w.attributeU16(IFLA.VLAN_ID, id);
      w.end(data);
      w.end(info);
    }
  }
}

/** The fields of struct rtnl_link_stats64. */
export function statsOf(iface: Interface): number[] {
  const stats = new Array<number>(STATS64_LEN).fill(0);
  [stats[0], stats[1]] = [iface.rxPackets, iface.txPackets];
  [stats[2], stats[3]] = [iface.rxBytes, iface.txBytes];
  [stats[6], stats[7]] = [iface.rxDropped, iface.txDropped];
  return stats;
}
