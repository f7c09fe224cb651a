import { assert, assertEquals } from "@std/assert";
import { EndCause, LogEvent as E, type StreamSocket } from "../../../../stack/mod.ts";
import { connect, listen, openStream } from "../../../sim/apps.ts";
import { type LinkOptions, Simulator } from "../../../sim/simulator.ts";
import { Transfer } from "../../../sim/transfer.ts";
import { RecordingLog } from "../../../support/recording_log.ts";

const PORT = 80;

/** Two hosts, the first of which is heard. */
class Pair {
  readonly log = new RecordingLog();
  readonly peerLog = new RecordingLog();
  readonly sim = new Simulator(1);
  readonly a = this.sim.addHost("a", { log: this.log });
  readonly b = this.sim.addHost("b", { log: this.peerLog });
  readonly addr: number;

  constructor(link: Partial<LinkOptions> = {}) {
    const { ends } = this.sim.connect(this.a, this.b, { delayUs: 5000, ...link });
    this.addr = ends[1].options.addr;
  }

  /** Connects from a to b; the connection sends and expects so many bytes. */
  connect(sendBytes: number, recvBytes: number, mayFail = false): Transfer {
    const socket = openStream(this.a);
    const options = { sendKey: 1, recvKey: 2, sendBytes, recvBytes, mayFail };
    const client = new Transfer(this.sim, this.a, socket, options);
    connect(this.sim, socket, this.addr, PORT);
    this.a.turn(this.sim.nowUs);
    return client;
  }
}

/** Numbers of the events of one kind. */
function numbersOf(log: RecordingLog, event: E): (readonly number[])[] {
  return log.all.filter((told) => told.event === event).map(({ numbers }) => numbers);
}

/** The names of what was told of TCP, without single segments. */
function storyOf(log: RecordingLog): string[] {
  const isSegment = (name: string) => /SEGMENT|MSS/.test(name);
  return log.all.map(({ event }) => E[event])
    .filter((name) => name.startsWith("TCP") && !isSegment(name));
}

Deno.test("a connection that goes well: who, its states, what it has carried", () => {
  const pair = new Pair();
  let server: Transfer | null = null;
  listen(pair.sim, pair.b, PORT, 5, (socket) => {
    const options = { sendKey: 2, recvKey: 1, sendBytes: 500, recvBytes: 20_000 };
    server = new Transfer(pair.sim, pair.b, socket, options);
  });
  const client = pair.connect(20_000, 500);
  pair.sim.run(() => client.isOver && server !== null && server.isOver);
  const story = storyOf(pair.log);
  assertEquals(story.slice(0, 4), ["TCP_CONNECT", "TCP_STATE", "TCP_STATE", "TCP_ESTABLISHED"]);
  assertEquals(numbersOf(pair.log, E.TCP_CLOSED).map((n) => n.slice(0, 3)), [[20_000, 500, 0]]);
  assert(!story.some((name) => /FAILED|ABORTED|TIMEOUT|RETRANSMIT/.test(name)), story.join());
  const subjects = new Set(
    pair.log.all.map(({ subject }) => subject).filter((s) => s.includes(":")),
  );
  assertEquals(subjects.size, 1, "one connection");
  assert([...subjects][0].endsWith(" 198.18.0.2:80"), [...subjects][0]);
  const heard = storyOf(pair.peerLog);
  assertEquals(heard.slice(0, 3), ["TCP_STATE", "TCP_LISTEN", "TCP_SYN_RECEIVED"]);
  // One of the two sides at least has gone through TIME-WAIT
  const states = [pair.log, pair.peerLog].flatMap((log) => numbersOf(log, E.TCP_STATE));
  assert(states.some(([, to]) => to === 6), "no TIME-WAIT");
});

Deno.test("nobody listens: refused here, a reset sent there", () => {
  const pair = new Pair();
  const client = pair.connect(1, 0, true);
  pair.sim.run(() => client.isClosed);
  assertEquals(numbersOf(pair.log, E.TCP_FAILED).map((n) => n.slice(0, 2)), [
    [EndCause.REFUSED, 111],
  ]);
  assertEquals(numbersOf(pair.peerLog, E.TCP_RESET_SENT).length, 1);
});

Deno.test("nobody answers: each timeout with its waiting time, then the end and why", () => {
  const pair = new Pair({ loss: { kind: "bernoulli", rate: 1 }, arpSafeUntilUs: Infinity });
  const client = pair.connect(1, 0, true);
  pair.sim.run(() => client.isClosed);
  const timeouts = numbersOf(pair.log, E.TCP_TIMEOUT);
  assertEquals(timeouts.map(([attempt]) => attempt), [1, 2, 3, 4, 5, 6]);
  assertEquals(timeouts.map(([, , unacked]) => unacked), [1, 1, 1, 1, 1, 1]);
  for (const [i, [, , , rtoUs]] of timeouts.entries()) assertEquals(rtoUs, 2 ** (i + 1) * 1e6);
  assertEquals(numbersOf(pair.log, E.TCP_FAILED).map((n) => n.slice(0, 2)), [
    [EndCause.NO_ACKNOWLEDGMENT, 110],
  ]);
});

Deno.test("the peer's program does not read: its window closes, is probed, and opens", () => {
  const pair = new Pair();
  let accepted: StreamSocket | null = null;
  listen(pair.sim, pair.b, PORT, 5, (socket) => {
    accepted = socket;
    socket.owner = { onEvents() {} };
  });
  const bytes = 1 << 20;
  const client = pair.connect(bytes, 0);
  pair.sim.run(() => numbersOf(pair.log, E.TCP_WINDOW_PROBE).length === 3);
  const [window, unsent] = numbersOf(pair.log, E.TCP_PERSIST).at(-1)!;
  assert(window === 0 && unsent > 0, `window ${window}, unsent ${unsent}`);
  const [last] = numbersOf(pair.log, E.TCP_WINDOW_PROBE).at(-1)!;
  assert(last >= 2, "unanswered probes are counted");
  assertEquals(numbersOf(pair.peerLog, E.TCP_OWN_WINDOW_CLOSED).length, 1);
  const options = { sendKey: 2, recvKey: 1, sendBytes: 0, recvBytes: bytes };
  const server = new Transfer(pair.sim, pair.b, accepted!, options);
  server.isConnected = true;
  server.pump(pair.sim.nowUs);
  pair.b.turn(pair.sim.nowUs);
  pair.sim.run(() => client.isOver && server.isOver);
  assert(numbersOf(pair.log, E.TCP_PEER_WINDOW_OPEN).length >= 1);
  assert(numbersOf(pair.peerLog, E.TCP_OWN_WINDOW_OPEN).length >= 1);
});

Deno.test("losses: what is sent again, and recovery from its beginning to its end", () => {
  const pair = new Pair({ loss: { kind: "bernoulli", rate: 0.03 }, arpSafeUntilUs: Infinity });
  let server: Transfer | null = null;
  listen(pair.sim, pair.b, PORT, 5, (socket) => {
    const options = { sendKey: 2, recvKey: 1, sendBytes: 0, recvBytes: 500_000 };
    server = new Transfer(pair.sim, pair.b, socket, options);
  });
  const client = pair.connect(500_000, 0);
  pair.sim.run(() => client.isOver && server !== null && server.isOver);
  const { retransSegs, sackRecovery, timeouts } = pair.a.stack.counters.tcp;
  assert(retransSegs > 0 && sackRecovery > 0, "the link was too good");
  assertEquals(numbersOf(pair.log, E.TCP_RETRANSMIT).at(-1)![2], retransSegs);
  assertEquals(numbersOf(pair.log, E.TCP_RECOVERY).length, sackRecovery);
  assertEquals(numbersOf(pair.log, E.TCP_TIMEOUT).length, timeouts);
  const ended = numbersOf(pair.log, E.TCP_RECOVERED).length +
    numbersOf(pair.log, E.TCP_RECOVERY_UNDONE).length;
  assert(ended > 0 && ended <= sackRecovery + timeouts, `${ended} ends`);
});
