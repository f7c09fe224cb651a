/**
 * The files of /proc/net, line by line, of a stack with known sockets; the tree that they are in.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COUNTED_NAMES, countOf } from "../../../../io/app/proc/counter_tables.ts";
import { networkTree } from "../../../../io/app/proc/proc_tree.ts";
import { settingsTree } from "../../../../io/app/proc/settings.ts";
import { file, type Folder, folder, folderOf, NumberedTree } from "../../../../io/app/proc/tree.ts";
import { withoutInodes } from "../../../../io/app/proc/unix_sockets.ts";
import { ANY_V4, EINVAL, IpAddress, type StreamSocket } from "../../../../stack/mod.ts";
import { Host, OUR_ADDR, PEER_ADDR } from "../../../stack/net_fixture.ts";
import { sourceOfStack } from "../netlink/asking.ts";

function reader(host: Host): (name: string) => string {
  const tree = networkTree(() => sourceOfStack(host.stack, host.nowUs), () => "none\n");
  return (name) => textIn(tree, name);
}

function textIn(tree: Folder, path: string): string {
  const [first, ...rest] = path.split("/");
  const node = tree.children.get(first);
  assert(node !== undefined, `no ${path}`);
  if (node.kind === "folder") return textIn(node, rest.join("/"));
  return node.kind === "file" ? node.read() : `-> ${node.target}`;
}

/** Without what pads a line. */
function lines(text: string): string[] {
  return text.trimEnd().split("\n").map((line) => line.trimEnd());
}

Deno.test("/proc/net/tcp: a listener and a connection, in Linux's columns and width", () => {
  const host = new Host();
  const [listener, client] = [host.stack.socket(2, 1, 0), host.stack.socket(2, 1, 0)] as [
    StreamSocket,
    StreamSocket,
  ];
  listener.bind(ANY_V4, 80, host.nowUs);
  listener.listen(5, host.nowUs);
  client.bind(IpAddress.v4(0x7f000001), 5555, host.nowUs);
  client.connect(IpAddress.v4(0x7f000001), 80, host.nowUs);
  host.flush();
  const text = reader(host)("tcp");
  const columns = "   0: 00000000:0050 00000000:0000 0A 00000000:00000001 00:00000000 00000000  " +
    "1000        0 9001 1 0000000000000000 100 0 0 10 0";
  assertEquals(lines(text)[1], columns);
  assert(text.split("\n").slice(0, -1).every(({ length }) => length === 149));
  assertStringIncludes(lines(text)[2], "1: 0100007F:15B3 0100007F:0050 01 ");
  assertEquals(lines(reader(host)("tcp6")).length, 1);
  assertEquals(lines(reader(host)("sockstat"))[1], "TCP: inuse 3 orphan 1 tw 0 alloc 3 mem 0");
});

Deno.test("/proc/net/tcp6: mapped addresses of AF_INET6 sockets", () => {
  const host = new Host();
  const listener = host.stack.socket(10, 1, 0) as StreamSocket;
  listener.bind(OUR_ADDR, 81, host.nowUs);
  listener.listen(5, host.nowUs);
  const [, line] = lines(reader(host)("tcp6"));
  assertStringIncludes(line, "0: 0000000000000000FFFF0000020012C6:0051 ");
  assertStringIncludes(line, ` ${"0".repeat(32)}:0000 0A `);
  assertEquals(lines(reader(host)("tcp")).length, 1);
});

Deno.test("/proc/net/udp, raw, icmp", () => {
  const host = new Host();
  host.datagram(2, 0).bind(OUR_ADDR, 53, host.nowUs);
  host.datagram(3, 1);
  host.datagram(2, 1).bind(ANY_V4, 7, host.nowUs);
  const read = reader(host);
  const rest = "00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 9001 2 " +
    "0000000000000000 0";
  assertEquals(lines(read("udp"))[1], `    0: 020012C6:0035 ${rest}`);
  assertEquals(lines(read("raw"))[1], `   0: 00000000:0001 ${rest}`);
  assertEquals(lines(read("icmp"))[1], `    0: 00000000:0007 ${rest}`);
  assertEquals(lines(read("udplite")).length, 1);
  const sockstat = lines(read("sockstat"));
  assertEquals(sockstat.slice(2), [
    "UDP: inuse 1 mem 0",
    "UDPLITE: inuse 0",
    "RAW: inuse 1",
    "FRAG: inuse 0 memory 0",
  ]);
  assertEquals(lines(read("sockstat6"))[1], "UDP6: inuse 0");
});

Deno.test("/proc/net/dev, route, arp, igmp, dev_mcast, if_inet6", () => {
  const host = new Host();
  host.stack.addRoute({ dst: ANY_V4, prefixLen: 0, gateway: PEER_ADDR, metric: 5 });
  const read = reader(host);
  const [, , lo, eth0] = lines(read("dev"));
  assertEquals(
    lo,
    "    lo:       0       0    0    0    0     0          0         0        0       0    0" +
      "    0    0     0       0          0",
  );
  assert(/^ {2}eth0: +\d+ +\d+ /.test(eth0), eth0);
  assertEquals(lines(read("route")).slice(1), [
    "eth0\t00000000\t010012C6\t0003\t0\t0\t5\t00000000\t0\t0\t0",
    "eth0\t000012C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
  ]);
  assertEquals(lines(read("arp")), [
    "IP address       HW type     Flags       HW address            Mask     Device",
    "198.18.0.1       0x1         0x2         02:00:00:00:00:01     *        eth0",
  ]);
  assertEquals(lines(read("igmp")).slice(1), [
    "1\tlo        :     1      V3",
    "\t\t\t\t010000E0     1 0:00000000\t\t0",
    "2\teth0      :     1      V3",
    "\t\t\t\t010000E0     1 0:00000000\t\t0",
  ]);
  assertEquals(read("dev_mcast"), "2    eth0            1     0     01005e000001\n");
  assertEquals(read("if_inet6"), `${"0".repeat(31)}1 01 80 10 80       lo\n`);
  const [local] = lines(read("ipv6_route"));
  const none = "0".repeat(32);
  const numbers = "00000000 00000001 00000000 80200001       lo";
  assertEquals(local, `${"0".repeat(31)}1 80 ${none} 00 ${none} ${numbers}`);
  assertEquals(read("unix"), "none\n");
  assertEquals(read("ptype"), "-> /proc/thread-self/net/ptype");
});

Deno.test("/proc/net: routes to a host, by IPv6; who does not answer; groups with members", () => {
  const host = new Host();
  const { index } = host.iface;
  const at = (text: string) => IpAddress.parse(text)!;
  host.stack.addRoute({ dst: at("203.0.113.9"), prefixLen: 32, gateway: PEER_ADDR, metric: 7 });
  host.stack.addAddress(index, at("2001:db8::2"), 64, host.nowUs);
  host.advance(3e6);
  const to = { dst: at("2001:db8:1::"), prefixLen: 48, gateway: at("2001:db8::1"), metric: 9 };
  host.stack.addRoute(to);
  host.send(host.datagram(2, 0), new Uint8Array(1), at("198.18.0.77"), 9);
  host.iface.joinGroup(at("239.129.2.3").w3);
  host.iface.joinGroup(at("239.129.2.3").w3);
  const read = reader(host);
  assertStringIncludes(read("route"), "eth0\t097100CB\t010012C6\t0007\t0\t0\t7\tFFFFFFFF\t0\t0\t0");
  const prefix = "20010db8000000000000000000000000";
  const [own, peer] = [2, 1].map((n) => `${prefix.slice(0, -1)}${n}`);
  const none = "0".repeat(32);
  assertStringIncludes(read("if_inet6"), `${own} 02 40 00 80     eth0\n`);
  const routes = lines(read("ipv6_route"));
  const rest = (metric: string, flags: string) => `${metric} 00000001 00000000 ${flags}     eth0`;
  const wanted = [
    `${prefix} 40 ${none} 00 ${none} ${rest("00000100", "00000001")}`,
    `20010db80001${"0".repeat(20)} 30 ${none} 00 ${peer} ${rest("00000009", "00000003")}`,
    `${own} 80 ${none} 00 ${none} ${rest("00000000", "80200001")}`,
  ];
  for (const line of wanted) assert(routes.includes(line), `${line}\n${routes.join("\n")}`);
  assertStringIncludes(
    read("arp"),
    "198.18.0.77      0x1         0x0         00:00:00:00:00:00     *        eth0\n",
  );
  assertEquals(lines(read("igmp")).slice(3), [
    "2\teth0      :     2      V3",
    "\t\t\t\t030281EF     2 0:00000000\t\t0",
    "\t\t\t\t010000E0     1 0:00000000\t\t0",
  ]);
  assertEquals(lines(read("dev_mcast")), [
    "2    eth0            1     0     01005e010203",
    "2    eth0            1     0     01005e000001",
  ]);
});

Deno.test("/proc/net/tcp: a connection's figures, and what waits in its queues", () => {
  const host = new Host();
  const [listener, client] = [host.stack.socket(2, 1, 0), host.stack.socket(2, 1, 0)] as [
    StreamSocket,
    StreamSocket,
  ];
  listener.bind(ANY_V4, 80, host.nowUs);
  listener.listen(5, host.nowUs);
  client.bind(IpAddress.v4(0x7f000001), 5555, host.nowUs);
  client.connect(IpAddress.v4(0x7f000001), 80, host.nowUs);
  host.flush();
  const columns = (port: string) =>
    lines(reader(host)("tcp")).map((line) => line.trim().split(/ +/)).find((c) =>
      c[1].endsWith(`:${port}`) && c[3] !== "0A"
    )!;
  // queues, timer, …, references, pointer, RTO, delay, 0, window, threshold
  const view = host.stack.view.tcp(host.nowUs).find(({ localPort }) => localPort === 5555)!;
  const info = new DataView(view.detail!.info.buffer);
  const [rto, delay, window] = [8, 12, 80].map((off) => info.getUint32(off, true));
  assertEquals(columns("15B3").slice(4), [
    ...["00000000:00000000", "00:00000000", "00000000", "1000", "0", "9001", "2"],
    ...[
      "0000000000000000",
      String(Math.floor(rto / 10_000)),
      String(Math.floor(delay / 10_000)),
      "0",
      String(window),
      "-1",
    ],
  ]);
  client.sendCommit(Math.min(5, client.sendSpan(5).len0), host.nowUs);
  assertEquals(columns("15B3")[4], "00000005:00000000");
  host.flush();
  assertEquals(columns("0050")[4], "00000000:00000005");
});

Deno.test("/proc/net/snmp, netstat: as many values as names; every name is counted", () => {
  const host = new Host();
  host.stack.counters.tcp.synRetrans = 17;
  host.stack.counters.ip.reasmOks = 4;
  const read = reader(host);
  for (const text of [read("snmp"), read("netstat")]) {
    const all = lines(text).map((line) => line.split(" "));
    for (let i = 0; i < all.length; i += 2) assertEquals(all[i].length, all[i + 1].length);
  }
  const valueOf = (text: string, title: string, name: string) => {
    const [names, values] = lines(text).filter((line) => line.startsWith(`${title}: `))
      .map((line) => line.split(" "));
    return values[names.indexOf(name)];
  };
  assertEquals(valueOf(read("netstat"), "TcpExt", "TCPSynRetrans"), "17");
  assertEquals(valueOf(read("snmp"), "Ip", "ReasmOKs"), "4");
  assertEquals(valueOf(read("snmp"), "Ip", "DefaultTTL"), "64");
  assertEquals(valueOf(read("snmp"), "Tcp", "MaxConn"), "-1");
  assertEquals(valueOf(read("snmp"), "Tcp", "RtoAlgorithm"), "1");
  assertEquals(valueOf(read("snmp"), "Tcp", "RtoMin"), "200");
  assertEquals(valueOf(read("snmp"), "Tcp", "RtoMax"), "120000");
  assertEquals(valueOf(read("snmp"), "Ip", "Forwarding"), "2");
  const { tcp, ip } = host.stack.counters;
  const uncounted = [
    ...COUNTED_NAMES.tcp.filter((name) => countOf({ ...tcp }, name) === undefined),
    ...COUNTED_NAMES.ip.filter((name) => countOf({ ...ip }, name) === undefined),
  ];
  assertEquals(uncounted, []);
});

Deno.test("/proc/net/unix: without nuse's own", () => {
  const kernels = "Num       RefCount Protocol Flags    Type St Inode Path\n" +
    "0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/x\n" +
    "0000000000000000: 00000003 00000000 00000000 0001 03  815\n";
  const [header, first] = kernels.split("\n");
  assertEquals(withoutInodes(kernels, new Set([815])), `${header}\n${first}\n`);
  assertEquals(withoutInodes(kernels, new Set()), kernels);
});

Deno.test("/proc/sys/net: read, written where the running stack follows, refused elsewhere", () => {
  const { config, interfaces } = new Host().stack;
  const tree = settingsTree(config, interfaces);
  assertEquals(textIn(tree, "ipv4/tcp_sack"), "1\n");
  assertEquals(textIn(tree, "ipv4/tcp_rmem"), "4096\t131072\t6291456\n");
  const find = (path: string) => {
    let node = folder({ root: tree }).children.get("root");
    for (const name of path.split("/")) {
      assert(node?.kind === "folder");
      node = node.children.get(name);
    }
    assert(node?.kind === "file", path);
    return node;
  };
  assertEquals(find("ipv4/tcp_sack").write?.("0"), 0);
  assertEquals([config.tcp.sack, textIn(tree, "ipv4/tcp_sack")], [false, "0\n"]);
  assertEquals(find("ipv4/tcp_sack").write?.("7"), -EINVAL);
  assertEquals(find("ipv4/tcp_rmem").write?.("4096\t65536\t131072"), 0);
  assertEquals(config.tcp.rcvBufMaxBytes, 131072);
  assertEquals(find("ipv4/ip_forward").write, null);
  assertEquals(find("ipv4/tcp_challenge_ack_limit").write, null);
  assertEquals(textIn(tree, "ipv4/ip_unprivileged_port_start"), "1024\n");
  assertEquals(find("core/somaxconn").write?.("17"), 0);
  assertEquals(config.tcp.somaxconn, 17);
  assertEquals(find("ipv4/ip_local_port_range").write, null);
});

Deno.test("a tree: folders by paths, nodes by number", () => {
  const leaf = file(() => "text");
  const tree = folderOf(new Map([["a/b", leaf], ["a/c/d", file(() => "")], ["e", file(() => "")]]));
  assertEquals([...tree.children.keys()].sort(), ["a", "e"]);
  assertEquals(textIn(tree, "a/b"), "text");
  const numbered = new NumberedTree(tree);
  assertEquals(numbered.node(1), tree);
  assertEquals(numbered.node(numbered.numberOf(leaf)), leaf);
  assertEquals([numbered.node(99), numbered.numberOf(file(() => ""))], [null, 0]);
});
