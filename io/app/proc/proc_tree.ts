/**
 * What programs find as /proc/net and /proc/sys/net: one file system (fuse_server.ts), mounted on
 * /proc/sys/net, with /proc/net in a folder of it that is not listed; a link in the place of
 * /proc/net leads there (ffi/host/view.c).
 *
 * What is not about IP is the kernel's own, by way of a link, or, of unix sockets, without the
 * pairs that are nuse's sockets.
 *
 * @module
 */
import { AF_INET, AF_INET6 } from "../../../ffi/abi/socket.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { NetlinkSource } from "../netlink/answer.ts";
import { sourceOf } from "../netlink/source.ts";
import { netstat, snmp } from "./counter_tables.ts";
import {
  arpTable,
  deviceTable,
  igmpTable,
  multicastTable,
  routeTable,
  v6AddressTable,
  v6RouteTable,
} from "./network_tables.ts";
import {
  noTable,
  pingTable,
  rawTable,
  sockstat,
  sockstat6,
  tcpTable,
  udpTable,
} from "./socket_tables.ts";
import type { UnixSockets } from "./unix_sockets.ts";
import { settingsTree } from "./settings.ts";
import { file, type Folder, folder, link, type TreeNode } from "./tree.ts";

/** In /proc/sys/net; ffi/host/view.c has it, too. */
const HIDDEN_NAME = ".proc";
/** Where the kernel's own are that no mount of ours covers. */
const KERNEL_NET = "/proc/thread-self/net";
const KERNELS = ["netlink", "packet", "protocols", "ptype", "psched", "softnet_stat"];

/** `source`: asked for at each opening. */
export function networkTree(source: () => NetlinkSource, unix: () => string): Folder {
  const table = (make: (source: NetlinkSource) => string) => file(() => make(source()));
  const both = (make: (source: NetlinkSource, domain: number) => string) =>
    [AF_INET, AF_INET6].map((domain) => table((from) => make(from, domain)));
  const [tcp, tcp6] = both(tcpTable);
  const [udp, udp6] = both(udpTable);
  const [raw, raw6] = both(rawTable);
  const [icmp, icmp6] = both(pingTable);
  const [udplite, udplite6] = both(noTable);
  const children: Record<string, TreeNode> = {
    dev: table(deviceTable),
    route: table(routeTable),
    arp: table(arpTable),
    if_inet6: table(v6AddressTable),
    ipv6_route: table(v6RouteTable),
    igmp: table(({ stack }) => igmpTable(stack)),
    dev_mcast: table(({ stack }) => multicastTable(stack)),
    snmp: table(({ stack }) => snmp(stack)),
    netstat: table(({ stack }) => netstat(stack)),
    sockstat: table(sockstat),
    sockstat6: table(sockstat6),
    unix: file(unix),
    ...{ tcp, tcp6, udp, udp6, raw, raw6, icmp, icmp6, udplite, udplite6 },
  };
  for (const name of KERNELS) children[name] = link(`${KERNEL_NET}/${name}`);
  return folder(children);
}

export function procTree(app: AppContext, unixSockets: UnixSockets): Folder {
  const settings = settingsTree(app.stack.config, app.stack.interfaces);
  const children = Object.fromEntries(settings.children);
  const net = networkTree(() => sourceOf(app), () => unixSockets.text());
  return folder({ ...children, [HIDDEN_NAME]: net }, [HIDDEN_NAME]);
}
