/**
 * RTM_GETROUTE: the routing tables as `ip route` shows them, and the way to one destination
 * (`ip route get`); RTM_GETRULE. The stack has one table, which is shown as Linux's main one; what
 * it knows of its own addresses is shown as Linux's local one (rtnetlink(7)).
 *
 * @module
 */
import { AF_INET, AF_INET6 } from "../../../ffi/abi/socket.ts";
import {
  FR_ACT_TO_TBL,
  FRA,
  NLM_F_DUMP,
  NLM_F_MULTI,
  RT_SCOPE,
  RT_TABLE,
  RTA,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
  RTM,
  RTM_F_CLONED,
  RTMSG,
  RTN,
  RTPROT,
} from "../../../ffi/abi/netlink.ts";
import {
  ANY_V4,
  EINVAL,
  ENODEV,
  ENOENT,
  EOPNOTSUPP,
  type Interface,
  IpAddress,
  type RouteEntry,
  type RouteView,
  type Stack,
} from "../../../stack/mod.ts";
import { familyOf } from "../protocol/sockaddr.ts";
import { scopeOf } from "./addresses.ts";
import {
  addressBytes,
  addressOfBytes,
  type Answer,
  type NetlinkSource,
  unsupported,
} from "./answer.ts";
import { type Addressee, type Attributes, type NetlinkRequest, NetlinkWriter } from "./message.ts";

/** A route as a row of Linux's tables. */
export interface RouteRow {
  readonly table: number;
  readonly type: number;
  readonly protocol: number;
  readonly scope: number;
  readonly dst: IpAddress;
  readonly prefixLen: number;
  readonly metric: number;
  readonly src: IpAddress | null;
  readonly gateway: IpAddress | null;
  readonly ifIndex: number;
}

/** What Linux gives an IPv6 route: one that came with an address, any other that names none. */
export const V6_METRICS = [256, 1024] as const;

function mainRow({ interfaces }: Stack, entry: RouteEntry): RouteRow {
  const { dst, prefixLen, gateway, ifIndex, metric } = entry;
  const iface = interfaces[ifIndex - 1] as Interface | undefined;
  // What came with an address is the kernel's on Linux, and prefers that address
  const owner = iface?.addresses.find((a) => a.prefixLen === prefixLen && isIn(a.addr, entry));
  const isOwn = gateway === null && owner !== undefined;
  return {
    table: RT_TABLE.MAIN,
    type: RTN.UNICAST,
    protocol: isOwn ? RTPROT.KERNEL : RTPROT.BOOT,
    scope: gateway === null && dst.family === 4 ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE,
    ...{ dst, prefixLen, gateway, ifIndex },
    metric: dst.family === 6 && metric === 0 ? V6_METRICS[isOwn ? 0 : 1] : metric,
    src: isOwn && dst.family === 4 ? owner.addr : null,
  };
}

function isIn(addr: IpAddress, { dst, prefixLen }: RouteEntry): boolean {
  return addr.sharesPrefix(dst, prefixLen);
}

/** The addresses of an interface as rows of the local table. */
function localRows({ addresses, index: ifIndex, isUp }: Interface): RouteRow[] {
  return addresses.flatMap((address) => {
    const { addr, prefixLen, broadcast } = address;
    const common = {
      table: RT_TABLE.LOCAL,
      protocol: RTPROT.KERNEL,
      metric: 0,
      src: addr.family === 4 ? addr : null,
      gateway: null,
      ifIndex,
    };
    const hostLen = addr.family === 4 ? 32 : 128;
    const scope = addr.family === 4 ? RT_SCOPE.HOST : RT_SCOPE.UNIVERSE;
    const host = { ...common, type: RTN.LOCAL, scope, dst: addr, prefixLen: hostLen };
    const rows: RouteRow[] = [host];
    if (scopeOf(address) === RT_SCOPE.HOST && addr.family === 4) {
      rows.unshift({ ...host, dst: addr.maskedBy(prefixLen), prefixLen });
    }
    const last = broadcast ??
      (addr.family === 4 && prefixLen < 31 ? lastOf(addr, prefixLen) : null);
    if (last !== null && isUp) {
      const type = RTN.BROADCAST;
      rows.push({ ...common, type, scope: RT_SCOPE.LINK, dst: last, prefixLen: hostLen });
    }
    return rows;
  });
}

function lastOf(addr: IpAddress, prefixLen: number): IpAddress {
  return IpAddress.v4(addr.w3 | (-1 >>> prefixLen));
}

/** Every row of every table: the local one first, as Linux has them. */
export function routeRows(stack: Stack): RouteRow[] {
  const local = stack.interfaces.flatMap(localRows);
  const main = stack.routes.map((entry) => mainRow(stack, entry)).sort(byDestination);
  return [...main, ...local];
}

/** In the order of Linux's trie: by address, then the longer prefix last. */
function byDestination(a: RouteRow, b: RouteRow): number {
  const words = (r: RouteRow) => [r.dst.w0, r.dst.w1, r.dst.w2, r.dst.w3].map((w) => w >>> 0);
  const [left, right] = [words(a), words(b)];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return left[i] - right[i];
  return a.prefixLen - b.prefixLen || a.metric - b.metric;
}

export function getRoutes(source: NetlinkSource, request: NetlinkRequest): Answer {
  const attributes = request.attributes(RTMSG.LEN);
  if (attributes === null) return -EINVAL;
  return request.has(NLM_F_DUMP)
    ? dumpRoutes(source, request, attributes)
    : lookUp(source, request, attributes);
}

function dumpRoutes(
  { stack }: NetlinkSource,
  request: NetlinkRequest,
  attributes: Attributes,
): Answer {
  const family = request.u8(RTMSG.FAMILY);
  const isCacheAsked = (request.u32(RTMSG.FLAGS) & RTM_F_CLONED) !== 0;
  if (isCacheAsked) return []; // Linux keeps none, either
  let rows = routeRows(stack).filter(({ dst }) => family === 0 || familyOf(dst) === family);
  if (request.isStrict) {
    const table = attributes.u32(RTA.TABLE) || request.u8(RTMSG.TABLE);
    const [protocol, type] = [request.u8(RTMSG.PROTOCOL), request.u8(RTMSG.TYPE)];
    const oif = attributes.u32(RTA.OIF);
    if (oif !== 0 && stack.interfaceByIndex(oif) === null) return -ENODEV;
    rows = rows.filter((row) =>
      (table === 0 || row.table === table) && (protocol === 0 || row.protocol === protocol) &&
      (type === 0 || row.type === type) && (oif === 0 || row.ifIndex === oif)
    );
  }
  return rows.map((row) => routeMessage(request, NLM_F_MULTI, row));
}

/** `kind`: RTM.DELROUTE of one that has gone. */
export function routeMessage(
  to: Addressee,
  flags: number,
  row: RouteRow,
  kind: number = RTM.NEWROUTE,
): Uint8Array {
  const { dst, prefixLen, table, protocol, scope, type, metric, src, gateway } = row;
  const w = new NetlinkWriter(kind, flags, to);
  w.u8(familyOf(dst), prefixLen, 0, 0, table, protocol, scope, type).u32(0);
  w.attributeU32(RTA.TABLE, table);
  if (prefixLen > 0) w.attribute(RTA.DST, addressBytes(dst));
  if (metric > 0 || dst.family === 6) w.attributeU32(RTA.PRIORITY, metric);
  if (src !== null) w.attribute(RTA.PREFSRC, addressBytes(src));
  if (gateway !== null) w.attribute(RTA.GATEWAY, addressBytes(gateway));
  w.attributeU32(RTA.OIF, row.ifIndex);
  if (dst.family === 6) {
    w.attributeU32(RTA.CACHEINFO, ...NO_CACHE);
    w.attributeU8(RTA.PREF, PREF_MEDIUM);
  }
  return w.finish();
}

/** struct rta_cacheinfo */
const NO_CACHE = [0, 0, 0, 0, 0, 0, 0, 0];
/** ICMPV6_ROUTER_PREF_MEDIUM */
const PREF_MEDIUM = 0;

// ---- the way to one destination

function lookUp(source: NetlinkSource, request: NetlinkRequest, attributes: Attributes): Answer {
  const { stack } = source;
  const family = request.u8(RTMSG.FAMILY);
  if (family !== AF_INET && family !== AF_INET6) return -EOPNOTSUPP;
  const given = attributes.bytes(RTA.DST);
  const dst = given === null ? ANY_V4 : addressOfBytes(given);
  const src = attributes.has(RTA.SRC) ? addressOfBytes(attributes.bytes(RTA.SRC)) : null;
  if (dst === null || familyOf(dst) !== family) return -EINVAL;
  if (attributes.has(RTA.SRC) && (src === null || src.family !== dst.family)) return -EINVAL;
  const oif = attributes.u32(RTA.OIF);
  if (oif !== 0 && stack.interfaceByIndex(oif) === null) return -ENODEV;
  const found = stack.view.route(dst, src, oif);
  if (typeof found === "number") return found;
  return [foundMessage(request, dst, src, found)];
}

function foundMessage(
  request: NetlinkRequest,
  dst: IpAddress,
  src: IpAddress | null,
  found: RouteView,
): Uint8Array {
  const { isLocal, isBroadcast, isMulticast, gateway } = found;
  const [type, flags] = isLocal
    ? [RTN.LOCAL, RTCF_LOCAL]
    : isBroadcast
    ? [RTN.BROADCAST, (RTCF_BROADCAST | RTCF_LOCAL) >>> 0]
    : isMulticast
    ? [RTN.MULTICAST, RTCF_MULTICAST]
    : [RTN.UNICAST, 0];
  const table = RT_TABLE.MAIN; // whichever it is from, as Linux
  const w = new NetlinkWriter(RTM.NEWROUTE, 0, request);
  const hostLen = dst.family === 4 ? 32 : 128;
  w.u8(familyOf(dst), hostLen, src === null ? 0 : hostLen, 0, table, RTPROT.UNSPEC, 0, type);
  w.u32((RTM_F_CLONED | flags) >>> 0);
  w.attributeU32(RTA.TABLE, table);
  w.attribute(RTA.DST, addressBytes(dst));
  if (src !== null) w.attribute(RTA.SRC, addressBytes(src));
  w.attributeU32(RTA.OIF, found.ifIndex);
  if (src === null || !src.equals(found.src)) {
    w.attribute(RTA.PREFSRC, addressBytes(found.src));
  }
  if (gateway !== null) w.attribute(RTA.GATEWAY, addressBytes(gateway));
  w.attributeU32(RTA.UID, 0);
  w.attributeU32(RTA.CACHEINFO, ...NO_CACHE);
  return w.finish();
}

// ---- rules

/** struct fib_rule_hdr */
const FIB_RULE_LEN = 12;

/** Linux's own three, of IPv6 two: which table is asked in which order. */
const RULES: readonly (readonly [priority: number, table: number])[] = [
  [0, RT_TABLE.LOCAL],
  [32766, RT_TABLE.MAIN],
  [32767, RT_TABLE.DEFAULT],
];

export function getRules(_source: NetlinkSource, request: NetlinkRequest): Answer {
  if (!request.has(NLM_F_DUMP)) return -EOPNOTSUPP;
  const family = request.u8(0);
  const families = [AF_INET, AF_INET6].filter((each) => family === 0 || family === each);
  return families.flatMap((each) => rulesOf(each, request));
}

/** `ip rule del`: there is none but Linux's own, which stay. */
export function removeRule(_source: NetlinkSource, request: NetlinkRequest): Answer {
  const attributes = request.attributes(FIB_RULE_LEN);
  if (attributes === null) return -EINVAL;
  const isNamed = attributes.has(FRA.PRIORITY);
  const isOurs = RULES.some(([priority]) => priority === attributes.u32(FRA.PRIORITY));
  return isNamed && !isOurs ? -ENOENT : addRule();
}

/** RTM_NEWRULE */
export function addRule(): Answer {
  return unsupported("rules but those that Linux begins with");
}

function rulesOf(family: number, request: NetlinkRequest): Uint8Array[] {
  const rules = family === AF_INET ? RULES : RULES.slice(0, 2);
  return rules.map(([priority, table]) => {
    const w = new NetlinkWriter(RTM.NEWRULE, NLM_F_MULTI, request);
    w.u8(family, 0, 0, 0, table, 0, 0, FR_ACT_TO_TBL).u32(0);
    w.attributeU32(FRA.TABLE, table);
    w.attributeU32(FRA.SUPPRESS_PREFIXLEN, 0xffffffff);
    w.attributeU8(FRA.PROTOCOL, RTPROT.KERNEL);
    if (priority > 0) w.attributeU32(FRA.PRIORITY, priority);
    return w.finish();
  });
}
