import { assert, assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";
import { transfer, World } from "../support/world.ts";
import { Limit, LimitClock } from "../../../../stack/tcp/tcb/limit_clock.ts";

const TCP_INFO = 11;

Deno.test("TCP_INFO after a transfer", () => {
  const world = new World({ delayUs: 5_000 });
  const [client, server] = world.connect();
  transfer(world, [world.a, client], [world.b, server], 1_000_000);
  world.run(50_000);
  const info = client.getTcpOption(TCP_INFO, 248, world.nowUs) as Uint8Array;
  const dv = new DataView(info.buffer);
  const u32 = (off: number) => dv.getUint32(off, true);
  const u64 = (off: number) => Number(dv.getBigUint64(off, true));
  assertEquals(info.length, 248);
  assertEquals([info[0], info[1]], [1, 0]);
  assertEquals(info[5], 7, "timestamps, SACK, window scale");
  assertEquals(info[6], 0x77);
  assertEquals(u32(16), 1448);
  assertEquals(u32(24), 0, "nothing unacknowledged");
  assertEquals(u32(60), 1500);
  assert(Math.abs(u32(68) - 10_000) < 1_000, `srtt ${u32(68)}`);
  assertEquals(u32(76), 0x7fffffff);
  assert(u32(80) > 10);
  assertEquals(u32(84), 1460);
  assertEquals(u32(100), 0);
  assertEquals(u64(120), 1_000_000);
  assertEquals(u64(200), 1_000_000);
  assert(u64(160) > 1_000_000, `delivery rate ${u64(160)}`);
  assertEquals(u32(148), u32(148) & 0x3fff);
  assertEquals(u32(192), 1 + Math.ceil(1_000_000 / 1448), "the SYN, too");
  const peerInfo = server.getTcpOption(TCP_INFO, 248, world.nowUs) as Uint8Array;
  assertEquals(Number(new DataView(peerInfo.buffer).getBigUint64(128, true)), 1_000_000);
});

Deno.test("TCP_INFO: data with the SYN, and the SYN among what was delivered", () => {
  const world = new World({ delayUs: 5000 });
  const [client] = world.connect();
  const read = (at: number) => {
    const info = client.getTcpOption(TCP_INFO, 248, world.nowUs) as Uint8Array;
    return new DataView(info.buffer).getUint32(at, true);
  };
  assertEquals(read(192), 1);
  assertEquals(read(52), Math.floor((world.nowUs - client.tcb.establishedAtUs) / 1000));
  assertEquals(read(80), 10);
  client.tcb.cwnd += client.tcb.smss - 1;
  assertEquals(read(80), 10, "what makes no whole segment is not to be sent");
  const bits = () => (client.getTcpOption(TCP_INFO, 248, world.nowUs) as Uint8Array)[5];
  assertEquals(bits() & 32, 0);
  client.tcb.isSynDataAcked = true;
  assertEquals(bits() & 32, 32);
});

Deno.test("TCP_INFO: reordering, and what the sender has waited for", () => {
  const world = new World({ delayUs: 5000 });
  const [client] = world.connect();
  const view = () => {
    const info = client.getTcpOption(TCP_INFO, 248, world.nowUs) as Uint8Array;
    return new DataView(info.buffer);
  };
  assertEquals([view().getUint32(88, true), view().getUint32(220, true)], [3, 0]);
  client.tcb.rack.reorderBytes = 6 * client.tcb.smss - 1;
  client.tcb.rack.reorderCount = 2;
  assertEquals([view().getUint32(88, true), view().getUint32(220, true)], [6, 2]);
  const limits = client.tcb.limits ??= new LimitClock();
  const start = world.nowUs;
  const before = limits.busyUs(start);
  limits.set(Limit.WINDOW, start - 700);
  limits.set(Limit.BUFFER, start - 300);
  const times = [168, 176, 184].map((at) => Number(view().getBigUint64(at, true)));
  assertEquals(times, [before + 700, 400, 300]);
});

Deno.test("TCP_INFO of a listener: accept queue and limit", () => {
  const peer = new Peer();
  const listener = peer.listen(5);
  peer.send({ flags: "S" });
  peer.send({ flags: "." });
  const info = listener.getTcpOption(TCP_INFO, 248, peer.nowUs) as Uint8Array;
  const dv = new DataView(info.buffer);
  assertEquals([info[0], dv.getUint32(24, true), dv.getUint32(28, true)], [10, 1, 5]);
});

Deno.test("TCP_INFO: a D-SACK counts for as many segments as it covers", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  peer.write(socket, 14_600);
  peer.flush();
  peer.send({ flags: ".", ack: 14601 });
  peer.send({ flags: ".", ack: 14601, sack: [[1, 2921]] });
  peer.send({ flags: ".", ack: 14601, sack: [[5841, 5842]] });
  const info = socket.getTcpOption(TCP_INFO, 248, peer.nowUs) as Uint8Array;
  assertEquals(new DataView(info.buffer).getUint32(216, true), 3);
});

Deno.test("TCP_INFO: every field lies where linux/tcp.h has it", () => {
  const peer = new Peer();
  const socket = peer.connect();
  const { tcb } = socket;
  const { rtt, rack, pacer, layer: { config } } = tcb;
  const ago = (ms: number) => peer.nowUs - ms * 1000 - 1;
  [rtt.rtoUs, rtt.srttUs, rtt.rttvarUs, rtt.minRttUs] = [123_456, 5001, 602, 4003];
  [tcb.rcvMss, tcb.pmtu, tcb.ssthresh, tcb.cwnd] = [777, 1404, 20 * tcb.smss, 33 * tcb.smss];
  [tcb.rcvRttUs, tcb.rcvSpaceBytes, tcb.totalRetransmits] = [9005, 70_006, 7];
  [tcb.lastDataSentUs, tcb.lastDataReceivedUs, tcb.lastAckReceivedUs] = [ago(8), ago(9), ago(10)];
  [tcb.bytesAcked, tcb.bytesReceived, tcb.bytesSent, tcb.bytesRetransmitted] = [11, 12, 13, 14];
  [tcb.segsOut, tcb.segsIn, tcb.dataSegsIn, tcb.dataSegsOut, tcb.deliveredSegs] = [
    15,
    16,
    17,
    18,
    19,
  ];
  [tcb.dsackDups, rack.reorderCount, tcb.rcvOutOfOrder] = [20, 21, 22];
  [tcb.sndWnd, pacer.rate, pacer.maxRate] = [23_000, 25_000, 26_000];
  const info = socket.getTcpOption(TCP_INFO, 248, peer.nowUs) as Uint8Array;
  const dv = new DataView(info.buffer);
  const at32: [number, number][] = [
    ...([[8, 123_456], [12, config.delayedAckUs], [16, tcb.smss], [20, 777], [24, 0]] as const),
    ...([[28, 0], [32, 0], [36, 0], [44, 8], [52, 9], [56, 10], [60, 1404], [68, 5001]] as const),
    ...([[72, 602], [76, 20], [80, 33], [84, 1460], [88, 3], [92, 9005], [96, 70_006]] as const),
    ...([[100, 7], [136, 15], [140, 16], [144, 0], [148, 4003], [152, 17], [156, 18]] as const),
    ...([[192, 19], [216, 20], [220, 21], [224, 22], [228, 23_000], [232, tcb.rcvWnd]] as const),
  ].map(([at, value]) => [at, value]);
  assertEquals(at32.map(([at]) => [at, dv.getUint32(at, true)]), at32);
  const at64: [number, number][] = [
    ...([[104, 25_000], [112, 26_000], [120, 11], [128, 12], [200, 27], [208, 14]] as const),
  ].map(([at, value]) => [at, value]);
  assertEquals(at64.map(([at]) => [at, Number(dv.getBigUint64(at, true))]), at64);
});

Deno.test("TCP_INFO: each option has a bit of its own", () => {
  const peer = new Peer();
  const socket = peer.connect();
  const { tcb } = socket;
  const FLAGS = ["hasTimestamps", "hasSack", "hasWindowScale", "hasEcn", "isEctSeen"] as const;
  const names = [...FLAGS, "isSynDataAcked"] as const;
  for (const name of names) tcb[name] = false;
  const bits = () => (socket.getTcpOption(TCP_INFO, 248, peer.nowUs) as Uint8Array)[5];
  assertEquals(bits(), 0);
  for (const [i, name] of names.entries()) {
    tcb[name] = true;
    assertEquals(bits(), 1 << i, name);
    tcb[name] = false;
  }
});
