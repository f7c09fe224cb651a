/**
 * A network without IPv4: addresses, routes and name servers of Debian's radvd and dnsmasq, in all
 * the ways in which a network can give them.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { until } from "./fixture.ts";
import { FAR, PREFIX, ROUTER, type RouterLab, withRouter } from "./router_lab.ts";

/** By the shim, then by the second door. */
const USE = `
getent hosts web.lab.test
getent hosts web
curl -s --max-time 10 http://web.lab.test:8080/
ping -6 -c 1 -W 5 ${FAR} | grep "1 received"
printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -6 -w 5 web.lab.test 8080 | tail -n 1
env -i /bin/busybox wget -q -O - http://web.lab.test:8080/
env -i /bin/busybox ping -6 -c 1 -W 5 web.lab.test | grep "1 packets received"
cat /etc/resolv.conf
`;

function assertUsed(stdout: string, search = "search lab.test"): void {
  assertEquals(stdout.match(/^2001:db8:a::1 +web\.lab\.test/gm)?.length, 2, stdout);
  assertEquals(stdout.match(/^hello of IPv6$/gm)?.length, 3, stdout);
  assertStringIncludes(stdout, `nameserver ${ROUTER}`);
  assertStringIncludes(stdout, search);
}

const PROGRAMS = ["radvd", "dnsmasq", "curl", "nc", "busybox", "python3"];
const network = withRouter(...PROGRAMS);

network("radvd alone: address, names and domain of the router", async (lab) => {
  await lab.dnsmasq();
  await lab.web();
  await lab.radvd(
    `prefix ${PREFIX} { };`,
    `RDNSS ${ROUTER} { };`,
    "DNSSL lab.test { };",
    "AdvLinkMTU 1400;",
  );
  const r = await lab.must("auto6", `${USE}\nip -6 addr show dev va`);
  assertUsed(r.stdout);
  assertMatch(r.stderr, /^nuse: va: 2001:db8:a:[0-9a-f:]+\/64 by a router$/m);
  assertStringIncludes(r.stderr, `nuse: va: name servers ${ROUTER} by a router`);
});

network("radvd, and dnsmasq's DHCPv6 for names (O): stateless", async (lab) => {
  await lab.dnsmasq({ range: "2001:db8:a::,static" });
  await lab.web();
  await lab.radvd(`prefix ${PREFIX} { };`, "AdvOtherConfigFlag on;");
  const r = await lab.must("auto6", USE);
  assertUsed(r.stdout);
  assertStringIncludes(r.stderr, `name servers ${ROUTER}, search lab.test by DHCPv6`);
  assertStringIncludes(await lab.log(), "DHCPINFORMATION-REQUEST");
});

const STATEFUL = { range: "2001:db8:a::100,2001:db8:a::1ff,64,1h" };
const MANAGED = [`prefix ${PREFIX} { AdvAutonomous off; };`, "AdvManagedFlag on;"];

async function managed(lab: RouterLab, more: string[] = []): Promise<void> {
  await lab.dnsmasq({ ...STATEFUL, more });
  await lab.radvd(...MANAGED);
}

network("radvd, and dnsmasq's DHCPv6 for addresses (M): stateful, given back", async (lab) => {
  await managed(lab);
  await lab.web();
  for (const kind of ["auto6", "dhcp6"]) {
    const r = await lab.must(kind, USE);
    assertUsed(r.stdout);
    assertMatch(
      r.stderr,
      /^nuse: va: 2001:db8:a::1[0-9a-f]{2}\/128 by DHCPv6 for 1 h, name servers 2001:db8:a::1, /m,
    );
    assertEquals(r.stderr.includes("by a router"), false, r.stderr);
  }
  await until("both releases", async () => {
    return (await lab.log()).match(/DHCPRELEASE/g)?.length === 2;
  });
});

const OWN = "python3 -c 'import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); " +
  `s.connect(("${FAR}", 9)); print("own", s.getsockname()[0])'`;

network(
  "opaque addresses are the same each time; temporary ones are not, and speak",
  async (lab) => {
    await lab.radvd(`prefix ${PREFIX} { };`);
    const own = async (...sysctls: string[]) => {
      const argv = sysctls.flatMap((text) => ["--sysctl", `net.ipv6.conf.default.${text}`]);
      const r = await lab.nuse("auto6", [...argv, "sh", "-c", OWN]);
      assertEquals(r.code, 0, r.stderr);
      const addresses = [...r.stderr.matchAll(/va: (2001:db8:a:[0-9a-f:]+)\/64 by a router/g)];
      return { all: addresses.map(([, text]) => text), source: r.stdout.match(/^own (.*)$/m)?.[1] };
    };
    const secret = "stable_secret=2001:db8:1:2:3:4:5:6";
    const opaque = await own(secret);
    assertEquals(await own(secret), opaque);
    assertEquals([opaque.all.length, opaque.all[0].includes("ff:fe")], [1, false]);
    const eui64 = await own("addr_gen_mode=0");
    assertMatch(eui64.all[0], /ff:fe/);
    const temporary = await own(secret, "use_tempaddr=2");
    assertEquals([temporary.all.length, temporary.all.includes(opaque.all[0])], [2, true]);
    assertEquals(temporary.source === opaque.all[0], false);
  },
  ["RAW"],
);

network(
  "a server grants an address that a neighbour has: declined, another is taken",
  async (lab) => {
    await lab.dnsmasq({ range: "2001:db8:a::100,2001:db8:a::101,64,1h" });
    await lab.radvd(...MANAGED);
    const first = await lab.must("dhcp6", "true");
    const given = first.stderr.match(/2001:db8:a::10[01]/)?.[0] ?? "";
    await lab.b.ip(`addr add ${given}/128 dev br0 nodad`);
    const second = await lab.must("dhcp6", "true");
    const other = second.stderr.match(/2001:db8:a::10[01]/)?.[0] ?? "";
    assertEquals([first.stderr.includes(other), other !== ""], [false, true], second.stderr);
    assertStringIncludes(await lab.log(), "DHCPDECLINE");
  },
  ["RAW"],
);

network("DHCPv4 beside it: addresses of both families", async (lab) => {
  await lab.b.ip("addr add 198.18.0.1/24 dev br0");
  await lab.dnsmasq({
    ...STATEFUL,
    more: ["--no-ping", "--dhcp-range=198.18.0.50,198.18.0.59,1h"],
  });
  await lab.radvd(...MANAGED);
  const r = await lab.must("auto", `ping -c 1 198.18.0.1; ping -6 -c 1 ${FAR}`);
  assertMatch(r.stderr, /^nuse: va: 198\.18\.0\.5\d\/24 by DHCP of 198\.18\.0\.1 for 1 h/m);
  assertMatch(r.stderr, /^nuse: va: 2001:db8:a::1[0-9a-f]{2}\/128 by DHCPv6 for 1 h/m);
}, ["RAW"]);

network("nobody answers, or not to the end: one line after a bounded time", async (lab) => {
  const lines: [string, RegExp][] = [
    ["auto6", /^nuse: no router has answered on va: no address within 15 s: .*\n$/],
    ["dhcp6", /^nuse: no DHCPv6 server has answered on va: no address within 15 s: .*\n$/],
  ];
  for (const [kind, line] of lines) {
    const r = await lab.nuse(kind, ["true"]);
    assertEquals(r.code, 2);
    assertMatch(r.stderr, line);
  }
  await lab.radvd(...MANAGED);
  const r = await lab.nuse("auto6", ["true"]);
  assertMatch(
    r.stderr,
    /^nuse: no DHCPv6 server has answered on va: no address within 15 s: .*\n$/,
  );
}, ["RAW"]);
