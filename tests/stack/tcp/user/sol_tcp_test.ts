import { assertEquals } from "@std/assert";
import { Bbr } from "../../../../stack/tcp/congestion/mod.ts";
import { Tcb } from "../../../../stack/tcp/tcb/tcb.ts";
import { Peer } from "../support/peer.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";

const TCP_CONGESTION = 13;

function int(n: number): Uint8Array {
  return new Uint8Array(new Int32Array([n]).buffer);
}

function get(socket: TcpSocket, name: number): number {
  const bytes = socket.getTcpOption(name, 4, 0);
  return typeof bytes === "number" ? bytes : new DataView(bytes.buffer).getInt32(0, true);
}

Deno.test("options at level IPPROTO_TCP: defaults, bounds, what comes back", () => {
  const socket = new Peer().host.tcp.createSocket(2);
  // [name, default, [value set, result, value got]...]
  const table: [number, number, ...[number, number, number][]][] = [
    [1, 0, [1, 0, 1], [7, 0, 1], [0, 0, 0]], // NODELAY
    [2, 536, [87, -22, 536], [1000, 0, 1000], [32768, -22, 1000], [0, 0, 536]], // MAXSEG
    [3, 0, [1, 0, 1], [0, 0, 0]], // CORK
    [4, 7200, [0, -22, 7200], [10, 0, 10], [32768, -22, 10]], // KEEPIDLE
    [5, 75, [0, -22, 75], [10, 0, 10]], // KEEPINTVL
    [6, 9, [0, -22, 9], [127, 0, 127], [128, -22, 127]], // KEEPCNT
    [7, 6, [0, -22, 6], [3, 0, 3], [128, -22, 3]], // SYNCNT
    [8, 60, [-5, 0, -1], [0, 0, 60], [7, 0, 7], [1000, 0, 120]], // LINGER2
    [9, 0, [1, 0, 1], [2, 0, 3], [5, 0, 7], [0x7fffffff, 0, 29_887], [0, 0, 0]], // DEFER_ACCEPT
    [10, 0, [100, 0, 2048], [9000, 0, 9000], [0, 0, 0]], // WINDOW_CLAMP
    [12, 1, [0, 0, 0], [1, 0, 1]], // QUICKACK
    [16, 0, [1, 0, 1], [2, -22, 1], [0, 0, 0]], // THIN_LINEAR_TIMEOUTS
    [17, 0, [1, 0, 0], [2, -22, 0]], // THIN_DUPACK
    [44, 120_000, [999, -22, 120_000], [1000, 0, 1000], [120_001, -22, 1000]], // RTO_MAX_MS
    [45, 200_000, [1999, -22, 200_000], [2000, 0, 2000], [200_001, -22, 2000]], // RTO_MIN_US
    [46, 200_000, [1999, -22, 200_000], [2000, 0, 2000], [200_001, -22, 2000]], // DELACK_MAX_US
    [25, 0, [5, 0, 5], [-1, 0, -1], [0, 0, 0]], // NOTSENT_LOWAT
    [36, 0, [1, 0, 1], [2, -22, 1], [0, 0, 0]], // INQ
    [18, 0, [-1, -22, 0], [3000, 0, 3000]], // USER_TIMEOUT
  ];
  for (const [name, initial, ...steps] of table) {
    assertEquals(get(socket, name), initial, `default of ${name}`);
    for (const [value, result, got] of steps) {
      assertEquals(socket.setTcpOption(name, int(value), 0), result, `${name} = ${value}`);
      assertEquals(get(socket, name), got, `${name} after ${value}`);
    }
  }
  assertEquals(socket.setTcpOption(99, int(1), 0), -92);
  assertEquals(socket.getTcpOption(99, 4, 0), -92);
  assertEquals(socket.setTcpOption(1, new Uint8Array(3), 0), -22);
});

Deno.test("TCP_CONGESTION", () => {
  const socket = new Peer().host.tcp.createSocket(2);
  const name = () => {
    const bytes = socket.getTcpOption(TCP_CONGESTION, 16, 0) as Uint8Array;
    return new TextDecoder().decode(bytes).replace(/\0+$/, "");
  };
  const set = (text: string) =>
    socket.setTcpOption(TCP_CONGESTION, new TextEncoder().encode(text), 0);
  assertEquals(name(), "cubic");
  assertEquals(set("reno"), 0);
  assertEquals(name(), "reno");
  assertEquals(set("nonesuch"), -2);
  assertEquals(set(""), -22);
  assertEquals((socket.getTcpOption(TCP_CONGESTION, 3, 0) as Uint8Array).length, 3);
});

Deno.test("TCP_CC_INFO: BBR tells bandwidth, round trip and gains, the others nothing", () => {
  const TCP_CC_INFO = 26;
  const socket = new Peer().connect();
  const info = () => socket.getTcpOption(TCP_CC_INFO, 64, 0) as Uint8Array;
  assertEquals(info(), new Uint8Array(0));
  socket.setTcpOption(TCP_CONGESTION, new TextEncoder().encode("bbr"), 0);
  (socket.tcb.congestion as Bbr).minRttUs = 1500;
  const words = Array.from(new Uint32Array(info().buffer));
  assertEquals(words, [0, 0, 1500, 739, 739]); // 2/ln 2, in 256ths
});

Deno.test("connections inherit the options of their listener", () => {
  const peer = new Peer();
  const listener = peer.listen();
  listener.setTcpOption(1, int(1), 0);
  listener.setTcpOption(TCP_CONGESTION, new TextEncoder().encode("reno"), 0);
  listener.tcpOptions.socket.keepAlive = true;
  listener.receiveBuffer = 70_000;
  peer.send({ flags: "S" });
  peer.send({ flags: "." });
  const socket = listener.accept()!;
  assertEquals(get(socket, 1), 1);
  assertEquals(socket.tcb.congestion.name, "reno");
  assertEquals(socket.tcpOptions.socket.keepAlive, true);
  assertEquals(socket.receiveBuffer, 70_000);
  socket.setTcpOption(1, int(0), 0);
  assertEquals(get(listener, 1), 1, "a copy");
});

Deno.test("TCP_TIMESTAMP: our clock as the peer sees it; cannot be set", () => {
  const peer = new Peer({ config: { timestamps: true } });
  const socket = peer.connect();
  const clock = (nowUs: number) => {
    const bytes = socket.getTcpOption(24, 4, nowUs) as Uint8Array;
    return new DataView(bytes.buffer).getInt32(0, true);
  };
  const before = clock(2_000_000);
  assertEquals([before & 1, clock(2_010_000) - before], [0, 10]);
  assertEquals(socket.setTcpOption(24, int(5), 0), -1);
});

Deno.test("TCP_RTO_MIN_US, TCP_RTO_MAX_MS hold for the connection, and for a listener's", () => {
  const peer = new Peer();
  const socket = peer.connect();
  assertEquals(socket.setTcpOption(45, int(5000), 0), 0);
  peer.write(socket, 100);
  peer.advance(1000);
  peer.send({ flags: ".", ack: 101 });
  assertEquals(socket.tcb.rtt.rtoUs < 20_000, true, `${socket.tcb.rtt.rtoUs}`);
  const listener = peer.host.tcp.createSocket(2);
  listener.setTcpOption(45, int(5000), 0);
  listener.setTcpOption(44, int(2000), 0);
  const { layer } = listener.tcb;
  const child = new Tcb(layer, listener.tcb.congestion, listener.tcb.shareOptions());
  assertEquals([child.rtt.rtoMinUs, child.rtt.rtoMaxUs], [5000, 2_000_000]);
});

Deno.test("TCP_FASTOPEN_CONNECT: where clients may, before the connection, 0 or 1", () => {
  const FASTOPEN_CONNECT = 30;
  for (const [fastOpen, result] of [[3, 0], [1, 0], [2, -95], [0, -95]]) {
    const socket = new Peer({ config: { fastOpen } }).host.tcp.createSocket(2);
    assertEquals(socket.setTcpOption(FASTOPEN_CONNECT, int(1), 0), result, `${fastOpen}`);
    assertEquals(socket.tcpOptions.fastOpenConnect, result === 0);
  }
  const peer = new Peer();
  const connected = peer.connect();
  assertEquals(connected.setTcpOption(FASTOPEN_CONNECT, int(1), 0), -22);
  const socket = peer.host.tcp.createSocket(2);
  for (const n of [-1, 2]) assertEquals(socket.setTcpOption(FASTOPEN_CONNECT, int(n), 0), -22);
});
