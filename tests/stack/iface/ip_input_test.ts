import {
  CSUM_PARTIAL,
  CSUM_VALID,
  GSO_TCPV4,
  setOption,
  type StreamSocket,
} from "../../../stack/mod.ts";
import { assertEquals } from "@std/assert";
import { refreshIpv4Checksum } from "../../../stack/wire/ipv4.ts";
import { emitTcp, TCP_SYN } from "../../../stack/wire/tcp.ts";
import {
  BROADCAST_MAC,
  bytesOf,
  ethernetFrame,
  Host,
  icmpFrame,
  ip,
  ipFrame,
  OUR_ADDR,
  OUR_MAC,
  parseIcmpFrame,
  PEER_MAC,
  udpFrame,
} from "../net_fixture.ts";

const ECHO = 8;

function bound(host: Host) {
  const socket = host.datagram(2, 0);
  assertEquals(socket.bind(ip("0.0.0.0"), 5000, host.nowUs), 0);
  return socket;
}

Deno.test("broken headers are dropped, each under its name", () => {
  const host = new Host();
  const good = icmpFrame(ECHO, 0, 1, bytesOf(8));
  const cases: [string, (f: Uint8Array) => void][] = [
    ["drop.ipv4Version", (f) => f[14] = 0x65],
    ["drop.ipv4HeaderLen", (f) => f[14] = 0x44],
    ["drop.ipv4TotalLen", (f) => f[17] = 19],
    ["drop.ipv4Truncated", (f) => f[17] = 200],
    ["drop.ipv4Checksum", (f) => f[24] ^= 1],
  ];
  for (const [name, damage] of cases) {
    const frame = good.slice();
    damage(frame);
    host.inject(frame);
    assertEquals(host.stack.counters.snapshot()[name], 1, name);
  }
  assertEquals(host.sent().length, 0);
  host.inject(Uint8Array.of(...good, ...new Uint8Array(30))); // padding is no harm
  assertEquals(host.sent().length, 1);
});

Deno.test("sources that no other host can have are dropped, each under its name", () => {
  const host = new Host();
  const socket = bound(host);
  const cases = [
    ["127.0.0.1", "martianLoopback"],
    ["224.0.0.1", "martianMulticast"],
    ["255.255.255.255", "martianBroadcast"],
    ["198.18.0.255", "martianBroadcast"], // of our subnet: the answer would go to everybody
    ["240.0.0.1", "martianReserved"],
    ["0.1.2.3", "martianReserved"],
    ["0.0.0.0", "martianUnspecified"],
    ["198.18.0.2", "martianOwn"],
  ];
  const all = () => host.stack.counters.snapshot();
  for (const [text, name] of cases) {
    const src = ip(text);
    const before = all();
    host.inject(icmpFrame(ECHO, 0, 1, bytesOf(8), { src }));
    host.inject(udpFrame(1, 5000, bytesOf(5), { src })); // to a bound port
    host.inject(udpFrame(1, 5001, bytesOf(5), { src })); // to one that would cause an error
    const after = all();
    assertEquals(after[`drop.${name}`] - before[`drop.${name}`], 3, text);
    assertEquals(after["ip.inAddrErrors"] - before["ip.inAddrErrors"], 3, text);
  }
  host.inject(icmpFrame(ECHO, 0, 1, bytesOf(8), { dst: ip("127.0.0.1") }));
  assertEquals(all()["drop.ipMartian"], 1);
  assertEquals([host.sent().length, host.recv(socket)], [0, null]);
});

Deno.test("what is not for us is dropped: we do not forward", () => {
  const host = new Host();
  host.inject(icmpFrame(ECHO, 0, 1, bytesOf(8), { dst: ip("198.18.0.3") }));
  host.inject(icmpFrame(ECHO, 0, 1, bytesOf(8), { dst: ip("239.1.2.3") }));
  assertEquals([host.sent().length, host.stack.counters.drops[18]], [0, 2]);
});

Deno.test("broadcasts reach UDP sockets; pings to all are not answered", () => {
  const host = new Host();
  const socket = bound(host);
  for (const text of ["255.255.255.255", "198.18.0.255"]) {
    const fields = { dst: ip(text), dstMac: BROADCAST_MAC };
    host.inject(udpFrame(1, 5000, bytesOf(5), fields));
    assertEquals(host.recv(socket)?.dst, text);
    host.inject(icmpFrame(ECHO, 0, 1, bytesOf(8), fields));
    host.inject(udpFrame(1, 5001, bytesOf(5), fields)); // and no error is sent
  }
  // A DHCP server's offer may come from 0.0.0.0
  const offer = { src: ip("0.0.0.0"), dst: ip("255.255.255.255"), dstMac: BROADCAST_MAC };
  host.inject(udpFrame(1, 5000, bytesOf(5), offer));
  assertEquals(host.recv(socket)?.addr, "0.0.0.0");
  assertEquals([host.sent().length, host.stack.counters.ip.inBcastPkts], [0, 7]);
});

Deno.test("a unicast packet in a broadcast frame is taken, but gets no error in answer", () => {
  const host = new Host();
  const socket = bound(host);
  host.inject(udpFrame(1, 5000, bytesOf(5), { dstMac: BROADCAST_MAC }));
  assertEquals(host.recv(socket)?.dst, "198.18.0.2");
  host.inject(udpFrame(1, 5001, bytesOf(5), { dstMac: BROADCAST_MAC }));
  assertEquals(host.sent().length, 0);
});

Deno.test("RFC 9293 3.9.2.3 (MUST-57): TCP does not answer what came in a frame to all", () => {
  const host = new Host();
  const syn = new Uint8Array(20);
  const dv = new DataView(syn.buffer);
  const listener = host.stack.socket(2, 1, 0) as StreamSocket;
  assertEquals(listener.bind(ip("0.0.0.0"), 80, host.nowUs), 0);
  assertEquals(listener.listen(5, host.nowUs), 0);
  const answers = (port: number, dstMac: Uint8Array) => {
    emitTcp(dv, 0, 4000, port, 1, 0, 20, TCP_SYN, 1000, 0, 0);
    host.inject(ipFrame(6, syn, { dstMac }), CSUM_VALID);
    return host.sent().length;
  };
  assertEquals([answers(80, BROADCAST_MAC), answers(81, BROADCAST_MAC)], [0, 0]);
  assertEquals([answers(80, OUR_MAC), answers(81, OUR_MAC)], [1, 1]);
});

Deno.test("options are skipped; broken ones get a parameter problem", () => {
  const host = new Host();
  const withOptions = (options: number[]) => {
    const plain = icmpFrame(ECHO, 0, 1, bytesOf(8)).slice(14);
    const packet = Uint8Array.of(...plain.slice(0, 20), ...options, ...plain.slice(20));
    packet[0] = 0x45 + options.length / 4;
    packet[3] += options.length;
    refreshIpv4Checksum(new DataView(packet.buffer), 0, 20 + options.length);
    return ethernetFrame(OUR_MAC, PEER_MAC, 0x0800, packet);
  };
  host.inject(withOptions([1, 1, 148, 4, 0, 0, 0, 0]));
  assertEquals(parseIcmpFrame(host.sentOne()).icmp.type, 0);
  host.inject(withOptions([1, 148, 9, 0]));
  const error = parseIcmpFrame(host.sentOne());
  assertEquals([error.icmp.type, error.icmp.pointer], [12, 21]);
  host.inject(withOptions([131, 7, 4, 10, 0, 0, 1, 0])); // a loose source route
  assertEquals([host.sent().length, host.stack.counters.drops[15]], [0, 1]);
});

Deno.test("a protocol that nobody knows: protocol unreachable", () => {
  const host = new Host();
  host.inject(ipFrame(99, bytesOf(40)));
  const error = parseIcmpFrame(host.sentOne());
  assertEquals([error.icmp.type, error.icmp.code], [3, 2]);
  assertEquals(host.stack.counters.ip.inUnknownProtos, 1);
});

Deno.test("reassembly that times out: time exceeded, code 1, quoting the first fragment", () => {
  const host = new Host();
  host.inject(ipFrame(17, bytesOf(800), { id: 5, flagsAndOffset: 0x2000 }));
  host.advance(29e6);
  assertEquals(host.sent().length, 0);
  host.advance(2e6);
  const error = parseIcmpFrame(host.sent().filter((f) => f.bytes[13] === 0)[0]);
  assertEquals([error.icmp.type, error.icmp.code], [11, 1]);
  const told = host.log.take().filter((text) => text.startsWith("IP_REASSEMBLY"));
  assertEquals(told, ["IP_REASSEMBLY_TIMEOUT 198.18.0.1 800"]);
  assertEquals(error.data.slice(20), bytesOf(800).slice(0, error.data.length - 20));
  // Without the first fragment nobody is told.
  host.inject(ipFrame(17, bytesOf(800), { id: 6, flagsAndOffset: 0x2000 | 100 }));
  host.advance(31e6);
  assertEquals(host.sent().filter((f) => f.bytes[13] === 0).length, 0);
});

Deno.test("an unreachable neighbour's packet with a forged source tells nobody", () => {
  const host = new Host();
  const raw = host.datagram(3, 255);
  const packet = ipFrame(17, bytesOf(20), { src: ip("203.0.113.7"), dst: ip("198.18.0.99") });
  assertEquals(host.send(raw, packet.slice(14), ip("198.18.0.99")), 40);
  host.advance(5e6);
  assertEquals(host.sent().every((f) => f.bytes[13] === 6), true);
  assertEquals(host.stack.counters.icmp.outMsgs, 0);
});

Deno.test("multicast: only groups that were joined", () => {
  const host = new Host();
  const socket = bound(host);
  const group = ip("239.1.2.3");
  const fields = { dst: group, dstMac: Uint8Array.of(1, 0, 0x5e, 1, 2, 3) };
  const mreq = Uint8Array.of(239, 1, 2, 3, 198, 18, 0, 2);
  host.inject(udpFrame(1, 5000, bytesOf(5), fields));
  assertEquals(host.recv(socket), null);
  assertEquals(setOption(socket, 0, 35, mreq, host.nowUs), 0);
  host.inject(udpFrame(1, 5000, bytesOf(5), fields));
  assertEquals(host.recv(socket)?.dst, "239.1.2.3");
  assertEquals(setOption(socket, 0, 36, mreq, host.nowUs), 0);
  host.inject(udpFrame(1, 5000, bytesOf(5), fields));
  assertEquals(host.recv(socket), null);
  assertEquals(host.stack.counters.ip.inMcastPkts, 1);
  assertEquals(OUR_ADDR.toString(), "198.18.0.2");
});

Deno.test("a datagram in two fragments is whole to its last byte, whichever comes first", () => {
  const host = new Host();
  const socket = bound(host);
  const whole = udpFrame(1, 5000, bytesOf(1200)).slice(34);
  for (const order of [[0, 1], [1, 0]]) {
    const id = 77 + order[0];
    const parts = [
      ipFrame(17, whole.slice(0, 800), { id, flagsAndOffset: 0x2000 }),
      ipFrame(17, whole.slice(800), { id, flagsAndOffset: 100 }),
    ];
    for (const i of order) host.inject(parts[i]);
    assertEquals(host.recv(socket)?.payload, bytesOf(1200));
  }
});

Deno.test("a datagram to a group that nobody here takes gets no error in answer", () => {
  const host = new Host();
  const socket = bound(host);
  const mreq = Uint8Array.of(239, 1, 2, 3, 198, 18, 0, 2);
  assertEquals(setOption(socket, 0, 35, mreq, host.nowUs), 0);
  host.flush();
  host.sent();
  const fields = { dst: ip("239.1.2.3"), dstMac: Uint8Array.of(1, 0, 0x5e, 1, 2, 3) };
  host.inject(udpFrame(1, 5999, bytesOf(5), fields));
  host.inject(ipFrame(99, bytesOf(8), fields));
  assertEquals(host.stack.counters.icmp.outMsgs, 0);
  const segment = new Uint8Array(20);
  emitTcp(new DataView(segment.buffer), 0, 4000, 81, 1, 0, 20, TCP_SYN, 1000, 0, 0);
  host.inject(ipFrame(6, segment, fields), CSUM_VALID);
  assertEquals(host.stack.counters.tcp.outRsts, 0);
});

Deno.test("a TSO packet of more than 64 KiB is taken whole; what is none is dropped", () => {
  const host = new Host();
  const body = new Uint8Array(20 + 200_000);
  emitTcp(new DataView(body.buffer), 0, 1, 2, 1000, 0, 20, 0, 500, 0, 0);
  const frame = ipFrame(6, body);
  host.inject(frame, CSUM_PARTIAL, GSO_TCPV4, 1448);
  // Nobody listens: the reset says how much has come
  const reset = new DataView(host.sentOne().bytes.buffer);
  assertEquals(reset.getUint32(14 + 20 + 8), 201_000);
  assertEquals(host.stack.counters.tcp.inSegs, Math.ceil(200_000 / 1448));
  host.inject(frame, CSUM_PARTIAL);
  assertEquals([host.sent().length, host.stack.counters.snapshot()["drop.ipv4TotalLen"]], [0, 1]);
});

Deno.test("what is delivered is counted, what is not for us is not", () => {
  const host = new Host();
  const before = host.stack.counters.ip.inDelivers;
  host.inject(udpFrame(1, 5000, bytesOf(4)));
  host.inject(udpFrame(1, 5000, bytesOf(4), { dst: ip("198.18.0.77") }));
  const { inDelivers, inReceives } = host.stack.counters.ip;
  assertEquals([inDelivers - before, inReceives], [1, 2]);
});
