import { Segment } from "../../../../stack/tcp/base/segment.ts";
import { agreesToEcn, receiveEcn, synEcnFlags } from "../../../../stack/tcp/loss/ecn.ts";
import { assert, assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";
import { transfer, World } from "../support/world.ts";

Deno.test("ecn: a path that marks instead of dropping costs no retransmission", () => {
  const world = new World({ delayUs: 10_000, a: { config: { ecn: 1 } } });
  const receive = world.b.receive.bind(world.b);
  let packets = 0;
  let marked = 0;
  world.b.receive = (packet, nowUs) => {
    const isMarked = (packet.tos & 3) === 2 && ++packets % 40 === 0;
    if (isMarked) marked++;
    receive(isMarked ? { ...packet, tos: packet.tos | 3 } : packet, nowUs);
  };
  const [client, server] = world.connect();
  assert(client.tcb.hasEcn && server.tcb.hasEcn);
  transfer(world, [world.a, client], [world.b, server], 2_000_000);
  assert(marked > 10);
  assertEquals(world.a.counters.tcp.retransSegs, 0);
  assert(client.tcb.ssthresh < 1 << 24, "the window was reduced");
  assert(client.tcb.cwnd < 2_000_000);
});

/** A connection with ECN on which a mark comes back; the window is ten segments. */
function marked() {
  const peer = new Peer({ config: { ecn: 1, congestion: "cubic" } });
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, peer.port, peer.nowUs);
  peer.send({ flags: "S.E", sackOk: true });
  const { tcb } = socket;
  assert(tcb.hasEcn);
  peer.write(socket, 14_600);
  peer.flush();
  return { peer, socket, tcb };
}

Deno.test("ecn: a mark reduces the window once in a round trip, however often it is echoed", () => {
  const { peer, socket, tcb } = marked();
  const { cwnd } = tcb;
  peer.send({ flags: ".E", ack: 1461 });
  const reduced = tcb.cwnd;
  assert(reduced < cwnd, `${cwnd}, then ${reduced}`);
  for (let ack = 2921; ack <= 14_600; ack += 1460) peer.send({ flags: ".E", ack });
  assertEquals(tcb.cwnd, reduced);
  // In the next one it does again
  peer.send({ flags: ".", ack: 14_601 });
  peer.write(socket, 14_600);
  peer.flush();
  peer.send({ flags: "." });
  peer.write(socket, 2920);
  peer.flush();
  const { ssthresh } = tcb;
  peer.send({ flags: ".E" });
  assert(tcb.ssthresh < ssthresh, `${ssthresh}, then ${tcb.ssthresh}`);
});

Deno.test("ecn: a D-SACK does not take back what a mark has reduced", () => {
  const { peer, socket, tcb } = marked();
  // A recovery that was a mistake: the first segment was late, and its second copy a duplicate
  for (const end of [4381, 5841, 7301]) peer.send({ flags: ".", ack: 1, sack: [[2921, end]] });
  peer.advance(100_000);
  assert(peer.host.counters.tcp.sackRecovery > 0, "in recovery");
  const again = peer.host.counters.tcp.retransSegs;
  assert(again > 0);
  peer.send({ flags: "." });
  peer.write(socket, 14_600);
  peer.flush();
  peer.send({ flags: "." });
  peer.write(socket, 2920);
  peer.flush();
  peer.send({ flags: ".E" });
  const reduced = [tcb.cwnd, tcb.ssthresh];
  for (let i = 0; i < again; i++) {
    peer.send({ flags: ".", sack: [[1 + i * 1460, 1461 + i * 1460]] });
  }
  assertEquals(peer.host.counters.tcp.dsackUndo, 0);
  assertEquals([tcb.cwnd, tcb.ssthresh], reduced);
});

/** A segment of 100 bytes as the receiver's half of ECN sees it. */
function segment(tos: number, flags: number, end: number): Segment {
  const seg = new Segment();
  seg.tos = tos;
  seg.flags = flags;
  seg.seq = end; // no text: it ends there
  return seg;
}

Deno.test("ecn: what a mark, its end, and a segment without ECT mean to the receiver", () => {
  const { tcb } = new Peer().connect();
  const [CWR, next] = [0x80, (tcb.rcvNxt + 100) | 0];
  const see = (tos: number, flags = 0, end = next) => receiveEcn(tcb, segment(tos, flags, end));
  tcb.hasEcn = true;
  tcb.quickAcks = 0;
  see(0);
  assertEquals([tcb.isEctSeen, tcb.quickAcks], [false, 0], "the peer has not used it yet");
  see(2);
  assertEquals([tcb.isEctSeen, tcb.isEcnEchoing], [true, false]);
  see(0);
  assertEquals(tcb.quickAcks, 2, "sent again: no codepoint");
  tcb.quickAcks = 0;
  see(3, 0, tcb.rcvNxt);
  assertEquals([tcb.isEcnEchoing, tcb.quickAcks], [false, 0], "nothing new");
  tcb.isPingPong = true;
  tcb.quickAcks = 7;
  see(3);
  assertEquals([tcb.isEcnEchoing, tcb.isPingPong, tcb.quickAcks], [true, false, 7]);
  tcb.isPingPong = true;
  see(3);
  assertEquals([tcb.isEcnEchoing, tcb.isPingPong], [true, true], "a mark again is no news");
  see(2, CWR);
  assertEquals(tcb.isEcnEchoing, false);
});

Deno.test("ecn: the flags of our SYN, and whether a peer's agree", () => {
  const { tcb } = new Peer().connect();
  const flags = (hasEcn: boolean, backoff: number, ecnFallback: boolean) => {
    [tcb.hasEcn, tcb.backoff, tcb.layer.config.ecnFallback] = [hasEcn, backoff, ecnFallback];
    return synEcnFlags(tcb);
  };
  assertEquals([flags(false, 0, true), flags(true, 0, true)], [0, 0xc0]);
  assertEquals([flags(true, 1, true), flags(true, 1, false)], [0, 0xc0]);
  const [SYN, SYN_ACK] = [0x02, 0x12];
  const agree = (bits: number) => agreesToEcn(segment(0, bits, 0));
  assertEquals([0, 0x40, 0x80, 0xc0].map((bits) => agree(SYN | bits)), [false, false, false, true]);
  const answers = [0, 0x40, 0x80, 0xc0].map((bits) => agree(SYN_ACK | bits));
  assertEquals(answers, [false, true, false, false]);
});
