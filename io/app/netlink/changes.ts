/**
 * What changes addresses and routes: `ip addr add`, `ip route add` and their like (rtnetlink(7)).
 * Made as far as the stack has it, with Linux's errors; what it has not is refused, in a word for
 * the person, and never taken for done. Who asks has CAP_NET_ADMIN.
 *
 * @module
 */
import {
  IFA,
  IFADDRMSG,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RT_TABLE,
  RTA,
  RTMSG,
  RTN,
} from "../../../ffi/abi/netlink.ts";
import { AF_INET } from "../../../ffi/abi/socket.ts";
import {
  ANY_V4,
  ANY_V6,
  EADDRNOTAVAIL,
  EEXIST,
  EINVAL,
  ENETDOWN,
  ENETUNREACH,
  ENODEV,
  ENOENT,
  ESRCH,
  type Interface,
  type IpAddress,
  type RouteEntry,
  type RouteSpec,
  type Stack,
} from "../../../stack/mod.ts";
import { FOREVER } from "./addresses.ts";
import { addressOfBytes, type Answer, type NetlinkSource, Refusal, unsupported } from "./answer.ts";
import { V6_METRICS } from "./routes.ts";
import type { Attributes, NetlinkRequest } from "./message.ts";

/** The first attribute that is not one of these; 0: there is none. */
function otherThan(attributes: Attributes, known: readonly number[]): number {
  return attributes.types.find((type) => !known.includes(type)) ?? 0;
}

// ---- addresses

interface WantedAddress {
  readonly iface: Interface;
  readonly addr: IpAddress;
  readonly prefixLen: number;
  /** The request says of which prefix. */
  readonly hasPrefix: boolean;
}

function wantedAddress(
  { stack }: NetlinkSource,
  request: NetlinkRequest,
  attributes: Attributes,
): WantedAddress | number {
  const local = addressOfBytes(attributes.bytes(IFA.LOCAL) ?? attributes.bytes(IFA.ADDRESS));
  if (local === null) return -EINVAL;
  const prefixLen = request.u8(IFADDRMSG.PREFIX_LEN);
  if (prefixLen > (local.family === 4 ? 32 : 128)) return -EINVAL;
  const iface = stack.interfaceByIndex(request.u32(IFADDRMSG.INDEX));
  if (iface === null) return -ENODEV;
  return { iface, addr: local, prefixLen, hasPrefix: attributes.has(IFA.ADDRESS) };
}

/** RTM_NEWADDR */
export function addAddress(source: NetlinkSource, request: NetlinkRequest): Answer {
  const attributes = request.attributes(IFADDRMSG.LEN);
  if (attributes === null) return -EINVAL;
  const wanted = wantedAddress(source, request, attributes);
  if (typeof wanted === "number") return wanted;
  const { iface, addr, prefixLen } = wanted;
  const peer = addressOfBytes(attributes.bytes(IFA.ADDRESS));
  if (peer !== null && !peer.equals(addr)) return unsupported("point-to-point addresses");
  const label = attributes.text(IFA.LABEL);
  if (label !== null && label !== iface.name) return unsupported("labels of addresses");
  const lifetimes = lifetimesOf(attributes.bytes(IFA.CACHEINFO));
  if (lifetimes === null) return -EINVAL;
  const [preferred, valid] = lifetimes;
  const { stack, nowUs } = source;
  const limit = () => stack.admin.setLifetimes(iface.index, addr, preferred, valid, nowUs);
  const known = iface.addresses.find((each) => each.addr.equals(addr));
  if (known !== undefined) {
    const isReplaced = request.has(NLM_F_REPLACE) && !request.has(NLM_F_EXCL);
    if (isReplaced && known.prefixLen === prefixLen) return limit();
    return new Refusal(EEXIST, "ipv4: Address already assigned");
  }
  if (iface.link.isAddressBound ?? false) {
    return unsupported("further addresses with the host's MAC");
  }
  const added = stack.addAddress(iface.index, addr, prefixLen, nowUs);
  return added !== 0 || valid === Infinity ? added : limit();
}

/** struct ifa_cacheinfo: preferred, valid, seconds; null: no address lives so long. */
function lifetimesOf(bytes: Uint8Array | null): readonly [number, number] | null {
  if (bytes === null) return [Infinity, Infinity];
  if (bytes.length < 8) return null;
  const dv = new DataView(bytes.buffer, bytes.byteOffset);
  const [preferred, valid] = [0, 4].map((at) => {
    const seconds = dv.getUint32(at, true);
    return seconds === FOREVER ? Infinity : seconds;
  });
  return valid === 0 || preferred > valid ? null : [preferred, valid];
}

/** RTM_DELADDR */
export function removeAddress(source: NetlinkSource, request: NetlinkRequest): Answer {
  const attributes = request.attributes(IFADDRMSG.LEN);
  if (attributes === null) return -EINVAL;
  const wanted = wantedAddress(source, request, attributes);
  if (typeof wanted === "number") return wanted;
  const { addr, hasPrefix, iface, prefixLen } = wanted;
  const known = iface.addresses.find((each) => each.addr.equals(addr));
  if (known === undefined || (hasPrefix && known.prefixLen !== prefixLen)) {
    return new Refusal(EADDRNOTAVAIL, "ipv4: Address not found");
  }
  const removed = source.stack.removeAddress(iface.index, addr, source.nowUs);
  if (removed === 0) dropRoutes(source.stack, iface, addr);
  return removed;
}

/** As Linux: without any address of the family left, no route leads out of an interface. */
function dropRoutes(stack: Stack, { addresses, index }: Interface, { family }: IpAddress): void {
  if (addresses.some(({ addr }) => addr.family === family)) return;
  for (const entry of [...stack.routes]) {
    if (entry.ifIndex === index && entry.dst.family === family) stack.removeRoute(entry);
  }
}

// ---- routes

const ROUTE_ATTRIBUTES = [RTA.DST, RTA.GATEWAY, RTA.OIF, RTA.PRIORITY, RTA.TABLE, RTA.PREFSRC];
const NO_GATEWAY = "Nexthop has invalid gateway.";

/** What a request says of a route, or why it is none here. */
function routeSpec(request: NetlinkRequest, attributes: Attributes): RouteSpec | Refusal | number {
  const family = request.u8(RTMSG.FAMILY);
  const table = attributes.u32(RTA.TABLE) || request.u8(RTMSG.TABLE);
  if (table !== RT_TABLE.MAIN && table !== RT_TABLE.UNSPEC) return unsupported("other tables");
  const type = request.u8(RTMSG.TYPE);
  if (type !== RTN.UNICAST && type !== RTN.UNSPEC) return unsupported("routes of this type");
  if (request.u8(RTMSG.TOS) !== 0 || otherThan(attributes, ROUTE_ATTRIBUTES) !== 0) {
    return unsupported("routes with such attributes");
  }
  const any = family === AF_INET ? ANY_V4 : ANY_V6;
  const dst = attributes.has(RTA.DST) ? addressOfBytes(attributes.bytes(RTA.DST)) : any;
  const gateway = attributes.has(RTA.GATEWAY)
    ? addressOfBytes(attributes.bytes(RTA.GATEWAY))
    : null;
  const prefixLen = request.u8(RTMSG.DST_LEN);
  if (dst === null || prefixLen > (family === AF_INET ? 32 : 128)) return -EINVAL;
  if (!dst.maskedBy(prefixLen).equals(dst)) {
    return new Refusal(EINVAL, "Invalid prefix for given prefix length.");
  }
  const [ifIndex, shown] = [attributes.u32(RTA.OIF), attributes.u32(RTA.PRIORITY)];
  const metric = family !== AF_INET && isDefaultMetric(shown) ? 0 : shown;
  return { dst, prefixLen, gateway, ifIndex, metric };
}

/** What is shown of an IPv6 route that was given none (routes.ts). */
function isDefaultMetric(metric: number): boolean {
  return V6_METRICS.some((each) => each === metric);
}

/** Same destination and metric. */
function isRival({ dst, prefixLen, metric = 0 }: RouteSpec, entry: RouteEntry): boolean {
  return entry.dst.equals(dst) && entry.prefixLen === prefixLen && entry.metric === metric;
}

/** RTM_NEWROUTE */
export function addRoute({ stack }: NetlinkSource, request: NetlinkRequest): Answer {
  const attributes = request.attributes(RTMSG.LEN);
  if (attributes === null) return -EINVAL;
  const spec = routeSpec(request, attributes);
  if (typeof spec === "number" || spec instanceof Refusal) return spec;
  if (attributes.has(RTA.PREFSRC)) return unsupported("source addresses of routes");
  if (spec.ifIndex !== 0 && stack.interfaceByIndex(spec.ifIndex ?? 0) === null) return -ENODEV;
  const out = stack.interfaceByIndex(spec.ifIndex ?? 0);
  if (out !== null && !out.isUp) return new Refusal(ENETDOWN, "Device for nexthop is not up");
  const rival = stack.routes.find((entry) => isRival(spec, entry));
  const isReplaced = request.has(NLM_F_REPLACE);
  if (rival !== undefined && request.has(NLM_F_EXCL)) return -EEXIST;
  if (rival === undefined && !request.has(NLM_F_CREATE)) return -ENOENT;
  if (rival !== undefined && isReplaced) stack.removeRoute(rival);
  const added = stack.addRoute(spec);
  if (added === 0) return 0;
  if (rival !== undefined && isReplaced) stack.addRoute(rival);
  const isGateway = spec.gateway !== null && (added === -ENETUNREACH || added === -EINVAL);
  return isGateway ? new Refusal(-added, NO_GATEWAY) : added;
}

/** RTM_DELROUTE: the first one that fits all that is said. */
export function removeRoute({ stack }: NetlinkSource, request: NetlinkRequest): Answer {
  const attributes = request.attributes(RTMSG.LEN);
  if (attributes === null) return -EINVAL;
  const spec = routeSpec(request, attributes);
  if (typeof spec === "number" || spec instanceof Refusal) return spec;
  const { gateway, metric = 0, ifIndex = 0, dst, prefixLen } = spec;
  const found = stack.routes.find((entry) =>
    entry.dst.equals(dst) && entry.prefixLen === prefixLen &&
    (metric === 0 || entry.metric === metric) && (ifIndex === 0 || entry.ifIndex === ifIndex) &&
    (gateway === null || (entry.gateway !== null && entry.gateway.equals(gateway)))
  );
  return found === undefined ? -ESRCH : stack.removeRoute(found);
}
