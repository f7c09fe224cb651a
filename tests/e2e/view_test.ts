/**
 * Tools that show a network show the stack, as they show a kernel that is configured alike: what
 * both say is compared, without the few fields that must differ.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { isInstalled } from "../lab/setup.ts";
import { withProgram } from "./compiled.ts";
import { e2eWith, type Fixture, NUSE, PEER, SELF } from "./fixture.ts";

const e2e = e2eWith("ip", "ss", "python3", "cc");

/** Runs `use` with what runs a command under nuse and on the kernel's stack: their outputs. */
async function onBoth(
  f: Fixture,
  use: (both: (argv: string[]) => Promise<[string, string]>) => Promise<void>,
): Promise<void> {
  await using twin = await f.twin();
  await use(async (argv) => {
    const ours = await f.nuse(["--no-ipv6", ...argv]).done;
    const theirs = await twin.run(argv);
    assertEquals(ours.code, theirs.code, `${argv.join(" ")}: ${ours.stderr}`);
    return ours.code === 0 ? [ours.stdout, theirs.stdout] : [ours.stderr, theirs.stderr];
  });
}

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

/** MACs differ, and what a veth is to the kernel; the kernel has a neighbour of its own on lo. */
function comparable(text: string): string[] {
  return text.replace(/va@[^:\s]+/g, "va").replace(/ link-netns \S+/g, "")
    .replace(/(lladdr|link\/ether) [0-9a-f:]+/g, "$1 MAC").replace(/time[= ][\d.]+ ?ms/g, "")
    .replace(/^rtt .*$/gm, "").replace(/ +/g, " ").split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.includes("dev lo lladdr"));
}

const DOWN_AND_UP = `
run() { echo "$ $*"; "$@" 2>&1; echo "= $?"; }
run ip link set va down; run ip link show va; run ip -4 addr show dev va; run ip route
run ip route show table local; run ping -nqc1 -W1 ${PEER}; run ping -nqc1 -W1 ${SELF}
run ping -nqc1 -W1 -I va ${PEER}; run ip route add 203.0.113.0/24 dev va
run ip route add 203.0.113.0/24 via ${PEER}; run ip addr add 198.18.9.1/24 brd + dev va
run ip route; run ip link set va up; run ip link show va; run ip route
run ip route show table local; run ip link set lo down; run ip link show lo
run ping -nqc1 -W1 127.0.0.1; run ip link set lo up; run ping -nqc1 -W1 127.0.0.1
`;

e2e("an interface that is taken down, and up again, as on a kernel", async (f) => {
  await onBoth(f, async (both) => {
    const [ours, theirs] = await both(["sh", "-c", DOWN_AND_UP]);
    // A veth has its carrier a moment after it is up
    const isUp = (line: string) => !/NO-CARRIER|state (UP|LOWERLAYERDOWN)/.test(line);
    assertEquals(comparable(ours).filter(isUp), comparable(theirs).filter(isUp));
  });
  const script = `ip link set va down; ping -qc1 -W1 ${PEER}; ip link set va up
    ping -qc1 -W5 ${PEER}`;
  const { code, stdout } = await f.nuse(["sh", "-c", script]).done;
  assertEquals(code, 0, stdout); // the kernel's twin has no way to the peer in this network
}, ["RAW"]);

const NEIGHBOURS = `
run() { echo "$ $*"; "$@" 2>&1; echo "= $?"; }
A="lladdr 02:00:00:00:00:77 dev va"; B="lladdr 02:00:00:00:00:78 dev va"
run ip neigh add 198.18.0.77 $A; run ip neigh add 198.18.0.77 $B
run ip neigh change 198.18.0.77 $B nud reachable; run ip neigh change 198.18.0.79 $B
run ip neigh replace 198.18.0.79 $A nud stale; run ip neigh add 198.18.0.81 $A nud noarp
run ip neigh add 198.18.0.82 dev va nud failed; run ip neigh add 198.18.0.83 lladdr 02:00 dev va
run ip neigh add 198.18.0.84 lladdr 02:00:00:00:00:84 dev none7; run ip neigh show nud all
run ip neigh get 198.18.0.77 dev va; run ip neigh del 198.18.0.80 dev va
run ip neigh del 198.18.0.77 dev va; run ip neigh flush dev va; run ip neigh show nud all
run ip neigh flush dev va nud noarp; run ip neigh show nud all
run ip rule; run ip rule del pref 7777
`;

e2e("neighbours that are set, changed, flushed; rules: as on a kernel", async (f) => {
  await onBoth(f, async (both) => {
    const [ours, theirs] = await both(["sh", "-c", NEIGHBOURS]);
    assertEquals(comparable(ours).sort(), comparable(theirs).sort());
  });
}, ["RAW"]);

const MONITORED = `
monitored() {
  ip monitor all >out & pid=$!
  sleep 0.5; echo "# $*"; "$@"; sleep 0.5
  kill $pid; wait $pid 2>/dev/null; cat out
}
monitored ip addr add 198.18.8.1/24 brd + dev va; monitored ip addr del 198.18.8.1/24 dev va
monitored ip route add 203.0.113.0/24 dev va; monitored ip route replace 203.0.113.0/24 via ${PEER}
monitored ip route del 203.0.113.0/24; monitored ip link set va mtu 1400
monitored ip link set va down
monitored ip neigh add 198.18.0.77 lladdr 02:00:00:00:00:77 dev va
monitored ip neigh replace 198.18.0.77 lladdr 02:00:00:00:00:78 dev va nud stale
monitored ip neigh del 198.18.0.77 dev va
`;

e2e("ip monitor tells of what changes, in the order of a kernel", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    await onBoth(f, async (both) => {
      const [ours, theirs] = await both(["bash", "-c", `cd ${dir}; ${MONITORED}`]);
      // What the kernel finds out about its twin's link meanwhile
      const own = (line: string) => !line.includes("state LOWERLAYERDOWN");
      assertEquals(comparable(ours).filter(own), comparable(theirs).filter(own));
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);

/** Two ends of a stream and a UDP socket, which ss -K ends; what their programs see of it. */
const KILLED = `
import errno, socket, subprocess
def tell(call):
    try: print(call())
    except OSError as e: print(errno.errorcode[e.errno])
def kill(*args):
    print(subprocess.run(["ss", "-K", *args], capture_output=True).returncode)
listener = socket.create_server(("127.0.0.1", 4960))
client = socket.create_connection(("127.0.0.1", 4960))
end = listener.accept()[0]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 4961)); udp.connect(("127.0.0.1", 4962)); udp.settimeout(2)
kill("-t", "dport", "=", ":4960")
for each in (client, end):
    tell(lambda: each.recv(5)); tell(lambda: each.send(b"x"))
kill("-u", "src", "127.0.0.1:4961")
tell(lambda: udp.recv(5)); tell(udp.getpeername); tell(lambda: udp.send(b"x"))
`;

e2e("ss -K ends sockets as on a kernel; who has no right ends none", async (f) => {
  await onBoth(f, async (both) => {
    const [ours, theirs] = await both(["python3", "-S", "-c", KILLED]);
    assertEquals(ours, theirs);
    assertStringIncludes(ours, "ECONNABORTED");
  });
  const script = `import socket, subprocess
listener = socket.create_server(("127.0.0.1", 4960))
client = socket.create_connection(("127.0.0.1", 4960))
setpriv = ["setpriv", "--reuid=65534", "--clear-groups", "ss", "-K", "dport", "=", ":4960"]
print(subprocess.run(setpriv, capture_output=True).stderr.decode())
client.send(b"alive"); print(listener.accept()[0].recv(5))`;
  const { stdout, stderr } = await f.nuse(["python3", "-S", "-c", script]).done;
  assertStringIncludes(stdout, "b'alive'", stderr);
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
