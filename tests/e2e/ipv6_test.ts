import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { canMakeNetns, Netns, type Running, veth } from "../lab/netns.ts";
import { NUSE } from "../lab/nuse.ts";
import { until } from "./fixture.ts";

const SELF = "2001:db8:1::2";
const PEER = "2001:db8:1::1";
const HAS_IPV6 = await Deno.stat("/proc/sys/net/ipv6").then(() => true, () => false);
const CAN = canMakeNetns && HAS_IPV6;

/** ns a: va (nuse) ── veth ── vb in ns b, the kernel; or, by TAP, b alone. */
class Lab {
  private constructor(readonly isTap: boolean, readonly a: Netns, readonly b: Netns) {}

  static async create(isTap: boolean): Promise<Lab> {
    const a = await Netns.create("v6a");
    const b = await Netns.create("v6b");
    const lab = new Lab(isTap, a, b);
    try {
      for (const ns of [a, b]) {
        for (const which of ["all", "default"]) {
          await ns.run(["sysctl", "-qw", `net.ipv6.conf.${which}.disable_ipv6=0`]);
        }
      }
      if (isTap) return lab;
      await veth(a, "va", null, b, "vb", "198.18.0.1/24");
      // The kernel need not ask whether it may have its addresses
      const added = await b.run(["ip", "addr", "add", `${PEER}/64`, "dev", "vb", "nodad"]);
      assertEquals(added.code, 0, added.stderr);
      await until("the kernel's link-local address", async () => {
        const { stdout } = await b.run(["ip", "-6", "addr", "show", "dev", "vb"]);
        return stdout.includes("fe80") && !stdout.includes("tentative");
      });
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  nuse(argv: string[]): Running {
    const env = this.isTap
      ? [
        "NUSEDEV=va",
        "NUSEVIF=TAP",
        `nuse-va=198.18.0.2/24,${SELF}/64`,
        `nuse-va-host=198.18.0.1,${PEER}`,
      ]
      : ["NUSEDEV=va", `nuse-va=198.18.0.2/24,${SELF}/64`];
    return (this.isTap ? this.b : this.a).start(["env", ...env, NUSE, ...argv], { limitSec: 60 });
  }

  /** The kernel's address on the link. */
  async peerOnLink(): Promise<string> {
    const device = this.isTap ? "nuse-va" : "vb";
    const { stdout } = await this.b.run(["ip", "-6", "addr", "show", "dev", device]);
    return stdout.match(/fe80[^/]*/)![0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.a.close();
    await this.b.close();
  }
}

function e2e6(
  name: string,
  body: (lab: Lab) => Promise<void>,
  vifs: readonly string[] = ["RAW", "TAP"],
): void {
  for (const vif of vifs) {
    const why = CAN ? "" : " (left out: needs root, iproute2 and IPv6)";
    Deno.test({
      name: `${vif} v6: ${name}${why}`,
      ignore: !CAN,
      fn: async () => {
        await using lab = await Lab.create(vif === "TAP");
        await body(lab);
      },
    });
  }
}

e2e6("ping: small, in fragments, ourselves; nobody is unreachable", async (lab) => {
  for (const argv of [["-s", "56", PEER], ["-s", "5000", PEER], [SELF], ["::1"]]) {
    const r = await lab.nuse(["ping", "-6", "-c", "2", "-i", "0.2", ...argv]).done;
    assertEquals(r.code, 0, r.stdout + r.stderr);
    assertStringIncludes(r.stdout, "2 received, 0% packet loss");
  }
  const nobody = await lab.nuse(["ping", "-6", "-c", "1", "-W", "9", "2001:db8:1::77"]).done;
  assertStringIncludes(nobody.stdout, "Address unreachable");
});

e2e6("ping of a neighbour by its address on the link, whose name libc looks up", async (lab) => {
  const r = await lab.nuse(["ping", "-6", "-c", "1", `${await lab.peerOnLink()}%va`]).done;
  assertEquals(r.code, 0, r.stdout + r.stderr);
}, ["RAW"]);

const SERVER = `
import socket
s = socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
for _ in range(2):
    c, peer = s.accept()
    data = b""
    while len(data) < 300000: data += c.recv(65536)
    c.sendall(data[::-1]); c.close()
    print(peer[0], len(data), flush=True)
`;
const CLIENT = `
import socket, sys
data = bytes(i * 7 % 251 for i in range(300000))
c = socket.create_connection((sys.argv[1], 8080), 20)
c.sendall(data)
got = b""
while len(got) < len(data): got += c.recv(65536)
assert got == data[::-1]
print(c.getsockname()[0], c.getpeername()[0])
`;

e2e6("TCP both ways, of both families on one listener", async (lab) => {
  const server = lab.nuse(["python3", "-c", SERVER]);
  await server.waitFor("ready", 20);
  for (const to of [SELF, "198.18.0.2"]) {
    const r = await lab.b.run(["python3", "-c", CLIENT, to]);
    assertEquals(r.code, 0, r.stdout + r.stderr);
  }
  const { stdout, code } = await server.done;
  assertEquals([code, stdout.trim().split("\n").slice(1)], [0, [
    `${PEER} 300000`,
    "::ffff:198.18.0.1 300000",
  ]]);
});

const DATAGRAMS = `
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(0.5)
for name in (49, 51, 66): s.setsockopt(41, name, 1)
s.setsockopt(41, 67, 0x28)
s.sendto(b"hello", (sys.argv[1], 9))
try: s.recv(10)
except OSError as e: print(e.errno)
s.settimeout(20)
s.connect((sys.argv[1], 9))
s.send(b"x" * 4000)
try: s.recv(10)
except OSError as e: print(e.errno)
print(s.getsockname()[0])
try: socket.socket(socket.AF_INET6).connect(("fe80::1", 80))
except OSError as e: print(e.errno)
`;

e2e6(
  "UDP: nobody listens, a connected socket is told; a link-local one needs its link",
  async (lab) => {
    const r = await lab.nuse(["python3", "-c", DATAGRAMS, PEER]).done;
    const lines = r.stdout.trim().split("\n");
    assertEquals(lines, ["None", "111", SELF, "22"], r.stdout + r.stderr);
  },
);

e2e6("the host's ping of nuse, by both addresses", async (lab) => {
  const idle = lab.nuse(["sleep", "600"]);
  await until(
    "an answer",
    async () => (await lab.b.run(["ping", "-6", "-c", "1", "-W", "1", SELF])).code === 0,
  );
  const device = lab.isTap ? "nuse-va" : "vb";
  const all = await lab.b.run([
    "ping",
    "-6",
    "-c",
    "2",
    "-i",
    "0.3",
    "-w",
    "5",
    `ff02::1%${device}`,
  ]);
  assert(/from fe80/.test(all.stdout), all.stdout);
  idle.kill();
  await idle.done;
});

/** A router that tells of a prefix, and of itself, twice a second. */
const ROUTER = `
import socket, struct, time
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(41, 18, 255)
s.setsockopt(41, 17, socket.if_nametoindex("vb"))
prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 3600, 1800, 0)
prefix += socket.inet_pton(socket.AF_INET6, "2001:db8:5::")
for _ in range(80):
    s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, ("ff02::1", 0))
    time.sleep(0.5)
`;

e2e6("an address and a default route of a router, with nothing configured", async (lab) => {
  await lab.b.ip("addr add 2001:db8:5::1/64 dev vb nodad");
  await lab.b.ip("addr add 2001:db8:77::1/128 dev vb nodad");
  const router = lab.b.start(["python3", "-c", ROUTER], { limitSec: 60 });
  const argv = ["env", "NUSEDEV=va", "nuse-va=auto", NUSE, "ping", "-6", "-c", "1"];
  const r = await lab.a.run([...argv, "2001:db8:77::1"], { limitSec: 60 });
  router.kill();
  assertEquals(r.code, 0, r.stdout + r.stderr);
  assert(/va: 2001:db8:5:[0-9a-f:]+\/64 by a router/.test(r.stderr), r.stderr);
}, ["RAW"]);

e2e6("without IPv6 there is none", async (lab) => {
  const r = await lab.nuse(["--no-ipv6", "ping", "-6", "-c", "1", "::1"]).done;
  assert(r.code !== 0);
  const v4 = await lab.nuse(["--no-ipv6", "ping", "-c", "1", "198.18.0.1"]).done;
  assertEquals(v4.code, 0, v4.stdout + v4.stderr);
});
