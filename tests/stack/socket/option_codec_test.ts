import { assertEquals } from "@std/assert";
import {
  boolBytes,
  checkInt,
  intBytes,
  intOrByteBytes,
  readInt,
  readIntOrByte,
  readV4,
  v4Bytes,
} from "../../../stack/socket/option_codec.ts";

Deno.test("ints are little endian and signed", () => {
  for (const n of [0, 1, -1, 255, 256, 0x12345678, -0x80000000, 0x7fffffff]) {
    assertEquals(readInt(intBytes(n)), n);
  }
  assertEquals(intBytes(0x01020304), Uint8Array.of(4, 3, 2, 1));
  assertEquals(readInt(Uint8Array.of(9, 9, 4, 3, 2, 1), 2), 0x01020304);
  assertEquals(boolBytes(true), Uint8Array.of(1, 0, 0, 0));
  assertEquals([checkInt(new Uint8Array(3)), checkInt(new Uint8Array(4))], [-22, 0]);
});

Deno.test("IPPROTO_IP takes and gives single bytes", () => {
  assertEquals(readIntOrByte(Uint8Array.of(200)), 200);
  assertEquals(readIntOrByte(Uint8Array.of(200, 1)), 200);
  assertEquals(readIntOrByte(Uint8Array.of(1, 2, 0, 0)), 513);
  assertEquals(readIntOrByte(new Uint8Array(0)), 0);
  assertEquals(intOrByteBytes(64, 1), Uint8Array.of(64));
  assertEquals(intOrByteBytes(64, 4), intBytes(64));
  assertEquals(intOrByteBytes(1500, 1), intBytes(1500));
});

Deno.test("addresses are in network order", () => {
  assertEquals(v4Bytes(0xc6120001 | 0), Uint8Array.of(198, 18, 0, 1));
  assertEquals(readV4(Uint8Array.of(0, 198, 18, 0, 1), 1), 0xc6120001 | 0);
});
