import { assertEquals } from "@std/assert";
import { info6Text, lease6Text, leaseText } from "../../io/lease_text.ts";
import { IpAddress, type Lease, type Lease6 } from "../../stack/mod.ts";
import { LEASE } from "./leases.ts";

const ip = (text: string) => IpAddress.parse(text)!;

Deno.test("a lease in words: what it lets a person know, and no more", () => {
  assertEquals(leaseText(LEASE), "198.18.0.77/24 by DHCP of 198.18.0.1 for 1 h");
  const full: Lease = {
    ...LEASE,
    routes: [
      { dst: ip("0.0.0.0"), prefixLen: 0, gateway: ip("198.18.0.9") },
      { dst: ip("203.0.113.0"), prefixLen: 24, gateway: null },
    ],
    mtu: 1280,
    nameservers: [ip("192.0.2.1"), ip("192.0.2.2")],
    domain: "example.org",
    expiresAfterUs: 90e6,
  };
  assertEquals(
    leaseText(full),
    "198.18.0.77/24 by DHCP of 198.18.0.1 for 90 s, route to 0.0.0.0/0 by 198.18.0.9, " +
      "route to 203.0.113.0/24 on the link, mtu 1280, name servers 192.0.2.1 192.0.2.2, " +
      "domain example.org",
  );
  assertEquals(leaseText({ ...LEASE, expiresAfterUs: 600e6 }).slice(-10), "for 10 min");
  assertEquals(leaseText({ ...LEASE, expiresAfterUs: Infinity }).slice(-8), "for ever");
});

const LEASE6: Lease6 = {
  addresses: [
    { addr: ip("2001:db8::77"), preferredUntilUs: 1800e6, validUntilUs: 3600e6 },
    { addr: ip("2001:db8::78"), preferredUntilUs: Infinity, validUntilUs: Infinity },
  ],
  server: Uint8Array.of(1, 2, 3),
  nameservers: [],
  search: [],
  askedUs: 0,
  renewAtUs: 900e6,
  rebindAtUs: 1440e6,
};

Deno.test("a lease of DHCPv6 in words, and what came without addresses", () => {
  assertEquals(
    lease6Text(LEASE6),
    "2001:db8::77/128 by DHCPv6 for 1 h, 2001:db8::78/128 by DHCPv6 for ever",
  );
  const info = { nameservers: [ip("2001:db8::53")], search: ["lab.test", "example.org"] };
  assertEquals(
    lease6Text({ ...LEASE6, ...info, addresses: [LEASE6.addresses[0]], askedUs: 3590e6 }),
    "2001:db8::77/128 by DHCPv6 for 10 s, name servers 2001:db8::53, search lab.test example.org",
  );
  assertEquals(info6Text(info), "name servers 2001:db8::53, search lab.test example.org by DHCPv6");
  assertEquals(info6Text({ nameservers: [], search: [] }), "");
});
