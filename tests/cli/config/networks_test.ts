import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../../cli/base/failure.ts";
import { refuseHostSubnets, refuseSharedSubnets } from "../../../cli/config/networks.ts";
import type { InterfaceConfig } from "../../../io/config.ts";

function cidr(text: string) {
  const [address, prefixLen] = text.split("/");
  return { address, prefixLen: Number(prefixLen) };
}

function tap(name: string, address: string, host: string | null = null): InterfaceConfig {
  return {
    name,
    kind: "TAP",
    hostName: `nuse-${name}`,
    vlan: null,
    addresses: [cidr(address)],
    hostAddress: host === null ? null : cidr(host),
    pipePath: null,
    bridge: null,
    mac: "own",
    dynamic: null,
    dad: "quick",
    mtu: null,
  };
}

/** The line that a person gets; null: none. */
function complaint(check: () => void): string | null {
  try {
    check();
    return null;
  } catch {
    return assertThrows(check, Failure).message;
  }
}

Deno.test("one subnet on two interfaces; one within the other is no conflict", () => {
  const a = tap("a", "198.18.0.2/24");
  assertEquals(complaint(() => refuseSharedSubnets([a, tap("b", "198.18.1.2/24")])), null);
  assertEquals(complaint(() => refuseSharedSubnets([a, tap("b", "198.18.0.3/16")])), null);
  const twice = { ...a, addresses: [cidr("198.18.0.2/24"), cidr("198.18.0.3/24")] };
  assertEquals(complaint(() => refuseSharedSubnets([twice])), null, "two addresses of one");
  assertEquals(
    complaint(() => refuseSharedSubnets([a, tap("b", "198.18.0.3/24")])),
    "b: 198.18.0.0/24 is on a already, and packets leave by one interface only " +
      "(give each a subnet of its own)",
  );
});

Deno.test("a TAP on a subnet that the host has elsewhere", () => {
  const host = (name: string, text: string) => {
    const { address, prefixLen } = cidr(text);
    return { name, address, prefixLen };
  };
  const check = (interfaces: InterfaceConfig[], ...hosts: ReturnType<typeof host>[]) =>
    complaint(() => refuseHostSubnets(interfaces, () => hosts));
  const a = tap("a", "10.1.0.2/24", "10.1.0.1/24");
  assertEquals(
    check([a], host("eth0", "10.1.0.9/24")),
    "a: this host has 10.1.0.0/24 on eth0, and would look for 10.1.0.2 there, not at the TAP " +
      "(choose another subnet, e.g. 198.18.77.0/24)",
  );
  const second = { ...a, addresses: [cidr("10.9.0.2/24"), ...a.addresses] };
  assertEquals(check([second], host("eth0", "10.1.0.9/24")) === null, false, "any address");
  // A route more exact than the TAP's wins, one less exact loses.
  assertEquals(check([a], host("eth0", "10.1.0.1/30")) === null, false);
  assertEquals(check([a], host("eth0", "10.0.0.9/8")), null);
  assertEquals(check([a], host("eth0", "10.1.1.9/24"), host("lo", "10.1.0.9/8")), null);
  assertEquals(check([a], host("nuse-a", "10.1.0.1/24"), host("eth0", "fe80::1/64")), null);
  // Without an address of the host's it may be a port of the very bridge that has the subnet.
  assertEquals(check([tap("a", "10.1.0.2/24")], host("br0", "10.1.0.9/24")), null);
});
