import { assert, assertEquals } from "@std/assert";
import { type DatagramSocket, DGRAM_EXTRAS_OFF, setOption } from "../../../stack/mod.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { bytesOf, Host, ip, ipFrame, udpPacket } from "../net_fixture.ts";
import { concat, Host6, ip6Frame, PEER_ADDR6, udp6Packet } from "../v6_fixture.ts";

const PAD = [1, 4, 0, 0, 0, 0];

/** Level, type and data of the first record's control messages. */
function messages(host: Host, socket: DatagramSocket): [number, number, number[]][] {
  assertEquals(socket.recvCount() > 0, true);
  const id = host.memory.dv.getUint32(socket.recvPeek(0) + DGRAM_EXTRAS_OFF, true);
  socket.recvConsume(1, host.nowUs);
  if (id === 0) return [];
  const bytes = socket.takeExtras(id, true);
  assert(bytes !== null);
  assertEquals(socket.takeExtras(id, false), bytes);
  assertEquals(socket.takeExtras(id, false), null, "once");
  const dv = new DataView(bytes.buffer);
  const found: [number, number, number[]][] = [];
  for (let at = 0; at < bytes.length; at += (dv.getUint32(at, true) + 7) & ~7) {
    const data = [...bytes.slice(at + 16, at + dv.getUint32(at, true))];
    found.push([dv.getInt32(at + 8, true), dv.getInt32(at + 12, true), data]);
  }
  return found;
}

function setUp(...names: number[]): { host: Host6; socket: DatagramSocket } {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  assertEquals(socket.bind(ip("::"), 9, host.nowUs), 0);
  for (const name of names) assertEquals(setOption(socket, 41, name, intBytes(1), host.nowUs), 0);
  return { host, socket };
}

/** A datagram behind hop-by-hop, destination and (empty) routing headers. */
function frame(): Uint8Array {
  const hop = [60, 0, ...PAD];
  const dst = [43, 0, ...PAD];
  const routing = [17, 0, 3, 0, 0, 0, 0, 0];
  const payload = concat(
    Uint8Array.from([...hop, ...dst, ...routing]),
    udp6Packet(7, 9, bytesOf(1)),
  );
  return ip6Frame(0, payload, { flowLabel: 0x12345, trafficClass: 0x28 });
}

Deno.test("extension headers and flow information, in Linux's order", () => {
  const { host, socket } = setUp(53, 56, 58, 11, 74);
  host.inject(frame());
  const [flow, hop, dst, routing, original] = messages(host, socket);
  assertEquals(flow, [41, 11, [0x02, 0x81, 0x23, 0x45]]);
  assertEquals(hop, [41, 54, [60, 0, ...PAD]]);
  assertEquals(dst, [41, 59, [43, 0, ...PAD]]);
  assertEquals(routing, [41, 57, [17, 0, 3, 0, 0, 0, 0, 0]]);
  const name = [10, 0, 0, 9, 0, 0, 0, 0, ...u8Of("2001:db8::2"), 0, 0, 0, 0];
  assertEquals(original, [41, 74, name]);
});

Deno.test("the same by the names of RFC 2292", () => {
  const { host, socket } = setUp(2, 3, 4, 5, 8);
  host.inject(frame());
  const found = messages(host, socket);
  assertEquals(found.map(([, type]) => type), [2, 8, 3, 4, 5]);
  assertEquals(found[0][2], [...u8Of("2001:db8::2"), host.iface.index, 0, 0, 0]);
  assertEquals(found[1][2], [64, 0, 0, 0]);
});

Deno.test("who asks for nothing gets nothing; what is not there is not told of", () => {
  const asking = setUp(53, 11);
  asking.host.inject(ip6Frame(17, udp6Packet(7, 9, bytesOf(1))));
  assertEquals(messages(asking.host, asking.socket), []);
  const other = setUp();
  other.host.inject(frame());
  assertEquals(messages(other.host, other.socket), []);
});

Deno.test("IPV6_RECVPATHMTU: what was too long, and for which path", () => {
  const { host, socket } = setUp(60, 62);
  assertEquals(host.send(socket, bytesOf(1500), PEER_ADDR6, 9), -90);
  const name = [10, 0, 0, 0, 0, 0, 0, 0, ...u8Of("2001:db8::1"), 0, 0, 0, 0];
  assertEquals(messages(host, socket), [[41, 61, [...name, 0xdc, 5, 0, 0]]]);
});

Deno.test("IP_RECVOPTS and IP_RETOPTS", () => {
  const host = new Host();
  const socket = host.datagram(2, 17);
  assertEquals(socket.bind(ip("0.0.0.0"), 9, host.nowUs), 0);
  for (const name of [6, 7]) assertEquals(setOption(socket, 0, name, intBytes(1), host.nowUs), 0);
  const options = Uint8Array.of(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  host.inject(ipFrame(17, udpPacket(7, 9, bytesOf(1)), { options }));
  assertEquals(messages(host, socket), [
    [0, 6, [7, 11, 8, 198, 18, 0, 2, 0, 0, 0, 0, 1]],
    [0, 7, [7, 11, 12, 198, 18, 0, 2, 0, 0, 0, 0, 0]],
  ]);
  host.inject(ipFrame(17, udpPacket(7, 9, bytesOf(1))));
  assertEquals(messages(host, socket), []);
});

function u8Of(text: string): number[] {
  const bytes = new Uint8Array(16);
  ip(text).writeTo(bytes, 0);
  return [...bytes];
}
