/**
 * What can be asked on a control connection: one table of the operations of protocol.h, and how a
 * request finds its own.
 *
 * @module
 */
import { SHUT_RD, SHUT_RDWR, SOCK_SEQPACKET } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { EAFNOSUPPORT, EAGAIN, EINVAL, ENOTCONN } from "../../../stack/mod.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { EndedSocket } from "../endpoint/ended_sockets.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { claimPairEnd } from "../endpoint/pair.ts";
import type { Request } from "../protocol/message.ts";
import type { Call } from "./call.ts";
import { check, takeExtras } from "./datagram_requests.ts";
import { takeErrorEntry } from "./error_queue.ts";
import { listInterfaces } from "./ifaddrs.ts";
import { ioctl } from "./ioctl.ts";
import { getOption, getOptionOfEnded, setOption, setOptionPosted } from "./option_requests.ts";
import { isRingAnswered, ring } from "./ring_requests.ts";
import { INT_MAX, writeRules } from "./rules.ts";
import {
  adoptSocket,
  bind,
  connect,
  connectEnded,
  describeSocket,
  listen,
  name,
  noteClose,
  openSocket,
  readOn,
  setMore,
  settle,
  shutdown,
  watchUrgent,
} from "./socket_requests.ts";

/** A request that concerns no socket, or makes one. The result is 0 or -errno. */
interface GeneralOperation {
  readonly run: (call: Call) => number;
}

/** A request that names a socket, which lives, or whose pair is closed. */
interface SocketOperation {
  readonly living: (call: Call, endpoint: Endpoint) => number;
  readonly ended: (call: Call, ended: EndedSocket) => number;
  /** What was written before the request leaves as if it had not come: of which sockets. */
  readonly catchesUp?: "all" | "datagrams" | ((call: Call) => boolean);
}

/** Least and greatest value of an argument. */
type Range = readonly [least: number, greatest: number];

type Operation = (GeneralOperation | SocketOperation) & {
  /** What its arguments may be; beyond: -EINVAL. Those without a range any int32 may be. */
  readonly ranges?: { readonly a?: Range; readonly b?: Range; readonly c?: Range };
  /** Whether the program waits for a reply. Default: always. */
  readonly isAnswered?: (call: Call) => boolean;
};

const never = (): boolean => false;
const refused = (errno: number) => (): number => -errno;
const invalid = refused(EINVAL);
const notConnected = refused(ENOTCONN);
const done = (): number => 0;
const FLAG: Range = [0, 1];
const LENGTH: Range = [0, INT_MAX];
/** What is read away before data, in one go. */
const FILLER: Range = [0, P.NUSE_FILLER_LEN];

const OPERATIONS: Readonly<Record<number, Operation>> = {
  [P.NUSE_OP_HELLO]: { run: greet },
  [P.NUSE_OP_ATTACH]: { run: attach, isAnswered: never },
  [P.NUSE_OP_CANCEL]: { run: cancel, isAnswered: never, ranges: { a: FILLER } },
  [P.NUSE_OP_IFADDRS]: { run: listInterfaces },
  [P.NUSE_OP_IMAGE]: { run: report, isAnswered: never },
  [P.NUSE_OP_PACKET_SOCKET]: { run: report, isAnswered: never },
  [P.NUSE_OP_CAPTURE]: { run: openCapture },
  [P.NUSE_OP_IOCTL]: { run: ioctl },
  [P.NUSE_OP_SOCKET]: { run: openSocket },
  [P.NUSE_OP_OPEN]: { run: adoptSocket, isAnswered: never },
  [P.NUSE_OP_CLOSE]: { run: noteClose, ranges: { a: FLAG, b: LENGTH } },
  [P.NUSE_OP_SETTLE]: { run: settle },
  [P.NUSE_OP_WHO]: { living: describeSocket, ended: describeSocket },
  [P.NUSE_OP_BIND]: { living: bind, ended: invalid },
  [P.NUSE_OP_CONNECT]: {
    living: connect,
    ended: connectEnded,
    catchesUp: "datagrams",
    ranges: { a: FILLER, b: FLAG, c: [0, P.NUSE_CONNECT_FAST_EMPTY] },
  },
  [P.NUSE_OP_LISTEN]: { living: listen, ended: invalid },
  [P.NUSE_OP_CHECK]: { living: check, ended: notConnected, ranges: { a: LENGTH, b: FLAG } },
  [P.NUSE_OP_NAME]: { living: name, ended: name, ranges: { a: FLAG } },
  [P.NUSE_OP_SHUTDOWN]: {
    living: shutdown,
    ended: (_, { remote }) => remote === null ? -ENOTCONN : 0,
    catchesUp: "datagrams",
    ranges: { a: [SHUT_RD, SHUT_RDWR], b: FLAG },
  },
  [P.NUSE_OP_READ]: { living: readOn, ended: done, ranges: { a: LENGTH, b: FLAG } },
  [P.NUSE_OP_MORE]: {
    living: setMore,
    ended: notConnected,
    catchesUp: ({ request }) => request.a !== P.NUSE_MORE_POSTED, // the pair was empty then
    isAnswered: ({ request: { a } }) => a !== P.NUSE_MORE_END && a !== P.NUSE_MORE_POSTED,
    ranges: { a: [P.NUSE_MORE_END, P.NUSE_MORE_POSTED], b: LENGTH, c: FLAG },
  },
  [P.NUSE_OP_URGENT]: {
    living: watchUrgent,
    ended: notConnected,
    isAnswered: ({ request }) => request.a === 0,
    ranges: { a: FLAG },
  },
  [P.NUSE_OP_RING]: {
    living: ring,
    ended: refused(EAGAIN),
    isAnswered: isRingAnswered,
    ranges: { a: [P.NUSE_RING_ENTER, P.NUSE_RING_RECEIVE_SHOW] },
  },
  [P.NUSE_OP_GETOPT]: { living: getOption, ended: getOptionOfEnded, ranges: { c: LENGTH } },
  [P.NUSE_OP_SETOPT]: { living: setOption, ended: done, catchesUp: "all" },
  [P.NUSE_OP_POST_SETOPT]: { living: setOptionPosted, ended: done, isAnswered: never },
  [P.NUSE_OP_EXTRAS]: { living: takeExtras, ended: refused(EAGAIN), ranges: { b: FLAG } },
  [P.NUSE_OP_ERRQUEUE]: { living: takeErrorEntry, ended: refused(EAGAIN) },
};

const UNKNOWN: Operation = { living: invalid, ended: notConnected };

function operationOf({ request }: Call): Operation {
  return OPERATIONS[request.op] ?? UNKNOWN;
}

/** Whether the socket that the request names, if it has to name one, is known. */
export function isSocketKnown(call: Call): boolean {
  const { app, request } = call;
  const { cookie } = request;
  if ("run" in operationOf(call)) return true;
  return app.endpoints.get(cookie) !== null || app.ended.get(cookie) !== null ||
    app.refused.errnoOf(cookie) !== 0;
}

/**
 * Carries out the request and fills the reply, which is clear. Returns whether there is one to send
 * now: not when nobody waits for it, nor when it will be given later (REPLY_DEFERRED).
 */
export function carryOut(call: Call): boolean {
  const { reply, request } = call;
  const operation = operationOf(call);
  reply.cookie = request.cookie;
  if (!isInRange(request, operation)) reply.result = -EINVAL;
  else reply.result = "run" in operation ? operation.run(call) : runOnSocket(call, operation);
  return reply.result <= 0 && (operation.isAnswered?.(call) ?? true);
}

function isInRange({ a, b, c }: Request, { ranges }: Operation): boolean {
  if (ranges === undefined) return true;
  return isIn(a, ranges.a) && isIn(b, ranges.b) && isIn(c, ranges.c);
}

function isIn(value: number, range: Range | undefined): boolean {
  return range === undefined || (value >= range[0] && value <= range[1]);
}

function runOnSocket(call: Call, operation: SocketOperation): number {
  const { app, request, reply, nowUs } = call;
  const endpoint = app.endpoints.get(request.cookie);
  if (endpoint !== null) {
    if (!isHeld(call, endpoint)) return -P.NUSE_NOT_SHOWN;
    if (hasToCatchUp(operation, call, endpoint)) endpoint.catchUp(nowUs);
    const result = operation.living(call, endpoint);
    // listen() replaces the endpoint
    reply.state = app.endpoints.get(request.cookie)?.state ?? 0;
    return result;
  }
  const ended = app.ended.get(request.cookie);
  if (ended === null) return whyUnknown(app, request);
  if (!isHeld(call, ended)) return -P.NUSE_NOT_SHOWN;
  reply.state = ended.state;
  return operation.ended(call, ended);
}

/** What is wrong with a socket that we do not have. */
function whyUnknown({ refused }: AppContext, { cookie, op }: Request): number {
  const errno = refused.errnoOf(cookie);
  return errno === 0 || op === P.NUSE_OP_WHO ? -P.NUSE_NO_SOCKET : -errno;
}

/** Whether the caller has shown the socket, now or before on this connection. */
function isHeld(call: Call, socket: Endpoint | EndedSocket): boolean {
  const { holder } = call.caller;
  if (socket.holders.has(holder)) return true;
  if (socket.isContested || !call.showsSocket(socket.isPairOurs)) {
    call.app.counters.socketsNotShown++;
    return false;
  }
  socket.isCookieShown = true;
  socket.holders.add(holder);
  return true;
}

function hasToCatchUp(
  { catchesUp }: SocketOperation,
  call: Call,
  endpoint: Endpoint,
): boolean {
  if (catchesUp === undefined) return false;
  if (typeof catchesUp === "function") return catchesUp(call);
  return catchesUp === "all" || endpoint.kind === P.NUSE_KIND_DATAGRAM;
}

/** HELLO */
function greet({ app, reply }: Call): number {
  reply.a = Deno.pid;
  reply.b = app.token.low;
  reply.c = app.token.high;
  reply.dataLen = writeRules(app.memory.dv, reply.dataOff, app.stack.config.tcp);
  return 0;
}

/** ATTACH */
function attach(call: Call): number {
  if (!claimPairEnd(call.app, call.fd, SOCK_SEQPACKET)) return -EINVAL;
  if (call.caller.attach(call.takeFd(), call.request.b === 1)) call.app.counters.clientsAttached++;
  return 0;
}

/** IMAGE and PACKET_SOCKET */
function report({ app, request: { op, dataOff, dataLen } }: Call): number {
  app.reports.take(op, Uint8Array.from(app.memory.u8.subarray(dataOff, dataOff + dataLen)));
  return 0;
}

/** CAPTURE */
function openCapture({ app, nowUs }: Call): number {
  return app.openCapture?.(nowUs) ?? -EAFNOSUPPORT;
}

/** CANCEL */
function cancel({ caller, request }: Call): number {
  caller.later.cancel(request.a);
  return 0;
}
