/**
 * The commands of the script language: what a program does with its sockets, and what a script
 * asserts about them. A command answers a number (negative: -errno) or a word, which the runner
 * compares with what stands behind "->".
 *
 * @module
 */
import {
  getOption,
  type IpAddress,
  setOption,
  type Socket,
  type StreamSocket,
} from "../../stack/mod.ts";
import { EAGAIN, ENOTCONN, EPIPE } from "../../stack/base/errno.ts";
import { ipWord } from "../support/packet_types.ts";
import { checkPattern, fillPattern } from "../support/pattern.ts";
import { PEER_ADDR } from "../support/rig.ts";
import { assertions } from "./assertions.ts";
import type { Answer, Call } from "./call.ts";
import { datagramCalls } from "./datagrams.ts";
import { groupCalls } from "./groups.ts";
import { calls6 } from "./ip6/calls.ts";
import { errnoValue, SHUTDOWN_HOW, SOCKET_OPTIONS } from "./names.ts";
import { LOCAL_KEY, PEER_KEY, type World } from "./world.ts";

const KINDS: Readonly<Record<string, readonly [number, number]>> = {
  tcp: [1, 0],
  udp: [2, 0],
  raw: [3, 1],
  ping: [2, 1],
};

const zero = () => "0";
const firstArg = (args: readonly string[]) => args[0];

/** "198.18.0.1:80" or "80". */
function endpoint(world: World, text: string, addr: number): { addr: IpAddress; port: number } {
  const [host, port] = text.includes(":") ? text.split(":") : [null, text];
  return { addr: world.address(host === null ? addr : ipWord(host)), port: Number(port) };
}

/** "socket [NAME] [tcp|udp|raw|ping]" */
function socketCall(world: World, _target: string | null, args: readonly string[]): Answer {
  const kind = args.find((a) => a in KINDS) ?? "tcp";
  const name = args.find((a) => !(a in KINDS)) ?? "s";
  const [type, protocol] = KINDS[kind];
  const socket = world.rig.stack.socket(world.domain, type, protocol);
  if (typeof socket === "number") return socket;
  world.addSocket(name, socket, world.flow("a"));
  return "ok";
}

function bindCall(world: World, target: string | null, args: readonly string[]): Answer {
  const named = world.socket(target);
  const { addr, port } = endpoint(world, args[0], 0);
  const result = named.socket.bind(addr, port, world.rig.nowUs);
  if (result === 0) named.flow.localPort = named.socket.local().port;
  return result;
}

/** "connect [ADDR:]PORT [flow NAME]" */
function connectCall(world: World, target: string | null, args: readonly string[]): Answer {
  const named = world.socket(target);
  if (args[1] === "flow") {
    named.flow = world.flow(args[2]);
    if (named.socket.local().port === 0) named.flow.localPort = null;
  }
  const { addr, port } = endpoint(world, args[0], PEER_ADDR);
  named.flow.peerPort = port;
  const result = named.socket.connect(addr, port, world.rig.nowUs);
  if (named.socket.local().port !== 0) named.flow.localPort = named.socket.local().port;
  return result;
}

/** "accept [NAME]" */
function acceptCall(world: World, target: string | null, args: readonly string[]): Answer {
  const listener = world.socket(target);
  const socket = listener.stream.accept();
  if (!socket) return -EAGAIN;
  const port = socket.remote()?.port ?? 0;
  const flow = [...world.flows.values()].find((f) => f.peerPort === port) ?? world.flow("a");
  world.addSocket(args[0] ?? "c", socket, flow);
  return "ok";
}

/** "write N [more|eor]": as much as there is room for; MSG_MORE, MSG_EOR. */
function writeCall(world: World, target: string | null, args: readonly string[]): Answer {
  const named = world.socket(target);
  const socket = named.stream;
  const pending = socket.takeError();
  if (pending !== 0) return -pending;
  const { u8 } = world.rig.memory;
  const wanted = Number(args[0]);
  let done = 0;
  while (done < wanted) {
    // A span may be shorter than the space: the ring grows as it fills.
    const { off0, len0, off1, len1 } = socket.sendSpan(wanted - done);
    const len = len0 + len1;
    if (len === 0) break;
    fillPattern(u8, off0, len0, LOCAL_KEY, named.written);
    fillPattern(u8, off1, len1, LOCAL_KEY, named.written + len0);
    const isEnd = args[1] === "eor" && done + len === wanted;
    socket.sendCommit(len, world.rig.nowUs, args[1] === "more", isEnd);
    if (args[1] === "urgent" && done + len === wanted) socket.sendUrgent();
    named.written += len;
    done += len;
  }
  if (done > 0 || wanted === 0) return done;
  return canSend(socket) ? -EAGAIN : -EPIPE;
}

function canSend(socket: StreamSocket): boolean {
  return ["SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"].includes(socket.stateName);
}

/** "read N": verifies what it takes. 0 at the end of the stream. */
function readCall(world: World, target: string | null, args: readonly string[]): Answer {
  const named = world.socket(target);
  const socket = named.stream;
  const len = Math.min(Number(args[0]), socket.recvAvailable());
  if (len === 0) {
    const pending = socket.takeError();
    if (pending !== 0) return -pending;
    if (socket.recvEof) return 0;
    return socket.stateName === "CLOSED" ? -ENOTCONN : -EAGAIN;
  }
  const { off0, len0, off1, len1 } = socket.recvSpan(len);
  if (len0 + len1 !== len) throw new Error(`recvSpan(${len}) gave ${len0} + ${len1} bytes`);
  const { u8 } = world.rig.memory;
  const bad = checkPattern(u8, off0, len0, PEER_KEY, named.read) >= 0 ||
    checkPattern(u8, off1, len1, PEER_KEY, named.read + len0) >= 0;
  if (bad) throw new Error(`read: wrong bytes after stream position ${named.read}`);
  socket.recvConsume(len, world.rig.nowUs);
  named.read += len;
  return len;
}

function optionOf(name: string): readonly [number, number] {
  const found = SOCKET_OPTIONS[name];
  if (!found) throw new Error(`unknown socket option "${name}"`);
  return found;
}

/** "setsockopt NAME VALUE…": each value one int. */
function setCall(world: World, target: string | null, args: readonly string[]): Answer {
  const [level, name] = optionOf(args[0]);
  const value = new Uint8Array(Int32Array.from(args.slice(1), Number).buffer);
  return setOption(world.socket(target).socket, level, name, value, world.rig.nowUs);
}

/** "getsockopt NAME -> VALUE…" */
function getCall(world: World, target: string | null, args: readonly string[]): Answer {
  const [level, name] = optionOf(args[0]);
  const value = getOption(world.socket(target).socket, level, name, 256, world.rig.nowUs);
  if (typeof value === "number") return value;
  const ints = new Int32Array(value.slice().buffer, 0, value.length >> 2);
  return ints.join(" ");
}

function closeCall(world: World, target: string | null): Answer {
  world.socket(target).socket.close(world.rig.nowUs);
  return 0;
}

function onSocket(
  run: (socket: Socket, nowUs: number, args: readonly string[]) => Answer,
): Call["run"] {
  return (world, target, args) => run(world.socket(target).socket, world.rig.nowUs, args);
}

function onStream(
  run: (socket: StreamSocket, nowUs: number, args: readonly string[]) => Answer,
): Call["run"] {
  return (world, target, args) => run(world.socket(target).stream, world.rig.nowUs, args);
}

/**
 * "flow NAME [local PORT] [peer PORT] [peer_iss N] [new]": what the lines after it mean by NAME.
 */
function flowCall(world: World, _target: string | null, args: readonly string[]): Answer {
  const flow = world.flow(args[0]);
  for (let i = 1; i < args.length; i += 2) {
    if (args[i] === "new") {
      flow.iss = null;
      i--;
    } else if (args[i] === "local") flow.localPort = Number(args[i + 1]);
    else if (args[i] === "peer") flow.peerPort = Number(args[i + 1]);
    else if (args[i] === "peer_iss") flow.peerIss = Number(args[i + 1]);
    else throw new Error(`flow: unknown word "${args[i]}"`);
  }
  return 0;
}

function drainCall(world: World): Answer {
  world.rig.sent.length = 0;
  return 0;
}

export const CALLS: Readonly<Record<string, Call>> = {
  socket: { expected: () => "ok", run: socketCall },
  bind: { expected: zero, run: bindCall },
  connect: { expected: () => "EINPROGRESS", run: connectCall },
  listen: {
    expected: zero,
    run: onStream((s, nowUs, args) => s.listen(Number(args[0] ?? 5), nowUs)),
  },
  accept: { expected: () => "ok", run: acceptCall },
  write: { expected: firstArg, run: writeCall },
  read: { expected: firstArg, run: readCall },
  shutdown: {
    expected: zero,
    run: onSocket((s, nowUs, args) => s.shutdown(SHUTDOWN_HOW[args[0]], nowUs)),
  },
  close: { expected: zero, run: closeCall },
  abort: { expected: zero, run: onStream((s, nowUs) => (s.abort(nowUs), 0)) },
  disconnect: { expected: zero, run: onSocket((s, nowUs) => s.disconnect(nowUs)) },
  setsockopt: { expected: zero, run: setCall },
  getsockopt: { expected: zero, run: getCall },
  error: { expected: zero, run: onSocket((s) => s.takeError()) },
  flow: { expected: zero, run: flowCall },
  drain: { expected: zero, isLooking: true, run: drainCall },
  /** Nothing happens: with a time in front, nothing may be sent in that time. */
  quiet: { expected: zero, run: () => 0 },
  ...datagramCalls,
  ...groupCalls,
  ...assertions,
  ...calls6,
};

/** True when `answer` is what `expected` says: a number, an errno's name, or a word. */
export function isExpected(answer: Answer, expected: string): boolean {
  if (String(answer) === expected) return true;
  const code = errnoValue(expected);
  return code !== undefined && (answer === -code || answer === code);
}
