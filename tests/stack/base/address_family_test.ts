import { assertEquals } from "@std/assert";
import { checkDestination, checkSource } from "../../../stack/base/address_family.ts";
import { AF_INET, AF_INET6, EAFNOSUPPORT, EINVAL, ENETUNREACH } from "../../../stack/mod.ts";
import { ip } from "../net_fixture.ts";

Deno.test("who may send where, and be bound to what: domain, IPV6_V6ONLY, address", () => {
  const cases: [number, boolean, string, number, number][] = [
    [AF_INET, false, "198.18.0.1", 0, 0],
    [AF_INET, false, "2001:db8::1", -EAFNOSUPPORT, -EAFNOSUPPORT],
    [AF_INET, false, "::", -EAFNOSUPPORT, -EAFNOSUPPORT],
    [AF_INET6, false, "::ffff:198.18.0.1", 0, 0],
    [AF_INET6, true, "::ffff:198.18.0.1", -ENETUNREACH, -EINVAL],
    [AF_INET6, false, "2001:db8::1", 0, 0],
    [AF_INET6, true, "::", 0, 0],
  ];
  for (const [domain, isV6Only, text, destination, source] of cases) {
    const found = [checkDestination, checkSource].map((f) => f(domain, isV6Only, ip(text)));
    assertEquals(found, [destination, source], `${domain} ${isV6Only} ${text}`);
  }
});
