import { assert, assertEquals } from "@std/assert";
import { IpIdent } from "../../../stack/iface/ip_ident.ts";

function randomFrom(seed: number): () => number {
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0);
}

/** The difference of two numbers of 16 bits. */
const gap = (from: number, to: number) => (to - from) & 0xffff;

Deno.test("within a millisecond they follow one another, around the end too", () => {
  const ident = new IpIdent(randomFrom(1));
  let last = ident.take(1, 2, 17, 1, 5e6);
  for (let i = 0; i < 70_000; i++) {
    const next = ident.take(1, 2, 17, 1, 5e6);
    if (next !== ((last + 1) & 0xffff)) assertEquals(next, (last + 1) & 0xffff);
    last = next;
  }
  assertEquals(gap(last, ident.take(1, 2, 17, 45, 5e6)), 1);
  assertEquals(gap(last, ident.take(1, 2, 17, 1, 5e6)), 46);
});

Deno.test("after a pause they skip a random part of its milliseconds", () => {
  const ident = new IpIdent(randomFrom(1));
  let last = ident.take(1, 2, 17, 1, 0);
  const gaps: number[] = [];
  for (let i = 1; i <= 200; i++) {
    const next = ident.take(1, 2, 17, 1, i * 100e3);
    gaps.push(gap(last, next));
    last = next;
  }
  assert(gaps.every((g) => g >= 1 && g <= 100), `${gaps}`);
  assert(new Set(gaps).size > 50, `${new Set(gaps).size}`);
});

Deno.test("another destination, protocol or secret starts elsewhere", () => {
  const a = new IpIdent(randomFrom(1));
  const ids = new Set<number>();
  for (let dst = 0; dst < 64; dst++) ids.add(a.take(1, dst, 17, 1, 0));
  assert(ids.size > 55, `${ids.size}`);
  const b = new IpIdent(randomFrom(2));
  assert(new IpIdent(randomFrom(1)).take(1, 2, 6, 1, 0) !== b.take(1, 2, 6, 1, 0));
});
