/**
 * The tests' own packet builder, decoder and printer, against each other and against stack/wire.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fold, pseudoSumV4, sum } from "../../stack/wire/checksum.ts";
import {
  arpFrame,
  icmpBytes,
  ipv4Frame,
  ipv4Header,
  PROTO_ICMP,
  PROTO_TCP,
  PROTO_UDP,
  tcpBytes,
  tcpSegment,
  udpBytes,
} from "./build.ts";
import { onesSum, pseudoSum } from "./checksum.ts";
import { decodeFrame } from "./decode.ts";
import { frameText, segmentText } from "./format.ts";
import { ipText, ipWord, type TcpOption, wireFrame } from "./packet_types.ts";
import { Prng } from "./prng.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const header = ipv4Header({ src: ipWord("198.18.0.1"), dst: ipWord("198.18.0.2") });
const OPTIONS: readonly TcpOption[] = [
  { kind: "mss", mss: 1460 },
  { kind: "sackOK" },
  { kind: "ts", val: 4_000_000_000, ecr: 7 },
  { kind: "nop" },
  { kind: "wscale", shift: 7 },
];

Deno.test("segments come back as they were built, at any payload length", () => {
  for (const len of [0, 1, 2, 3, 100, 1459]) {
    const segment = tcpSegment({
      srcPort: 4000,
      dstPort: 80,
      seq: 4_294_967_290,
      ack: 5,
      flags: 0x18,
      options: OPTIONS,
      payload: new Uint8Array(len).fill(0xc3),
    });
    const bytes = ipv4Frame(MAC, MAC, header, PROTO_TCP, tcpBytes(header.src, header.dst, segment));
    const back = decodeFrame(wireFrame(bytes));
    assertEquals(back.errors, []);
    assertEquals(back.tcp, segment);
  }
});

Deno.test("any flipped bit of a segment is found", () => {
  const segment = tcpSegment({ flags: 0x10, options: OPTIONS, payload: new Uint8Array(33) });
  const good = ipv4Frame(MAC, MAC, header, PROTO_TCP, tcpBytes(header.src, header.dst, segment));
  for (let bit = 14 * 8; bit < good.length * 8; bit++) {
    const bad = good.slice();
    bad[bit >> 3] ^= 1 << (bit & 7);
    assert(decodeFrame(wireFrame(bad)).errors.length > 0, `bit ${bit}`);
  }
});

Deno.test("checksums agree with stack/wire", () => {
  const prng = new Prng(1);
  for (let i = 0; i < 200; i++) {
    const u8 = Uint8Array.from({ length: prng.below(100) + 8 }, () => prng.below(256));
    const [off, src, dst] = [prng.below(7), prng.next(), prng.next()];
    const len = prng.below(u8.length - off);
    const ours = onesSum(u8, off, len, pseudoSum(src >>> 0, dst >>> 0, 6, len));
    const theirs = fold(sum(new DataView(u8.buffer), off, len, pseudoSumV4(src, dst, 6, len)));
    assertEquals(ours % 0xffff, theirs % 0xffff);
  }
});

Deno.test("packets print in the usual notation", () => {
  const segment = tcpSegment({
    seq: 1001,
    ack: 501,
    flags: 0x18,
    win: 500,
    options: [{ kind: "sack", blocks: [[601, 701]] }],
    payload: new Uint8Array(20),
  });
  const text = segmentText(segment, { sender: 1000, receiver: 500 });
  assertEquals(text, "P. 1:21(20) ack 1 win 500 <sack 101:201>");
  const arp = arpFrame(MAC, {
    op: 1,
    senderMac: MAC,
    senderIp: header.src,
    targetMac: new Uint8Array(6),
    targetIp: header.dst,
  });
  assertEquals(
    frameText(decodeFrame(wireFrame(arp))),
    "ARP who-has 198.18.0.2 tell 198.18.0.1",
  );
  const udp = udpBytes(header.src, header.dst, {
    srcPort: 1,
    dstPort: 2,
    payload: new Uint8Array(9),
  });
  const datagram = wireFrame(ipv4Frame(MAC, MAC, header, PROTO_UDP, udp));
  assertEquals(frameText(decodeFrame(datagram)), "198.18.0.1.1 > 198.18.0.2.2: udp (9)");
  const icmp = icmpBytes({ type: 3, code: 4, rest: 1400, payload: new Uint8Array(28) });
  const message = wireFrame(ipv4Frame(MAC, MAC, header, PROTO_ICMP, icmp));
  assertEquals(
    frameText(decodeFrame(message)),
    "198.18.0.1 > 198.18.0.2: icmp frag_needed mtu 1400 (28)",
  );
  assertEquals(ipText(ipWord("255.254.0.9")), "255.254.0.9");
});

Deno.test("random numbers: the same seed, the same numbers; uniform enough", () => {
  const [a, b, c] = [new Prng(5), new Prng(5), new Prng(6)];
  const first = Array.from({ length: 20 }, () => a.next());
  assertEquals(first, Array.from({ length: 20 }, () => b.next()));
  assert(first.some((n) => n !== c.next()));
  const buckets = new Array(10).fill(0);
  for (let i = 0; i < 100_000; i++) buckets[a.below(10)]++;
  for (const n of buckets) assert(Math.abs(n - 10_000) < 500, `${buckets}`);
});
