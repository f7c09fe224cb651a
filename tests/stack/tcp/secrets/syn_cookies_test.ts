import { assert, assertEquals } from "@std/assert";
import {
  cookieTime,
  SynCookies,
  takeCookieTime,
} from "../../../../stack/tcp/secrets/syn_cookies.ts";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import { IpAddress } from "../../../../stack/base/ip_address.ts";
import { seededRandom } from "../support/host.ts";
import { Peer } from "../support/peer.ts";

function ends(text: string, remotePort = 4000): FourTuple {
  const found = new FourTuple();
  found.local = IpAddress.parse("198.18.0.2")!;
  found.remote = IpAddress.parse(text)!;
  found.localPort = 80;
  found.remotePort = remotePort;
  return found;
}

Deno.test("syn cookies: the MSS comes back, rounded down to what the table has", () => {
  const cookies = new SynCookies(seededRandom(5));
  const cases: [string, number, number][] = [
    ["198.18.0.1", 1460, 1460],
    ["198.18.0.1", 9000, 1460],
    ["198.18.0.1", 1459, 1440],
    ["198.18.0.1", 1300, 1300],
    ["198.18.0.1", 48, 536],
    ["fd00::1", 65535, 8940],
    ["fd00::1", 1300, 1220],
  ];
  for (const [address, mss, expected] of cases) {
    const flow = ends(address);
    for (const nowUs of [0, 59e6, 1e12, 3e15]) {
      const iss = cookies.iss(flow, -7, mss, nowUs);
      assertEquals(cookies.mssOf(flow, -7, iss, nowUs + 59e6), expected);
      assertEquals(cookies.mssOf(flow, -7, iss, nowUs + 120e6), 0, "too old");
    }
  }
});

Deno.test("syn cookies: of other ends, of another peer's sequence number, guessed: none", () => {
  const cookies = new SynCookies(seededRandom(6));
  const flow = ends("198.18.0.1");
  const iss = cookies.iss(flow, 1000, 1460, 1e9);
  assertEquals(cookies.mssOf(ends("198.18.0.9"), 1000, iss, 1e9), 0);
  assertEquals(cookies.mssOf(ends("198.18.0.1", 4001), 1000, iss, 1e9), 0);
  assertEquals(cookies.mssOf(flow, 2000, iss, 1e9), 0);
  assertEquals(new SynCookies(seededRandom(7)).mssOf(flow, 1000, iss, 1e9), 0);
  let hits = 0;
  const random = seededRandom(8);
  for (let i = 0; i < 100_000; i++) if (cookies.mssOf(flow, 1000, random(), 1e9) !== 0) hits++;
  assertEquals(hits, 0);
});

Deno.test("a flood of 100,000 SYNs: nothing is kept beyond the queue, and a client gets in", () => {
  const peer = new Peer({ config: { synBacklogMax: 256 } });
  const { host } = peer;
  const listener = peer.listen(4096);
  const observe = host.onSend;
  host.onSend = () => {};
  const usedBytes = host.memory.usedBytes;
  for (let i = 0; i < 100_000; i++) {
    peer.inject({ flags: "S", sport: 1 + (i % 65_535), seq: Math.imul(i, 0x9e3779b1), mss: 1460 });
    if (i % 1000 === 0) peer.flush();
    peer.nowUs += 10;
  }
  peer.flush();
  assert(host.tcp.flowCount <= 256, `${host.tcp.flowCount} flows`);
  assertEquals(host.memory.usedBytes, usedBytes);
  assert(host.counters.tcp.syncookiesSent > 60_000);
  // An honest client, whose port the flood has not used by chance
  host.onSend = observe;
  peer.port = 65_535;
  for (const request of [...listener.listening!.synQueue]) {
    if (request.remotePort === peer.port) request.drop();
  }
  while (!listener.listening!.isSynQueueFull) {
    peer.inject({ flags: "S", sport: 40_000 + listener.listening!.synQueue.size, seq: 77 });
  }
  peer.flush();
  peer.sent.length = 0;
  peer.inject({ flags: "S", seq: 5000, mss: 1400, wscale: 5, sackOk: true, ts: [50, 0] });
  const synAck = peer.take();
  peer.nextSeq = 5001;
  peer.nowUs += 30_000;
  peer.send({ flags: "P.", ts: [80, synAck.options.tsVal], win: 500, data: 100 });
  const socket = listener.accept();
  assert(socket !== null);
  assertEquals(socket.stateName, "ESTABLISHED");
  assertEquals(socket.recvAvailable(), 100);
  assertEquals(socket.tcb.sndWnd, 500 << 5);
  assertEquals(socket.tcb.smss, 1300 - 12);
  assertEquals(host.counters.tcp.syncookiesRecv, 1);
  socket.abort(peer.nowUs);
  listener.close(peer.nowUs);
  assertEquals(host.tcp.flowCount, 0);
});

Deno.test("syn cookies: the timestamp tells the options, and is never ahead of the clock", () => {
  for (const nowMs of [0, 1, 63, 64, 1_000_000, 2 ** 31 - 1, -1, -63, -(2 ** 31)]) {
    for (const windowScale of [-1, 0, 7, 14]) {
      for (const bits of [0, 1, 2, 3]) {
        const options = { windowScale, hasSack: (bits & 1) !== 0, hasEcn: (bits & 2) !== 0 };
        const time = cookieTime(options, nowMs);
        const behindMs = (nowMs - time) | 0;
        assert(behindMs >= 0 && behindMs < 64, `${behindMs} ms behind ${nowMs}`);
        const read = { windowScale: 0, hasSack: false, hasEcn: false };
        takeCookieTime(read, time);
        assertEquals(read, options);
      }
    }
  }
});
