import { assertEquals } from "@std/assert";
import { type Inject, Peer } from "../support/peer.ts";

Deno.test("broadcast and multicast segments are ignored", () => {
  const peer = new Peer();
  peer.listen();
  const { host } = peer;
  const before = host.tcp.input.bind(host.tcp);
  host.tcp.input = (pkt) => {
    pkt.isBroadcast = true;
    return before(pkt);
  };
  peer.send({ flags: "S" });
  peer.expect();
});

Deno.test("IP_MINTTL: what comes from farther away is dropped", () => {
  const peer = new Peer();
  const { host } = peer;
  const before = host.tcp.input.bind(host.tcp);
  let ttl = 255;
  host.tcp.input = (pkt) => {
    pkt.ttl = ttl;
    return before(pkt);
  };
  const socket = peer.connect();
  socket.tcb.ownOptions().ownSocketOptions().minTtl = 255;
  const seq = peer.nextSeq;
  for (ttl of [254, 255]) {
    peer.send({ flags: "P.", seq, data: 5 });
    assertEquals(socket.recvAvailable(), ttl === 255 ? 5 : 0);
  }
  assertEquals(host.counters.snapshot()["drop.tcpMinTtl"], 1);
  const listener = peer.listen();
  listener.tcb.ownOptions().ownSocketOptions().minTtl = 255;
  ttl = 64;
  peer.sent.length = 0;
  peer.send({ flags: "S", seq: 0 });
  peer.expect();
});

Deno.test("CLOSED: a segment is answered by a reset that fits it, a reset by nothing", () => {
  const peer = new Peer();
  peer.hostPort = 81;
  peer.send({ flags: "P.", seq: 100, ack: 7, data: 5 });
  peer.send({ flags: "SF", seq: 100, data: 5 });
  peer.send({ flags: "R", seq: 100 });
  peer.send({ flags: "R.", seq: 100, ack: 7 });
  const answers = peer.sent.map(({ header }) => [header.flags, header.seq, header.ack]);
  assertEquals(answers, [[4, 7, 0], [4 | 16, 0, 107]]);
  assertEquals(peer.host.counters.snapshot()["drop.tcpNoPort"], 4);
});

Deno.test("other states: what an earlier step drops no later one sees", () => {
  const order: [name: string, segment: Inject, seen: string][] = [
    ["sequence before RST", { flags: "R", seq: 500 }, ""],
    ["RST before SYN", { flags: "SR", seq: 1001 }, "closed"],
    ["SYN before ACK", { flags: "S.", ack: 51, seq: 1001 }, "challenge"],
    ["ACK before URG and data", { flags: "PU", data: 5, urgent: 3, seq: 1001 }, ""],
    ["a bad ACK before data", { flags: "P.", ack: 999, data: 5, seq: 1001 }, "challenge"],
    ["all of them", { flags: "FP.U", ack: 51, data: 5, urgent: 3 }, "ack urg data fin"],
  ];
  for (const [name, segment, expected] of order) {
    const peer = new Peer();
    const socket = peer.connect();
    peer.write(socket, 50);
    peer.flush();
    peer.send(segment);
    const { tcb } = socket;
    const seen = [
      socket.stateName === "CLOSED" ? "closed" : "",
      peer.host.counters.tcp.challengeAck > 0 ? "challenge" : "",
      socket.unackedBytes === 0 && socket.stateName !== "CLOSED" ? "ack" : "",
      tcb.rcvUp !== tcb.irs + 1 ? "urg" : "",
      socket.recvAvailable() > 0 ? "data" : "",
      tcb.isFinReceived ? "fin" : "",
    ].filter((word) => word !== "").join(" ");
    assertEquals(seen, expected, name);
  }
});
