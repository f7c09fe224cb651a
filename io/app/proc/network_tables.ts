/**
 * /proc/net/dev, route, arp, if_inet6, igmp, dev_mcast: interfaces, routes, neighbours and groups
 * in Linux's columns (proc(5)).
 *
 * @module
 */
import { IFA_F_PERMANENT, RT_SCOPE, RT_TABLE, RTN } from "../../../ffi/abi/netlink.ts";
import { ARPHRD_ETHER } from "../../../ffi/abi/packet.ts";
import { RTF_GATEWAY, RTF_HOST, RTF_UP } from "../../../ffi/abi/route.ts";
import {
  ANY_V6,
  formatMac,
  type Interface,
  type IpAddress,
  type Stack,
} from "../../../stack/mod.ts";
import { arpFlags } from "../control/neighbour_ioctl.ts";
import type { NetlinkSource } from "../netlink/answer.ts";
import { scopeOf } from "../netlink/addresses.ts";
import { statsOf } from "../netlink/links.ts";
import { routeRows } from "../netlink/routes.ts";
import { hex, memoryWord } from "./socket_tables.ts";

const DEVICE_HEADER =
  "Inter-|   Receive                                                |  Transmit\n" +
  " face |bytes    packets errs drop fifo frame compressed multicast|" +
  "bytes    packets errs drop fifo colls carrier compressed\n";
/** Of the fields of a line, in the order of both halves: which of struct rtnl_link_stats64. */
const RECEIVED = [[2, 7], [0, 7], [4, 4], [6, 4], [14, 4], [10, 5], [21, 10], [8, 9]] as const;
const SENT = [[3, 8], [1, 7], [5, 4], [7, 4], [18, 4], [9, 5], [16, 7], [22, 10]] as const;

export function deviceTable({ stack }: NetlinkSource): string {
  return DEVICE_HEADER + stack.interfaces.map((iface) => {
    const stats = statsOf(iface);
    const fields = [...RECEIVED, ...SENT].map(([i, width]) => String(stats[i]).padStart(width));
    return `${iface.name.padStart(6)}: ${fields.join(" ")}\n`;
  }).join("");
}

const ROUTE_WIDTH = 127;
const ROUTE_HEADER =
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

/** IPv4 only, as Linux's. */
export function routeTable({ stack }: NetlinkSource): string {
  const rows = routeRows(stack).filter(({ dst, table, type }) =>
    dst.family === 4 && table === RT_TABLE.MAIN && type === RTN.UNICAST
  );
  const lines = rows.map(({ dst, gateway, ifIndex, metric, prefixLen }) => {
    const mask = prefixLen === 0 ? 0 : -1 << (32 - prefixLen);
    const flags = RTF_UP | (gateway === null ? 0 : RTF_GATEWAY) | (prefixLen === 32 ? RTF_HOST : 0);
    const words = `${memoryWord(dst.w3)}\t${memoryWord(gateway?.w3 ?? 0)}`;
    const flagText = hex(flags, 4);
    const name = stack.interfaceByIndex(ifIndex)?.name ?? "*";
    return `${name}\t${words}\t${flagText}\t0\t0\t${metric}\t${memoryWord(mask)}\t0\t0\t0`;
  });
  return [ROUTE_HEADER, ...lines].map((line) => `${line.padEnd(ROUTE_WIDTH)}\n`).join("");
}

const RTF_LOCAL = 0x80200000;

function hexOf(addr: IpAddress): string {
  const bytes = new Uint8Array(16);
  addr.writeTo(bytes, 0);
  return [...bytes].map((n) => n.toString(16).padStart(2, "0")).join("");
}

/** IPv6: destination, source, next hop, metric, uses, flags. */
export function v6RouteTable({ stack }: NetlinkSource): string {
  const word = (n: number) => hex(n, 8).toLowerCase();
  return routeRows(stack).filter(({ dst }) => dst.family === 6).map((row) => {
    const { dst, gateway, ifIndex, metric, prefixLen, type } = row;
    const flags = RTF_UP | (gateway === null ? 0 : RTF_GATEWAY) |
      (type === RTN.LOCAL ? RTF_LOCAL : 0);
    const length = prefixLen.toString(16).padStart(2, "0");
    const hop = hexOf(gateway ?? ANY_V6);
    const numbers = [metric, 1, 0, flags].map(word).join(" ");
    const name = (stack.interfaceByIndex(ifIndex)?.name ?? "*").padStart(8);
    return `${hexOf(dst)} ${length} ${hexOf(ANY_V6)} 00 ${hop} ${numbers} ${name}\n`;
  }).join("");
}

export function arpTable({ stack, nowUs }: NetlinkSource): string {
  const lines = stack.view.neighbours(nowUs).filter(({ addr }) => addr.family === 4).map((n) => {
    const type = `0x${ARPHRD_ETHER.toString(16).padEnd(10)}`;
    const flags = `0x${arpFlags(n).toString(16).padEnd(10)}`;
    const mac = formatMac(n.mac ?? new Uint8Array(6));
    const name = stack.interfaceByIndex(n.ifIndex)?.name ?? "*";
    return `${String(n.addr).padEnd(16)} ${type}${flags}${mac}     *        ${name}\n`;
  });
  return "IP address       HW type     Flags       HW address            Mask     Device\n" +
    lines.join("");
}

/** Linux's IPV6_ADDR_LOOPBACK and IPV6_ADDR_LINKLOCAL. */
const V6_SCOPES: Readonly<Record<number, number>> = {
  [RT_SCOPE.HOST]: 0x10,
  [RT_SCOPE.LINK]: 0x20,
};

export function v6AddressTable({ stack }: NetlinkSource): string {
  const byte = (n: number) => n.toString(16).padStart(2, "0");
  return stack.interfaces.flatMap(({ addresses, index, name }) =>
    addresses.filter(({ addr }) => addr.family === 6).map((address) => {
      const scope = byte(V6_SCOPES[scopeOf(address)] ?? 0);
      const numbers = `${byte(index)} ${byte(address.prefixLen)} ${scope} ${byte(IFA_F_PERMANENT)}`;
      return `${hexOf(address.addr)} ${numbers} ${name.padStart(8)}\n`;
    })
  ).join("");
}

const ALL_HOSTS = 0xe0000001 | 0;

function groupsOf(iface: Interface): number[] {
  const others = iface.groups.filter((group) => group !== ALL_HOSTS);
  return iface.isLoopback ? [ALL_HOSTS, ...others] : [...others, ALL_HOSTS];
}

export function igmpTable({ interfaces }: Stack): string {
  const header = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n";
  return header + interfaces.map((iface) => {
    const groups = groupsOf(iface);
    const count = String(groups.length).padStart(5);
    const lines = groups.map((group) => {
      const users = String(Math.max(1, iface.groupUsers(group))).padStart(5);
      return `\t\t\t\t${memoryWord(group)} ${users} 0:00000000\t\t0\n`;
    });
    return `${iface.index}\t${iface.name.padEnd(10)}: ${count}      V3\n${lines.join("")}`;
  }).join("");
}

/** The addresses of Ethernet that an interface listens to (RFC 1112 6.4). */
export function multicastTable({ interfaces }: Stack): string {
  return interfaces.filter(({ isLoopback }) => !isLoopback).flatMap((iface) =>
    groupsOf(iface).map((group) => {
      const low = (group & 0x7fffff).toString(16).padStart(6, "0");
      const [index, name] = [String(iface.index).padEnd(4), iface.name.padEnd(15)];
      return `${index} ${name} ${"1".padEnd(5)} ${"0".padEnd(5)} 01005e${low}\n`;
    })
  ).join("");
}
