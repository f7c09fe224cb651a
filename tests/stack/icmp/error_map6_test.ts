import { assertEquals } from "@std/assert";
import { errnoOfIcmpv6, isHardIcmpv6 } from "../../../stack/icmp/error_map6.ts";

Deno.test("icmpv6 errors: Linux's errno of each", () => {
  const of = (type: number, code: number) => [errnoOfIcmpv6(type, code), isHardIcmpv6(type, code)];
  const EACCES = 13, EPROTO = 71, EMSGSIZE = 90, ENETUNREACH = 101;
  const ECONNREFUSED = 111, EHOSTUNREACH = 113;
  assertEquals([0, 1, 2, 3, 4, 5, 6, 7].map((code) => of(1, code)), [
    [ENETUNREACH, false],
    [EACCES, true],
    [EHOSTUNREACH, false],
    [EHOSTUNREACH, false],
    [ECONNREFUSED, true],
    [EACCES, true],
    [EACCES, true],
    [EPROTO, false],
  ]);
  assertEquals([of(2, 0), of(3, 0), of(4, 1), of(100, 0)], [
    [EMSGSIZE, false],
    [EHOSTUNREACH, false],
    [EPROTO, true],
    [EPROTO, false],
  ]);
});
