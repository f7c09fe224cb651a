/**
 * "open passive|active [WIN] [<OPTIONS>]": a three-way handshake in one line, for the scripts that
 * are about something later. The peer's SYN carries the given window and options; sockets "l" and
 * "s" come to be.
 *
 * @module
 */
import { ACK, SYN, wireFrame } from "../support/packet_types.ts";
import { LOCAL_MAC, PEER_ADDR, PEER_MAC } from "../support/rig.ts";
import { LOCAL_ADDR } from "../support/rig.ts";
import { ipv4Frame, ipv4Header, PROTO_TCP, tcpBytes, tcpSegment } from "../support/build.ts";
import type { StreamSocket } from "../../stack/mod.ts";
import { EINPROGRESS } from "../../stack/base/errno.ts";
import { buildOption } from "./inject.ts";
import { parseOptions } from "./notation.ts";
import type { OptionSpec } from "./ast.ts";
import type { Answer, Call } from "./call.ts";
import type { Flow, World } from "./world.ts";

const SERVER_PORT = 80;

function newStream(world: World): StreamSocket {
  const socket = world.rig.stack.socket(world.domain, 1, 0);
  if (typeof socket === "number") throw new Error(`socket: ${socket}`);
  return socket as StreamSocket;
}

function mustBe(what: string, result: number, wanted: number): void {
  if (result !== wanted) throw new Error(`open: ${what} gave ${result}`);
}

/** Sends one segment of the handshake from the peer. */
function inject(
  world: World,
  flow: Flow,
  flags: number,
  seq: number,
  options: readonly OptionSpec[],
): void {
  const segment = tcpSegment({
    srcPort: flow.peerPort,
    dstPort: flow.localPort ?? 0,
    seq: (flow.peerIss + seq) >>> 0,
    ack: flags & ACK ? ((flow.iss ?? 0) + 1) >>> 0 : 0,
    flags,
    win: flow.peerWin,
    options: options.map((o) => buildOption(world, flow, o)),
  });
  const bytes = tcpBytes(PEER_ADDR, LOCAL_ADDR, segment);
  const header = ipv4Header({ src: PEER_ADDR, dst: LOCAL_ADDR });
  const frame = ipv4Frame(LOCAL_MAC, PEER_MAC, header, PROTO_TCP, bytes);
  world.rig.deliver(wireFrame(frame));
  world.rig.turn();
}

/** Takes the one segment that the stack must have sent. */
function takeSegment(world: World, flow: Flow, flags: number): void {
  const sent = world.rig.sent.shift();
  if (!sent?.frame.tcp || (sent.frame.tcp.flags & (SYN | ACK)) !== flags) {
    throw new Error("open: the handshake did not go as usual");
  }
  world.learn(flow, sent);
}

/** Options of the peer's third segment: a timestamp when the handshake had one. */
function laterOptions(options: readonly OptionSpec[]): OptionSpec[] {
  return options.filter((o) => o.kind === "ts").map((o) => ({
    ...o,
    ecr: { kind: "sum", terms: [{ sign: 1, value: "last" }] },
  }));
}

function passive(world: World, flow: Flow, options: readonly OptionSpec[]): void {
  const { rig } = world;
  let listener = world.sockets.get("l")?.stream;
  if (!listener) {
    listener = newStream(world);
    mustBe("bind", listener.bind(world.address(0), SERVER_PORT, rig.nowUs), 0);
    mustBe("listen", listener.listen(16, rig.nowUs), 0);
    world.addSocket("l", listener, flow);
  }
  flow.localPort = SERVER_PORT;
  inject(world, flow, SYN, 0, options);
  takeSegment(world, flow, SYN | ACK);
  inject(world, flow, ACK, 1, laterOptions(options));
  const socket = listener.accept();
  if (!socket) throw new Error("open: nothing to accept");
  world.addSocket(world.sockets.has("s") ? flow.name : "s", socket, flow);
}

function active(world: World, flow: Flow, options: readonly OptionSpec[]): void {
  const { rig } = world;
  const socket = newStream(world);
  flow.peerPort = SERVER_PORT;
  world.addSocket(world.sockets.has("s") ? flow.name : "s", socket, flow);
  const result = socket.connect(world.address(PEER_ADDR), SERVER_PORT, rig.nowUs);
  mustBe("connect", result, -EINPROGRESS);
  rig.turn();
  takeSegment(world, flow, SYN);
  inject(world, flow, SYN | ACK, 0, options);
  takeSegment(world, flow, ACK);
}

/** The words are joined again: options hold spaces. */
function open(world: World, _target: string | null, args: readonly string[]): Answer {
  const text = args.join(" ");
  const m = /^(active|passive)(?: flow (\w+))?(?: win (\d+))?(?: <([^>]*)>)?$/.exec(text);
  if (!m) throw new Error("write: open active|passive [flow NAME] [win N] [<OPTIONS>]");
  const flow = world.flow(m[2] ?? "a");
  flow.peerWin = Number(m[3] ?? 65535);
  const options = parseOptions(m[4] ?? "mss 1460");
  if (m[1] === "passive") passive(world, flow, options);
  else active(world, flow, options);
  world.rig.takeEvents(world.socket(null).socket);
  return 0;
}

export const openCall: Call = { expected: () => "0", run: open };
