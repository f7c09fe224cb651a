import { assertEquals } from "@std/assert";
import { isUnfinished } from "../../../../io/devices/netmap/checksum.ts";
import { arpFrame, BROADCAST, ipv4Headers, onesSum, udpHeaders } from "../harness.ts";

const MAC = Uint8Array.from([2, 0, 0, 0, 0, 1]);
const fields = { dstMac: BROADCAST, srcMac: MAC, src: "198.18.0.1", dst: "198.18.0.2" };

function verdict(frame: Uint8Array): boolean {
  const padded = new Uint8Array(frame.length + 3);
  padded.set(frame, 3); // unaligned
  return isUnfinished(new DataView(padded.buffer), 3, frame.length);
}

Deno.test("isUnfinished: a UDP or TCP field with only the pseudo-header's sum", () => {
  const udp = udpHeaders(fields, [1, 2], 4);
  const frame = Uint8Array.from([...udp, 1, 2, 3, 4]);
  assertEquals(verdict(frame), true);
  frame[40] ^= 1;
  assertEquals(verdict(frame), false);
  const tcp = Uint8Array.from([
    ...ipv4Headers({ ...fields, protocol: 6 }, 20),
    ...new Uint8Array(20),
  ]);
  const sum = onesSum(Uint8Array.from([...tcp.slice(26, 34), 0, 6, 0, 20]));
  new DataView(tcp.buffer).setUint16(34 + 16, sum);
  assertEquals(verdict(tcp), true);
});

Deno.test("isUnfinished: behind a VLAN tag, too", () => {
  const plain = Uint8Array.from([...udpHeaders(fields, [1, 2], 4), 1, 2, 3, 4]);
  const tag = [0x81, 0x00, 0x00, 0x64];
  const frame = Uint8Array.from([...plain.subarray(0, 12), ...tag, ...plain.subarray(12)]);
  assertEquals(verdict(frame), true);
  for (let n = 0; n < 46; n++) assertEquals(verdict(frame.slice(0, n)), false, `${n}`);
  frame[44] ^= 1;
  assertEquals(verdict(frame), false);
});

Deno.test("isUnfinished: never for fragments, other protocols, cut frames", () => {
  const frame = Uint8Array.from([...udpHeaders(fields, [1, 2], 4), 1, 2, 3, 4]);
  const fragment = frame.slice();
  fragment[20] = 0x20; // more fragments
  assertEquals(verdict(fragment), false);
  for (let n = 0; n < 42; n++) assertEquals(verdict(frame.slice(0, n)), false, `${n}`);
  assertEquals(verdict(arpFrame(1, MAC, "198.18.0.1", "198.18.0.2")), false);
  const icmp = frame.slice();
  icmp[23] = 1;
  assertEquals(verdict(icmp), false);
});

Deno.test("isUnfinished: of IPv6, too", () => {
  const udp = udpHeaders(fields, [1, 2], 4);
  const addresses = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
  const header = [0x60, 0, 0, 0, 0, 12, 17, 64, ...addresses];
  const frame = Uint8Array.from([
    ...udp.slice(0, 12),
    0x86,
    0xdd,
    ...header,
    ...udp.slice(34),
    ...[1, 2, 3, 4],
  ]);
  const sum = onesSum(Uint8Array.from([...addresses, 0, 17, 0, 12]));
  const field = 14 + 40 + 6;
  new DataView(frame.buffer).setUint16(field, sum);
  assertEquals(verdict(frame), true);
  for (let n = 0; n < field + 2; n++) assertEquals(verdict(frame.slice(0, n)), false, `${n}`);
  frame[field] ^= 1;
  assertEquals(verdict(frame), false);
  frame[field] ^= 1;
  frame[14 + 6] = 58;
  assertEquals(verdict(frame), false);
});
