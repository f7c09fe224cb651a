import { assertEquals } from "@std/assert";
import { timestampNow } from "../../../../stack/tcp/base/timestamp.ts";
import { emitAck, emitControl, emitReset, emitSegment } from "../../../../stack/tcp/output/emit.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import { Assembler } from "../../../../stack/tcp/tcb/assembler.ts";
import { TCP_ACK, TCP_RST } from "../../../../stack/wire/tcp.ts";
import { Peer } from "../support/peer.ts";
import { pattern } from "../support/world.ts";

/** A connection with 3,000 bytes written and none sent. */
function written(options: Parameters<Peer["connect"]>[0] = {}): [Peer, TcpSocket] {
  const peer = new Peer();
  const socket = peer.connect({ mss: 1000, ...options });
  peer.write(socket, 3000);
  return [peer, socket];
}

Deno.test("emit: a segment has its bytes of the ring, the acknowledgment and the window", () => {
  const [peer, { tcb }] = written();
  peer.send({ flags: "P.", data: 7 });
  peer.sent.length = 0;
  emitSegment(tcb, tcb.sndUna + 5, 100, 0, peer.nowUs);
  const { header, payload } = peer.take();
  assertEquals(payload, pattern(100, 5));
  assertEquals([header.seq, header.ack, header.flags], [tcb.sndUna + 5, tcb.rcvNxt, TCP_ACK]);
  assertEquals(header.window << tcb.rcvWindShift, tcb.rcvWnd);
  assertEquals([tcb.lastAckSent, tcb.isAckDue, tcb.delayedAckAtUs], [tcb.rcvNxt, false, Infinity]);
});

Deno.test("emit: TOS is the program's, but for the codepoint of ECN", () => {
  const [peer, { tcb }] = written();
  tcb.ownOptions().ownSocketOptions().tos = 0x2f;
  emitSegment(tcb, tcb.sndUna, 10, 0, peer.nowUs);
  emitSegment(tcb, tcb.sndUna, 10, 0, peer.nowUs, 2);
  assertEquals(peer.sent.map((seen) => seen.packet.tos), [0x2c, 0x2e]);
});

Deno.test("emit: D-SACK first, then the gaps, three blocks beside timestamps", () => {
  const [peer, { tcb }] = written({ sackOk: true, ts: [1, 0] });
  tcb.assembler = new Assembler();
  for (let i = 1; i <= 4; i++) tcb.assembler.insert(tcb.rcvNxt + 20 * i, tcb.rcvNxt + 20 * i + 10);
  tcb.hasDsack = true;
  tcb.dsackLeft = tcb.rcvNxt - 10;
  tcb.dsackRight = tcb.rcvNxt;
  emitAck(tcb, peer.nowUs);
  emitAck(tcb, peer.nowUs);
  const blocks = peer.sent.map(({ options }) =>
    Array.from(options.sackLeft.subarray(0, options.sackCount), (left) => left - tcb.rcvNxt)
  );
  assertEquals(blocks, [[-10, 80, 60], [80, 60, 40]], "a D-SACK is told once");
});

Deno.test("emit: data cut to SMSS before there were blocks leaves no room for them", () => {
  const [peer, { tcb }] = written({ sackOk: true });
  tcb.assembler = new Assembler();
  tcb.assembler.insert(tcb.rcvNxt + 20, tcb.rcvNxt + 30);
  emitSegment(tcb, tcb.sndUna, tcb.smss, 0, peer.nowUs);
  emitSegment(tcb, tcb.sndUna, tcb.smss - 12, 0, peer.nowUs);
  assertEquals(peer.sent.map((seen) => seen.options.sackCount), [0, 1]);
});

Deno.test("emit: a frame longer than SMSS is the device's to cut, an MTU probe is not", () => {
  const peer = new Peer({ gsoMaxBytes: 65535 });
  const socket = peer.connect({ mss: 1000 });
  peer.write(socket, 3000);
  const { tcb } = socket;
  emitSegment(tcb, tcb.sndUna, 2500, 0, peer.nowUs);
  assertEquals([peer.take().packet.gsoSize, peer.host.counters.tcp.outSegs], [1000, 5]);
  tcb.mtuProbing.probeLen = 1200;
  tcb.mtuProbing.probeSeq = tcb.sndUna;
  emitSegment(tcb, tcb.sndUna, 1200, 0, peer.nowUs);
  const probe = peer.take();
  assertEquals([probe.packet.gsoSize, probe.payload.length], [0, 1200]);
});

Deno.test("emit: a control segment, with timestamps and without", () => {
  const peer = new Peer();
  const { tcb } = peer.connect({ ts: [500, 0] });
  const flow = Object.assign(new FourTuple(), {
    local: peer.host.address,
    remote: peer.address,
    localPort: 7,
    remotePort: 8,
  });
  const { layer } = tcb;
  emitControl(layer, tcb.route!, flow, 1, 2, TCP_RST, 3, null, peer.nowUs);
  emitControl(layer, tcb.route!, flow, 1, 2, TCP_ACK, 3, tcb, peer.nowUs);
  const [bare, stamped] = peer.sent;
  const { seq, ack, flags, window, srcPort, dstPort } = bare.header;
  assertEquals([seq, ack, flags, window, srcPort, dstPort], [1, 2, TCP_RST, 3, 7, 8]);
  assertEquals(bare.options.hasTimestamps, false);
  const { tsVal, tsEcr } = stamped.options;
  assertEquals([tsVal, tsEcr], [timestampNow(tcb.tsOffset, peer.nowUs), 500]);
  assertEquals(peer.host.counters.tcp.outRsts, 1);
});

Deno.test("emit: a reset lies at SND.NXT, and nowhere without a route", () => {
  const [peer, { tcb }] = written();
  peer.flush();
  peer.sent.length = 0;
  emitReset(tcb, peer.nowUs);
  const { header } = peer.take();
  assertEquals([header.seq, header.ack, header.flags], [tcb.sndNxt, tcb.rcvNxt, TCP_RST | TCP_ACK]);
  peer.host.routeError = -101;
  tcb.route = null;
  emitReset(tcb, peer.nowUs);
  peer.expect();
});
