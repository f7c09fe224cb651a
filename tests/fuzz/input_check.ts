/**
 * What bad input gets: a named counter, and nothing else changes. Looks at the stack before and
 * after each frame, and compares with a second opinion (judge.ts) on what is wrong with it.
 *
 * @module
 */
import type { Stack } from "../../stack/mod.ts";
import { type Flow, FLOW_TCB, FLOW_TIME_WAIT } from "../../stack/tcp/base/flow.ts";
import { State } from "../../stack/tcp/base/state.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import * as drop from "../../stack/base/drop_reason.ts";
import { ACK, FIN, RST, SYN } from "../support/packet_types.ts";
import type { Family } from "../support/families.ts";
import { IP_OFF } from "./draft.ts";
import { Failure } from "./failure.ts";
import { GOOD_SEGMENT, judge, UNSURE } from "./judge.ts";
import { TcbSnapshot } from "./tcb_snapshot.ts";

/** Counted beside another reason, by something else than the frame, or several times for one. */
const NOT_EXCLUSIVE: ReadonlySet<number> = new Set([
  drop.DROP_REASSEMBLY_OVERLAP,
  drop.DROP_REASSEMBLY_MEMORY,
  drop.DROP_REASSEMBLY_TIMEOUT,
  drop.DROP_UDP_QUEUE_FULL,
  drop.DROP_RAW_QUEUE_FULL,
  drop.DROP_TCP_OPTIONS,
  drop.DROP_NEIGHBOUR_QUEUE_FULL,
  drop.DROP_NEIGHBOUR_FAILED,
  drop.DROP_NO_MEMORY,
  drop.DROP_DEVICE_FULL,
]);
/** Every frame moves these; and a gauge. */
const ARRIVALS: ReadonlySet<string> = new Set([
  "ip.inReceives",
  "ip.inOctets",
  "ip.inDelivers",
  "ip6.inReceives",
  "ip6.inOctets",
  "ip6.inDelivers",
  "icmp6.inMsgs",
  "icmp.inMsgs",
  "tcp.inSegs",
  "tcp.currEstab",
  "device.rxPackets",
  "device.rxBytes",
  "device.rxGro",
]);
const NOTHING: ReadonlySet<string> = new Set();
/** An answer notices that the route is another one now, or that there is none. */
const REROUTED: readonly string[] = ["softError", "pmtu", "pmtuSeq", "smss", "cwnd", "ssthresh"];
/**
 * What the answer to an unacceptable segment, or the decision not to give one, may change: all that
 * has to do with the sending of ACKs. A new field of that kind belongs here too.
 */
const ANSWERED: ReadonlySet<string> = new Set([
  "segsIn",
  "segsOut",
  "lastAckSent",
  "rcvAdv",
  "delayedAckAtUs",
  "quickAcks",
  "perSegmentAcks",
  "isAckDueOnRead",
  "lastSentUs",
  "isAckDue",
  "isDirty",
  "hasDsack",
  "dsackLeft",
  "dsackRight",
  "suspectAnsweredUs",
  "atUs",
  "heapIndex",
  ...REROUTED,
]);
/** The timestamp is looked at before the ACK field is (RFC 7323 5.3 R3). */
const CHALLENGED: ReadonlySet<string> = new Set([
  ...ANSWERED,
  "tsRecent",
  "tsRecentAtUs",
]);

function diff(a: number, b: number): number {
  return (a - b) | 0;
}

/** The fields of a segment that matter here. */
class Seen {
  seq = 0;
  ack = 0;
  len = 0;
  flags = 0;

  read(u8: Uint8Array, dv: DataView): void {
    const isV6 = u8[IP_OFF] >>> 4 === 6;
    const l4 = IP_OFF + (isV6 ? 40 : 20);
    const len = isV6 ? dv.getUint16(IP_OFF + 4) : dv.getUint16(IP_OFF + 2) - 20;
    const textLen = len - (u8[l4 + 12] >>> 4) * 4;
    this.seq = dv.getInt32(l4 + 4);
    this.ack = dv.getInt32(l4 + 8);
    this.flags = u8[l4 + 13];
    this.len = textLen + (this.flags & SYN ? 1 : 0) + (this.flags & FIN ? 1 : 0);
  }
}

export class InputCheck {
  readonly #drops: Float64Array;
  readonly #dropsBefore: Float64Array;
  readonly #sum: () => number;
  readonly #tcb = new TcbSnapshot();
  readonly #seg = new Seen();
  /** Whose segment it is, if it has a connection: text, ACKs and FINs are nothing bad then. */
  #isExpected = false;
  #verdict = UNSURE;
  #sumBefore = 0;
  #memoryBefore = 0;
  #flowsBefore = 0;
  #sentBefore = 0;
  #challengesBefore = 0;
  #notInFlightBefore = 0;
  #isUnacceptable = false;
  /** RFC 5082: from farther away than IP_MINTTL allows. */
  #isTooFar = false;

  constructor(readonly stack: Stack, readonly family: Family) {
    this.#drops = stack.counters.drops;
    this.#dropsBefore = new Float64Array(this.#drops.length);
    this.#sum = compileSum(stack);
  }

  /** The frame at 0 of `dv` is about to come in; it is, or an error in it is, about `flow`. */
  begin(dv: DataView, len: number, csum: number, gsoSize: number, flow: Flow | null): void {
    const u8 = new Uint8Array(dv.buffer, dv.byteOffset, len);
    const { counters: { ip, ip6, tcp }, memory, tcp: { demux } } = this.stack;
    this.#verdict = judge(u8, dv, len, csum, gsoSize, this.family);
    this.#dropsBefore.set(this.#drops);
    this.#sumBefore = this.#sum();
    this.#memoryBefore = memory.usedBytes;
    this.#flowsBefore = demux.count;
    this.#sentBefore = ip.outRequests + ip6.outRequests;
    this.#challengesBefore = tcp.challengeAck + tcp.ackSkippedChallenge;
    this.#notInFlightBefore = tcp.outOfWindowIcmps;
    const tcb = flow !== null && flow.kind === FLOW_TCB ? flow as Tcb : null;
    this.#isExpected = tcb !== null || flow?.kind === FLOW_TIME_WAIT;
    this.#tcb.take(tcb);
    this.#isUnacceptable = false;
    this.#isTooFar = false;
    if (this.#verdict !== GOOD_SEGMENT) return;
    this.#isTooFar = tcb !== null && hopsLeft(u8) < tcb.options.socket.minTtl;
    this.#seg.read(u8, dv);
    if (tcb !== null && tcb.state !== State.SYN_SENT) this.#isUnacceptable = this.#isOutside(tcb);
  }

  /** RFC 9293 3.10.7.4, first; what ends after Last.ACK.sent is taken, as by Linux. */
  #isOutside(tcb: Tcb): boolean {
    const { seq, len } = this.#seg;
    const edge = (tcb.rcvNxt + tcb.rcvWnd) | 0;
    return diff(seq + len, tcb.lastAckSent) < 0 || diff(seq, edge) > 0;
  }

  /** It has come in, and nothing has been flushed. */
  end(): void {
    const reason = this.#exclusiveDrop();
    if (this.#verdict < 0) this.#checkRefused(reason);
    else if (this.#verdict === GOOD_SEGMENT) this.#checkSegment(reason);
    else if (reason !== 0) this.#mustBeUntouched(CHALLENGED, name(reason));
    const { tcp } = this.stack.counters;
    if (tcp.outOfWindowIcmps > this.#notInFlightBefore) {
      this.#mustBeUntouched(NOTHING, "an ICMP error about nothing in flight");
    }
  }

  /** The reason for which the frame was dropped; 0: none. Throws when there are two. */
  #exclusiveDrop(): number {
    let reason = 0;
    for (let i = 1; i < this.#drops.length; i++) {
      const by = this.#drops[i] - this.#dropsBefore[i];
      if (by === 0 || NOT_EXCLUSIVE.has(-i)) continue;
      if (by !== 1 || reason !== 0) throw new Failure(`input: dropped twice (${name(-i)})`);
      reason = -i;
    }
    return reason;
  }

  /** A frame that is certainly wrong. */
  #checkRefused(reason: number): void {
    const { counters, memory, tcp } = this.stack;
    const verdict = name(this.#verdict);
    if (reason !== this.#verdict) {
      throw new Failure(`input: ${verdict} was counted as ${name(reason)}`);
    }
    this.#mustBeUntouched(NOTHING, verdict);
    if (tcp.demux.count !== this.#flowsBefore) throw new Failure(`input: ${verdict} made a flow`);
    if (counters.ip.outRequests + counters.ip6.outRequests !== this.#sentBefore) {
      throw new Failure(`input: ${verdict} was answered`);
    }
    // Raw sockets see what transports refuse
    if (this.#verdict > drop.DROP_ICMP_SHORT && memory.usedBytes !== this.#memoryBefore) {
      throw new Failure(`input: ${verdict} took memory`);
    }
  }

  /** A segment whose headers are right, for a connection or for nobody. */
  #checkSegment(reason: number): void {
    if (this.#isTooFar) return this.#checkTooFar(reason);
    const isFit = reason === 0 || reason === drop.DROP_TCP_NO_PORT ||
      reason === drop.DROP_TCP_FLAGS || reason === drop.DROP_TCP_SEQUENCE ||
      (reason === drop.DROP_TCP_MIN_TTL && !this.#isExpected); // a listener's
    if (!isFit) throw new Failure(`input: a good segment was dropped for ${name(reason)}`);
    const { tcp } = this.stack.counters;
    const challenges = tcp.challengeAck + tcp.ackSkippedChallenge;
    if (this.#isUnacceptable) this.#mustBeUntouched(ANSWERED, "an unacceptable segment");
    else if (challenges > this.#challengesBefore) {
      this.#mustBeUntouched(CHALLENGED, "a challenged segment");
    } else if (reason !== 0) this.#mustBeUntouched(CHALLENGED, name(reason));
    const { flags } = this.#seg;
    const isOrdinary = this.#isExpected && !this.#isUnacceptable &&
      (flags & (ACK | SYN | RST)) === ACK;
    const isSilent = this.#sum() === this.#sumBefore &&
      this.stack.tcp.demux.count === this.#flowsBefore;
    if (isOrdinary || !isSilent || this.#tcb.changes(ANSWERED) !== "") return;
    throw new Failure("input: a segment was dropped, and nothing counts it");
  }

  #checkTooFar(reason: number): void {
    if (reason !== drop.DROP_TCP_MIN_TTL) {
      throw new Failure(`input: a segment from too far away was counted as ${name(reason)}`);
    }
    this.#mustBeUntouched(NOTHING, name(reason));
  }

  #mustBeUntouched(allowed: ReadonlySet<string>, what: string): void {
    const changes = this.#tcb.changes(allowed);
    if (changes !== "") throw new Failure(`input: ${what} changed a connection:${changes}`);
  }
}

/** TTL, or hop limit. */
function hopsLeft(u8: Uint8Array): number {
  return u8[IP_OFF] >>> 4 === 6 ? u8[IP_OFF + 7] : u8[IP_OFF + 8];
}

function name(reason: number): string {
  return reason === 0 ? "nothing" : drop.DROP_NAMES[-reason];
}

/** All counters but those of arrivals in one number, which grows when anything was counted. */
function compileSum(stack: Stack): () => number {
  const { counters } = stack;
  const terms = Object.keys(counters.snapshot())
    .filter((path) => !path.startsWith("drop.") && !ARRIVALS.has(path))
    .map((path) => `c.${path}`);
  for (let i = 1; i < counters.drops.length; i++) terms.push(`c.drops[${i}]`);
  return new Function("c", `return () => ${terms.join(" + ")}`)(counters) as () => number;
}
