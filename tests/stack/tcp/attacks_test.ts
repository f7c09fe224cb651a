/**
 * Attacks from off and on the path (RFC 5961, RFC 5927, CVE-2016-5696, CVE-2018-5390,
 * CVE-2019-11477 and its kind): what they cost is bounded, and connections live on.
 *
 * @module
 */
import { assert, assertEquals, equal } from "@std/assert";
import type { TcpSocket } from "../../../stack/tcp/mod.ts";
import { blocksEntered } from "../../support/work.ts";
import { seededRandom } from "./support/host.ts";
import { Peer, PEER_ISS } from "./support/peer.ts";
import { pattern, read } from "./support/world.ts";

const SECOND_US = 1_000_000; /**
 * A segment may go over all records or intervals that a window holds, a few times, with so many
 * blocks of code for each; a walk within a walk enters thousands.
 */

const BLOCKS_PER_ENTRY = 20;

/** Blocks of the stack's code that each of `n` calls enters, on the average. */
async function averageBlocks(n: number, call: (i: number) => void): Promise<number> {
  const blocks = await blocksEntered(() => {
    for (let i = 0; i < n; i++) call(i);
  });
  return blocks / n;
}

/** `n` established connections, from peer ports 1001 on; the peer's next byte is PEER_ISS + 1. */
function openMany(peer: Peer, listener: TcpSocket, n: number): TcpSocket[] {
  const sockets: TcpSocket[] = [];
  for (let sport = 1001; sport <= 1000 + n; sport++) {
    peer.send({ flags: "S", sport, seq: PEER_ISS });
    peer.send({ flags: ".", sport, seq: PEER_ISS + 1 });
    const socket = listener.accept();
    assert(socket !== null);
    sockets.push(socket);
  }
  peer.sent.length = 0;
  return sockets;
}

Deno.test("attack: a RST for every window of the sequence space does not hit", () => {
  const peer = new Peer();
  const socket = peer.accept();
  const window = 65_535;
  for (let seq = 17; seq < 2 ** 32; seq += window) {
    peer.inject({ flags: "R", seq });
    peer.inject({ flags: "S", seq, mss: 1460 });
  }
  peer.flush();
  assertEquals(socket.stateName, "ESTABLISHED");
  assertEquals(peer.host.counters.tcp.challengeAck, 1);
  assertEquals(peer.sent.length, 1);
});

Deno.test("attack: text anywhere in the window needs an acknowledgment that fits", () => {
  const peer = new Peer();
  const socket = peer.accept();
  const random = seededRandom(3);
  const { tcb } = socket;
  for (let i = 0; i < 10_000; i++) {
    peer.inject({ flags: "P.", seq: PEER_ISS + 1, ack: random(), data: 10 });
    peer.nowUs += 100;
  }
  peer.flush();
  assertEquals(socket.recvAvailable(), 0);
  assertEquals(tcb.assembler.count, 0);
  assertEquals(socket.stateName, "ESTABLISHED");
});

Deno.test("attack: nobody can count challenge ACKs to learn of other connections", () => {
  const limit = 20;
  const peer = new Peer({ config: { challengeAckPerSecond: limit, synCookies: 0 } });
  openMany(peer, peer.listen(8), 100);
  const counts = new Set<number>();
  for (let second = 0; second < 20; second++) {
    for (let sport = 1001; sport <= 1100; sport++) {
      peer.inject({ flags: "R", sport, seq: PEER_ISS + 100 });
    }
    const count = peer.sent.length;
    peer.sent.length = 0;
    assert(count >= limit / 2 && count < limit * 1.5, `${count} challenge ACKs in a second`);
    counts.add(count);
    peer.nowUs += SECOND_US;
  }
  assert(counts.size > 3, `always ${[...counts]}`);
});

Deno.test("attack: one-byte segments out of order cost no more than the window", async () => {
  const peer = new Peer();
  const { host } = peer;
  const socket = peer.accept({ sackOk: true });
  const usedBytes = host.memory.usedBytes;
  const n = 5_000;
  const blocks = await averageBlocks(n, (i) => {
    const seq = PEER_ISS + 2 + (Math.imul(i, 7919) % 30_000) * 2;
    peer.inject({ flags: ".", seq, data: 1 });
  });
  peer.flush();
  const { assembler, layer } = socket.tcb;
  assert(assembler.count <= layer.config.assemblerIntervalMax);
  assert(host.memory.usedBytes - usedBytes <= 1 << 17, `${host.memory.usedBytes} bytes`);
  assert(peer.sent.length <= n, "more answers than segments");
  assert(host.counters.tcp.ofoDrop > 0);
  const bound = BLOCKS_PER_ENTRY * layer.config.assemblerIntervalMax;
  assert(blocks < bound, `${blocks} blocks a segment`);
});

/** Bytes of memory of the host, and what `n` connections of a hostile peer may take of it. */
const MEMORY_BYTES = 1 << 22;

/** A segment for one of `openMany`'s connections, `skip` bytes beyond the first. */
function injectInto(peer: Peer, { tcb }: TcpSocket, skip: number, data: number | Uint8Array): void {
  const ack = (tcb.sndNxt - peer.hostIss) | 0;
  peer.inject({ flags: ".", sport: tcb.remotePort, seq: PEER_ISS + 1 + skip, ack, data });
}

/** An honest connection gets `total` bytes through, whatever the others hold. */
function transferHonestly(peer: Peer, socket: TcpSocket, total: number): void {
  const { host } = peer;
  for (let done = 0; done < total; done += 1000) {
    injectInto(peer, socket, done, pattern(1000, done));
    if (done % 10_000 === 9000) peer.advance(1000);
    assert(equal(read(host, socket, peer.nowUs), pattern(1000, done)), `after ${done} bytes`);
    assert(host.memory.usedBytes <= MEMORY_BYTES);
  }
}

Deno.test("attack: a byte at the window's edge costs each connection the smallest block", () => {
  const peer = new Peer({ memoryBytes: MEMORY_BYTES });
  const { host } = peer;
  const n = 4000;
  const sockets = openMany(peer, peer.listen(8), n + 1);
  const usedBytes = host.memory.usedBytes;
  const honest = sockets.pop()!;
  for (const socket of sockets) injectInto(peer, socket, socket.tcb.rcvWnd - 1, 1);
  assertEquals(host.counters.tcp.ofoQueue, n);
  assertEquals(host.memory.usedBytes - usedBytes, 64 * n);
  peer.sent.length = 0;
  transferHonestly(peer, honest, 300_000);
  assertEquals(host.counters.tcp.rcvQDrop, 0);
});

Deno.test("attack: gaps in thousands of connections leave a quarter of the memory", () => {
  const peer = new Peer({ memoryBytes: MEMORY_BYTES });
  const { host } = peer;
  const n = 1000;
  const sockets = openMany(peer, peer.listen(8), n + 1);
  const honest = sockets.pop()!;
  const usedBytes = host.memory.usedBytes;
  const attack = () => {
    for (const socket of sockets) {
      for (let i = 0; i < 10; i++) injectInto(peer, socket, 1000 + 2000 * i, 1000);
    }
    peer.sent.length = 0;
  };
  attack();
  assert(host.memory.usedBytes <= MEMORY_BYTES * 3 / 4, `${host.memory.usedBytes} bytes`);
  assert(host.memory.usedBytes > MEMORY_BYTES * 0.7, `${host.memory.usedBytes} bytes`);
  assert(host.counters.tcp.ofoDrop > n);
  transferHonestly(peer, honest, 300_000);
  assertEquals(host.counters.tcp.rcvQDrop, 0);
  // A moment later nothing of it is held; it can begin anew, no more
  peer.advance(20_000);
  assertEquals(host.memory.usedBytes, usedBytes);
  attack();
  assert(host.memory.usedBytes <= MEMORY_BYTES * 3 / 4, `${host.memory.usedBytes} bytes`);
});

for (const gsoMaxBytes of [0, 65_535]) {
  Deno.test(`attack: tiny segments and SACK blocks, rows of ${gsoMaxBytes || "one"}`, async () => {
    const peer = new Peer({
      config: { sndBufInitBytes: 4 << 20 },
      memoryBytes: 1 << 25,
      csumOffload: true,
      gsoMaxBytes,
    });
    const socket = peer.accept({ mss: 1, sackOk: true, wscale: 14 });
    const { tcb } = socket;
    peer.host.onSend = () => {};
    // A long flight, acknowledged as it grows
    for (let round = 0; tcb.cwnd < 2 << 20 && !tcb.sent.isFull && round < 100; round++) {
      peer.inject({ flags: ".", ack: (tcb.sndNxt - tcb.iss) | 0 });
      peer.write(socket, socket.sendSpace());
      peer.flush();
      peer.nowUs += 10_000;
    }
    // Every other segment of it, four blocks at a time, in an order that helps nobody
    const una = (tcb.sndUna - tcb.iss) | 0;
    const segments = Math.floor(((tcb.sndNxt - tcb.sndUna) | 0) / tcb.smss);
    assert(segments > 5000, `${segments} segments in flight`);
    const at = (i: number) => una + (1 + 2 * (Math.imul(i, 7919) % (segments >> 1))) * tcb.smss;
    const n = 600;
    const blocks = await averageBlocks(n, (i) => {
      const sack = [0, 1, 2, 3].map((k): [number, number] => {
        const left = at(4 * i + k);
        return [left, left + tcb.smss];
      });
      peer.inject({ flags: ".", ack: una, sack });
    });
    assert(tcb.sent.sackedCount > 2000, `${tcb.sent.sackedCount} records SACKed`);
    const bound = BLOCKS_PER_ENTRY * tcb.sent.count;
    assert(blocks < bound, `${blocks} blocks a segment, ${tcb.sent.count} records`);
  });
}

Deno.test("attack: an acknowledgment in pieces opens the window no more than a whole one", () => {
  const grown = (pieces: number) => {
    const peer = new Peer();
    const socket = peer.accept({ mss: 1000 });
    const { tcb } = socket;
    peer.write(socket, 30_000);
    peer.flush();
    const before = tcb.cwnd;
    for (let i = 1; i <= pieces; i++) peer.inject({ flags: ".", ack: 1 + (i * 1000) / pieces });
    return tcb.cwnd - before;
  };
  assert(grown(1) > 0);
  assert(grown(100) <= grown(1), `${grown(100)} bytes against ${grown(1)}`);
});

Deno.test("attack: connections that are ended at once leave a bounded number of TIME-WAITs", () => {
  const peer = new Peer({ config: { timeWaitMax: 64 } });
  const { host } = peer;
  const usedBytes = host.memory.usedBytes;
  const sockets = openMany(peer, peer.listen(8), 500);
  sockets.forEach((socket, i) => {
    peer.sent.length = 0;
    socket.close(peer.nowUs);
    peer.flush();
    peer.hostNext = (peer.take().header.seq + 1) | 0;
    peer.send({ flags: "F.", sport: 1001 + i, seq: PEER_ISS + 1 });
  });
  assertEquals(host.tcp.timeWaitCount, 64);
  assertEquals(host.tcp.flowCount, 64);
  assertEquals(host.counters.tcp.timeWaitOverflow, 500 - 64);
  assertEquals(host.memory.usedBytes, usedBytes);
  peer.advance(61 * SECOND_US);
  assertEquals(host.tcp.flowCount, 0);
});

Deno.test("attack: a peer with its window shut does not keep a closed connection for ever", () => {
  const peer = new Peer();
  const { host } = peer;
  const socket = peer.accept();
  peer.window = 0;
  peer.inject({ flags: "." });
  peer.write(socket, 5000);
  peer.flush();
  socket.close(peer.nowUs);
  let probes = 0;
  for (let minutes = 0; minutes < 60 * 24 && host.tcp.flowCount > 0; minutes++) {
    peer.advance(60 * SECOND_US);
    if (peer.sent.length > 0) peer.inject({ flags: "." });
    probes += peer.sent.splice(0).length;
  }
  assertEquals(host.tcp.flowCount, 0);
  assert(probes > 3, `${probes} probes`);
});

Deno.test("attack: a spoofed SYN causes a few small segments, and nonsense at most one", () => {
  const peer = new Peer();
  peer.listen(8);
  peer.inject({ flags: "S", sport: 2000, seq: 5 });
  peer.advance(300 * SECOND_US);
  assert(peer.sent.splice(0).length <= 1 + peer.host.tcp.config.synAckRetries);
  assertEquals(peer.host.tcp.flowCount, 0);
  const random = seededRandom(9);
  const kinds = ["S", "S.", ".", "F.", "F", "R", "R.", "FS", "P.", "U", "FPU", "-"];
  for (let i = 0; i < 5000; i++) {
    const flags = kinds[(random() >>> 0) % kinds.length].replace("-", "");
    peer.hostPort = 80 + ((random() >>> 0) % 2);
    peer.inject({ flags, sport: 3000 + i, seq: random(), ack: random(), data: 20 });
    peer.flush();
    const answers = peer.sent.splice(0);
    assert(answers.length <= 1, `${answers.length} answers to ${flags}`);
    if (flags.includes("R")) assertEquals(answers.length, 0, `an answer to ${flags}`);
    for (const { payload } of answers) assertEquals(payload.length, 0);
    peer.nowUs += 200_000;
  }
});
