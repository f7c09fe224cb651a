import { assert, assertEquals } from "@std/assert";
import { State } from "../../../../stack/tcp/base/state.ts";
import { timestampNow } from "../../../../stack/tcp/base/timestamp.ts";
import {
  emitSyn,
  emitSynSegment,
  sendDeferredSyn,
  sendSyn,
} from "../../../../stack/tcp/output/syn.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import { TCP_ACK, TCP_CWR, TCP_ECE, TCP_SYN } from "../../../../stack/wire/tcp.ts";
import { Peer } from "../support/peer.ts";
import { pattern } from "../support/world.ts";

/** A socket in SYN-SENT, whose SYN has been looked at. */
function synSent(peer: Peer): TcpSocket {
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, peer.port, peer.nowUs);
  peer.sent.length = 0;
  return socket;
}

Deno.test("SYN: asks for what the configuration has; a SYN again does not ask for ECN", () => {
  const peer = new Peer({ config: { ecn: 1 } });
  const { tcb } = synSent(peer);
  emitSyn(tcb, false, peer.nowUs);
  tcb.backoff = 1;
  emitSyn(tcb, false, peer.nowUs);
  const [first, again] = peer.sent;
  assertEquals(first.header.flags, TCP_SYN | TCP_ECE | TCP_CWR);
  assertEquals(again.header.flags, TCP_SYN);
  assertEquals([first.header.seq, first.header.ack], [tcb.iss, 0]);
  const { mss, windowScale, sackPermitted, tsVal, tsEcr } = first.options;
  assertEquals([mss, windowScale, sackPermitted], [1460, tcb.rcvWindShift, true]);
  assertEquals([tsVal, tsEcr], [timestampNow(tcb.tsOffset, peer.nowUs), 0]);
  assertEquals(first.header.window, Math.min(tcb.rcvWnd, 0xffff), "never scaled");
});

Deno.test("SYN-ACK of a simultaneous open: only what both have", () => {
  const peer = new Peer();
  const { tcb } = synSent(peer);
  peer.send({ flags: "S", ts: [77, 0] });
  assertEquals(tcb.state, State.SYN_RECEIVED);
  const { header, options } = peer.take();
  assertEquals([header.flags, header.ack], [TCP_SYN | TCP_ACK, tcb.rcvNxt]);
  assertEquals([options.windowScale, options.sackPermitted, options.tsEcr], [-1, false, 77]);
  assertEquals(tcb.lastAckSent, tcb.rcvNxt);
});

Deno.test("SYN of any flow: each field where it belongs", () => {
  const peer = new Peer();
  const { tcb } = synSent(peer);
  const flow = Object.assign(new FourTuple(), {
    local: peer.host.address,
    remote: peer.address,
    localPort: 7,
    remotePort: 8,
  });
  emitSynSegment(tcb.layer, tcb.route!, flow, {
    seq: 1,
    ack: 2,
    flags: TCP_SYN | TCP_ACK,
    window: 3,
    mss: 1234,
    windowScale: 5,
    hasSack: true,
    hasTimestamps: true,
    tsVal: 6,
    tsEcr: 9,
    ttl: 64,
    tos: 0x10,
    fastOpenCookie: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    isExperimental: false,
    payloadOf: null,
  }, peer.nowUs);
  const { header, options, packet, payload } = peer.take();
  assertEquals([header.seq, header.ack, header.window, header.srcPort, header.dstPort], [
    1,
    2,
    3,
    7,
    8,
  ]);
  assertEquals([options.mss, options.windowScale, options.tsVal, options.tsEcr], [1234, 5, 6, 9]);
  assertEquals([options.fastOpenCookieLen, packet.tos, payload.length], [8, 0x10, 0]);
});

Deno.test("Fast Open: the SYN takes the cookie, and of the data what fits", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  const cookie = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  peer.host.tcp.cookieCache.set(peer.address, { cookie, mss: 140 });
  assertEquals(socket.connectFast(peer.address, peer.port, peer.nowUs), 0);
  const { tcb } = socket;
  sendDeferredSyn(tcb, peer.nowUs);
  peer.expect();
  assert(tcb.isConnectDeferred, "there is no data yet");
  peer.write(socket, 300);
  sendDeferredSyn(tcb, peer.nowUs);
  const { header, options, payload } = peer.take();
  assertEquals([header.flags, options.fastOpenCookieLen], [TCP_SYN, 8]);
  assertEquals(payload, pattern(100), "the known MSS less all options");
  assertEquals([tcb.synDataLen, tcb.sent.count, tcb.sndNxt - tcb.iss], [100, 2, 101]);
  assert(!tcb.isConnectDeferred && tcb.fastOpenAsked);
});

Deno.test("SYN: into the books, with its timer", () => {
  const peer = new Peer();
  const { tcb } = synSent(peer);
  tcb.sent.clear();
  sendSyn(tcb, null, peer.nowUs);
  assertEquals([tcb.sent.count, tcb.sndNxt - tcb.iss, tcb.fastOpenAsked], [1, 1, false]);
  assertEquals(tcb.retransmitAtUs, peer.nowUs + tcb.rtt.rtoUs);
  assertEquals(peer.take().options.fastOpenCookieOff, -1);
});
