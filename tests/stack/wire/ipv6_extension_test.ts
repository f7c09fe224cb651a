import { assertEquals } from "@std/assert";
import { DROP_IPV6_HEADER } from "../../../stack/base/drop_reason.ts";
import {
  emitFragmentHeader,
  ExtensionWalk,
  IPV6_MF,
  isChainWhole,
  PROBLEM_FIELD,
  PROBLEM_NEXT_HEADER,
  PROBLEM_NONE,
  PROBLEM_OPTION,
  skipExtensions,
  walkExtensions,
  walkHopByHop,
} from "../../../stack/wire/ipv6_extension.ts";
import { assertEmits, hex, view } from "./golden.ts";

/** A packet whose first next header is `first`, and what follows the IPv6 header. */
function packetOf(first: string, rest: string): Uint8Array {
  const body = hex(rest);
  const address = "20010db8000000000000000000000001";
  const packet = hex(
    `60000000 ${body.length.toString(16).padStart(4, "0")} ${first} 40 ${address} ${address}`,
  );
  return new Uint8Array([...packet, ...body]);
}

function walk(first: string, rest: string) {
  const all = packetOf(first, rest);
  const out = new ExtensionWalk();
  return { reason: walkExtensions(view(all), 0, all.length, out), out };
}

/** Eight bytes of UDP. */
const UDP = "0fa0 1388 0008 0000";

Deno.test("extension headers: none", () => {
  const { reason, out } = walk("11", UDP);
  assertEquals([reason, out.protocol, out.transportOff, out.nextFieldOff], [0, 17, 40, 6]);
  assertEquals([out.isFragment, out.hasRouterAlert], [false, false]);
});

Deno.test("extension headers: hop-by-hop, destination and a finished routing header", () => {
  const { reason, out } = walk(
    "00",
    `3c 00 0502 0000 0100  2b 00 1e04 00000000  11 00 0000 00000000 ${UDP}`,
  );
  assertEquals([reason, out.protocol, out.transportOff, out.nextFieldOff], [0, 17, 64, 56]);
  assertEquals(out.hasRouterAlert, true);
});

Deno.test("extension headers: hop-by-hop options not in front are no header (RFC 8200 4.1)", () => {
  const { reason, out } = walk("3c", `00 00 0104 00000000  11 00 0104 00000000 ${UDP}`);
  assertEquals([reason, out.problem, out.pointerOff], [
    DROP_IPV6_HEADER,
    PROBLEM_NEXT_HEADER,
    40,
  ]);
});

Deno.test("extension headers: a routing header with hops left (RFC 5095)", () => {
  const { reason, out } = walk("2b", `11 02 00 01 00000000 ${"00".repeat(16)} ${UDP}`);
  assertEquals([reason, out.problem, out.pointerOff], [DROP_IPV6_HEADER, PROBLEM_FIELD, 42]);
});

Deno.test("extension headers: unknown options, by the bits of their type (RFC 8200 4.2)", () => {
  const of = (type: string) => walk("3c", `11 00 ${type}02 0000 0100 ${UDP}`);
  assertEquals(of("1e").reason, 0);
  assertEquals([of("5e").reason, of("5e").out.problem], [DROP_IPV6_HEADER, PROBLEM_NONE]);
  for (const [type, isTold] of [["9e", true], ["de", false]] as const) {
    const { reason, out } = of(type);
    assertEquals([reason, out.problem, out.pointerOff], [DROP_IPV6_HEADER, PROBLEM_OPTION, 42]);
    assertEquals(out.isToldOfGroup, isTold);
  }
});

Deno.test("extension headers: a jumbogram is an option that is not known (RFC 2675)", () => {
  const { out } = walk("00", `11 00 c204 00010000 ${UDP}`);
  assertEquals([out.problem, out.pointerOff, out.isToldOfGroup], [PROBLEM_OPTION, 42, false]);
});

Deno.test("extension headers: what does not end in time, and too much of a kind", () => {
  assertEquals(walk("3c", "11 01 0104 00000000").reason, DROP_IPV6_HEADER, "length");
  assertEquals(walk("3c", `11 00 0105 00000000 ${UDP}`).reason, DROP_IPV6_HEADER, "option");
  assertEquals(walk("3c", "11 00 01").reason, DROP_IPV6_HEADER, "cut off");
  assertEquals(walk("2c", "11 00 0001").reason, DROP_IPV6_HEADER, "fragment cut off");
  const one = "3c 00 0104 00000000";
  assertEquals(walk("3c", `${one.repeat(7)} 11 00 0104 00000000 ${UDP}`).reason, 0);
  assertEquals(
    walk("3c", `${one.repeat(8)} 11 00 0104 00000000 ${UDP}`).reason,
    DROP_IPV6_HEADER,
    "nine headers",
  );
  assertEquals(
    walk("3c", `11 01 ${"1e00".repeat(7)} ${UDP}`).reason,
    0,
    "seven options",
  );
  assertEquals(
    walk("3c", `11 02 ${"1e00".repeat(9)} 0102 0000 ${UDP}`).reason,
    DROP_IPV6_HEADER,
    "nine options",
  );
  assertEquals(walk("3c", `11 01 010c ${"00".repeat(12)} ${UDP}`).reason, DROP_IPV6_HEADER);
});

Deno.test("extension headers: a walk ends at a fragment", () => {
  const { reason, out } = walk("00", `2c 00 0104 00000000  11 00 05b1 12345678 ${UDP}`);
  assertEquals([reason, out.isFragment, out.moreFragments], [0, true, true]);
  assertEquals([out.fragmentOff, out.id, out.fragmentHeaderOff], [0x5b0, 0x12345678, 48]);
  assertEquals([out.transportOff, out.nextFieldOff], [48, 40]);
});

Deno.test("extension headers: the only fragment of a packet is passed over (RFC 6946)", () => {
  const { reason, out } = walk("2c", `11 00 0000 12345678 ${UDP}`);
  assertEquals([reason, out.isFragment, out.protocol, out.transportOff], [0, false, 17, 48]);
});

Deno.test("extension headers: a fragment header is written", () => {
  assertEmits(
    hex("3a 00 05b1 9abcdef0"),
    (dv, off) => emitFragmentHeader(dv, off, 58, 0x5b0 | IPV6_MF, 0x9abcdef0 | 0),
  );
});

Deno.test("extension headers: a router looks at hop-by-hop options alone (RFC 8200 4.3)", () => {
  const out = new ExtensionWalk();
  const look = (rest: string) => {
    const all = packetOf("00", rest);
    return [walkHopByHop(view(all), 0, all.length, out), out.problem, out.pointerOff];
  };
  assertEquals(look(`3c 00 0502 0000 0100  11 00 9e04 00000000 ${UDP}`), [0, PROBLEM_NONE, 0]);
  assertEquals(out.hasRouterAlert, true);
  assertEquals(look(`11 00 9e04 00000000 ${UDP}`), [DROP_IPV6_HEADER, PROBLEM_OPTION, 42]);
  assertEquals(look(`11 02 0104 00000000 ${UDP}`), [DROP_IPV6_HEADER, PROBLEM_NONE, 0]);
  assertEquals(look("11 00 01"), [DROP_IPV6_HEADER, PROBLEM_NONE, 0]);
});

Deno.test("extension headers: which message it is, whatever is wrong before it", () => {
  const out = new ExtensionWalk();
  const found = (first: string, rest: string) => {
    const all = packetOf(first, rest);
    skipExtensions(view(all), 0, all.length, out);
    return [out.protocol, out.transportOff];
  };
  assertEquals(found("3a", UDP), [58, 40]);
  assertEquals(found("3c", `00 00 9e04 00000000  3a 00 0104 00000000 ${UDP}`), [58, 56]);
  assertEquals(found("2b", `2c 00 0001 00000000  3a 00 0001 00000007 ${UDP}`), [58, 56]);
  assertEquals(found("2c", `3a 00 0008 00000007 ${UDP}`), [44, 40]);
  assertEquals(found("3c", "3a 00 0104 00000000"), [59, 48]);
});

Deno.test("extension headers: the first fragment holds the whole chain (RFC 7112 5)", () => {
  const isWhole = (rest: string) => {
    const { out } = walk("2c", rest);
    const all = packetOf("2c", rest);
    return isChainWhole(view(all), out, all.length);
  };
  const tcp = "00".repeat(20);
  const cases: [string, boolean][] = [
    [`11 00 0001 00000007 ${UDP}`, true],
    ["11 00 0001 00000007 0fa0 1388 0008", false],
    [`06 00 0001 00000007 ${tcp}`, true],
    [`06 00 0001 00000007 ${tcp.slice(8)}`, false],
    [`3c 00 0001 00000007 11 00 0104 00000000 ${UDP}`, true],
    ["3c 00 0001 00000007 11 00 0104 00000000", false],
    [`3c 00 0001 00000007 11 01 0104 00000000 ${UDP}`, false],
    [`3c 00 0001 00000007 11 02 0104 00000000 ${UDP}`, false],
    ["3c 00 0001 00000007 11 00", false],
    ["c8 00 0001 00000007 00", true],
    ["c8 00 0001 00000007", false],
  ];
  for (const [rest, wanted] of cases) assertEquals(isWhole(rest), wanted, rest);
});
