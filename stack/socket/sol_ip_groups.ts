/**
 * The options at IPPROTO_IP that join and leave multicast groups and filter their sources: ip(7)
 * and RFC 3678, each in its two forms, by an interface's address (IP_*) or index (MCAST_*).
 *
 * struct ip_mreq, ip_mreqn     group, interface's address (, index)
 * struct ip_mreq_source        group, interface's address, source
 * struct ip_msfilter           group, interface's address, mode, count, sources
 * struct group_req             index, sockaddr_storage of the group at 8
 * struct group_source_req      as that, sockaddr_storage of the source at 136
 * struct group_filter          as group_req, mode at 136, count, sockaddr_storage of sources at 144
 *
 * @module
 */
import { EADDRNOTAVAIL, EINVAL, ENOBUFS, ENODEV, ENOPROTOOPT, EPROTO } from "../base/errno.ts";
import { IpAddress } from "../base/ip_address.ts";
import * as c from "../base/socket_constants.ts";
import type { GroupChoice, Memberships } from "./memberships.ts";
import { intBytes, readInt, readV4, v4Bytes } from "./option_codec.ts";
import type { OptionHost } from "./option_host.ts";

export const MREQ_LEN = 8;
export const MREQN_LEN = 12;
const MREQ_SOURCE_LEN = 12;
const MSFILTER_LEN = 16;
const STORAGE_LEN = 128;
export const GROUP_OFF = 8;
export const GROUP_REQ_LEN = GROUP_OFF + STORAGE_LEN;
export const GROUP_SOURCE_REQ_LEN = GROUP_REQ_LEN + STORAGE_LEN;
const GROUP_FILTER_LEN = GROUP_REQ_LEN + 8;

type Change = (memberships: Memberships, choice: GroupChoice, source: number) => number;

/** What is done with one source, in either family. */
export const OF_SOURCE: { readonly [name: number]: Change } = {
  [c.IP_ADD_SOURCE_MEMBERSHIP]: (m, choice, source) => m.joinSource(choice, source),
  [c.IP_DROP_SOURCE_MEMBERSHIP]: (m, choice, source) => m.leaveSource(choice, source),
  [c.IP_BLOCK_SOURCE]: (m, choice, source) => m.block(choice, source),
  [c.IP_UNBLOCK_SOURCE]: (m, choice, source) => m.unblock(choice, source),
  [c.MCAST_JOIN_SOURCE_GROUP]: (m, choice, source) => m.joinSource(choice, source),
  [c.MCAST_LEAVE_SOURCE_GROUP]: (m, choice, source) => m.leaveSource(choice, source),
  [c.MCAST_BLOCK_SOURCE]: (m, choice, source) => m.block(choice, source),
  [c.MCAST_UNBLOCK_SOURCE]: (m, choice, source) => m.unblock(choice, source),
};

/** Returns 0 or -errno; -ENOPROTOOPT: the option is none of these. */
export function setGroupOption(host: OptionHost, name: number, value: Uint8Array): number {
  switch (name) {
    case c.IP_ADD_MEMBERSHIP:
    case c.IP_DROP_MEMBERSHIP:
      return changeMembership(host, name, value);
    case c.MCAST_JOIN_GROUP:
    case c.MCAST_LEAVE_GROUP:
      return changeGroup(host, name, value);
    case c.IP_ADD_SOURCE_MEMBERSHIP:
    case c.IP_DROP_SOURCE_MEMBERSHIP:
    case c.IP_BLOCK_SOURCE:
    case c.IP_UNBLOCK_SOURCE:
      return changeSource(host, name, value);
    case c.MCAST_JOIN_SOURCE_GROUP:
    case c.MCAST_LEAVE_SOURCE_GROUP:
    case c.MCAST_BLOCK_SOURCE:
    case c.MCAST_UNBLOCK_SOURCE:
      return changeGroupSource(host, name, value);
    case c.IP_MSFILTER:
      return setFilter(host, value);
    case c.MCAST_MSFILTER:
      return setGroupFilter(host, value);
    default:
      return -ENOPROTOOPT;
  }
}

/**
 * The filter that `asked` names, in its own form: as many sources as it has room for, and how many
 * there are. -ENOPROTOOPT: the option is none of these.
 */
export function getGroupOption(
  host: OptionHost,
  name: number,
  asked: Uint8Array,
): Uint8Array | number {
  if (name === c.IP_MSFILTER) return getFilter(host, asked);
  return name === c.MCAST_MSFILTER ? getGroupFilter(host, asked) : -ENOPROTOOPT;
}

function getFilter(host: OptionHost, asked: Uint8Array): Uint8Array | number {
  if (asked.length < MSFILTER_LEN) return -EINVAL;
  const group = addressAt(asked, 0);
  if (!group.isMulticast) return -EINVAL;
  const ifIndex = host.interfaces.indexOfV4(readV4(asked, 4));
  if (ifIndex === 0) return -ENODEV;
  const found = host.memberships?.find(group.w3, ifIndex);
  if (found === undefined) return -EADDRNOTAVAIL;
  const sources = found.sources.slice(0, readInt(asked, 12) >>> 0);
  const value = new Uint8Array(MSFILTER_LEN + 4 * sources.length);
  value.set(asked.subarray(0, 8));
  value.set(intBytes(found.isInclude ? c.MCAST_INCLUDE : c.MCAST_EXCLUDE), 8);
  value.set(intBytes(found.sources.length), 12);
  sources.forEach((source, i) => value.set(v4Bytes(source), MSFILTER_LEN + 4 * i));
  return value;
}

function getGroupFilter(host: OptionHost, asked: Uint8Array): Uint8Array | number {
  if (asked.length < GROUP_FILTER_LEN || !isV4(asked, GROUP_OFF)) return -EINVAL;
  const { group, ifIndex } = groupChoice(asked);
  if (!group.isMulticast) return -EINVAL;
  const found = host.memberships?.find(group.w3, ifIndex);
  if (found === undefined) return -EADDRNOTAVAIL;
  const sources = found.sources.slice(0, readInt(asked, GROUP_REQ_LEN + 4) >>> 0);
  const value = new Uint8Array(GROUP_FILTER_LEN + STORAGE_LEN * sources.length);
  value.set(asked.subarray(0, GROUP_REQ_LEN));
  value.set(intBytes(found.isInclude ? c.MCAST_INCLUDE : c.MCAST_EXCLUDE), GROUP_REQ_LEN);
  value.set(intBytes(found.sources.length), GROUP_REQ_LEN + 4);
  sources.forEach((source, i) => {
    const at = GROUP_FILTER_LEN + STORAGE_LEN * i;
    value[at] = c.AF_INET;
    value.set(v4Bytes(source), at + 4);
  });
  return value;
}

function changeMembership(host: OptionHost, name: number, value: Uint8Array): number {
  if (host.memberships === null) return -EPROTO;
  if (value.length < MREQ_LEN) return -EINVAL;
  const ifIndex = value.length >= MREQN_LEN ? readInt(value, 8) : 0;
  const choice = { group: addressAt(value, 0), ifIndex, ifAddr: readV4(value, 4) };
  if (name === c.IP_ADD_MEMBERSHIP && !choice.group.isMulticast) return -EINVAL;
  if (!hasInterface(host, choice)) return -ENODEV;
  return name === c.IP_ADD_MEMBERSHIP
    ? host.memberships.join(choice)
    : host.memberships.leave(choice);
}

function changeGroup(host: OptionHost, name: number, value: Uint8Array): number {
  if (value.length < GROUP_REQ_LEN || !isV4(value, GROUP_OFF)) return -EINVAL;
  const choice = groupChoice(value);
  if (!choice.group.isMulticast) return -EINVAL;
  if (host.memberships === null) return -EPROTO;
  if (!hasInterface(host, choice)) return -ENODEV;
  return name === c.MCAST_JOIN_GROUP
    ? host.memberships.join(choice)
    : host.memberships.leave(choice);
}

function changeSource(host: OptionHost, name: number, value: Uint8Array): number {
  if (value.length !== MREQ_SOURCE_LEN) return -EINVAL;
  const choice = { group: addressAt(value, 0), ifIndex: 0, ifAddr: readV4(value, 4) };
  return ofSource(host, name, choice, readV4(value, 8));
}

function changeGroupSource(host: OptionHost, name: number, value: Uint8Array): number {
  if (value.length < GROUP_SOURCE_REQ_LEN) return -EINVAL;
  if (!isV4(value, GROUP_OFF) || !isV4(value, GROUP_REQ_LEN)) return -EADDRNOTAVAIL;
  return ofSource(host, name, groupChoice(value), storageAddress(value, GROUP_REQ_LEN));
}

function ofSource(host: OptionHost, name: number, choice: GroupChoice, source: number): number {
  if (!choice.group.isMulticast) return -EINVAL;
  if (host.memberships === null) return -EPROTO;
  if (!hasInterface(host, choice)) return -ENODEV;
  return OF_SOURCE[name](host.memberships, choice, source);
}

function setFilter(host: OptionHost, value: Uint8Array): number {
  if (value.length < MSFILTER_LEN) return -EINVAL;
  if (host.memberships === null) return -EPROTO;
  const count = readInt(value, 12) >>> 0;
  if (count > host.memberships.maxSources) return -ENOBUFS;
  if (value.length < MSFILTER_LEN + 4 * count) return -EINVAL;
  const sources = Array.from({ length: count }, (_, i) => readV4(value, MSFILTER_LEN + 4 * i));
  const choice = { group: addressAt(value, 0), ifIndex: 0, ifAddr: readV4(value, 4) };
  return applyFilter(host, host.memberships, choice, readInt(value, 8), sources);
}

function setGroupFilter(host: OptionHost, value: Uint8Array): number {
  if (value.length < GROUP_FILTER_LEN) return -EINVAL;
  if (host.memberships === null) return -EPROTO;
  const count = readInt(value, GROUP_REQ_LEN + 4) >>> 0;
  if (count > host.memberships.maxSources) return -ENOBUFS;
  if (value.length < GROUP_FILTER_LEN + STORAGE_LEN * count) return -EINVAL;
  const offsets = Array.from({ length: count }, (_, i) => GROUP_FILTER_LEN + STORAGE_LEN * i);
  if (!isV4(value, GROUP_OFF) || !offsets.every((off) => isV4(value, off))) return -EADDRNOTAVAIL;
  const sources = offsets.map((off) => storageAddress(value, off));
  const mode = readInt(value, GROUP_REQ_LEN);
  return applyFilter(host, host.memberships, groupChoice(value), mode, sources);
}

function applyFilter(
  host: OptionHost,
  memberships: Memberships,
  choice: GroupChoice,
  mode: number,
  sources: readonly number[],
): number {
  if (!choice.group.isMulticast) return -EINVAL;
  if (mode !== c.MCAST_EXCLUDE && mode !== c.MCAST_INCLUDE) return -EINVAL;
  if (!hasInterface(host, choice)) return -ENODEV;
  return memberships.setFilter(choice, mode === c.MCAST_INCLUDE, sources);
}

export function hasInterface(host: OptionHost, { ifIndex }: GroupChoice): boolean {
  return ifIndex === 0 || host.interfaces.nameOf(ifIndex) !== null;
}

function groupChoice(value: Uint8Array): GroupChoice {
  const group = IpAddress.v4(storageAddress(value, GROUP_OFF));
  return { group, ifIndex: readInt(value), ifAddr: 0 };
}

function addressAt(value: Uint8Array, off: number): IpAddress {
  return IpAddress.v4(readV4(value, off));
}

/** A sockaddr_storage at `off`: its family, and its IPv4 address. */
function isV4(value: Uint8Array, off: number): boolean {
  return (value[off] | (value[off + 1] << 8)) === c.AF_INET;
}

function storageAddress(value: Uint8Array, off: number): number {
  return readV4(value, off + 4);
}
