import { assert, assertEquals } from "@std/assert";
import {
  emitOptions,
  emitSynOptions,
  optionsLen,
  parseTcpOptions,
  TcpOptions,
} from "../../../stack/wire/tcp_options.ts";
import { DROP_TCP_OPTIONS } from "../../../stack/base/drop_reason.ts";
import { randomSource } from "../storage/random.ts";
import * as golden from "./golden.ts";
import { assertEmits, dirty, EMIT_OFF, hex, view } from "./golden.ts";

function parse(text: string, isSyn = true): [number, TcpOptions] {
  const out = new TcpOptions();
  // Before and after it, bytes that would be options.
  const u8 = new Uint8Array(100).fill(3);
  const options = hex(text);
  u8.set(options, 7);
  return [parseTcpOptions(view(u8), 7, options.length, isSyn, out), out];
}

/** Only what is there, for comparison. */
function found(o: TcpOptions): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  if (o.mss !== 0) all.mss = o.mss;
  if (o.windowScale >= 0) all.windowScale = o.windowScale;
  if (o.sackPermitted) all.sackPermitted = true;
  if (o.hasTimestamps) all.timestamps = [o.tsVal, o.tsEcr];
  if (o.sackCount > 0) {
    all.sack = Array.from({ length: o.sackCount }, (_, i) => [o.sackLeft[i], o.sackRight[i]]);
  }
  if (o.fastOpenCookieOff >= 0) all.cookie = [o.fastOpenCookieOff, o.fastOpenCookieLen];
  return all;
}

Deno.test("tcp options: of Linux's SYN, parse and emit back", () => {
  for (const packet of [golden.SYN_PACKET, golden.SYN_ACK_PACKET]) {
    const o = new TcpOptions();
    assertEquals(parseTcpOptions(view(packet), 40, 20, true, o), 0);
    assertEquals([o.mss, o.windowScale, o.sackPermitted], [1460, 10, true]);
    assertEmits(packet.slice(40), (dv, off) => {
      const { mss, windowScale, tsVal, tsEcr } = o;
      assertEquals(emitSynOptions(dv, off, mss, windowScale, true, true, tsVal, tsEcr, null), 20);
    });
  }
});

Deno.test("tcp options: of an established connection, parse and emit back", () => {
  const o = new TcpOptions();
  assertEquals(parseTcpOptions(view(golden.DATA_PACKET), 40, 12, false, o), 0);
  assertEquals(found(o), { timestamps: [0x64a6b847, 0x6cfa19df] });
  assertEmits(golden.DATA_PACKET.slice(40, 52), (dv, off) => {
    assertEquals(emitOptions(dv, off, true, o.tsVal, o.tsEcr, 0, o.sackLeft, o.sackRight), 12);
  });
  const withSack = hex(`0101080a 80000000 ffffffff
    0101051a 00000001 00000005 fffffff0 00000000 7fffffff 80000001`);
  assertEquals(parseTcpOptions(view(withSack), 0, withSack.length, false, o), 0);
  assertEquals(found(o), {
    timestamps: [-0x80000000, -1],
    sack: [[1, 5], [-16, 0], [0x7fffffff, -0x7fffffff]],
  });
  assertEmits(withSack, (dv, off) => {
    const len = emitOptions(dv, off, true, o.tsVal, o.tsEcr, 3, o.sackLeft, o.sackRight);
    assertEquals([len, optionsLen(true, 3)], [40, 40]);
  });
});

Deno.test("tcp options: four SACK blocks without timestamps", () => {
  const text = "01010522 00000001000000020000000300000004 00000005000000060000000700000008";
  const [result, o] = parse(text, false);
  assertEquals([result, o.sackCount, o.hasTimestamps], [0, 4, false]);
  assertEmits(hex(text), (dv, off) => {
    const len = emitOptions(dv, off, false, 0, 0, 4, o.sackLeft, o.sackRight);
    assertEquals([len, optionsLen(false, 4), optionsLen(false, 0)], [36, 36, 0]);
  });
});

Deno.test("tcp options: every combination of a SYN's is aligned, clean and read back", () => {
  const cookies = [null, hex(""), hex("01020304"), hex("0102030405060708"), hex("a1".repeat(16))];
  for (let bits = 0; bits < 16; bits++) {
    const [mss, scale] = [(bits & 1) * 536, bits & 2 ? 7 : -1];
    const [sack, timestamps] = [(bits & 4) !== 0, (bits & 8) !== 0];
    for (const cookie of cookies) {
      const dv = dirty();
      const len = emitSynOptions(dv, EMIT_OFF, mss, scale, sack, timestamps, 5, -6, cookie);
      assertEquals(len % 4, 0);
      assert(len <= 40);
      assertEquals(dv.getUint8(EMIT_OFF + len), 0xa5);
      const o = new TcpOptions();
      assertEquals(parseTcpOptions(dv, EMIT_OFF, len, true, o), 0);
      assertEquals([o.mss, o.windowScale], [mss, scale]);
      assertEquals([o.sackPermitted, o.hasTimestamps], [sack, timestamps]);
      if (timestamps) assertEquals([o.tsVal, o.tsEcr], [5, -6]);
      const read = o.fastOpenCookieOff < 0 ? null : new Uint8Array(
        dv.buffer.slice(o.fastOpenCookieOff, o.fastOpenCookieOff + o.fastOpenCookieLen),
      );
      assertEquals(read, cookie);
    }
  }
});

Deno.test("tcp options: Fast Open, padded behind, and as an experiment (RFC 6994)", () => {
  const cookie = hex("a1a2a3a4a5a6");
  assertEmits(hex("2208 a1a2a3a4a5a6"), (dv, off) => {
    assertEquals(emitSynOptions(dv, off, 0, -1, false, false, 0, 0, cookie), 8);
  });
  assertEmits(hex("fe0a f989 a1a2a3a4a5a6 0101"), (dv, off) => {
    assertEquals(emitSynOptions(dv, off, 0, -1, false, false, 0, 0, cookie, true), 12);
  });
  const [, plain] = parse("2208 a1a2a3a4a5a6");
  assertEquals([plain.fastOpenCookieLen, plain.isFastOpenExperimental], [6, false]);
  const [, experiment] = parse("fe0a f989 a1a2a3a4a5a6 0101");
  assertEquals([experiment.fastOpenCookieOff, experiment.fastOpenCookieLen], [11, 6]);
  assert(experiment.isFastOpenExperimental);
  assertEquals(found(parse("fe04 f989")[1]), { cookie: [11, 0] }, "asks for one");
  for (const text of ["fe04 f98a", "fe03 f9", "fe02", "fe07 f989 a1a2a3"]) {
    assertEquals(found(parse(text)[1]), {}, text);
  }
});

Deno.test("tcp options: those of a SYN count in a SYN only", () => {
  const text = "020405b4 0402 01 0103030a 2202";
  assertEquals(found(parse(text, false)[1]), {});
  assertEquals(found(parse(text, true)[1]), {
    mss: 1460,
    sackPermitted: true,
    windowScale: 10,
    cookie: [7 + 13, 0],
  });
});

Deno.test("tcp options: unusual but well formed", () => {
  const cases: [string, Record<string, unknown>][] = [
    ["", {}],
    ["00", {}],
    ["01010101", {}],
    ["00 0402", {}], // after END
    ["fe04abcd 0402", { sackPermitted: true }], // unknown
    ["0303ff", { windowScale: 14 }], // RFC 7323 2.3
    ["02040000", {}], // MSS 0
    ["02040001 02040218", { mss: 536 }], // the last counts
    ["02040001 02040000", { mss: 1 }], // but 0 is none
    ["0205 000000 0402", { sackPermitted: true }], // wrong length for its kind: skipped
    ["0502", {}], // no block
    ["0509 00000000000000", {}], // not whole blocks
    ["0809 00000000000000", {}],
    ["2203ff 0402", { sackPermitted: true }], // cookie of 1
    ["2205ffffff", {}], // of 3
    ["2207ffffffffff", {}], // of 5
    ["2214" + "ff".repeat(18), {}], // of 18
    ["080a0000000100000002", { timestamps: [1, 2] }], // not aligned
  ];
  for (const [text, expected] of cases) {
    const [result, o] = parse(text);
    assertEquals(result, 0, text);
    assertEquals(found(o), expected, text);
  }
});

Deno.test("tcp options: what is malformed ends parsing, what came before counts", () => {
  const cases = [
    "0402 02", // no length byte
    "0402 0200", // length 0
    "0402 0201", // length 1
    "0402 020405", // beyond the end
    "0402 08ff00000000",
    "0402 05120000000000000000",
  ];
  for (const text of cases) {
    const [result, o] = parse(text);
    assertEquals(result, DROP_TCP_OPTIONS, text);
    assertEquals(found(o), { sackPermitted: true }, text);
  }
});

Deno.test("tcp options: a reused object forgets the segment before", () => {
  const o = new TcpOptions();
  parseTcpOptions(view(golden.SYN_PACKET), 40, 20, true, o);
  const sack = hex("2202 050a0000000100000002 0000");
  parseTcpOptions(view(sack), 0, sack.length, true, o);
  assertEquals(found(o), { sack: [[1, 2]], cookie: [2, 0] });
  parseTcpOptions(view(golden.DATA_PACKET), 40, 12, false, o);
  assertEquals(found(o), { timestamps: [0x64a6b847, 0x6cfa19df] });
  parseTcpOptions(view(sack), 0, 0, false, o);
  assertEquals(found(o), {});
});

Deno.test("tcp options: noise never reads outside the area", () => {
  const random = randomSource(3);
  const o = new TcpOptions();
  for (let round = 0; round < 20000; round++) {
    const len = (random() >>> 0) % 41;
    const u8 = new Uint8Array(len);
    for (let i = 0; i < len; i++) u8[i] = random() & (round & 1 ? 0x0f : 0xff);
    // A DataView of exactly this length: reading beyond it would throw.
    const result = parseTcpOptions(view(u8), 0, len, (round & 2) === 0, o);
    assert(result === 0 || result === DROP_TCP_OPTIONS);
    assert(o.windowScale <= 14 && o.sackCount <= 4);
    assert(o.fastOpenCookieOff + o.fastOpenCookieLen <= len);
  }
});
