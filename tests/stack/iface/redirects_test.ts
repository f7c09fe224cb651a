import { assertEquals } from "@std/assert";
import { Redirects } from "../../../stack/iface/redirects.ts";
import { ip } from "../net_fixture.ts";

const [OLD, NEW, OTHER] = ["198.18.0.1", "198.18.0.3", "198.18.0.4"].map(ip);
const DST = ip("203.0.113.9");

Deno.test("one destination, where the table says the gateway that it was said of", () => {
  const redirects = new Redirects(300e6);
  assertEquals(redirects.replace(DST, OLD, 2), OLD);
  redirects.add(DST, OLD, NEW, 2, 0);
  assertEquals(redirects.replace(DST, OLD, 2), NEW);
  assertEquals(redirects.replace(ip("203.0.113.8"), OLD, 2), OLD);
  assertEquals(redirects.replace(DST, OTHER, 2), OTHER);
  assertEquals(redirects.replace(DST, OLD, 3), OLD);
});

Deno.test("forgotten after its time, counted from the last redirect", () => {
  const redirects = new Redirects(300e6);
  redirects.add(DST, OLD, NEW, 2, 0);
  redirects.add(ip("203.0.113.8"), OLD, NEW, 2, 1e6);
  redirects.add(DST, OLD, OTHER, 2, 2e6);
  assertEquals([redirects.pollAtUs(), redirects.poll(300e6)], [301e6, false]);
  assertEquals([redirects.poll(301e6), redirects.count], [true, 1]);
  assertEquals(redirects.replace(DST, OLD, 2), OTHER);
  assertEquals([redirects.poll(302e6), redirects.pollAtUs()], [true, Infinity]);
});

Deno.test("IPv6: a destination is its whole address", () => {
  const redirects = new Redirects(300e6);
  const [old, better] = [ip("fe80::1"), ip("fe80::3")];
  redirects.add(ip("2001:db8:1::9"), old, better, 2, 0);
  assertEquals(redirects.replace(ip("2001:db8:1::9"), old, 2), better);
  assertEquals(redirects.replace(ip("2001:db8:2::9"), old, 2), old);
});

Deno.test("forgotten when the gateway does not answer", () => {
  const redirects = new Redirects(300e6);
  redirects.add(DST, OLD, NEW, 2, 0);
  assertEquals([redirects.forget(OLD, 2), redirects.forget(NEW, 3)], [false, false]);
  assertEquals([redirects.forget(NEW, 2), redirects.count], [true, 0]);
});

Deno.test("a bounded number, the oldest goes", () => {
  const redirects = new Redirects(300e6);
  for (let i = 0; i < 5000; i++) {
    redirects.add(ip(`10.1.${i >> 8}.${i & 255}`), OLD, NEW, 2, i);
  }
  assertEquals(redirects.count, 4096);
  assertEquals(redirects.replace(ip("10.1.0.0"), OLD, 2), OLD);
  assertEquals(redirects.replace(ip("10.1.19.135"), OLD, 2), NEW);
});
