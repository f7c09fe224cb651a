import { assertEquals } from "@std/assert";
import { LogEvent } from "../../../../stack/mod.ts";
import { updateSmss } from "../../../../stack/tcp/path/mss.ts";
import { RecordingLog } from "../../../support/recording_log.ts";
import { Peer } from "../support/peer.ts";

Deno.test("MSS: TCP_MAXSEG limits both directions", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  assertEquals(socket.setTcpOption(2, Uint8Array.of(0xe8, 3, 0, 0), peer.nowUs), 0);
  socket.connect(peer.address, 5000, peer.nowUs);
  assertEquals(peer.take().options.mss, 1000);
  peer.send({ flags: "S." });
  assertEquals(socket.tcb.smss, 1000);
});

Deno.test("a peer's absurd MSS does not make us send crumbs", () => {
  const peer = new Peer();
  const socket = peer.connect({ mss: 1 });
  assertEquals(socket.tcb.smss, 48);
});

Deno.test("SMSS: the log hears of a change, and only then; cwnd is a segment at least", () => {
  const { tcb } = new Peer().connect();
  const log = new RecordingLog(LogEvent.TCP_MSS);
  Object.defineProperty(tcb.layer, "log", { value: log });
  const told = () => log.all.splice(0).map(({ numbers }) => numbers[0]);
  const full = tcb.smss;
  updateSmss(tcb);
  assertEquals(told(), []);
  tcb.sndNxt = (tcb.sndNxt + 500) | 0;
  tcb.mtuProbing.mssLimit = 1000;
  updateSmss(tcb);
  assertEquals([told(), tcb.smss, tcb.pmtuSeq], [[1000], 1000, tcb.sndNxt]);
  [tcb.cwnd, tcb.ssthresh, tcb.pmtuSeq] = [1000, 1000, 7];
  tcb.mtuProbing.mssLimit = Infinity;
  updateSmss(tcb);
  assertEquals([told(), tcb.cwnd, tcb.ssthresh, tcb.pmtuSeq], [[full], full, full, 7]);
});
