import { assert, assertEquals } from "@std/assert";
import { Peer } from "./support/peer.ts";
import { DROP, transfer, World } from "./support/world.ts";
import { seededRandom } from "./support/host.ts";

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

Deno.test("an RTO reduces to one segment and starts slowly", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 20_000);
  peer.flush();
  assertEquals(peer.sent.length, 10);
  peer.sent.length = 0;
  peer.timeUntilSent();
  peer.expect(". 1:1461(1460) ack 1");
  assertEquals(socket.tcb.ssthresh, 10220);
  peer.send({ flags: ".", ack: 1461 });
  // F-RTO: new data first; a duplicate ACK for it says that the rest is lost
  peer.expect(". 14601:16061(1460) ack 1", ". 16061:17521(1460) ack 1");
  peer.send({ flags: ".", ack: 1461 });
  peer.send({ flags: ".", ack: 2921 });
  assertEquals(peer.next(), ". 2921:4381(1460) ack 1");
});

Deno.test("fast retransmit after three duplicate ACKs, without SACK", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 14_600);
  peer.flush();
  peer.sent.length = 0;
  peer.write(socket, 14_600);
  peer.send({ flags: ".", ack: 1 });
  peer.expect(". 14601:16061(1460) ack 1"); // limited transmit
  peer.send({ flags: ".", ack: 1 });
  peer.expect(". 16061:17521(1460) ack 1");
  peer.send({ flags: ".", ack: 1 });
  peer.expect(". 1:1461(1460) ack 1");
  assertEquals(peer.host.counters.tcp.renoRecovery, 1);
  // Everything but the second hole: a partial ACK sends the next one (RFC 6582)
  peer.send({ flags: ".", ack: 4381 });
  assertEquals(peer.next(), ". 4381:5841(1460) ack 1");
  peer.sent.length = 0;
  peer.send({ flags: ".", ack: 17521 });
  assertEquals(socket.tcb.recovery, 0);
  assertEquals(socket.tcb.cwnd >= socket.tcb.ssthresh, true);
});

Deno.test("SACK recovery: exactly the holes are sent again", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  peer.write(socket, 14_600);
  peer.flush();
  peer.sent.length = 0;
  // Segments 1 and 3 (of 0..9) are missing
  peer.advance(1_000);
  peer.send({ flags: ".", ack: 1461 });
  peer.send({ flags: ".", ack: 1461, sack: [[2921, 4381]] });
  peer.send({ flags: ".", ack: 1461, sack: [[5841, 7301], [2921, 4381]] });
  peer.expect();
  peer.send({ flags: ".", ack: 1461, sack: [[5841, 10221], [2921, 4381]] });
  assertEquals(peer.next(), ". 1461:2921(1460) ack 1");
  assertEquals(peer.host.counters.tcp.sackRecovery, 1);
  peer.send({ flags: ".", ack: 1461, sack: [[5841, 14601], [2921, 4381]] });
  peer.expect(". 4381:5841(1460) ack 1");
  peer.send({ flags: ".", ack: 4381, sack: [[5841, 14601]] });
  peer.send({ flags: ".", ack: 14601 });
  assertEquals(socket.unackedBytes, 0);
  assertEquals(socket.tcb.totalRetransmits, 2);
});

Deno.test("SACK blocks that cannot be are ignored", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  peer.write(socket, 14_600);
  peer.flush();
  const { sent } = socket.tcb;
  peer.send({ flags: ".", ack: 1, sack: [[20000, 30000], [4381, 2921], [14600, 14700]] });
  peer.send({ flags: ".", ack: 1, sack: [[100, 100]] });
  peer.send({ flags: ".", ack: 1, sack: [[-500_000_000, 1461]] });
  assertEquals(sent.sackedBytes, 0);
  // Byte-wise blocks do not multiply the records
  for (let i = 10; i < 1400; i += 7) peer.send({ flags: ".", ack: 1, sack: [[i, i + 3]] });
  assertEquals(sent.count, 10);
  assertEquals(sent.sackedBytes, 0);
});

Deno.test("reneging: after an RTO what was SACKed is sent again too", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  peer.write(socket, 4380);
  peer.flush();
  peer.send({ flags: ".", ack: 1, sack: [[1, 1461]] });
  peer.sent.length = 0;
  peer.timeUntilSent();
  assertEquals(peer.next(), ". 1:1461(1460) ack 1");
  assertEquals(peer.host.counters.tcp.sackReneging, 1);
  assertEquals(socket.tcb.sent.sackedBytes, 0);
});

Deno.test("receiver: SACK blocks, newest first, and D-SACK", () => {
  const peer = new Peer();
  peer.connect({ sackOk: true });
  const blocks = () => {
    const { options } = peer.take();
    const list: number[][] = [];
    for (let i = 0; i < options.sackCount; i++) {
      list.push([options.sackLeft[i] - 1000, options.sackRight[i] - 1000]);
    }
    return list;
  };
  peer.send({ flags: ".", seq: 1101, data: 100 });
  assertEquals(blocks(), [[101, 201]]);
  peer.send({ flags: ".", seq: 1301, data: 100 });
  assertEquals(blocks(), [[301, 401], [101, 201]]);
  peer.send({ flags: ".", seq: 1501, data: 100 });
  assertEquals(blocks(), [[501, 601], [301, 401], [101, 201]]);
  peer.send({ flags: ".", seq: 1201, data: 100 });
  assertEquals(blocks(), [[101, 401], [501, 601]]);
  peer.send({ flags: ".", seq: 1301, data: 100 });
  assertEquals(blocks(), [[301, 401], [101, 401], [501, 601]], "D-SACK of out-of-order text");
  peer.send({ flags: ".", seq: 1001, data: 100 });
  assertEquals(blocks(), [[501, 601]]);
  peer.send({ flags: ".", seq: 1001, data: 100 });
  assertEquals(blocks(), [[1, 101], [501, 601]], "D-SACK of old text");
});

for (const sack of [true, false]) {
  for (const percent of [1, 5, 20]) {
    const name = `transfer with ${percent}% loss both ways, reordering, ${sack ? "" : "no "}SACK`;
    Deno.test(name, () => {
      const world = new World({ delayUs: 5000, a: { config: { sack } }, b: { config: { sack } } });
      const random = seededRandom(percent + 100);
      world.filter = () => {
        const r = (random() >>> 0) % 1000;
        if (r < percent * 10) return DROP;
        return r > 900 ? 3000 : 0;
      };
      const [client, server] = world.connect();
      transfer(world, [world.a, client], [world.b, server], 200_000, 3600_000_000);
      transfer(world, [world.b, server], [world.a, client], 100_000, 3600_000_000);
      client.close(world.nowUs);
      server.close(world.nowUs);
      world.run(600_000_000);
      assertEquals(world.a.tcp.flowCount, 0);
      // Only the listener's own claim is left
      assertEquals(world.b.tcp.flowCount, 0);
    });
  }
}

Deno.test("recovery keeps the pipe filled: one loss in a large window costs no timeout", () => {
  const world = new World({ delayUs: 10_000 });
  const [client, server] = world.connect();
  let seenBytes = 0;
  let isDropped = false;
  world.filter = (seen, from) => {
    if (from !== world.a) return 0;
    seenBytes += seen.payload.length;
    if (!isDropped && seenBytes > 300_000) {
      isDropped = true;
      return DROP;
    }
    return 0;
  };
  transfer(world, [world.a, client], [world.b, server], 2_000_000);
  assert(isDropped);
  assertEquals(world.a.counters.tcp.timeouts, 0);
  assertEquals(world.a.counters.tcp.sackRecovery, 1);
  assertEquals(client.tcb.totalRetransmits, 1);
});

Deno.test("sequence numbers that wrap: transfer across 2^32 and 2^31", () => {
  for (const near of [0xffff_f000 | 0, 0x7fff_f000]) {
    const world = new World();
    const listener = world.b.tcp.createSocket(2);
    listener.bind(world.b.address, 80, world.nowUs);
    listener.listen(4, world.nowUs);
    const client = world.a.tcp.createSocket(2);
    world.a.tcp.isn.isn = () => near;
    world.b.tcp.isn.isn = () => near + 2000;
    client.connect(world.b.address, 80, world.nowUs);
    world.run(100_000);
    const server = listener.accept()!;
    const random = seededRandom(5);
    world.filter = () => ((random() >>> 0) % 100 < 3 ? DROP : 0);
    transfer(world, [world.a, client], [world.b, server], 100_000);
    transfer(world, [world.b, server], [world.a, client], 100_000);
  }
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
