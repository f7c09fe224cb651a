/**
 * How long a frame may be where the device takes more than 64 KiB: only as part of a larger window,
 * and only where so much leaves in a millisecond.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { framePayload } from "../../../../stack/tcp/output/frame_size.ts";
import { Peer } from "../support/peer.ts";

const MSS = 1448;
const LONG = 260_000;

function connected(gsoMaxBytes: number) {
  const peer = new Peer({ gsoMaxBytes, csumOffload: true });
  const socket = peer.connect({ wscale: 7, ts: [1, 0], sackOk: true });
  socket.tcb.sndWnd = 1 << 22;
  socket.tcb.cwnd = 1 << 22;
  return { peer, socket, tcb: socket.tcb };
}

Deno.test("a long frame is whole segments, as many as the device takes", () => {
  const { tcb } = connected(LONG);
  assertEquals(framePayload(tcb), Math.floor((LONG - 52) / MSS) * MSS);
  const { tcb: short } = connected(65_535);
  assertEquals(framePayload(short), 45 * MSS);
});

Deno.test("a window is four long frames at least, and what it was for short ones", () => {
  const { tcb } = connected(LONG);
  for (const limit of ["cwnd", "sndWnd"] as const) {
    const before = tcb[limit];
    tcb[limit] = 400_000;
    assertEquals(framePayload(tcb), Math.floor(100_000 / MSS) * MSS);
    tcb[limit] = 20_000;
    assertEquals(framePayload(tcb), Math.floor(65_536 / MSS) * MSS);
    tcb[limit] = before;
  }
});

Deno.test("at a rate a frame is what leaves in a millisecond, long ones too", () => {
  const { tcb } = connected(LONG);
  const cases: [number, number][] = [
    [12.5e6, 12_207], // 100 Mbit/s
    [62e6, 60_546],
    [125e6, 122_070], // 1 Gbit/s
    [1.25e9, LONG - 52],
  ];
  for (const [rate, bytes] of cases) {
    tcb.pacer.update(rate, tcb.cwnd, tcb.ssthresh, 50_000, 50_000, MSS);
    tcb.rtt.minRttUs = 50_000;
    assertEquals(framePayload(tcb), Math.floor(bytes / MSS) * MSS, `${rate}`);
  }
  // Without delay 64 KiB come on top, but do not make a frame longer than that
  tcb.pacer.update(12.5e6, tcb.cwnd, tcb.ssthresh, 50, 50, MSS);
  tcb.rtt.minRttUs = 0;
  assertEquals(framePayload(tcb), Math.floor(65_536 / MSS) * MSS);
});

Deno.test("a long row is one record; what is lost of it is sent again, and no more", () => {
  const { peer, socket, tcb } = connected(LONG);
  peer.write(socket, 130_000);
  peer.flush();
  assertEquals(peer.sent.map(({ payload }) => payload.length), [130_000]);
  assertEquals(tcb.dataSegsOut, Math.ceil(130_000 / MSS));
  assertEquals(tcb.sent.count, 1);
  peer.sent.length = 0;
  peer.advance(1);
  // Segments 51 to 60 are missing
  const [from, to] = [1 + 50 * MSS, 1 + 60 * MSS];
  peer.send({ flags: ".", ack: from, sack: [[to, 130_001]], ts: [2, 0] });
  const again = peer.take();
  assertEquals([again.payload.length, again.packet.gsoSize], [10 * MSS, MSS]);
  assertEquals(again.header.seq - tcb.iss, from);
  assertEquals(tcb.totalRetransmits, 10);
  peer.expect();
  peer.send({ flags: ".", ack: 130_001, ts: [3, 0] });
  assert(tcb.sent.count === 0);
});
