import { assertEquals } from "@std/assert";
import { UdpEndpoint } from "../../../stack/udp/endpoint.ts";
import {
  CSUM_NONE,
  CSUM_PARTIAL,
  CSUM_VALID,
  EADDRINUSE,
  GSO_NONE,
  GSO_UDP_L4,
  setOption,
  SOCK_DGRAM,
} from "../../../stack/mod.ts";
import {
  ALL_OFFLOADS,
  assertBytes,
  bytesOf,
  FakeDevice,
  Host,
  icmpFrame,
  ip,
  NO_OFFLOAD,
  OUR_ADDR,
  OUR_MAC,
  parseIp,
  PEER_ADDR,
  udpFrame,
} from "../net_fixture.ts";

const ANY = ip("0.0.0.0");
const ON = Uint8Array.of(1, 0, 0, 0);

function bound(host: Host, port: number, addr = ANY, options: number[] = []) {
  const socket = host.datagram(SOCK_DGRAM, 17);
  for (const name of options) setOption(socket, 1, name, ON, host.nowUs);
  assertEquals(socket.bind(addr, port, host.nowUs), 0);
  return socket;
}

Deno.test("connected before bound address before wildcard", () => {
  const host = new Host();
  const reuse = [2];
  const wildcard = bound(host, 5000, ANY, reuse);
  const address = bound(host, 5000, OUR_ADDR, reuse);
  const connected = bound(host, 5000, OUR_ADDR, reuse);
  connected.connect(PEER_ADDR, 77, host.nowUs);
  host.inject(udpFrame(77, 5000, bytesOf(1)));
  host.inject(udpFrame(78, 5000, bytesOf(2)));
  host.inject(udpFrame(77, 5000, bytesOf(3), { src: ip("198.18.0.9") }));
  assertEquals([wildcard, address, connected].map((s) => s.recvCount()), [0, 2, 1]);
  address.close(host.nowUs);
  host.inject(udpFrame(78, 5000, bytesOf(2)));
  assertEquals(wildcard.recvCount(), 1);
  connected.disconnect(host.nowUs);
  assertEquals(connected.local(), { addr: OUR_ADDR, port: 5000 });
  host.inject(udpFrame(77, 5000, bytesOf(1)));
  assertEquals(connected.recvCount(), 2);
});

Deno.test("of several on one port the others hear on when one has gone", () => {
  const host = new Host();
  const sockets = [1, 2, 3].map(() => bound(host, 5000, ANY, [2]));
  const hears = () => {
    host.inject(udpFrame(1, 5000, bytesOf(1), { dst: ip("198.18.0.255") }));
    return sockets.map((socket) => host.recv(socket) !== null);
  };
  assertEquals(hears(), [true, true, true]);
  sockets[1].close(host.nowUs);
  assertEquals(hears(), [true, false, true]);
  sockets[0].close(host.nowUs);
  assertEquals(hears(), [false, false, true]);
});

Deno.test("ports: in use, ephemeral, exhausted", () => {
  const config = { udp: { portMin: 40000, portMax: 40003 } };
  const host = new Host({ config });
  bound(host, 5000);
  const second = host.datagram(SOCK_DGRAM, 17);
  assertEquals(second.bind(ANY, 5000, host.nowUs), -EADDRINUSE);
  const ports = [1, 2, 3, 4].map(() => bound(host, 0).local().port);
  assertEquals(ports.sort(), [40000, 40001, 40002, 40003]);
  assertEquals(second.bind(ANY, 0, host.nowUs), -EADDRINUSE);
});

Deno.test("a wrong checksum is dropped, none is accepted, the device's word is taken", () => {
  const host = new Host();
  const socket = bound(host, 5000);
  const damaged = udpFrame(1, 5000, bytesOf(50));
  damaged[60] ^= 1;
  host.inject(damaged);
  assertEquals([socket.recvCount(), host.stack.counters.udp.inCsumErrors], [0, 1]);
  host.inject(damaged, CSUM_VALID);
  host.inject(damaged, CSUM_PARTIAL);
  const without = udpFrame(1, 5000, bytesOf(50));
  without.fill(0, 40, 42);
  host.inject(without);
  assertEquals(socket.recvCount(), 3);
});

Deno.test("lengths that lie are dropped; what is beyond the length is cut off", () => {
  const host = new Host();
  const socket = bound(host, 5000);
  for (const length of [7, 59]) {
    const frame = udpFrame(1, 5000, bytesOf(50));
    frame[39] = length;
    frame.fill(0, 40, 42);
    host.inject(frame);
  }
  assertEquals([socket.recvCount(), host.stack.counters.udp.inErrors], [0, 2]);
  const short = udpFrame(1, 5000, bytesOf(50));
  short[39] = 8 + 20;
  short.fill(0, 40, 42);
  host.inject(short);
  assertEquals(host.recv(socket)?.payload, bytesOf(50).slice(0, 20));
});

Deno.test("a coalesced frame is as many datagrams as it was", () => {
  const host = new Host();
  const socket = bound(host, 5000);
  host.inject(udpFrame(1, 5000, bytesOf(2500)), CSUM_PARTIAL, GSO_UDP_L4, 1000);
  const got = [host.recv(socket), host.recv(socket), host.recv(socket)];
  assertEquals(got.map((r) => r?.payload.length), [1000, 1000, 500]);
  assertBytes(got[2]?.payload, bytesOf(2500).slice(2000));
  host.inject(udpFrame(1, 5000, bytesOf(900)), CSUM_PARTIAL, GSO_UDP_L4, 1000);
  assertEquals(host.recv(socket)?.payload.length, 900);
});

Deno.test("broadcast goes to all that match, connected ones only from their peer", () => {
  const host = new Host();
  const reuse = [2];
  const a = bound(host, 5000, ANY, reuse);
  const b = bound(host, 5000, ip("198.18.0.255"), reuse);
  const unicast = bound(host, 5000, OUR_ADDR, reuse);
  const connected = bound(host, 5000, ANY, reuse);
  connected.connect(ip("198.18.0.66"), 1, host.nowUs);
  host.inject(udpFrame(1, 5000, bytesOf(1), { dst: ip("198.18.0.255") }));
  assertEquals([a, b, unicast, connected].map((s) => s.recvCount()), [1, 1, 0, 0]);
});

Deno.test("SO_BINDTODEVICE keeps other interfaces' datagrams out", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_DGRAM, 17);
  const lo = Uint8Array.from("lo\0", (c) => c.charCodeAt(0));
  assertEquals(setOption(socket, 1, 25, lo, host.nowUs), 0);
  socket.bind(ANY, 5000, host.nowUs);
  host.inject(udpFrame(1, 5000, bytesOf(1)));
  assertEquals(socket.recvCount(), 0);
  const client = host.datagram(SOCK_DGRAM, 17);
  host.send(client, bytesOf(1), ip("127.0.0.1"), 5000);
  host.flush();
  assertEquals(socket.recvCount(), 1);
});

Deno.test("SO_BINDTODEVICE: a connected socket leaves to others what comes elsewhere", () => {
  const host = new Host();
  const link = new FakeDevice(NO_OFFLOAD, 1500);
  const second = host.stack.addInterface({ name: "eth1", mac: OUR_MAC, link });
  const own = bound(host, 5000, ANY, [2]);
  assertEquals(setOption(own, 1, 25, new TextEncoder().encode("eth0\0"), host.nowUs), 0);
  assertEquals(own.connect(PEER_ADDR, 7, host.nowUs), 0);
  const any = bound(host, 5000, ANY, [2]);
  const by = (ifIndex: number) => {
    host.inject(udpFrame(7, 5000, bytesOf(1)), CSUM_NONE, GSO_NONE, 0, ifIndex);
    return [own.recvCount(), any.recvCount()];
  };
  assertEquals([by(host.iface.index), by(second.index)], [[1, 0], [1, 1]]);
});

Deno.test("errors are not told to who is bound to another of our addresses", () => {
  const host = new Host();
  const other = ip("198.18.0.3");
  assertEquals(host.stack.addAddress(host.iface.index, other, 24, host.nowUs), 0);
  const sockets = [OUR_ADDR, other].map((addr) => bound(host, 5000, addr));
  for (const socket of sockets) setOption(socket, 0, 11, ON, host.nowUs);
  host.sent(); // the new address's announcement
  const errors = sockets.map((socket, i) => {
    host.send(socket, bytesOf(4), PEER_ADDR, 7);
    const [sent] = host.sent().map((f) => f.bytes.slice(14));
    host.inject(icmpFrame(3, 3, 0, sent, { dst: [OUR_ADDR, other][i] }));
    return sockets.map((each) => each.takeError());
  });
  assertEquals(errors, [[111, 0], [0, 111]]);
});

Deno.test("errors find the endpoint that sent, by its ports and addresses", () => {
  const host = new Host();
  const recvErr = (socket: ReturnType<typeof bound>) => setOption(socket, 0, 11, ON, host.nowUs);
  const open = bound(host, 5000);
  const connected = bound(host, 5001);
  recvErr(open);
  connected.connect(PEER_ADDR, 7, host.nowUs);
  host.send(open, bytesOf(4), PEER_ADDR, 7);
  host.send(connected, bytesOf(4), null);
  const [first, second] = host.sent().map((f) => f.bytes.slice(14));
  const foreign = second.slice();
  foreign[23] = 9; // to another port: not what we sent
  host.inject(icmpFrame(3, 3, 0, first));
  assertEquals([open.soError, connected.soError], [111, 0]);
  host.inject(icmpFrame(3, 3, 0, foreign));
  assertEquals(connected.soError, 0);
  host.inject(icmpFrame(3, 3, 0, second));
  assertEquals(connected.soError, 111);
});

Deno.test("SO_NO_CHECK sends without a checksum", () => {
  const host = new Host();
  const socket = bound(host, 5000, ANY, [11]);
  host.send(socket, bytesOf(5), PEER_ADDR, 7);
  const { payload } = parseIp(host.sentOne());
  assertEquals([payload[6], payload[7]], [0, 0]);
});

Deno.test("each datagram sent is counted, also in a batch that the device cuts", () => {
  for (const caps of [NO_OFFLOAD, ALL_OFFLOADS]) {
    const host = new Host({ caps });
    const socket = bound(host, 5000, ANY);
    for (let i = 0; i < 4; i++) host.send(socket, bytesOf(50), PEER_ADDR, 7);
    assertEquals(host.sent().length, caps.uso ? 1 : 4);
    assertEquals(host.stack.counters.udp.outDatagrams, 4);
  }
});

Deno.test("IP_MULTICAST_ALL off: only groups of its own", () => {
  const host = new Host();
  const [all, own] = [bound(host, 5000, ANY, [2]), bound(host, 5000, ANY, [2])];
  setOption(own, 0, 49, Uint8Array.of(0, 0, 0, 0), host.nowUs);
  setOption(all, 0, 35, Uint8Array.of(239, 1, 2, 3, 198, 18, 0, 2), host.nowUs);
  setOption(own, 0, 35, Uint8Array.of(239, 1, 2, 4, 198, 18, 0, 2), host.nowUs);
  for (const dst of ["239.1.2.3", "239.1.2.4"]) {
    host.inject(
      udpFrame(1, 5000, bytesOf(1), { dst: ip(dst), dstMac: Uint8Array.of(1, 0, 94, 1, 2, 3) }),
    );
  }
  assertEquals([all.recvCount(), own.recvCount()], [2, 1]);
});

Deno.test("a broadcast comes to a connected endpoint only from its peer, address and port", () => {
  const host = new Host();
  let count = 0;
  const endpoint = new UdpEndpoint(2, { receive: () => void count++, icmpError: () => {} });
  assertEquals(host.stack.udp.bind(endpoint, ANY, 5000), 0);
  host.stack.udp.connect(endpoint, ANY, ip("198.18.0.66"), 1);
  const dst = ip("198.18.0.255");
  const from = (src: string, port: number) => {
    host.inject(udpFrame(port, 5000, bytesOf(1), { dst, src: ip(src) }));
    return count;
  };
  assertEquals([from("198.18.0.67", 1), from("198.18.0.66", 2), from("198.18.0.66", 1)], [0, 0, 1]);
});

Deno.test("the log hears of datagrams, and of one for a port that nobody has", () => {
  const host = new Host();
  const socket = bound(host, 5000, ANY);
  host.inject(udpFrame(7, 5000, bytesOf(3)));
  host.inject(udpFrame(7, 5001, bytesOf(4)));
  host.send(socket, bytesOf(5), PEER_ADDR, 7);
  assertEquals(host.log.take().filter((text) => text.startsWith("UDP")), [
    "UDP_DATAGRAM_RECEIVED 198.18.0.2:5000 198.18.0.1:7 3",
    "UDP_DROP 34",
    "UDP_NO_PORT 198.18.0.2:5001 198.18.0.1:7 4",
    "UDP_DATAGRAM_SENT 198.18.0.2:5000 198.18.0.1:7 5",
  ]);
});
