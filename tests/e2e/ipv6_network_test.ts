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
