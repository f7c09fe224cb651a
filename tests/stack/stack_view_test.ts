/**
 * A stack as ss and ip look at it: sockets of every kind and state, neighbours, the way to a
 * destination.
 */
import { assert, assertEquals } from "@std/assert";
import {
  AF_INET,
  AF_INET6,
  ANY_V4,
  CSUM_VALID,
  ENETUNREACH,
  IpAddress,
  IPPROTO_ICMP,
  setOption,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type SocketView,
  type StreamSocket,
} from "../../stack/mod.ts";
import { emitTcp, TCP_SYN } from "../../stack/wire/tcp.ts";
import { arpFrame, Host, ipFrame, OUR_ADDR, PEER_ADDR, PEER_MAC } from "./net_fixture.ts";

const LOOPBACK = IpAddress.v4(0x7f000001);
const ESTABLISHED = 1;
const SYN_SENT = 2;
const FIN_WAIT_2 = 5;
const TIME_WAIT = 6;
const CLOSED = 7;
const CLOSE_WAIT = 8;
const LISTEN = 10;
const SYN_RECEIVED = 3;
const SO_KEEPALIVE = 9;
const SO_MARK = 36;
const IP_TOS = 1;
const SHUT_WR = 1;
const OTHER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);
const ON = Uint8Array.of(1, 0, 0, 0);

function stream(host: Host, domain = AF_INET): StreamSocket {
  const socket = host.stack.socket(domain, SOCK_STREAM, 0);
  assert(typeof socket !== "number" && socket.kind === "stream");
  return socket as StreamSocket;
}

/** A listener on port 80, a client of it, and the accepted end. */
function connected(
  host: Host,
): { listener: StreamSocket; client: StreamSocket; end: StreamSocket } {
  const [listener, client] = [stream(host), stream(host)];
  assertEquals(listener.bind(ANY_V4, 80, host.nowUs), 0);
  assertEquals(listener.listen(5, host.nowUs), 0);
  client.connect(LOOPBACK, 80, host.nowUs);
  host.flush();
  const waiting = host.stack.view.tcp(host.nowUs)[0];
  assertEquals([waiting.state, waiting.receiveBytes, waiting.sendBytes], [LISTEN, 1, 5]);
  const end = listener.accept();
  assert(end !== null);
  return { listener, client, end };
}

/** "state local port remote port", in order. */
function lines(views: readonly SocketView[]): string[] {
  return views.map((v) =>
    `${v.state} ${v.local} ${v.localPort} ${v.remote} ${
      v.remotePort === 80 ? 80 : v.remotePort > 0
    }`
  ).map((line) => line.replace(/ (\d{5}) /, " port ")).sort();
}

Deno.test("TCP: a listener, both ends of a connection, and what is on the way", () => {
  const host = new Host();
  const { client, end, listener } = connected(host);
  assertEquals(
    lines(host.stack.view.tcp(host.nowUs)),
    [
      `${ESTABLISHED} 127.0.0.1 80 127.0.0.1 true`,
      `${ESTABLISHED} 127.0.0.1 port 127.0.0.1 80`,
      `${LISTEN} 0.0.0.0 80 0.0.0.0 false`,
    ].sort(),
  );
  const of = (socket: StreamSocket) =>
    host.stack.view.tcp(host.nowUs).find((view) => view.socket === socket as unknown);
  assert(of(listener)?.detail?.info.length === 248);
  host.memory.u8.fill(7, client.sendSpan(100).off0, client.sendSpan(100).off0 + 100);
  client.sendCommit(100, host.nowUs);
  assertEquals([of(client)?.sendBytes, of(end)?.receiveBytes], [100, 0]);
  host.flush();
  assertEquals([of(client)?.sendBytes, of(end)?.receiveBytes], [0, 100]);
  assertEquals(of(client)?.detail?.congestion, host.stack.config.tcp.congestion);
});

Deno.test("TCP: orphans and TIME-WAIT have no socket, and a timer", () => {
  const host = new Host();
  const { client, end } = connected(host);
  client.close(host.nowUs);
  host.flush();
  const closing = host.stack.view.tcp(host.nowUs);
  assertEquals(closing.map(({ state }) => state).sort(), [CLOSE_WAIT, FIN_WAIT_2, LISTEN].sort());
  const orphan = closing.find(({ state }) => state === FIN_WAIT_2);
  assertEquals([orphan?.socket, orphan?.timer], [null, 2]);
  assert((orphan?.expiresUs ?? 0) > 0);
  end.close(host.nowUs);
  host.flush();
  const waiting = host.stack.view.tcp(host.nowUs).filter(({ state }) => state === TIME_WAIT);
  assertEquals(waiting.map((v) => [v.socket, v.timer, v.detail]), [[null, 3, null]]);
  assertEquals(waiting[0].expiresUs, host.stack.config.tcp.timeWaitUs);
});

Deno.test("TCP: which timer runs, and how far it is", () => {
  const host = new Host();
  const { client, end } = connected(host);
  const of = (socket: StreamSocket) => {
    const views = host.stack.view.tcp(host.nowUs);
    const found = views.find((view) => view.socket === socket as unknown);
    assert(found !== undefined);
    return [found.timer, found.expiresUs, found.retransmits];
  };
  assertEquals([of(client), of(end)], [[0, 0, 0], [0, 0, 0]]);
  setOption(client, 1, SO_KEEPALIVE, ON, host.nowUs);
  assertEquals(of(client), [2, 7_200_000_000, 0]);
  host.advance(1_000_000);
  assertEquals(of(client), [2, 7_199_000_000, 0]);
});

Deno.test("TCP: who is shut in which direction, with which window and buffers", () => {
  const host = new Host();
  const { client, end, listener } = connected(host);
  const detail = (socket: StreamSocket) =>
    host.stack.view.tcp(host.nowUs).find((view) => view.socket === socket as unknown)?.detail;
  const shut = (socket: StreamSocket) => [
    detail(socket)?.isReceiveShut,
    detail(socket)?.isSendShut,
  ];
  assertEquals([shut(client), shut(end)], [[false, false], [false, false]]);
  client.shutdown(SHUT_WR, host.nowUs);
  assertEquals(shut(client), [false, true]);
  host.flush();
  assertEquals(shut(end), [true, false]);
  setOption(end, 0, IP_TOS, Uint8Array.of(0x28, 0, 0, 0), host.nowUs);
  setOption(end, 1, SO_MARK, Uint8Array.of(7, 0, 0, 0), host.nowUs);
  const { tos, mark, congestionWindow, receiveBuffer, sendBuffer } = detail(end)!;
  assertEquals([tos, mark], [0x28, 7]);
  assert(congestionWindow > 0 && receiveBuffer > 0 && sendBuffer > 0);
  assertEquals([detail(listener)?.isV6Only, detail(listener)?.isReceiveShut], [false, false]);
});

Deno.test("TCP: a half-open connection is a record, with a timer and no socket", () => {
  const host = new Host();
  const listener = stream(host);
  listener.bind(ANY_V4, 80, host.nowUs);
  listener.listen(5, host.nowUs);
  const syn = new Uint8Array(20);
  emitTcp(new DataView(syn.buffer), 0, 9, 80, 1, 0, 20, TCP_SYN, 1000, 0, 0);
  host.inject(ipFrame(6, syn), CSUM_VALID);
  host.flush();
  const find = () => host.stack.view.tcp(host.nowUs).find(({ state }) => state === SYN_RECEIVED)!;
  const { timer, expiresUs, retransmits, socket, detail, domain, remotePort } = find();
  assertEquals([timer, retransmits, socket, detail], [1, 0, null, null]);
  assertEquals([expiresUs, domain, remotePort], [1_000_000, AF_INET, 9]);
  host.advance(1_500_000);
  assertEquals([find().retransmits, find().expiresUs], [1, 1_500_000]);
});

Deno.test("TCP: a SYN that waits for its answer is retransmitted", () => {
  const host = new Host();
  stream(host).connect(PEER_ADDR, 9, host.nowUs);
  host.flush();
  const [view] = host.stack.view.tcp(host.nowUs);
  assertEquals([view.state, view.timer, view.retransmits], [SYN_SENT, 1, 0]);
  host.advance(1_500_000);
  assertEquals(host.stack.view.tcp(host.nowUs)[0].retransmits, 1);
});

Deno.test("an AF_INET6 listener is one, whatever its address", () => {
  const host = new Host();
  const listener = stream(host, AF_INET6);
  listener.bind(IpAddress.fromWords(0, 0, 0, 0), 81, host.nowUs);
  listener.listen(1, host.nowUs);
  const [view] = host.stack.view.tcp(host.nowUs);
  assertEquals([view.domain, String(view.remote)], [AF_INET6, "::"]);
});

Deno.test("UDP, raw and ping sockets: bound, connected, with what waits in them", () => {
  const host = new Host();
  const bound = host.datagram(SOCK_DGRAM, 0);
  bound.bind(OUR_ADDR, 53, host.nowUs);
  const other = host.datagram(SOCK_DGRAM, 0);
  other.connect(PEER_ADDR, 53, host.nowUs);
  host.datagram(SOCK_DGRAM, 0); // has no port yet
  const view = host.stack.view.udp();
  assertEquals(
    lines(view),
    [
      `${CLOSED} ${OUR_ADDR} 53 0.0.0.0 false`,
      `${ESTABLISHED} ${OUR_ADDR} port ${PEER_ADDR} true`,
    ].sort(),
  );
  assert(view.every(({ socket, detail }) => socket !== null && detail === null));
  host.send(host.datagram(SOCK_DGRAM, 0), new Uint8Array(9), OUR_ADDR, 53);
  host.flush();
  const holder = host.stack.view.udp().find(({ socket }) => socket === bound as unknown);
  assert((holder?.receiveBytes ?? 0) >= 9);
  host.datagram(SOCK_RAW, IPPROTO_ICMP);
  const ping = host.datagram(SOCK_DGRAM, IPPROTO_ICMP);
  ping.bind(ANY_V4, 77, host.nowUs);
  assertEquals(host.stack.view.raw().map((v) => [v.protocol, v.state]), [[1, CLOSED]]);
  assertEquals(host.stack.view.ping().map((v) => [v.protocol, v.localPort]), [[1, 77]]);
});

Deno.test("neighbours: known, asked for, failed", () => {
  const host = new Host();
  const nobody = IpAddress.v4(0xc6120063);
  host.send(host.datagram(SOCK_DGRAM, 0), new Uint8Array(1), nobody, 9);
  host.flush();
  const states = () =>
    host.stack.view.neighbours(host.nowUs).map((n) => [String(n.addr), n.state, n.mac]);
  assertEquals(states(), [[String(PEER_ADDR), 4, PEER_MAC], ["198.18.0.99", 1, null]]);
  host.advance(5e6);
  assertEquals(states()[1], ["198.18.0.99", 0x20, null]);
});

Deno.test("the stamp of the network is another when something in it is, and only then", () => {
  const host = new Host();
  const seen = [host.stack.view.networkStamp()];
  const isNew = () => {
    const stamp = host.stack.view.networkStamp();
    const isOther = !seen.includes(stamp);
    seen.push(stamp);
    return isOther;
  };
  assertEquals(isNew(), false);
  host.send(host.datagram(SOCK_DGRAM, 0), new Uint8Array(1), IpAddress.v4(0xc6120063), 9);
  assertEquals([isNew(), isNew()], [true, false], "somebody is asked for");
  host.advance(5e6);
  assertEquals(isNew(), true, "he does not answer");
  host.inject(arpFrame(1, OTHER_MAC, PEER_ADDR, new Uint8Array(6), PEER_ADDR));
  assertEquals(isNew(), true, "another MAC address");
  host.stack.addRoute({ dst: ANY_V4, prefixLen: 0, gateway: PEER_ADDR });
  assertEquals(isNew(), true, "a route");
  assertEquals([host.stack.setMtu(2, 1400), isNew()], [0, true]);
});

Deno.test("the way to a destination", () => {
  const host = new Host();
  const far = IpAddress.v4(0xcb007109);
  assertEquals(host.stack.view.route(far, null, 0), -ENETUNREACH);
  host.stack.addRoute({ dst: ANY_V4, prefixLen: 0, gateway: PEER_ADDR });
  const route = host.stack.view.route(far, null, 0);
  assert(typeof route !== "number");
  assertEquals([route.ifIndex, route.gateway, route.src, route.isLocal], [
    2,
    PEER_ADDR,
    OUR_ADDR,
    false,
  ]);
  const own = host.stack.view.route(OUR_ADDR, null, 0);
  assert(typeof own !== "number");
  assertEquals([own.ifIndex, own.gateway, own.isLocal], [1, null, true]);
});
