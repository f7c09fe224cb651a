import { assertEquals } from "@std/assert";
import {
  seqDiff,
  seqGeq,
  seqGt,
  seqInWindow,
  seqLeq,
  seqLt,
  seqMax,
  seqMin,
} from "../../../../stack/tcp/base/seq.ts";

/** 0, 2^31 - 1, 2^31, 2^31 + 1, 2^32 - 1 and others, as int32. */
const POINTS = [0, 1, 1000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff]
  .map((n) => n | 0);

Deno.test("seq: order at every edge of the circle", () => {
  for (const a of POINTS) {
    for (const n of [0, 1, 2, 65535, 0x3fffffff, 0x7fffffff]) {
      const b = (a + n) | 0;
      assertEquals(seqLt(a, b), n > 0, `${a} < ${b}`);
      assertEquals(seqLeq(a, b), true);
      assertEquals(seqGt(b, a), n > 0);
      assertEquals(seqGeq(b, a), true);
      assertEquals(seqLt(b, a), false);
      assertEquals(seqGt(a, b), false);
      assertEquals(seqLeq(b, a), n === 0);
      assertEquals(seqGeq(a, b), n === 0);
      assertEquals([seqDiff(b, a), seqDiff(a, b)], [n, -n | 0]);
      assertEquals([seqMax(a, b), seqMax(b, a)], [b, b]);
      assertEquals([seqMin(a, b), seqMin(b, a)], [a, a]);
      assertEquals(b, (a + n) | 0);
    }
  }
});

Deno.test("seq: a window that wraps", () => {
  for (const lo of POINTS) {
    assertEquals(seqInWindow(lo, lo, 0), false);
    assertEquals(seqInWindow(lo, lo, 1), true);
    assertEquals(seqInWindow((lo + 65534) | 0, lo, 65535), true);
    assertEquals(seqInWindow((lo + 65535) | 0, lo, 65535), false);
    assertEquals(seqInWindow((lo + -1) | 0, lo, 0x7fffffff), false);
    assertEquals(seqInWindow((lo + 0x7ffffffe) | 0, lo, 0x7fffffff), true);
  }
});
