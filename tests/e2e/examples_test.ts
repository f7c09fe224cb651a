/**
 * Every file in examples/ does what its first lines say.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { canMakeNetns, Netns, type Running, start, veth } from "../lab/netns.ts";
import { NUSE } from "../lab/nuse.ts";
import { isInstalled } from "../lab/setup.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);
const HERE = ["sh", "-c", "echo here; exec sleep 600"];
const PROGRAMS = ["ping", "python3"];

function pathOf(file: string): string {
  return new URL(file, EXAMPLES).pathname;
}

/** `./nuse --config FILE argv…`. */
function nuse(ns: Netns, file: string, argv: string[], limitSec = 60): Running {
  return ns.start([NUSE, "--config", pathOf(file), ...argv], { limitSec });
}

/** nuse is just there while `use` runs. */
async function withNuse(running: Running, use: () => Promise<void>): Promise<void> {
  try {
    await running.waitFor("here");
    await use();
  } finally {
    running.kill();
    await running.done;
  }
}

async function ping(ns: Netns, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await ns.run(["ping", "-c", "1", "-W", "5", ...argv]);
  assertEquals(code, 0, stdout + stderr);
  return stdout;
}

const TESTS: Record<string, (ns: Netns) => Promise<void>> = {
  async "nuse.conf"(ns) {
    // All of the file but its addresses: tests have theirs
    const dev = ["--dev", "eth0=198.18.0.10/24,host=198.18.0.1", "--route", "198.18.0.1"];
    await withNuse(nuse(ns, "nuse.conf", [...dev, ...HERE]), async () => {
      await ping(ns, "198.18.0.10");
      const { stdout } = await ns.run(["ip", "neigh", "show", "dev", "nuse-eth0"]);
      assertStringIncludes(stdout, "00:01:01:01:01:01");
    });
    const shown = await nuse(ns, "nuse.conf", ["--show-config"]).done;
    assertMatch(shown.stdout, /address 192\.168\.0\.10\/24 .*\n\s+viftype TAP /);
    assertMatch(shown.stdout, /network 0\.0\.0\.0\/0 .*\n\s+gateway 192\.168\.0\.1 /);
  },

  async "raw.conf"(ns) {
    await using peer = await Netns.create("exb");
    await using far = await Netns.create("exc");
    await veth(ns, "eth0", null, peer, "vb", "192.0.2.1/24");
    await veth(peer, "vr", "198.18.9.1/24", far, "vf", "198.18.9.9/24");
    await far.ip("route add default via 198.18.9.1");
    await peer.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    const { code, stdout, stderr } = await nuse(ns, "raw.conf", ["ping", "-c1", "198.18.9.9"]).done;
    assertEquals(code, 0, stdout + stderr);
  },

  async "tap.conf"(ns) {
    await withNuse(nuse(ns, "tap.conf", HERE), () => ping(ns, "198.18.4.2").then(() => {}));
  },

  async "vlan.conf"(ns) {
    await withNuse(nuse(ns, "vlan.conf", HERE), async () => {
      await ping(ns, "198.18.4.2");
      for (const vlan of [100, 101]) {
        const dev = ["--dev", `nuse-trunk.${vlan}=198.18.${vlan}.1/24`];
        const argv = [...dev, "ping", "-c1", "-W", "5", `198.18.${vlan}.2`];
        const { code, stdout, stderr } = await ns.start([NUSE, ...argv], { limitSec: 60 }).done;
        assertEquals(code, 0, stdout + stderr);
      }
    });
  },

  async "pipe.conf"(ns) {
    const folder = await Deno.makeTempDir();
    try {
      // Another run of the same test may have the file's own path
      const pipe = `pipe=${folder}/cable`;
      const first = nuse(ns, "pipe.conf", ["--dev", `cable,${pipe}`, ...HERE]);
      await withNuse(first, async () => {
        const dev = ["--dev", `cable=198.18.5.2/24,${pipe}`];
        const argv = [...dev, "ping", "-c1", "-W", "5", "198.18.5.1"];
        const { code, stdout, stderr } = await nuse(ns, "pipe.conf", argv).done;
        assertEquals(code, 0, stdout + stderr);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },

  async "two_networks.conf"(ns) {
    await ns.ip("addr add 198.18.9.9/32 dev lo");
    await ns.ip("addr add 198.18.20.1/32 dev lo");
    await withNuse(nuse(ns, "two_networks.conf", HERE), async () => {
      await ping(ns, "198.18.6.2");
      await ping(ns, "198.18.8.2");
      assertStringIncludes((await ns.run(["ip", "link", "show", "nuse-a"])).stdout, "mtu 9000");
    });
    // The source address tells which way: by the longest prefix, else by the lower metric
    const program = `
import socket, subprocess, sys
for far in ("198.18.9.9", "198.18.20.1", "198.18.7.9"):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((far, 9))
    print(s.getsockname()[0])
for far in ("198.18.9.9", "198.18.20.1"):
    subprocess.run(["ping", "-c1", "-W5", far], check=True, stdout=sys.stderr)
`;
    const { code, stdout, stderr } = await nuse(ns, "two_networks.conf", ["python3", "-c", program])
      .done;
    assertEquals(code, 0, stdout + stderr);
    assertEquals(stdout, "198.18.8.2\n198.18.6.2\n198.18.7.2\n");
  },

  async "router.conf"(ns) {
    await using far = await Netns.create("exb");
    await withNuse(nuse(ns, "router.conf", HERE), async () => {
      await ns.ip(`link set nuse-b netns ${far.name}`);
      await far.ip("addr add 198.18.11.1/24 dev nuse-b");
      await far.ip("link set nuse-b up");
      await far.ip("route add default via 198.18.11.2");
      await ns.ip("route add 198.18.11.0/24 via 198.18.10.2");
      assertStringIncludes(await ping(ns, "198.18.11.1"), "ttl=63");
    });
  },

  async "dhcp.conf"(ns) {
    // With a server: tests/e2e/dhcp_test.ts
    await using peer = await Netns.create("exb");
    await veth(ns, "eth0", null, peer, "vb", "198.18.12.1/24");
    const { code, stderr } = await nuse(ns, "dhcp.conf", ["true"]).done;
    assertEquals(code, 2);
    assertMatch(stderr, /no DHCP server has answered on eth0 within 15 s/);
  },

  async "tuned.conf"(ns) {
    await withNuse(nuse(ns, "tuned.conf", HERE), async () => {
      assertStringIncludes(await ping(ns, "198.18.4.2"), "ttl=42");
    });
    const program = `
import socket, threading
s = socket.socket()
print(s.getsockopt(6, 13, 16).rstrip(b"\\0").decode(), s.getsockopt(1, 8), flush=True)
l = socket.socket(); l.bind(("198.18.4.2", 7)); l.listen()
s.connect(("198.18.4.2", 7))
print(s.getsockname()[1])
`;
    const { stdout, stderr } = await nuse(ns, "tuned.conf", ["python3", "-c", program]).done;
    const [, name, bytes, port] = stdout.match(/^(\w+) (\d+)\n(\d+)\n$/) ?? [];
    assertEquals([name, Number(bytes)], ["bbr", 65536], stdout + stderr);
    assert(Number(port) >= 40000 && Number(port) <= 40099, stdout);
  },

  async "netmap.conf"(ns) {
    const shown = await nuse(ns, "netmap.conf", ["--show-config"]).done;
    assertMatch(shown.stdout, /^interface vale0:nuse .*\n.*\n\s+viftype NETMAP /);
    if (await Deno.stat("/dev/netmap").then(() => true, () => false)) return;
    const { code, stderr } = await nuse(ns, "netmap.conf", ["true"]).done;
    assertEquals(code, 2);
    assertStringIncludes(stderr, "cannot open /dev/netmap");
  },
};

const missing = canMakeNetns ? PROGRAMS.filter((program) => !isInstalled(program)) : ["root"];
const reason = missing.length === 0 ? "" : ` (left out: no ${missing.join(", ")})`;

for (const [file, body] of Object.entries(TESTS)) {
  Deno.test({
    name: `examples/${file}${reason}`,
    ignore: reason !== "",
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using ns = await Netns.create("exa");
      await body(ns);
    },
  });
}

Deno.test("every example has its test, and is a configuration in itself", async () => {
  const files = [...Deno.readDirSync(EXAMPLES)].map(({ name }) => name);
  assertEquals(files.sort(), Object.keys(TESTS).sort());
  for (const file of files) {
    const { code, stdout } = await start([NUSE, "--config", pathOf(file), "--show-config"]).done;
    assertEquals(code, 0, stdout);
  }
});
