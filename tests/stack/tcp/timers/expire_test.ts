import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("SYN is sent again with back-off, then ETIMEDOUT", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  const startUs = peer.nowUs;
  socket.connect(peer.address, 5000, peer.nowUs);
  peer.take();
  const times: number[] = [];
  for (let i = 0; i < 6; i++) {
    peer.timeUntilSent();
    assertEquals(peer.next(), "S 0:0(0)");
    times.push((peer.nowUs - startUs) / 1e6);
  }
  assertEquals(times, [1, 3, 7, 15, 31, 63]);
  peer.advance(63_900_000);
  assertEquals(socket.stateName, "SYN-SENT");
  peer.advance(200_000);
  assertEquals(socket.stateName, "CLOSED");
  assertEquals(socket.takeError(), 110);
  const { abortOnTimeout, retransSegs, synRetrans, timeouts } = peer.host.counters.tcp;
  assertEquals([abortOnTimeout, retransSegs, synRetrans, timeouts], [1, 6, 6, 7]);
});

Deno.test("retransmission with back-off; the first answer ends it", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 100);
  peer.flush();
  assertEquals(peer.next(), "P. 1:101(100) ack 1");
  const startUs = peer.nowUs;
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    peer.timeUntilSent();
    assertEquals(peer.next(), "P. 1:101(100) ack 1");
    times.push(Math.round((peer.nowUs - startUs) / 1000));
  }
  // RTT of the handshake: 0, so RTO = 200 ms, doubling
  assertEquals(times, [200, 600, 1400, 3000, 6200]);
  peer.send({ flags: "." });
  assertEquals(socket.unackedBytes, 0);
  assertEquals(socket.tcb.backoff, 0);
  const { fastRetrans, retransSegs, slowStartRetrans } = peer.host.counters.tcp;
  assertEquals([fastRetrans, retransSegs, slowStartRetrans], [0, 5, 5]);
  peer.advance(100_000_000);
  peer.expect();
});

Deno.test("retransmission given up: ETIMEDOUT after about 15 minutes", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 100);
  peer.advance(920_000_000);
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.advance(130_000_000);
  assertEquals(socket.stateName, "CLOSED");
  assertEquals(socket.takeError(), 110);
});

Deno.test("TCP_USER_TIMEOUT gives up earlier", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setTcpOption(18, Uint8Array.of(0x88, 0x13, 0, 0), peer.nowUs); // 5000 ms
  peer.write(socket, 100);
  peer.advance(4_000_000);
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.advance(3_000_000);
  assertEquals(socket.takeError(), 110);
});

Deno.test("giving up is about one segment: progress before it starts the time anew", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 2000);
  peer.advance(900_000_000);
  peer.send({ flags: ".", ack: 1461 });
  peer.advance(700_000_000);
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.advance(500_000_000);
  assertEquals(socket.takeError(), 110);
});

Deno.test("zero window: probes with back-off, then the data when it opens", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: ".", win: 0 });
  peer.write(socket, 5000);
  peer.flush();
  peer.expect();
  const startUs = peer.nowUs;
  const times: number[] = [];
  for (let i = 0; i < 4; i++) {
    peer.timeUntilSent();
    assertEquals(peer.next(), ". 0:0(0) ack 1", "an old sequence number");
    times.push(Math.round((peer.nowUs - startUs) / 1000));
    peer.send({ flags: ".", win: 0 });
  }
  assertEquals(times, [200, 600, 1400, 3000]);
  peer.send({ flags: ".", win: 3000 });
  peer.expect(". 1:1461(1460) ack 1", ". 1461:2921(1460) ack 1");
  assertEquals(socket.tcb.probes, 0);
});

Deno.test("zero window without answers: ETIMEDOUT after 15 probes", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: ".", win: 0 });
  peer.write(socket, 5000);
  peer.advance(800_000_000);
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.advance(800_000_000);
  assertEquals(socket.takeError(), 110);
  const { abortOnTimeout, winProbe } = peer.host.counters.tcp;
  assertEquals([abortOnTimeout, winProbe], [1, 15]);
});

Deno.test("keepalive: probes after the idle time, ended by an answer or by too many", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setTcpOption(4, Uint8Array.of(10, 0, 0, 0), peer.nowUs);
  socket.setTcpOption(5, Uint8Array.of(2, 0, 0, 0), peer.nowUs);
  socket.setTcpOption(6, Uint8Array.of(3, 0, 0, 0), peer.nowUs);
  socket.tcpOptions.socket.keepAlive = true;
  socket.optionsChanged();
  assertEquals(peer.timeUntilSent(), 10_000_000);
  assertEquals(peer.next(), ". 0:0(0) ack 1");
  peer.send({ flags: "." });
  assertEquals(peer.timeUntilSent(), 10_000_000);
  peer.sent.length = 0;
  for (let i = 0; i < 2; i++) {
    assertEquals(peer.timeUntilSent(), 2_000_000);
    assertEquals(peer.next(), ". 0:0(0) ack 1");
  }
  assertEquals(peer.timeUntilSent(), 2_000_000);
  assertEquals(peer.next(), "R. 1:1(0) ack 1");
  assertEquals(socket.takeError(), 110);
  const { abortOnTimeout, keepAlive } = peer.host.counters.tcp;
  assertEquals([abortOnTimeout, keepAlive], [1, 4]);
});

const SECOND_US = 1_000_000;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_USER_TIMEOUT = 18;

Deno.test("a peer that closes its window on what is in flight, and dies, is given up", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 1000);
  peer.flush();
  peer.send({ flags: ".", ack: 1, win: 0 });
  // R2 of 15 back-offs, and the two minutes for which its last answer counts as life
  peer.advance(900 * SECOND_US);
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.advance(300 * SECOND_US);
  assertEquals([socket.stateName, socket.takeError()], ["CLOSED", 110]);
});

Deno.test("a peer that closes its window on what is in flight, and answers, is waited for", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 1000);
  peer.flush();
  peer.window = 0;
  peer.send({ flags: ".", ack: 1 });
  for (let minute = 0; minute < 60; minute++) {
    peer.advance(60 * SECOND_US);
    peer.send({ flags: ".", ack: 1 });
  }
  assertEquals(socket.stateName, "ESTABLISHED");
});

Deno.test("TCP_USER_TIMEOUT ends an idle connection only after a probe", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setTcpOption(TCP_KEEPIDLE, Uint8Array.of(10, 0, 0, 0), peer.nowUs);
  socket.setTcpOption(TCP_KEEPINTVL, Uint8Array.of(2, 0, 0, 0), peer.nowUs);
  socket.setTcpOption(TCP_USER_TIMEOUT, Uint8Array.of(0x88, 0x13, 0, 0), peer.nowUs); // 5 s
  socket.tcpOptions.socket.keepAlive = true;
  socket.optionsChanged();
  assertEquals(peer.timeUntilSent(), 10 * SECOND_US);
  assertEquals(peer.next(), ". 0:0(0) ack 1");
  assertEquals(socket.stateName, "ESTABLISHED");
  // An answer begins a new idle time, silence ends it
  peer.send({ flags: "." });
  assertEquals(peer.timeUntilSent(), 10 * SECOND_US);
  assertEquals(peer.next(), ". 0:0(0) ack 1");
  assertEquals(peer.timeUntilSent(), 2 * SECOND_US);
  assertEquals(peer.next(), "R. 1:1(0) ack 1");
  assertEquals(socket.takeError(), 110);
});

/** When 100 bytes are sent again, in milliseconds; `options`: TCP's, by number. */
function retransmissions(count: number, options: readonly (readonly [number, number])[]): number[] {
  const peer = new Peer();
  const socket = peer.connect();
  for (const [name, value] of options) {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    assertEquals(socket.setTcpOption(name, bytes, peer.nowUs), 0);
  }
  peer.write(socket, 100);
  peer.flush();
  peer.take();
  const startUs = peer.nowUs;
  return Array.from({ length: count }, () => {
    peer.timeUntilSent();
    assertEquals(peer.next(), "P. 1:101(100) ack 1");
    return Math.round((peer.nowUs - startUs) / 1000);
  });
}

const [THIN_LINEAR_TIMEOUTS, RTO_MAX_MS] = [16, 44];

Deno.test("TCP_THIN_LINEAR_TIMEOUTS: the first six timeouts are not backed off", () => {
  const times = retransmissions(8, [[THIN_LINEAR_TIMEOUTS, 1]]);
  assertEquals(times, [200, 400, 600, 800, 1000, 1200, 1400, 1800]);
});

Deno.test("TCP_RTO_MAX_MS bounds the timeout", () => {
  assertEquals(retransmissions(6, [[RTO_MAX_MS, 1000]]), [200, 600, 1400, 2400, 3400, 4400]);
});
