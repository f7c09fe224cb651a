import { assertEquals } from "@std/assert";
import { checksumPlace } from "../../../../io/devices/base/frame.ts";

/** A frame at 4 of this type, whose packet begins with these bytes, 80 bytes long. */
function frame(etherType: number, ...packet: number[]): DataView {
  const dv = new DataView(new ArrayBuffer(100));
  dv.setUint16(4 + 12, etherType);
  new Uint8Array(dv.buffer).set(packet, 4 + 14);
  return dv;
}

const IPV4 = (protocol: number, fragment = 0, headerWords = 5) => [
  ...[0x40 | headerWords, 0, 0, 60, 0, 0, fragment, 0, 64, protocol],
];

Deno.test("where the checksum of a frame is: TCP, UDP, options, IPv6", () => {
  const of = (dv: DataView, len = 80) => {
    const place = checksumPlace(dv, 4, len);
    return place === null ? null : [place.l4Off, place.csumOffset];
  };
  assertEquals(of(frame(0x0800, ...IPV4(6))), [38, 16]);
  assertEquals(of(frame(0x0800, ...IPV4(17))), [38, 6]);
  assertEquals(of(frame(0x0800, ...IPV4(17, 0, 7))), [46, 6]);
  assertEquals(of(frame(0x86dd, 0x60, 0, 0, 0, 0, 20, 17)), [58, 6]);
  assertEquals(of(frame(0x86dd, 0x60, 0, 0, 0, 0, 20, 44)), null);
  assertEquals(of(frame(0x0800, ...IPV4(1))), null);
  assertEquals(of(frame(0x0800, ...IPV4(17, 0x20))), null);
  assertEquals(of(frame(0x0806, ...IPV4(17))), null);
  assertEquals(of(frame(0x0800, ...IPV4(6)), 51), null);
  assertEquals(of(frame(0x0800, ...IPV4(6)), 20), null);
});
