import { assert, assertEquals } from "@std/assert";
import { SSTHRESH_INFINITE } from "../../../../stack/tcp/congestion/mod.ts";
import { Recovery } from "../../../../stack/tcp/base/state.ts";
import { enterLossRecovery, retransmitTooLarge } from "../../../../stack/tcp/loss/recovery.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { refreshRoute } from "../../../../stack/tcp/path/route.ts";
import { tcpInfo } from "../../../../stack/tcp/user/tcp_info.ts";
import { Peer } from "../support/peer.ts";
import { DROP, transfer, World } from "../support/world.ts";
import { seededRandom } from "../support/host.ts";

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

/** Ten segments out, the first of them lost, and in recovery for it. */
function recovering() {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 14_600);
  peer.flush();
  for (let i = 0; i < 3; i++) peer.send({ flags: ".", ack: 1 });
  assertEquals(peer.host.counters.tcp.renoRecovery, 1);
  peer.sent.length = 0;
  return { peer, socket };
}

Deno.test("a timeout in fast recovery is no case for F-RTO: the rest is sent again", () => {
  const { peer, socket } = recovering();
  peer.write(socket, 14_600); // new text, which F-RTO would try
  peer.flush();
  peer.sent.length = 0;
  peer.timeUntilSent();
  assertEquals(peer.host.counters.tcp.timeouts, 1);
  peer.expect(". 1:1461(1460) ack 1");
  peer.send({ flags: ".", ack: 1461 });
  assertEquals(peer.next(), ". 1461:2921(1460) ack 1");
});

Deno.test("a timeout in fast recovery does not reduce ssthresh again", () => {
  const { peer, socket } = recovering();
  const { ssthresh } = socket.tcb;
  assert(ssthresh < 14_600);
  peer.timeUntilSent();
  assertEquals(peer.host.counters.tcp.timeouts, 1);
  assertEquals(socket.tcb.ssthresh, ssthresh);
});

/** Five segments in flight that the path does not carry any more. */
function tooLarge(): { peer: Peer; socket: TcpSocket } {
  const peer = new Peer();
  const socket = peer.connect({ mss: 1460, sackOk: true });
  peer.write(socket, 5 * 1460);
  peer.flush();
  peer.sent.length = 0;
  peer.host.updatePmtu(peer.address, 1000);
  refreshRoute(socket.tcb);
  retransmitTooLarge(socket.tcb);
  return { peer, socket };
}

Deno.test("RESIZE: what was lost for its size costs no window, until all of it has arrived", () => {
  const { peer, socket } = tooLarge();
  const { tcb } = socket;
  assertEquals([tcb.recovery, tcb.sent.lostBytes, tcb.pipe], [Recovery.RESIZE, 5 * 1460, 0]);
  assertEquals([tcb.cwnd, tcb.ssthresh], [10 * 1460, SSTHRESH_INFINITE]);
  assertEquals(tcpInfo(socket, peer.nowUs)[1], Recovery.LOSS, "as Linux calls it");
  tcb.layer.markDirty(tcb);
  peer.flush();
  assertEquals(peer.sent.map((seen) => seen.payload.length <= 960), Array(10).fill(true));
  peer.send({ flags: ".", ack: 1461 });
  assertEquals(tcb.recovery, Recovery.RESIZE);
  peer.send({ flags: "." });
  assertEquals([tcb.recovery, tcb.ssthresh], [Recovery.OPEN, SSTHRESH_INFINITE]);
});

Deno.test("RESIZE: a D-SACK takes nothing back, a timeout is congestion all the same", () => {
  const { peer, socket: { tcb } } = tooLarge();
  const { cwnd } = tcb;
  assertEquals(tcb.undo.isArmed, false);
  tcb.layer.markDirty(tcb);
  peer.flush();
  enterLossRecovery(tcb, peer.nowUs);
  assertEquals(tcb.recovery, Recovery.LOSS);
  assertEquals([tcb.ssthresh < cwnd, tcb.undo.isArmed], [true, true]);
});
