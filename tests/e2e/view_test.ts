/**
 * Tools that show a network show the stack, as they show a kernel that is configured alike: what
 * both say is compared, without the few fields that must differ.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { isInstalled } from "../lab/setup.ts";
import { onBoth } from "./beside.ts";
import { withProgram } from "./compiled.ts";
import { e2eWith, NUSE, PEER, SELF } from "./fixture.ts";

const e2e = e2eWith("ip", "ss", "python3", "cc");

/** What has to differ: numbers and MACs, and what a veth is to the kernel. */
const DIFFERENT = new Set([
  ...["ifindex", "address", "link_index", "link", "link_netnsid", "qdisc", "txqlen", "permaddr"],
  ...["stats64", "gso_max_size", "min_mtu", "max_mtu"],
]);

function parsed(json: string): unknown {
  try {
    return JSON.parse(json, (key, value) => DIFFERENT.has(key) ? undefined : value);
  } catch (error) {
    throw new Error(`no JSON: ${json}`, { cause: error });
  }
}

e2e(
  "ip addr, link, route, rule: field by field as a kernel that is configured alike",
  async (f) => {
    await onBoth(f, async (both) => {
      for (
        const what of [
          "addr",
          "addr show dev va",
          "addr show up",
          "addr show to 198.18.0.0/16",
          "link",
          "-s link",
          "link show dev lo",
          "-4 addr",
          "-6 addr",
          "route",
          "route show table all",
          "route show table local",
          "route show dev va",
          "route show 198.18.0.0/24",
          "-6 route",
          "rule",
          `route get ${PEER}`,
          `route get ${SELF}`,
          "route get 198.18.0.255",
          "neigh show dev lo",
        ]
      ) {
        const [ours, theirs] = await both(["ip", "-j", ...what.split(" ")]);
        assertEquals(parsed(ours || "[]"), parsed(theirs || "[]"), what);
      }
    });
  },
  ["RAW"],
);

e2e("ip and /proc/net of IPv6: addresses, routes, neighbours, sockets", async (f) => {
  const script = `ip -6 -br addr show dev va; ip -6 route show dev va; ip -6 rule | wc -l
    cat /proc/net/if_inet6 /proc/net/ipv6_route | cut -c1-32
    ip -6 addr add 2001:db8::5/64 dev va && ip -6 route add 2001:db8:1::/48 via 2001:db8::1
    ip -6 route show dev va; ip -6 addr del 2001:db8::5/64 dev va; ip -6 -br addr show dev va`;
  const { stdout, stderr } = await f.nuse(["sh", "-c", script]).done;
  assertEquals(stderr.replace(/^nuse: .*\n/gm, ""), "");
  const lines = stdout.replace(/fe80::[0-9a-f:]+\/64/g, "OWN/64").replace(
    /fe80[0-9a-f]{28}/g,
    "OWN",
  )
    .replace(/ +/g, " ").trim().split("\n").map((line) => line.trim());
  const [link, loopback] = ["fe80::/64 proto kernel metric 256 pref medium", `${"0".repeat(31)}1`];
  assertEquals(lines, [
    "va UP OWN/64",
    link,
    "2",
    ...[loopback, "OWN", "OWN", loopback, "OWN"],
    "2001:db8::/64 proto kernel metric 256 pref medium",
    "2001:db8:1::/48 via 2001:db8::1 metric 1024 pref medium",
    link,
    "va UP OWN/64",
  ]);
}, ["RAW"]);

e2e("what ip refuses, it refuses as on a kernel", async (f) => {
  await onBoth(f, async (both) => {
    for (const what of ["route get 203.0.113.9", "link show dev none7", "addr show dev none7"]) {
      const [ours, theirs] = await both(["ip", ...what.split(" ")]);
      assertEquals(ours, theirs, what);
    }
  });
}, ["RAW"]);

e2e("ip neigh shows whom the stack has spoken to", async (f) => {
  const r = await f.nuse(["sh", "-c", `ping -qc1 ${PEER} >/dev/null; ip -j neigh`]).done;
  const [peer] = JSON.parse(r.stdout);
  const [link] = JSON.parse(await f.b.ip("-j link show dev vb"));
  assertEquals([peer.dst, peer.dev, peer.lladdr], [PEER, "va", link.address]);
}, ["RAW"]);

e2e("getifaddrs and if_nameindex: dynamic, static, musl, as on a kernel", async (f) => {
  const compilers = [["cc"], ["cc", "-static"]];
  if (isInstalled("musl-gcc")) compilers.push(["musl-gcc", "-static"]);
  await onBoth(f, async (both) => {
    for (const [compiler, ...flags] of compilers) {
      await withProgram(
        ["interface_list.c"],
        async (program) => {
          const [ours, theirs] = await both([program]);
          assertEquals(ours, theirs, `${compiler} ${flags}`);
          assertStringIncludes(ours, `va family 2 up 1 ${SELF} 255.255.255.0 198.18.0.255`);
        },
        flags,
        compiler,
      );
    }
  });
}, ["RAW"]);

e2e("busybox's ip, by the second door", async (f) => {
  await onBoth(f, async (both) => {
    const withoutMac = (text: string) =>
      text.replace(/^\d+: va(@\S+)?:.*\n.*\n/m, "va:\n").replace(/qdisc .*/g, "");
    for (const what of ["addr", "route"]) {
      const [ours, theirs] = await both(["busybox", "ip", what]);
      assertEquals(withoutMac(ours), withoutMac(theirs), what);
    }
  });
}, ["RAW"]);

/** Each line as it is written, what it prints, and how it ends. */
const CHANGES = `
run() { echo "$ $*"; "$@" 2>&1; echo "= $?"; }
run ip addr add 198.18.7.1/24 brd + dev va; run ip addr add 198.18.7.1/24 dev va
run ip addr change 198.18.7.1/24 dev va; run ip -4 -br addr; run ip route
run ip addr del 198.18.7.9/24 dev va; run ip addr del 198.18.7.1/16 dev va
run ip addr del 198.18.7.1/24 dev va; run ip addr add 198.18.7.1/24 dev none7
run ip route add 203.0.113.0/24 via ${PEER}; run ip route add 203.0.113.0/24 via ${PEER}
run ip route replace 203.0.113.0/24 via ${PEER} metric 7; run ip route add default via ${PEER}
run ip route append 203.0.113.0/24 dev va metric 9
run ip route; run ip route get 192.0.2.1; run ip route add 192.0.2.1/24 dev va
run ip route add 192.0.2.0/24 via 192.0.2.1; run ip route add 192.0.2.0/24 dev none7
run ip route del 203.0.113.0/24; run ip route del 192.0.2.0/24
run ip route change 192.0.2.0/24 dev va
run ip route del default via 198.18.0.9; run ip route del default; run ip route
run ip link set va mtu 1400; run ip link set va up; run ip link set va mtu 60; run ip -4 route
run ip neigh del 198.18.0.99 dev va; run ip addr flush dev va; run ip -4 -br addr; run ip route
`;

e2e("ip changes addresses, routes, the MTU as on a kernel, with its errors", async (f) => {
  await onBoth(f, async (both) => {
    const [ours, theirs] = await both(["sh", "-c", CHANGES]);
    // Kernels before 6.4 say some of it in other words
    const words: [string, string][] = [
      ["Error: ipv4: Address already assigned.", "RTNETLINK answers: File exists"],
      ["Error: ipv4: Address not found.", "RTNETLINK answers: Cannot assign requested address"],
    ];
    const comparable = (text: string) =>
      words.reduce((all, [newer, older]) => all.replaceAll(newer, older), text)
        .replace(/va@\S+/g, "va").replace(/ +/g, " ").replace(/ \n/g, "\n");
    assertEquals(comparable(ours), comparable(theirs));
  });
}, ["RAW"]);

e2e("a new address is one to be spoken from; who has no right changes nothing", async (f) => {
  const script = `ip addr add 198.18.0.77/24 dev va && ping -qc1 -W5 -I 198.18.0.77 ${PEER}
    setpriv --reuid=65534 --clear-groups ip addr add 198.18.0.78/24 dev va
    busybox ip addr del 198.18.0.77/24 dev va; ip link set va promisc on
    ip -4 -br addr show dev va`;
  const { stdout, stderr } = await f.nuse(["sh", "-c", script]).done;
  assertStringIncludes(stdout, " 0% packet loss");
  assertEquals(
    stderr.replace(/^nuse: .*\n/gm, ""),
    "RTNETLINK answers: Operation not permitted\n" +
      "Error: nuse has no such flags of an interface.\n",
  );
  assertEquals(stdout.trim().split("\n").at(-1)?.replace(/ +/g, " ").trim(), `va UP ${SELF}/24`);
  const device = ["--dev", "va=198.18.0.3/24,mac=interface"];
  const bound = await f.ns.run([
    NUSE,
    ...device,
    "ip",
    "addr",
    "add",
    "198.18.0.77/24",
    "dev",
    "va",
  ]);
  assertStringIncludes(bound.stderr, "the host's MAC");
  assertEquals(bound.code, 2);
}, ["RAW"]);

/** A listener, a connection over the loopback, two UDP sockets; runs the rest as a child. */
const HOLDER = `
import socket, subprocess, sys
listener = socket.create_server(("0.0.0.0", 4950), backlog=7)
client = socket.create_connection(("127.0.0.1", 4950))
client.sendall(b"x" * 1000)
end = listener.accept()[0]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 4951))
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.connect(("127.0.0.1", 4951))
end.recv(1000, socket.MSG_WAITALL)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
sys.exit(subprocess.run(sys.argv[1:]).returncode)
`;

/** Without what is another number each time, and without what former runs have left. */
function withoutNumbers(text: string): string[] {
  return text.replace(/:\d{5}\b/g, ":port").replace(/pid=\d+/g, "pid").replace(/ +/g, " ")
    .trim().split("\n").map((line) => line.trim()).filter((line) => !/^TIME-WAIT/.test(line))
    .sort();
}

e2e("ss: what there is, in which state and whose, as on a kernel", async (f) => {
  await onBoth(f, async (both) => {
    const ways = [
      ...["-tna", "-tnap", "-ltn", "-lun", "-uanp", "-wan", "-tn state established", "-H -tan"],
      ...[
        "-tn dport = :4950",
        "-tn sport = :4950",
        "-tan src 127.0.0.0/8",
        "-tanO",
      ],
      ...["-tn dst 127.0.0.1:4950 or dport = :1", "-ltn dev lo", "-tan -4", "-tan -6"],
    ];
    for (const way of ways) {
      const holder = ["python3", "-S", "-c", HOLDER, "ss", ...way.split(" ")];
      const [ours, theirs] = await both(holder);
      assertEquals(withoutNumbers(ours), withoutNumbers(theirs), `ss ${way}`);
    }
  });
}, ["RAW"]);

e2e("ss -i tells of each connection what TCP knows", async (f) => {
  const argv = ["python3", "-S", "-c", HOLDER, "ss", "-tinmoe", "sport", "=", ":4950"];
  const { stdout, stderr } = await f.nuse(argv).done;
  assertEquals(stderr, "");
  for (const what of ["cubic", "rtt:", "mss:", "cwnd:", "bytes_received:1000", "skmem:", "ino:"]) {
    assertStringIncludes(stdout, what);
  }
}, ["RAW"]);
