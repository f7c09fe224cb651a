import { assertEquals } from "@std/assert";
import { QuotedError } from "../../../stack/icmp/error_input.ts";
import type { IpAddress } from "../../../stack/mod.ts";
import { IcmpHeader, parseIcmp } from "../../../stack/wire/icmp.ts";
import type { Network } from "../../../stack/base/network.ts";
import { Packet } from "../../../stack/base/packet.ts";
import { bytesOf, icmpPacket, ip, OUR_ADDR, PEER_ADDR, udpFrame } from "../net_fixture.ts";

const NETWORK = { isLocal: (addr: IpAddress) => addr.equals(OUR_ADDR) } as unknown as Network;
const FAR = ip("203.0.113.5");
/** A datagram of ours, as a router would quote it. */
const OURS = udpFrame(1000, 7, bytesOf(64), { src: OUR_ADDR, dst: FAR }).slice(14);

function parse(type: number, code: number, rest: number, quote: Uint8Array) {
  const bytes = icmpPacket(type, code, rest, quote);
  const dv = new DataView(bytes.buffer);
  const header = new IcmpHeader();
  parseIcmp(dv, 0, bytes.length, true, header);
  const pkt = new Packet();
  pkt.endOff = bytes.length;
  pkt.src3 = PEER_ADDR.w3;
  const error = new QuotedError();
  return { result: error.parse(dv, pkt, header, NETWORK), error };
}

Deno.test("who, what, and about which packet", () => {
  const { result, error } = parse(3, 1, 0, OURS);
  assertEquals(result, 0);
  assertEquals([error.errno, error.isHard, error.mtu, error.protocol], [113, false, 0, 17]);
  assertEquals(
    [error.from, error.local, error.remote].map(String),
    ["198.18.0.1", "198.18.0.2", "203.0.113.5"],
  );
  assertEquals([error.quotedOff, error.quotedLen], [28, 72]);
});

Deno.test("the MTU of fragmentation needed, and only of that", () => {
  assertEquals(parse(3, 4, 1400, OURS).error.mtu, 1400);
  assertEquals(parse(3, 3, 1400, OURS).error.mtu, 0);
});

Deno.test("where a parameter problem points to, and only that", () => {
  assertEquals([12, 3, 11].map((type) => parse(type, 0, 21 << 24, OURS).error.pointer), [21, 0, 0]);
});

Deno.test("a redirect names a gateway and no error; codes 0 to 3", () => {
  const { result, error } = parse(5, 1, PEER_ADDR.w3, OURS);
  assertEquals([result, error.errno, error.gateway?.toString()], [0, 0, "198.18.0.1"]);
  assertEquals([parse(5, 3, 0, OURS).result, parse(5, 4, 0, OURS).result], [0, -29]);
  assertEquals(parse(3, 1, PEER_ADDR.w3, OURS).error.gateway, null);
});

Deno.test("eight bytes of the transport header are enough, seven are not", () => {
  assertEquals(parse(3, 3, 0, OURS.slice(0, 28)).result, 0);
  assertEquals(parse(3, 3, 0, OURS.slice(0, 27)).result, -30);
  assertEquals(parse(3, 3, 0, OURS.slice(0, 10)).result, -30);
});

Deno.test("not ours, not IPv4, a later fragment, a broadcast, an unknown code: ignored", () => {
  const foreign = udpFrame(1, 7, bytesOf(8), { src: FAR, dst: PEER_ADDR }).slice(14);
  assertEquals(parse(3, 3, 0, foreign).result, -30);
  const v6 = OURS.slice();
  v6[0] = 0x65;
  assertEquals(parse(3, 3, 0, v6).result, -30);
  const later = OURS.slice();
  later[7] = 5;
  assertEquals(parse(3, 3, 0, later).result, -30);
  const dst = ip("255.255.255.255");
  const all = udpFrame(1, 7, bytesOf(8), { src: OUR_ADDR, dst }).slice(14);
  assertEquals(parse(3, 3, 0, all).result, -30);
  assertEquals(parse(3, 99, 0, OURS).result, -29);
  assertEquals(parse(4, 0, 0, OURS).result, -29);
});
