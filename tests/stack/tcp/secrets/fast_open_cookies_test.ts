import { assert, assertEquals } from "@std/assert";
import {
  CookieCache,
  CookieKey,
  CookieMaker,
} from "../../../../stack/tcp/secrets/fast_open_cookies.ts";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import { IpAddress } from "../../../../stack/base/ip_address.ts";
import { seededRandom } from "../support/host.ts";

const KEY_A = Uint8Array.from({ length: 16 }, (_, i) => i);

const KEY_B = Uint8Array.from({ length: 16 }, (_, i) => 100 + i);

function ends(local: string, remote: string): FourTuple {
  const e = new FourTuple();
  e.local = IpAddress.parse(local)!;
  e.remote = IpAddress.parse(remote)!;
  return e;
}

Deno.test("fast open: a client's cookies are bounded, the oldest make way", () => {
  const cache = new CookieCache();
  const addr = (i: number) => IpAddress.parse(`10.1.${i >> 8}.${i & 255}`)!;
  for (let i = 0; i < 1000; i++) cache.set(addr(i), { cookie: Uint8Array.of(i), mss: 1460 });
  assertEquals(cache.size, 256);
  assertEquals(cache.get(addr(0)), null);
  assert(cache.get(addr(999)) !== null);
});

Deno.test("fast open: a server's cookies differ by client and by key, and last", () => {
  const maker = new CookieMaker(KEY_A);
  const one = ends("10.0.0.1", "10.0.0.2");
  const cookie = maker.make(one);
  assertEquals(cookie.length, 8);
  assertEquals(maker.make(one), cookie);
  assert(`${new CookieMaker(KEY_B).make(one)}` !== `${cookie}`);
  assert(`${maker.make(ends("10.0.0.1", "10.0.0.3"))}` !== `${cookie}`);
  const random = CookieMaker.withRandomKey(seededRandom(4));
  assert(`${random.make(one)}` !== `${CookieMaker.withRandomKey(seededRandom(5)).make(one)}`);
  assertEquals(random.keys.length, 16);
});

Deno.test("fast open: cookies are Linux's: SipHash of the addresses in network order", () => {
  // The reference vectors of SipHash-2-4: key 00..0f, messages 00..07 and 00..1f
  const maker = new CookieMaker(KEY_A);
  const hex = (bytes: Uint8Array) =>
    [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  assertEquals(hex(maker.make(ends("4.5.6.7", "0.1.2.3"))), "6224939a79f5f593");
  const v6 = ends("1011:1213:1415:1617:1819:1a1b:1c1d:1e1f", "1:203:405:607:809:a0b:c0d:e0f");
  assertEquals(hex(maker.make(v6)), "ce7cf2722f512771");
  // Seen on the lo of a Linux 6.18 server with this TCP_FASTOPEN_KEY
  const key = new Uint8Array(Int32Array.of(1, 2, 3, 4).buffer);
  const lo = ends("127.0.0.1", "127.0.0.1");
  assertEquals(hex(new CookieMaker(key).make(lo)), "43c413eef9c8cf43");
});

Deno.test("fast open: keys change: cookies of the old one stay valid", () => {
  const one = ends("10.0.0.1", "10.0.0.2");
  const old = new CookieMaker(KEY_A).make(one);
  const both = new CookieMaker(Uint8Array.of(...KEY_B, ...KEY_A));
  assertEquals(both.keyOf(one, both.make(one), 0, 8), CookieKey.FIRST);
  assertEquals(both.keyOf(one, old, 0, 8), CookieKey.SECOND);
  assertEquals(both.keyOf(one, old, 0, 7), CookieKey.NONE);
  assertEquals(new CookieMaker(KEY_B).keyOf(one, old, 0, 8), CookieKey.NONE);
});
