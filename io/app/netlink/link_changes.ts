/**
 * `ip link set`: RTM_NEWLINK and RTM_SETLINK of an interface that is there, and the ioctls that do
 * the same. It may be taken down and up, and have another MTU.
 *
 * @module
 */
import { IFINFOMSG, IFLA, NLM_F_CREATE, NLM_F_EXCL } from "../../../ffi/abi/netlink.ts";
import { EEXIST, EINVAL, ENODEV, IFF_UP, type Interface } from "../../../stack/mod.ts";
import { type Answer, type NetlinkSource, Refusal, unsupported } from "./answer.ts";
import { findLink, linkFlags, MIN_MTU } from "./links.ts";
import type { NetlinkRequest } from "./message.ts";

/** What is taken; IFLA.EXT_MASK asks for nothing to be changed. */
const KNOWN: readonly number[] = [IFLA.IFNAME, IFLA.MTU, IFLA.EXT_MASK];

export function setLink(source: NetlinkSource, request: NetlinkRequest): Answer {
  const found = findLink(source.stack, request);
  const isCreated = request.has(NLM_F_CREATE) && (found === -ENODEV || found === -EINVAL);
  if (isCreated) return unsupported("interfaces that programs make");
  if (found === -EINVAL && request.u32(IFINFOMSG.INDEX) === 0) return -ENODEV; // ip asks for that
  if (typeof found === "number") return found;
  if (request.has(NLM_F_EXCL)) return -EEXIST;
  const attributes = request.attributes(IFINFOMSG.LEN);
  if (attributes === null) return -EINVAL;
  const name = attributes.text(IFLA.IFNAME);
  const isRenamed = name !== null && name !== found.name;
  if (attributes.types.some((type) => !KNOWN.includes(type)) || isRenamed) {
    return unsupported("way to change this of an interface");
  }
  const flags = request.u32(IFINFOMSG.FLAGS);
  const mask = request.u32(IFINFOMSG.CHANGE) || (flags !== 0 ? 0xffffffff : 0);
  const changed = (flags ^ linkFlags(found)) & mask;
  if ((changed & ~IFF_UP) !== 0) return unsupported("such flags of an interface");
  const refused = attributes.has(IFLA.MTU) ? setMtu(source, found, attributes.u32(IFLA.MTU)) : 0;
  if (refused !== 0 || changed === 0) return refused;
  return source.stack.admin.setInterfaceUp(found.index, (flags & IFF_UP) !== 0, source.nowUs);
}

/** Linux dev_validate_mtu */
export function setMtu(
  { stack }: Pick<NetlinkSource, "stack">,
  iface: Interface,
  mtu: number,
): Refusal | number {
  const least = iface.isLoopback ? 0 : MIN_MTU;
  if (mtu < least) return new Refusal(EINVAL, "mtu less than device minimum");
  if (mtu > iface.link.mtu) return new Refusal(EINVAL, "mtu greater than device maximum");
  return stack.setMtu(iface.index, mtu);
}
