import { assert, assertEquals } from "@std/assert";
import { IpIdent } from "../../../stack/iface/ip_ident.ts";

function randomFrom(seed: number): () => number {
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0);
}

Deno.test("identifications of one flow follow one another, around the end too", () => {
  const ident = new IpIdent(randomFrom(1));
  let last = ident.take(1, 2, 17, 1);
  for (let i = 0; i < 70_000; i++) {
    const next = ident.take(1, 2, 17, 1);
    if (next !== ((last + 1) & 0xffff)) assertEquals(next, (last + 1) & 0xffff);
    last = next;
  }
  assertEquals(ident.take(1, 2, 17, 45), (last + 1) & 0xffff);
  assertEquals(ident.take(1, 2, 17, 1), (last + 46) & 0xffff);
});

Deno.test("another destination, protocol or secret starts elsewhere", () => {
  const a = new IpIdent(randomFrom(1));
  const ids = new Set<number>();
  for (let dst = 0; dst < 64; dst++) ids.add(a.take(1, dst, 17, 1));
  assert(ids.size > 55, `${ids.size}`);
  const b = new IpIdent(randomFrom(2));
  assert(new IpIdent(randomFrom(1)).take(1, 2, 6, 1) !== b.take(1, 2, 6, 1));
});
