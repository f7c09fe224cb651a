/**
 * Script commands that only look: state, events, fields of the TCB, counters.
 *
 * @module
 */
import { parseNumber } from "./notation.ts";
import type { Answer, Call } from "./call.ts";
import { EVENT_BITS, eventText } from "./names.ts";
import { tcbOf } from "../support/tcb.ts";
import type { Flow, World } from "./world.ts";

/** Fields of the TCB that count in our sequence space and in the peer's: shown relative. */
const LOCAL_SEQ = new Set([
  "sndUna",
  "sndNxt",
  "sndUp",
  "sndWl2",
  "sndRingSeq",
  "sndEnd",
  "recover",
]);
const PEER_SEQ = new Set([
  "rcvNxt",
  "rcvAdv",
  "rcvUp",
  "sndWl1",
  "lastAckSent",
  "dsackLeft",
  "dsackRight",
]);

/** "state ESTABLISHED" */
function state(world: World, target: string | null, args: readonly string[]): Answer {
  const actual = world.socket(target).stream.stateName;
  return actual === args[0] ? 0 : `state is ${actual}`;
}

/**
 * "events READABLE !ERROR": raised (not raised) since the last "events" line. "none": nothing at
 * all.
 */
function events(world: World, target: string | null, args: readonly string[]): Answer {
  const bits = world.rig.takeEvents(world.socket(target).socket);
  for (const arg of args) {
    if (arg === "none") {
      if (bits !== 0) return `events are ${eventText(bits)}`;
      continue;
    }
    const bit = EVENT_BITS[arg.replace("!", "")];
    if (bit === undefined) throw new Error(`unknown event "${arg}"`);
    if (((bits & bit) !== 0) === arg.startsWith("!")) return `events are ${eventText(bits)}`;
  }
  return 0;
}

/** Follows "rtt.srttUs" from an object. */
function field(from: unknown, path: string): unknown {
  let value = from;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !(name in value)) {
      throw new Error(`no field "${name}" in "${path}"`);
    }
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** "" or what is there instead. `args`: NUMBER, or ">= NUMBER" in two words, or a word. */
function check(world: World, flow: Flow, value: unknown, args: readonly string[]): Answer {
  const wanted = args.join("");
  if (typeof value !== "number") return String(value) === wanted ? 0 : `it is ${value}`;
  if (wanted === "Infinity") return value === Infinity ? 0 : `it is ${value}`;
  return world.mismatch(parseNumber(wanted), value, flow) === "" ? 0 : `it is ${value}`;
}

/** "expect FIELD [OP] VALUE" on the target's TCB. */
function expect(world: World, target: string | null, args: readonly string[]): Answer {
  const named = world.socket(target);
  const tcb = tcbOf(world.rig.stack, named.stream);
  if (!tcb) throw new Error(`${named.name} has no TCB in state ${named.stream.stateName}`);
  let value = field(tcb, args[0]);
  if (typeof value === "number" && LOCAL_SEQ.has(args[0])) value = (value - tcb.iss) | 0;
  if (typeof value === "number" && PEER_SEQ.has(args[0])) value = (value - tcb.irs) | 0;
  return check(world, named.flow, value, args.slice(1));
}

/** "counter tcp.pawsEstab [OP] N", "counter drop.tcpFlags [OP] N": of the whole run. */
function counter(world: World, _target: string | null, args: readonly string[]): Answer {
  const value = world.rig.stack.counters.snapshot()[args[0]];
  if (value === undefined) throw new Error(`no counter "${args[0]}"`);
  return check(world, world.flow("a"), value, args.slice(1));
}

function amount(read: (world: World, target: string | null) => number): Call {
  return {
    expected: () => "0",
    isLooking: true,
    run: (world, target, args) =>
      check(world, world.socket(target).flow, read(world, target), args),
  };
}

function looking(run: Call["run"]): Call {
  return { expected: () => "0", isLooking: true, run };
}

export const assertions: Readonly<Record<string, Call>> = {
  state: looking(state),
  events: looking(events),
  expect: looking(expect),
  counter: looking(counter),
  /** "available N": bytes ready to be read. */
  available: amount((world, target) => world.socket(target).stream.recvAvailable()),
  /** "urgent N": bytes before the urgent one, -1: there is none. */
  urgent: amount((world, target) => world.socket(target).stream.urgentOffset),
  /** "skip N": bytes that are not to be read after all. */
  skip: amount((world, target) => world.socket(target).stream.recvSkip),
  /** "space N": room in the send buffer. */
  space: amount((world, target) => world.socket(target).stream.sendSpace()),
  /** "unacked N": bytes that the peer has not acknowledged (SIOCOUTQ). */
  unacked: amount((world, target) => world.socket(target).stream.unackedBytes),
  /** "eof yes|no" */
  eof: looking((world, target, args) => {
    const has = world.socket(target).stream.recvEof;
    return has === (args[0] === "yes") ? 0 : `recvEof is ${has}`;
  }),
  /** "port local|remote N" of the socket. */
  port: looking((world, target, args) => {
    const { socket, flow } = world.socket(target);
    const end = args[0] === "local" ? socket.local() : socket.remote();
    return check(world, flow, end ? end.port : "none", args.slice(1));
  }),
};
