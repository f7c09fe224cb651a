import { assertEquals } from "@std/assert";
import { EADDRNOTAVAIL, ENODEV } from "../../../stack/mod.ts";
import { Host, ip, OUR_ADDR } from "../net_fixture.ts";

function addresses({ iface }: Host): string[] {
  return iface.addresses.map(({ addr, isDeprecated }) => `${addr}${isDeprecated ? " old" : ""}`);
}

Deno.test("an address is deprecated, then gone with its route, each in its time", () => {
  const host = new Host();
  const { admin } = host.stack;
  const addr = ip("198.18.7.2");
  host.stack.addAddress(2, addr, 24, host.nowUs);
  assertEquals(admin.setLifetimes(2, addr, 60, 100, host.nowUs), 0);
  assertEquals(admin.setLifetimes(2, ip("198.18.7.3"), 60, 100, host.nowUs), -EADDRNOTAVAIL);
  assertEquals(admin.setLifetimes(9, addr, 60, 100, host.nowUs), -ENODEV);
  host.advance(59e6);
  assertEquals(addresses(host), [`${OUR_ADDR}`, `${addr}`]);
  host.advance(2e6);
  assertEquals(addresses(host), [`${OUR_ADDR}`, `${addr} old`]);
  host.advance(40e6);
  assertEquals([addresses(host), host.stack.routes.length], [[`${OUR_ADDR}`], 1]);
});

Deno.test("a time that is set anew counts from then; for ever: it does not end", () => {
  const host = new Host();
  const set = (preferred: number, valid: number) =>
    host.stack.admin.setLifetimes(2, OUR_ADDR, preferred, valid, host.nowUs);
  set(50, 50);
  host.advance(40e6);
  set(0, 50);
  assertEquals(addresses(host), [`${OUR_ADDR} old`]);
  host.advance(40e6);
  set(Infinity, Infinity);
  assertEquals(addresses(host), [`${OUR_ADDR}`]);
  host.advance(1000e6);
  assertEquals(addresses(host), [`${OUR_ADDR}`]);
});
