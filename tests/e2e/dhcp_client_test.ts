/**
 * A program's own DHCP client under nuse: it asks by a packet socket, and sets what it is told by
 * ioctl. (nuse's own client: dhcp_test.ts.)
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, PEER } from "./fixture.ts";

const e2e = e2eWith("dnsmasq", "busybox", "ip", "ping");

/** What udhcpc calls with what it has got. */
const SETTER = `#!/bin/sh
[ "$1" = bound ] || exit 0
busybox ifconfig "$interface" "$ip" netmask "$subnet" && busybox route add default gw "$router"
`;

e2e("udhcpc gets an address, which the stack has then", async (f) => {
  const dir = await Deno.makeTempDir();
  const server = f.peer([
    ...["dnsmasq", "-k", "-C", "/dev/null", "-p", "0", "-i", "vb", "-u", "root", "--no-ping"],
    ...["--dhcp-range=198.18.0.50,198.18.0.50,255.255.255.0,1h", `--dhcp-option=3,${PEER}`],
    `--dhcp-leasefile=${dir}/leases`,
  ]);
  try {
    await Deno.writeTextFile(`${dir}/set`, SETTER, { mode: 0o755 });
    const script = `busybox udhcpc -i va -n -q -f -t 9 -T 1 -s ${dir}/set
      ip -4 -br addr show dev va; ip route; ping -qc1 -W5 ${PEER}`;
    const { stdout, stderr } = await f.nuse(["sh", "-c", script]).done;
    const [address, ...routes] = stdout.trim().split("\n").map((line) => line.trim());
    assertEquals(address.replace(/ +/g, " "), "va UP 198.18.0.50/24", stderr);
    assertEquals(routes[0], `default via ${PEER} dev va`);
    assertStringIncludes(stdout, " 0% packet loss");
  } finally {
    server.kill();
    await server.done;
    await Deno.remove(dir, { recursive: true });
  }
}, ["RAW"]);
