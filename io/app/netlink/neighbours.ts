/**
 * RTM_GETNEIGH: whom the stack knows on its links, as `ip neigh` shows them (rtnetlink(7)).
 *
 * @module
 */
import { NDA, NDMSG, NLM_F_DUMP, NLM_F_MULTI, RTM, RTN } from "../../../ffi/abi/netlink.ts";
import { EINVAL, ENODEV, ENOENT, type NeighbourView } from "../../../stack/mod.ts";
import { familyOf } from "../protocol/sockaddr.ts";
import { addressBytes, addressOfBytes, type Answer, type NetlinkSource, ticks } from "./answer.ts";
import { type Addressee, type NetlinkRequest, NetlinkWriter } from "./message.ts";

const AGE_MAX = 0x7fffffff;

export function getNeighbours(source: NetlinkSource, request: NetlinkRequest): Answer {
  const all = source.stack.view.neighbours(source.nowUs);
  const attributes = request.attributes(NDMSG.LEN);
  if (attributes === null) return -EINVAL;
  if (!request.has(NLM_F_DUMP)) {
    const index = request.u32(NDMSG.INDEX);
    const addr = addressOfBytes(attributes.bytes(NDA.DST));
    if (addr === null) return -EINVAL;
    if (source.stack.interfaceByIndex(index) === null) return -ENODEV;
    const found = all.find((n) => n.ifIndex === index && n.addr.equals(addr));
    return found === undefined ? -ENOENT : [neighbourMessage(request, found, 0)];
  }
  const family = request.u8(NDMSG.FAMILY);
  const index = attributes.u32(NDA.IFINDEX);
  if (attributes.u32(NDA.MASTER) !== 0) return []; // nothing here has one
  return all
    .filter((n) => family === 0 || family === familyOf(n.addr))
    .filter((n) => index === 0 || index === n.ifIndex)
    .map((n) => neighbourMessage(request, n, NLM_F_MULTI));
}

function age(us: number): number {
  return Math.min(AGE_MAX, ticks(us));
}

/** `type`: RTM.DELNEIGH of one that has gone. */
export function neighbourMessage(
  to: Addressee,
  neighbour: NeighbourView,
  flags: number,
  type: number = RTM.NEWNEIGH,
): Uint8Array {
  const { addr, ifIndex, mac, probes, state } = neighbour;
  const w = new NetlinkWriter(type, flags, to);
  w.u8(familyOf(addr), 0).u16(0).u32(ifIndex).u16(state).u8(0, RTN.UNICAST);
  w.attribute(NDA.DST, addressBytes(addr));
  if (mac !== null) w.attribute(NDA.LLADDR, mac);
  w.attributeU32(NDA.PROBES, probes);
  const { confirmedUs, usedUs, updatedUs } = neighbour;
  w.attributeU32(NDA.CACHEINFO, age(confirmedUs), age(usedUs), age(updatedUs), 0);
  return w.finish();
}
