import { assertEquals } from "@std/assert";
import { IpAddress } from "../../../stack/base/ip_address.ts";
import { Packet } from "../../../stack/base/packet.ts";
import {
  finish,
  fold,
  pseudoSum,
  pseudoSumOfPacket,
  pseudoSumV4,
  pseudoSumV6,
  sum,
} from "../../../stack/wire/checksum.ts";
import { randomSource } from "../storage/random.ts";
import { hex, IP_A, IP_B, UDP_PACKET, view } from "./golden.ts";

/** RFC 1071 section 1, word by word. */
function referenceFold(bytes: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i++) total += i % 2 === 0 ? bytes[i] * 256 : bytes[i];
  while (total > 0xffff) total = (total % 65536) + Math.floor(total / 65536);
  return total;
}

Deno.test("checksum: the example of RFC 1071 section 3", () => {
  assertEquals(fold(sum(view(hex("0001f203f4f5f6f7")), 0, 8, 0)), 0xddf2);
  assertEquals(finish(sum(view(hex("0001f203f4f5f6f7")), 0, 8, 0)), 0x220d);
});

Deno.test("checksum: nothing, one byte, all zeros, all ones", () => {
  assertEquals(fold(sum(view(hex("")), 0, 0, 0)), 0);
  assertEquals(fold(sum(view(hex("ab")), 0, 1, 0)), 0xab00);
  assertEquals(finish(sum(view(new Uint8Array(100)), 0, 100, 0)), 0xffff);
  assertEquals(fold(sum(view(new Uint8Array(70001).fill(0xff)), 0, 70000, 0)), 0xffff);
});

Deno.test("checksum: any length and alignment agrees with the reference", () => {
  const random = randomSource(1);
  const bytes = Uint8Array.from({ length: 300 }, () => random());
  for (let off = 0; off < 9; off++) {
    for (let len = 0; len < 80; len++) {
      const expected = referenceFold(bytes.subarray(off, off + len));
      assertEquals(fold(sum(view(bytes), off, len, 0)), expected, `off ${off} len ${len}`);
    }
  }
});

Deno.test("checksum: pieces of any lengths, odd ones too, sum up like the whole", () => {
  const random = randomSource(2);
  const bytes = Uint8Array.from({ length: 2000 }, () => random());
  for (let round = 0; round < 500; round++) {
    const whole = (random() >>> 0) % bytes.length;
    let running = 0;
    let at = 0;
    while (at < whole) {
      const len = Math.min(whole - at, (random() >>> 0) % 90);
      running = sum(view(bytes), at, len, running);
      at += len;
    }
    assertEquals(fold(running), referenceFold(bytes.subarray(0, whole)));
  }
});

Deno.test("checksum: 256 KiB of 0xff do not overflow, after an odd piece neither", () => {
  const bytes = new Uint8Array(1 << 18).fill(0xff);
  bytes[bytes.length - 1] = 0xfe;
  assertEquals(fold(sum(view(bytes), 0, bytes.length, 0)), referenceFold(bytes));
  const odd = sum(view(bytes), 0, 1, 0);
  assertEquals(fold(sum(view(bytes), 1, bytes.length - 1, odd)), referenceFold(bytes));
});

Deno.test("checksum: pseudo-headers; v4-mapped words give the same as IPv4", () => {
  const v4 = pseudoSumV4(IP_A, IP_B, 17, 13);
  assertEquals(fold(sum(view(UDP_PACKET), 20, 13, v4)), 0xffff);
  const mapped = pseudoSumV6(0, 0, 0xffff, IP_A, 0, 0, 0xffff, IP_B, 17, 13);
  assertEquals(fold(mapped), fold(v4));
  // RFC 8200 8.1: addresses, length, next header, as 40 bytes.
  const header = hex(`20010db8000000008000000000000001 ff020000000000000000000000000002
    00012345 0000003a`);
  const words = [0, 4, 8, 12, 16, 20, 24, 28].map((off) => view(header).getInt32(off));
  const [s0, s1, s2, s3, d0, d1, d2, d3] = words;
  const v6 = pseudoSumV6(s0, s1, s2, s3, d0, d1, d2, d3, 58, 0x12345);
  assertEquals(fold(v6), referenceFold(header));
});

Deno.test("pseudo-header: of what is sent and of what comes in, of either family", () => {
  const pkt = new Packet();
  for (const [from, to] of [["2001:db8::1", "2001:db8::2"], ["198.18.0.1", "198.18.0.2"]]) {
    const [s, d] = [IpAddress.parse(from)!, IpAddress.parse(to)!];
    [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = [s.w0, s.w1, s.w2, s.w3];
    [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3] = [d.w0, d.w1, d.w2, d.w3];
    assertEquals(pseudoSumOfPacket(pkt, 58, 40), pseudoSum(s, d, 58, 40));
  }
  const [s, d] = [IpAddress.parse("2001:db8::1")!, IpAddress.parse("2001:db8::2")!];
  assertEquals(fold(pseudoSum(s, d, 58, 40)), 0x2001 * 2 + 0x0db8 * 2 + 3 + 58 + 40);
  const [s4, d4] = [IpAddress.parse("198.18.0.1")!, IpAddress.parse("198.18.0.2")!];
  assertEquals(fold(pseudoSum(s4, d4, 17, 40)), fold(pseudoSumV4(s4.w3, d4.w3, 17, 40)));
});

Deno.test("the pseudo-header's sum has each half of each word, the protocol and the length", () => {
  const words = [0x12345678, 0x89abcdef | 0, 0xffff0001 | 0, 0x00018000, 7, -1, 0x40005000, 0x0a0b];
  const sumOf = (...w: number[]) =>
    pseudoSumV6(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], 58, 0x12345);
  const half = (word: number) => (word >>> 16) + (word & 0xffff);
  const rest = 58 + 1 + 0x2345;
  assertEquals(sumOf(...words), words.map(half).reduce((a, b) => a + b) + rest);
  for (const [i, word] of words.entries()) {
    const alone = words.map((_, j) => j === i ? word : 0);
    assertEquals(sumOf(...alone), half(word) + rest, `${i}`);
  }
});
