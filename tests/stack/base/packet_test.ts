import { assertEquals } from "@std/assert";
import { IpAddress } from "../../../stack/base/ip_address.ts";
import { isDestination, isSource, Packet } from "../../../stack/base/packet.ts";

Deno.test("packet: whom it is from and for, every word of it", () => {
  const pkt = new Packet();
  [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = [1, 2, 3, 4];
  [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3] = [5, 6, 7, 8];
  assertEquals(isSource(IpAddress.fromWords(1, 2, 3, 4), pkt), true);
  assertEquals(isDestination(IpAddress.fromWords(5, 6, 7, 8), pkt), true);
  for (let i = 0; i < 4; i++) {
    const words = (first: number) => [0, 1, 2, 3].map((k) => first + k + (k === i ? 64 : 0));
    const [s0, s1, s2, s3] = words(1);
    assertEquals(isSource(IpAddress.fromWords(s0, s1, s2, s3), pkt), false, `source ${i}`);
    const [d0, d1, d2, d3] = words(5);
    assertEquals(isDestination(IpAddress.fromWords(d0, d1, d2, d3), pkt), false, `dst ${i}`);
  }
});
