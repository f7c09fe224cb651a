import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  GENERATE_EUI64,
  GENERATE_RANDOM,
  GENERATE_STABLE,
  InterfaceIds,
} from "../../../stack/iface/interface_id.ts";
import { ip } from "../net_fixture.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 2);
const OTHER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 3);
const SECRET = "2001:db8:1:2:3:4:5:6";
const [ONE, TWO] = [ip("2001:db8:1::"), ip("2001:db8:2::")];
const lower = ({ w2, w3 }: { w2: number; w3: number }) => [w2, w3];

function ids(mode: number, secret = "", words: readonly number[] = [1]): InterfaceIds {
  let next = 0;
  return new InterfaceIds(mode, secret, () => words[next++ % words.length]);
}

Deno.test("interface id: of the MAC address (RFC 4291 appendix A); opaque needs a secret", () => {
  for (const one of [ids(GENERATE_EUI64, SECRET), ids(GENERATE_STABLE)]) {
    assertEquals(one.form(ONE, MAC, 0).toString(), "2001:db8:1::ff:fe00:2");
    assertEquals(one.canRetry, false);
  }
});

Deno.test("interface id: opaque: the same each time, of all that it is of (RFC 7217)", () => {
  const form = (secret = SECRET, prefix = ONE, mac = MAC, attempt = 0) =>
    ids(GENERATE_STABLE, secret).form(prefix, mac, attempt);
  const first = form();
  assertEquals(form().equals(first), true);
  assertEquals([first.w0, first.w1], [ONE.w0, ONE.w1]);
  assertNotEquals(lower(form(SECRET, TWO)), lower(first));
  assertNotEquals(form(SECRET, ONE, OTHER_MAC), first);
  assertNotEquals(form(SECRET, ONE, MAC, 1), first);
  assertNotEquals(form("::1"), first);
  assertEquals(first.toString().includes("ff:fe00"), false);
  assert(ids(GENERATE_STABLE, SECRET).canRetry);
});

Deno.test("interface id: by chance, but not one that is reserved (RFC 5453)", () => {
  const [ethernet, anycast] = [0x02005eff, 0xfdffffff | 0];
  const words = [0, 0, ethernet, 0xfe001234 | 0, anycast, 0xffffff80 | 0, 5, 6];
  const one = ids(GENERATE_RANDOM, "", words);
  assertEquals(one.form(ONE, MAC, 0).toString(), "2001:db8:1::5:0:6");
  assertEquals(one.canRetry, true);
  // Just beside what is reserved.
  const beside = [0, 1, ethernet, 0xfd001234 | 0, anycast, 0xffffff7f | 0];
  const two = ids(GENERATE_EUI64, "", beside);
  assertEquals([1, 2, 3].map(() => lower(two.temporary(ONE))).flat(), beside);
});
