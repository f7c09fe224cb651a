import { assertEquals } from "@std/assert";
import type { IcmpError } from "../../../../stack/base/network.ts";
import { Peer } from "../support/peer.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";

/** An ICMP error that quotes a segment of `socket` with this sequence number (relative to ISS). */
function error(
  peer: Peer,
  socket: TcpSocket,
  seq: number,
  fields: Partial<IcmpError> = {},
): IcmpError {
  const { memory } = peer.host;
  const quotedOff = memory.alloc(64);
  memory.dv.setUint16(quotedOff, socket.local().port);
  memory.dv.setUint16(quotedOff + 2, socket.peer().port);
  memory.dv.setInt32(quotedOff + 4, peer.hostIss + seq);
  return {
    type: 3,
    code: 1,
    errno: 113,
    isHard: false,
    mtu: 0,
    pointer: 0,
    gateway: null,
    from: peer.address,
    protocol: 6,
    local: socket.local().addr,
    remote: socket.peer().addr,
    zone: 0,
    quotedOff,
    quotedLen: 8,
    ...fields,
  };
}

Deno.test("ICMP: an attempt ends, if the sequence number is right", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, 5000, peer.nowUs);
  peer.host.tcp.icmpError(error(peer, socket, 77), peer.nowUs);
  assertEquals(socket.stateName, "SYN-SENT");
  assertEquals(peer.host.counters.tcp.outOfWindowIcmps, 1);
  peer.host.tcp.icmpError(error(peer, socket, 0), peer.nowUs);
  assertEquals(socket.stateName, "CLOSED");
  assertEquals(socket.takeError(), 113);
});

Deno.test("ICMP: a connection stays; the reason is told when it times out", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 100);
  peer.flush();
  const hard = { code: 3, errno: 111, isHard: true };
  peer.host.tcp.icmpError(error(peer, socket, 1, hard), peer.nowUs);
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.advance(1100_000_000);
  assertEquals(socket.takeError(), 111);
});

Deno.test("ICMP: a redirect about what is in flight goes to the network layer, no other", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 100);
  peer.flush();
  const fields = { type: 5, errno: 0, gateway: peer.address };
  peer.host.tcp.icmpError(error(peer, socket, 50_000, fields), peer.nowUs);
  assertEquals(peer.host.redirects, []);
  peer.host.tcp.icmpError(error(peer, socket, 1, fields), peer.nowUs);
  assertEquals(peer.host.redirects, [`${peer.address} ${peer.address} ${peer.address}`]);
  assertEquals([socket.stateName, socket.tcb.softError], ["ESTABLISHED", 0]);
});

Deno.test("ICMP: fragmentation needed makes segments smaller and sends again at once", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 2920);
  peer.flush();
  peer.sent.length = 0;
  const tooBig = { code: 4, errno: 90, mtu: 1000 };
  const { cwnd } = socket.tcb;
  peer.host.tcp.icmpError(error(peer, socket, 50_000, tooBig), peer.nowUs);
  assertEquals(socket.tcb.smss, 1460, "not about something in flight");
  peer.host.tcp.icmpError(error(peer, socket, 1, tooBig), peer.nowUs);
  peer.flush();
  peer.expect(
    ". 1:961(960) ack 1",
    ". 961:1461(500) ack 1",
    ". 1461:2421(960) ack 1",
    "P. 2421:2921(500) ack 1",
  );
  assertEquals(socket.tcb.smss, 960);
  assertEquals(socket.tcb.cwnd, cwnd, "no sign of congestion");
  peer.send({ flags: "." });
  assertEquals(socket.tcb.recovery, 0);
  assertEquals(socket.unackedBytes, 0);
});

Deno.test("ICMP: half-open connections of a listener", () => {
  const peer = new Peer();
  const listener = peer.listen();
  peer.send({ flags: "S" });
  const ends = { local: peer.host.address, remote: peer.address };
  const fake = {
    local: () => ({ addr: peer.host.address, port: 80 }),
    peer: () => ({ addr: peer.address, port: 5000 }),
  } as unknown as TcpSocket;
  peer.host.tcp.icmpError(error(peer, fake, 5, ends), peer.nowUs);
  assertEquals(listener.listening!.synQueue.size, 1);
  peer.host.tcp.icmpError(error(peer, fake, 0, ends), peer.nowUs);
  assertEquals(listener.listening!.synQueue.size, 0);
});

Deno.test("ICMP: too short a quote, or nobody's", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.host.tcp.icmpError(error(peer, socket, 1, { quotedLen: 4 }), peer.nowUs);
  peer.host.tcp.icmpError(error(peer, socket, 1, { local: peer.address }), peer.nowUs);
  assertEquals(socket.tcb.softError, 0);
});
