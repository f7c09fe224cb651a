/**
 * Tools that change a network change the stack, with the effects and errors of a kernel that is set
 * up alike, and `ip monitor` is told of it.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { comparable, onBoth } from "./beside.ts";
import { e2eWith, PEER, SELF } from "./fixture.ts";

const e2e = e2eWith("ip", "ss", "python3", "ifconfig", "busybox");

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

const FOR_A_TIME = `
run() { echo "$ $*"; "$@" 2>&1; echo "= $?"; }
run ip addr add 198.18.7.1/24 brd + dev va valid_lft 3600 preferred_lft 1800
run ip -4 addr show dev va; run ip addr change 198.18.7.1/24 dev va valid_lft 90 preferred_lft 0
run ip -4 addr show dev va; run ip addr change 198.18.7.1/24 dev va
run ip -4 addr show dev va; run ip addr add 198.18.8.1/24 brd + dev va valid_lft 1 preferred_lft 1
sleep 3; run ip -4 addr show dev va; run ip route
`;

e2e("addresses for a time, as DHCP clients add them, as on a kernel", async (f) => {
  await onBoth(f, async (both) => {
    const [ours, theirs] = await both(["sh", "-c", FOR_A_TIME]);
    const inTime = (line: string) => line.replace(/\b\d+sec/g, "Nsec");
    assertEquals(comparable(ours).map(inTime), comparable(theirs).map(inTime));
  });
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

/** A listener with a connection that waits, and one whose accept() waits. */
const KILLED_LISTENERS = `
import errno, socket, subprocess, threading
def tell(what, call):
    try: print(what, call())
    except OSError as e: print(what, errno.errorcode[e.errno])
def kill(port):
    print(subprocess.run(["ss", "-Klt", "sport", "=", port], capture_output=True).returncode)
listener = socket.create_server(("127.0.0.1", 4963))
waiting = socket.create_connection(("127.0.0.1", 4963))
taken = socket.create_connection(("127.0.0.1", 4963))
old = listener.accept()[0]
blocked = socket.create_server(("127.0.0.1", 4964)); blocked.settimeout(15)
thread = threading.Thread(target=lambda: tell("blocked", blocked.accept)); thread.start()
kill(":4963"); kill(":4964"); thread.join()
tell("error", lambda: listener.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
tell("name", listener.getsockname)
tell("lost", lambda: taken.recv(5)); waiting.send(b"alive"); tell("kept", lambda: old.recv(5))
tell("connect", lambda: socket.create_connection(("127.0.0.1", 4963)))
`;

e2e("ss -K ends listeners as on a kernel, by both doors", async (f) => {
  for (const door of [[], ["env", "-i", "PATH=/usr/bin:/bin:/usr/sbin:/sbin"]]) {
    await onBoth(f, async (both) => {
      const [ours, theirs] = await both([...door, "python3", "-S", "-c", KILLED_LISTENERS]);
      assertEquals(ours, theirs);
      assertStringIncludes(ours, "blocked EINVAL");
    });
  }
}, ["RAW"]);

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

const BY_IOCTL = `
run() { echo "$ $*"; "$@" 2>&1; echo "= $?"; }
run ifconfig va 198.18.5.1; run ip -4 -br addr show dev va; run ip route
run ifconfig va netmask 255.255.0.0; run ip -4 addr show dev va; run ip route
run ifconfig va ${SELF} netmask 255.255.255.0; run ip -4 -br addr show dev va
run ifconfig va mtu 1400; run ifconfig va mtu 9; run ifconfig va down; run ip -br link show va
run ifconfig va up; run ifconfig none7 up; run ip route
run route add -net 203.0.113.0 netmask 255.255.255.0 gw ${PEER}
run route add -net 203.0.113.0 netmask 255.255.255.0 gw ${PEER}
run route add -host 203.0.114.7 dev va; run route add default gw ${PEER} metric 5; run route -n
run route add -net 192.0.2.0/24 gw 10.9.9.9; run route add -net 192.0.2.0/24 dev none7
run route del -net 192.0.2.0/24; run route del default; run route del -host 203.0.114.7
run route del -net 203.0.113.0/24; run ip route
run arp -s 198.18.0.77 02:00:00:00:00:77; run arp -n; run arp -d 198.18.0.77
run arp -d 198.18.0.78; run arp -i va -s 198.18.0.79 02:00:00:00:00:79 temp; run ip neigh
run ifconfig va 0.0.0.0; run ip -4 -br addr show dev va; run ip route
run ifconfig va netmask 255.255.255.0; run ifconfig va 224.0.0.5
run ifconfig va ${SELF} broadcast 198.18.0.255 netmask 255.255.255.0 up
run busybox ifconfig va 198.18.6.1; run busybox route add default gw 198.18.6.9; run ip route
run busybox ifconfig va down; run ip -br link show va; run busybox ifconfig va up
nobody="setpriv --reuid=65534 --clear-groups"
run $nobody ifconfig va down; run $nobody busybox ifconfig va down
run $nobody route add default gw 198.18.6.9; run ip -br link show va
`;

e2e("ifconfig, route and arp, dynamic and static, as on a kernel", async (f) => {
  await onBoth(f, async (both) => {
    const [ours, theirs] = await both(["sh", "-c", BY_IOCTL]);
    const withoutMac = (line: string) => line.replace(/(..:){5}../, "MAC");
    assertEquals(comparable(ours).map(withoutMac), comparable(theirs).map(withoutMac));
  });
}, ["RAW"]);

/** struct in6_ifreq, struct in6_rtmsg; then a datagram, on the socket of the calls. */
const BY_IOCTL_6 = `
import fcntl, socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
index = socket.if_nametoindex("va")
def call(name, request, argument):
    try: print(name, fcntl.ioctl(s, request, argument)[:0])
    except OSError as e: print(name, e.errno)
own = socket.inet_pton(socket.AF_INET6, "2001:db8::2")
far = socket.inet_pton(socket.AF_INET6, "2001:db8:7::")
via = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
address = struct.pack("=16sIi", own, 64, index)
route = struct.pack("=16s16s16sIHHIIQII", far, bytes(16), via, 0, 48, 0, 7, 0, 0, 3, index)
call("add", 0x8916, address); call("again", 0x8916, address)
call("route", 0x890b, route); call("again", 0x890b, route)
import subprocess
shown = "ip -6 -br addr show dev va; ip -6 route show root 2001:db8::/32 dev va"
print(subprocess.run(shown, shell=True, capture_output=True, text=True).stdout)
s.connect(("2001:db8::2", 4970))
r = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); r.bind(("2001:db8::2", 4970))
s.send(b"still a socket"); print(r.recv(20))
call("unroute", 0x890c, route); call("again", 0x890c, route)
call("remove", 0x8936, address); call("again", 0x8936, address)
call("nobody's", 0x8916, struct.pack("=16sIi", own, 64, 77))
`;

e2e("IPv6 addresses and routes by ioctl; the socket stays what it is", async (f) => {
  const { stdout, stderr } = await f.nuse(["python3", "-S", "-c", BY_IOCTL_6]).done;
  const lines = stdout.trim().split("\n").map((line) => line.replace(/ +/g, " ").trim());
  assertEquals(lines.filter((line) => line !== ""), [
    ...["add b''", "again 17", "route b''", "again 17"],
    `va UP ${lines[4].split(" ").slice(2).join(" ")}`,
    "2001:db8::/64 proto kernel metric 256 pref medium",
    "2001:db8:7::/48 via 2001:db8::1 metric 7 pref medium",
    "b'still a socket'",
    ...["unroute b''", "again 3", "remove b''", "again 99", "nobody's 19"],
  ], stderr);
  assertStringIncludes(lines[4], "2001:db8::2/64");
}, ["RAW"]);
