/**
 * /proc/net and /proc/sys/net under nuse are the stack's, for every program, as a kernel that is
 * configured alike shows them.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, PEER, SELF, until, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("netstat", "lsof", "busybox", "python3", "sysctl"));

/** Runs a command under nuse and on the kernel's stack, in a namespace that is configured alike. */
type Both = (argv: string[]) => Promise<{ ours: string; theirs: string }>;

async function onBoth(f: Fixture, use: (both: Both) => Promise<void>): Promise<void> {
  await using twin = await f.twin();
  await use(async (argv) => {
    const ours = await f.nuse(["--no-ipv6", ...argv]).done;
    const theirs = await twin.run(argv);
    assertEquals([ours.code, ours.stderr], [theirs.code, theirs.stderr], argv.join(" "));
    return { ours: ours.stdout, theirs: theirs.stdout };
  });
}

e2e("files and tools say what a kernel's say", async (f) => {
  await onBoth(f, async (both) => {
    const same = [
      ...[
        "cat /proc/net/route",
        "cat /proc/net/if_inet6",
        "cat /proc/net/udp6",
        "cat /proc/net/udp",
      ],
      ...[
        "head -n 2 /proc/net/dev",
        "cat /proc/net/arp",
        "cat /proc/net/icmp",
        "cat /proc/net/raw",
      ],
      ...["busybox sed -n p /proc/net/route", "busybox sed -n p /proc/self/net/route"],
      ...["netstat -rn", "route -n", "busybox route -n", "netstat -ltun", "busybox netstat -ltun"],
      ...["sed -n s/:.*//p /proc/net/snmp", "hostname -I", "ls /proc/self/net/netlink"],
      ...["sysctl net.ipv4.tcp_sack net.ipv4.tcp_retries2 net.ipv4.ip_forward"],
    ];
    for (const line of same) {
      const { ours, theirs } = await both(line.split(" "));
      const withoutMore = (text: string) => text.replace(/^(IcmpMsg)\n/gm, "");
      assertEquals(withoutMore(ours), withoutMore(theirs), line);
    }
  });
}, ["RAW"]);

/** A listener and a connection over the loopback; runs the rest as a child. */
const HOLDER = `
import socket, subprocess, sys
listener = socket.create_server(("0.0.0.0", 4960), backlog=7)
client = socket.create_connection(("127.0.0.1", 4960))
end = listener.accept()[0]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 4961))
sys.exit(subprocess.run(sys.argv[1:]).returncode)
`;

/** Without other numbers of ports, processes, inodes; without TIME-WAITs of former runs. */
function comparable(text: string): string[] {
  return text.replace(/:\d{5}\b/g, ":port").replace(/\d+\/python3/g, "python3")
    .replace(/ +/g, " ").split("\n").filter((line) => !line.includes("TIME_WAIT")).sort();
}

e2e("netstat shows the sockets and whose they are, with the second door as well", async (f) => {
  await onBoth(f, async (both) => {
    for (const tool of ["netstat -tuanp", "netstat -tan", "busybox netstat -tuan"]) {
      const argv = ["python3", "-S", "-c", HOLDER, ...tool.split(" ")];
      const { ours, theirs } = await both(argv);
      assertEquals(comparable(ours), comparable(theirs), tool);
      assertStringIncludes(ours, "0.0.0.0:4960");
    }
  });
}, ["RAW"]);

e2e("lsof -i finds the sockets of a program", async (f) => {
  const lsof = "lsof -nP -i -a -c python3 -w".split(" ");
  const r = await f.nuse(["python3", "-S", "-c", HOLDER, ...lsof]).done;
  const names = r.stdout.split("\n").slice(1, -1).map((line) =>
    line.replace(/.* (TCP|UDP) /, "$1 ")
  );
  assertEquals(names.map((name) => name.replace(/:\d{5}/g, ":port").trim()), [
    "TCP *:4960 (LISTEN)",
    "TCP 127.0.0.1:port->127.0.0.1:4960 (ESTABLISHED)",
    "TCP 127.0.0.1:4960->127.0.0.1:port (ESTABLISHED)",
    "UDP 127.0.0.1:4961",
  ], r.stderr);
}, ["RAW"]);

e2e("what is read is what is there when a file is opened; ifconfig and arp show it", async (f) => {
  const script = `cat /proc/net/arp | wc -l; ping -qc2 -i0.2 ${PEER} >/dev/null; arp -n ${PEER}
    cat /proc/net/arp | wc -l; grep -c . /proc/net/snmp; ifconfig`;
  const { stdout, stderr } = await f.nuse(["sh", "-c", script]).done;
  assertEquals(stderr.replace(/^nuse: .*\n/gm, ""), "");
  assertMatch(stdout, /^[12]\n/);
  assertMatch(stdout, new RegExp(`^${PEER} +ether +[0-9a-f:]{17}`, "m"));
  assertMatch(stdout, new RegExp(`inet ${SELF} +netmask 255.255.255.0 +broadcast 198.18.0.255`));
  assertMatch(stdout, /RX packets [1-9]/);
});

e2e(
  "settings: changed where the stack follows, else refused; nothing is done to the host",
  async (f) => {
    const write = `
import os
def write(name, text):
    try:
        fd = os.open("/proc/sys/net/ipv4/" + name, os.O_WRONLY)
        os.write(fd, text)
        return 0
    except OSError as error:
        return error.errno
print(write("tcp_sack", b"0"), write("tcp_sack", b"2"), write("ip_forward", b"1"))
print(open("/proc/sys/net/ipv4/tcp_sack").read(), end="")
os.setuid(65534)
print(write("tcp_sack", b"1"))
try:
    open("/proc/sys/net/ipv4/none7")
except OSError as error:
    print(error.errno)
print(len(open("/proc/net/tcp").readlines()), "unix" in os.listdir("/proc/net"))
`;
    const before = await f.ns.run(["sysctl", "net.ipv4.tcp_sack", "net.ipv4.ip_forward"]);
    const r = await f.nuse(["python3", "-S", "-c", write]).done;
    assertEquals(r.stdout, "0 22 1\n0\n13\n2\n1 True\n", r.stderr);
    const after = await f.ns.run(["sysctl", "net.ipv4.tcp_sack", "net.ipv4.ip_forward"]);
    assertEquals(after.stdout, before.stdout);
  },
  ["RAW"],
);

/** What tuned, Kubernetes, databases, proxies and Java read or set. */
const READ_BY_PROGRAMS = [
  "net.core.somaxconn",
  "net.ipv4.conf.all.rp_filter",
  "net.ipv4.conf.va.rp_filter",
  "net.ipv4.conf.va.forwarding",
  "net.ipv4.conf.lo.accept_source_route",
  "net.ipv4.ip_nonlocal_bind",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_available_congestion_control",
  "net.ipv4.tcp_slow_start_after_idle",
  "net.ipv4.tcp_tw_reuse",
  "net.ipv6.bindv6only",
  "net.ipv6.conf.all.disable_ipv6",
  "net.ipv6.conf.va.disable_ipv6",
  "net.ipv6.conf.va.mtu",
];

e2e("sysctl -a has what programs read, and no name that a kernel has not", async (f) => {
  await using twin = await f.twin();
  const names = (text: string): string[] => text.match(/^net\.\S+(?= =)/gm) ?? [];
  const kernels = new Set(names((await twin.run(["sysctl", "-a"])).stdout));
  const ours = await f.nuse(["sysctl", "-a"]).done;
  const shown = names(ours.stdout);
  assertEquals(READ_BY_PROGRAMS.filter((name) => !shown.includes(name)), []);
  // Linux has these in the first namespace only, or in new kernels, or cannot tell them unset
  const elsewhere =
    /neigh\.default|tcp_rto_m|gc_timeout$|max_orphans$|stable_secret$|^net\.mptcp|tw_reuse_delay$/;
  const strange = shown.filter((name) => !kernels.has(name) && !elsewhere.test(name));
  assertEquals(strange, []);
  const script = 'sysctl -qw net.core.somaxconn=3; python3 -S -c "$0" ss -ltnH';
  const r = await f.nuse(["sh", "-c", script, HOLDER]).done;
  assertMatch(r.stdout, /LISTEN +0 +3 +0.0.0.0:4960/, r.stderr);
}, ["RAW"]);

e2e("a program that outlives nuse loses the view, and nothing else", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const read = (name: string) => Deno.readTextFile(`${dir}/${name}`).catch(() => "");
    const child = `until [ -e ${dir}/ended ]; do sleep 0.1; done
      cat /proc/net/dev >${dir}/dev 2>&1; cat /proc/self/comm >${dir}/comm`;
    await f.nuse(["sh", "-c", `setsid sh -c '${child}' >/dev/null 2>&1 </dev/null &`]).done;
    await Deno.writeTextFile(`${dir}/ended`, "");
    await until("what the program reads", async () => await read("comm") !== "");
    assertStringIncludes(await read("dev"), "not connected");
    assertEquals(await read("comm"), "cat\n");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);

e2e("with --host-network it is the kernel's", async (f) => {
  const r = await f.nuse(["--host-network", "cat", "/proc/net/dev"]).done;
  const kernels = await f.ns.run(["cat", "/proc/net/dev"]);
  const names = (text: string) => text.match(/^ *\S+(?=:)/gm);
  assertEquals(names(r.stdout), names(kernels.stdout));
  assert(r.code === 0);
}, ["RAW"]);

e2e(
  "a process's own net folder is the stack's for who has the shim; another network's is not",
  async (f) => {
    const script = `
import os
def names(path):
    return [line.split(":")[0].strip() for line in open(path).readlines()[2:]]
print(names("/proc/self/net/dev"), names("/proc/thread-self/net/dev"))
print(names("/proc/%d/net/dev" % os.getppid()), "va" in names("/proc/1/net/dev"))
`;
    const run = ["sh", "-c", 'python3 -S -c "$0"; grep -c va /proc/self/net/route', script];
    const r = await f.nuse(run).done;
    const both = "['lo', 'va']";
    assertEquals(r.stdout, `${both} ${both}\n${both} False\n1\n`, r.stderr);
  },
  ["RAW"],
);
