/**
 * RTM_GETADDR: the addresses of the stack's interfaces as `ip addr` shows them, and getifaddrs of
 * the C libraries (rtnetlink(7)).
 *
 * @module
 */
import { AF_INET, AF_INET6 } from "../../../ffi/abi/socket.ts";
import {
  IFA,
  IFA_F_DEPRECATED,
  IFA_F_PERMANENT,
  IFADDRMSG,
  NLM_F_DUMP,
  NLM_F_MULTI,
  RT_SCOPE,
  RTM,
} from "../../../ffi/abi/netlink.ts";
import {
  EINVAL,
  ENODEV,
  EOPNOTSUPP,
  type Interface,
  type InterfaceAddress,
} from "../../../stack/mod.ts";
import { familyOf } from "../protocol/sockaddr.ts";
import { addressBytes, type Answer, type NetlinkSource } from "./answer.ts";
import { type Addressee, type NetlinkRequest, NetlinkWriter } from "./message.ts";

/** Of a lifetime. */
export const FOREVER = 0xffffffff;

export function getAddresses(source: NetlinkSource, request: NetlinkRequest): Answer {
  if (!request.has(NLM_F_DUMP)) return -EOPNOTSUPP; // as Linux of IPv4
  const family = request.u8(IFADDRMSG.FAMILY);
  const index = request.isStrict ? request.u32(IFADDRMSG.INDEX) : 0;
  if (request.isStrict && request.length < IFADDRMSG.LEN) return -EINVAL;
  if (index !== 0 && source.stack.interfaceByIndex(index) === null) return -ENODEV;
  const ifaces = source.stack.interfaces.filter((each) => index === 0 || each.index === index);
  // One family after the other, as Linux
  return [AF_INET, AF_INET6].filter((each) => family === 0 || family === each).flatMap((each) =>
    ifaces.flatMap((iface) =>
      iface.addresses.filter(({ addr }) => familyOf(addr) === each)
        .map((address) => addressMessage(source.nowUs, request, NLM_F_MULTI, iface, address))
    )
  );
}

/** RT_SCOPE_* */
export function scopeOf({ addr }: InterfaceAddress): number {
  if (addr.isLoopback) return RT_SCOPE.HOST;
  return addr.family === 6 && addr.isLinkLocal ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE;
}

/** `type`: RTM.DELADDR of one that has gone. */
export function addressMessage(
  nowUs: number,
  to: Addressee,
  flags: number,
  { index, name }: Interface,
  address: InterfaceAddress,
  type: number = RTM.NEWADDR,
): Uint8Array {
  const { addr, prefixLen, broadcast, isDeprecated = false } = address;
  const { preferredUntilUs = Infinity, validUntilUs = Infinity } = address;
  const shown = (validUntilUs === Infinity ? IFA_F_PERMANENT : 0) |
    (isDeprecated ? IFA_F_DEPRECATED : 0);
  const w = new NetlinkWriter(type, flags, to);
  w.u8(familyOf(addr), prefixLen, shown, scopeOf(address)).u32(index);
  const bytes = addressBytes(addr);
  w.attribute(IFA.ADDRESS, bytes);
  if (addr.family === 4) {
    w.attribute(IFA.LOCAL, bytes);
    if (broadcast !== null) w.attribute(IFA.BROADCAST, addressBytes(broadcast));
    w.attributeText(IFA.LABEL, name);
  }
  w.attributeU32(IFA.FLAGS, shown);
  const [preferred, valid] = [preferredUntilUs, validUntilUs].map((us) => secondsLeft(us, nowUs));
  w.attributeU32(IFA.CACHEINFO, preferred, valid, 0, 0);
  return w.finish();
}

function secondsLeft(untilUs: number, nowUs: number): number {
  return untilUs === Infinity ? FOREVER : Math.max(0, Math.ceil((untilUs - nowUs) / 1e6));
}
