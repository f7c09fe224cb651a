/**
 * What must be true of every connection after every step. The names are those of tcb.ts.
 *
 * @module
 */
import { SENT_LOST, SENT_RETRANS, SENT_SACKED } from "../../stack/tcp/tcb/sent_queue.ts";
import { RetransmitTimer, State, stateName } from "../../stack/tcp/base/state.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";

/** What a connection looked like at the last check: some things may only grow. */
interface Before {
  state: State;
  sndUna: number;
  rcvNxt: number;
  rcvAdv: number;
}

const before = new WeakMap<Tcb, Before>();

function diff(a: number, b: number): number {
  return (a - b) | 0;
}

/** Synchronized states, in which the sequence variables of both sides mean something. */
function isSynchronized(state: State): boolean {
  return state !== State.CLOSED && state !== State.LISTEN && state !== State.SYN_SENT;
}

/** Throws when something about the connection cannot be. */
export function checkTcb(tcb: Tcb): void {
  const wrong: string[] = [];
  const must = (isTrue: boolean, what: string) => {
    if (!isTrue) wrong.push(what);
  };
  checkNumbers(tcb, must);
  checkSender(tcb, must);
  checkSentQueue(tcb, must);
  checkSentOrder(tcb, must);
  checkTimers(tcb, must);
  if (isSynchronized(tcb.state)) {
    checkReceiver(tcb, must);
    checkProgress(tcb, must);
  }
  if (wrong.length > 0) {
    throw new Error(`invariant (${stateName(tcb.state)}): ${wrong.join("; ")}\n${dump(tcb)}`);
  }
}

type Must = (isTrue: boolean, what: string) => void;

/** Names of an object's numeric fields, and whether one of them is NaN. */
interface NumericFields {
  readonly names: readonly string[];
  readonly hasNaN: (object: object) => boolean;
}

const fieldsByClass = new Map<unknown, NumericFields>();

/** Compiled from the names of the fields: a loop over them is ten times slower. */
function numericFields(object: object): NumericFields {
  const known = fieldsByClass.get(object.constructor);
  if (known !== undefined) return known;
  const names = Object.entries(object).filter(([, v]) => typeof v === "number").map(([k]) => k);
  const tests = names.map((name) => `t.${name} !== t.${name}`);
  const hasNaN = new Function("t", `return ${tests.join(" || ") || "false"}`);
  const fields = { names, hasNaN: hasNaN as NumericFields["hasNaN"] };
  fieldsByClass.set(object.constructor, fields);
  return fields;
}

function checkNaN(what: string, object: object, must: Must): void {
  const { names, hasNaN } = numericFields(object);
  if (!hasNaN(object)) return;
  const values = object as Record<string, number>;
  for (const name of names) must(!Number.isNaN(values[name]), `${what}${name} is NaN`);
}

function checkNumbers(tcb: Tcb, must: Must): void {
  checkNaN("", tcb, must);
  checkNaN("rtt.", tcb.rtt, must);
  checkNaN("rack.", tcb.rack, must);
  checkNaN("undo.", tcb.undo, must);
  checkNaN("rate.", tcb.rate, must);
  checkNaN("pacer.", tcb.pacer, must);
  checkNaN("mtuProbing.", tcb.mtuProbing, must);
  checkNaN("congestion.", tcb.congestion, must);
  const { sndUna, sndNxt, rcvNxt, rcvAdv, iss, irs } = tcb;
  const areInt32 = (sndUna | 0) === sndUna && (sndNxt | 0) === sndNxt && (rcvNxt | 0) === rcvNxt &&
    (rcvAdv | 0) === rcvAdv && (iss | 0) === iss && (irs | 0) === irs;
  if (areInt32) return;
  for (const name of ["sndUna", "sndNxt", "rcvNxt", "rcvAdv", "iss", "irs"] as const) {
    must((tcb[name] | 0) === tcb[name], `${name} is not an int32: ${tcb[name]}`);
  }
}

function checkSender(tcb: Tcb, must: Must): void {
  if (tcb.state === State.CLOSED || tcb.state === State.LISTEN) return;
  must(diff(tcb.sndNxt, tcb.sndUna) >= 0, "SND.UNA is after SND.NXT");
  const sendable = diff(tcb.sndEnd, tcb.sndUna) + (tcb.isFinSent ? 1 : 0);
  const isSynOut = diff(tcb.sndUna, tcb.iss) === 0;
  if (!isSynOut) must(diff(tcb.sndNxt, tcb.sndUna) <= sendable, "SND.NXT is beyond the send ring");
  const { usedBytes, capacity } = tcb.sndRing;
  must(usedBytes >= 0 && usedBytes <= capacity, `${usedBytes} bytes in a send ring of ${capacity}`);
  must(tcb.smss >= 1, `SMSS ${tcb.smss}`);
  must(tcb.sndWnd >= 0 && tcb.sndWnd < 2 ** 30, `SND.WND ${tcb.sndWnd}`);
  must(tcb.sndWnd <= tcb.maxSndWnd, `SND.WND ${tcb.sndWnd} is the largest, not ${tcb.maxSndWnd}`);
  must(Number.isFinite(tcb.cwnd) && tcb.cwnd >= 0, `cwnd ${tcb.cwnd}`);
  if (isSynchronized(tcb.state)) must(tcb.cwnd >= tcb.smss, `cwnd ${tcb.cwnd} below SMSS`);
  must(tcb.ssthresh >= tcb.smss, `ssthresh ${tcb.ssthresh} below SMSS`);
  must(tcb.rtt.rtoUs > 0 && Number.isFinite(tcb.rtt.rtoUs), `RTO ${tcb.rtt.rtoUs}`);
}

/** The queue of records covers [SND.UNA, SND.NXT) without gaps, and its sums are right. */
function checkSentQueue(tcb: Tcb, must: Must): void {
  const { sent } = tcb;
  let next = tcb.sndUna;
  let sacked = 0;
  let lost = 0;
  let retrans = 0;
  let count = 0;
  let prev = null;
  for (let s = sent.head; s !== null; s = s.next) {
    const len = diff(s.end, s.seq);
    must(s.seq === next, `record ${count} begins at ${s.seq >>> 0}, not ${next >>> 0}`);
    must(len > 0, `record ${count} is empty`);
    must(s.prev === prev, `record ${count} is linked wrongly`);
    if (s.flags & SENT_SACKED) sacked += len;
    if (s.flags & SENT_LOST) lost += len;
    if (s.flags & SENT_RETRANS) retrans += len;
    must(!(s.flags & SENT_SACKED && s.flags & SENT_LOST), `record ${count} is SACKed and lost`);
    next = s.end;
    prev = s;
    count++;
  }
  must(sent.tail === prev, "tail of the records");
  must(sent.count === count, `${count} records, count says ${sent.count}`);
  if (count > 0) must(next === tcb.sndNxt, "the records do not reach SND.NXT");
  else must(tcb.sndUna === tcb.sndNxt, "bytes are out, but no record of them");
  must(sent.sackedBytes === sacked, `sackedBytes ${sent.sackedBytes}, records say ${sacked}`);
  must(sent.lostBytes === lost, `lostBytes ${sent.lostBytes}, records say ${lost}`);
  must(sent.retransBytes === retrans, `retransBytes ${sent.retransBytes}, records say ${retrans}`);
}

/** The order of sending holds what is in flight, each record once. */
function checkSentOrder(tcb: Tcb, must: Must): void {
  let inFlight = 0;
  let sacked = 0;
  for (let s = tcb.sent.head; s !== null; s = s.next) {
    if (s.isInFlight) inFlight++;
    if (s.flags & SENT_SACKED) sacked++;
  }
  must(tcb.sent.sackedCount === sacked, `sackedCount ${tcb.sent.sackedCount}, records ${sacked}`);
  let prev = null;
  for (let s = tcb.sent.order.head; s !== null && inFlight >= 0; s = s.txNext) {
    must(s.isInFlight, "a record in the order of sending is not in flight");
    must(s.txPrev === prev, "the order of sending is linked wrongly");
    prev = s;
    inFlight--;
  }
  must(tcb.sent.order.tail === prev, "tail of the order of sending");
  must(inFlight === 0, `${inFlight} records in flight are not in the order of sending`);
  must(tcb.pipe >= 0, `pipe ${tcb.pipe}`);
}

/** What waits for the peer has a timer, and only that. */
function checkTimers(tcb: Tcb, must: Must): void {
  const isArmed = tcb.retransmitTimer !== RetransmitTimer.OFF;
  must(isArmed === (tcb.retransmitAtUs !== Infinity), "retransmission timer and its deadline");
  if (tcb.state === State.CLOSED) {
    must(!isArmed && tcb.heapIndex === -1, "a closed connection has a timer");
    return;
  }
  if (tcb.sent.count > 0) must(isArmed, "bytes are out and no timer is armed");
  const isStuck = isSynchronized(tcb.state) && !tcb.isDirty && tcb.sent.count === 0 &&
    tcb.sndWnd === 0 && tcb.sndRing.usedBytes > 0 && !tcb.isFinSent;
  if (isStuck) must(isArmed, "the window is closed, text waits, and no probe is due");
  const earliest = Math.min(
    tcb.retransmitAtUs,
    tcb.delayedAckAtUs,
    tcb.keepAliveAtUs,
    tcb.lingerAtUs,
    tcb.paceAtUs,
    tcb.reorderAtUs,
    tcb.probeAtUs,
  );
  if (earliest !== Infinity) {
    must(tcb.heapIndex >= 0 && tcb.atUs <= earliest, "a deadline is earlier than the timer node");
  }
}

const NOTHING_HELD = { heldBytes: 0, chargedBytes: 0, pieceCount: 0 };

function checkReceiver(tcb: Tcb, must: Must): void {
  const { assembler: a, rcvRing } = tcb;
  // A bare FIN is taken at the edge of a closed window too, as Linux does
  const beyond = tcb.isFinReceived ? 1 : 0;
  must(diff(tcb.rcvAdv, tcb.rcvNxt) + beyond >= 0, "the advertised window ends before RCV.NXT");
  const { heldBytes, chargedBytes, pieceCount } = rcvRing.outOfOrder ?? NOTHING_HELD;
  must(rcvRing.chargedBytes >= rcvRing.usedBytes + heldBytes, "charged less than is held");
  must(chargedBytes <= 3 * heldBytes + 64 * pieceCount, "charged much more than is held");
  const maxIntervals = tcb.layer.config.assemblerIntervalMax;
  must(a.count <= maxIntervals, `${a.count} intervals of at most ${maxIntervals}`);
  let edge = tcb.rcvNxt;
  let gapBytes = 0;
  for (let i = 0; i < a.count; i++) {
    must(diff(a.left[i], edge) > 0, `interval ${i} touches what is before it`);
    must(diff(a.right[i], a.left[i]) > 0, `interval ${i} is empty`);
    edge = a.right[i];
    // Nothing that lies behind a FIN will be read
    const isCut = tcb.isFinPending && diff(a.right[i], tcb.rcvFinSeq) > 0;
    gapBytes += Math.max(0, diff(isCut ? tcb.rcvFinSeq : a.right[i], a.left[i]));
  }
  must(tcb.isRcvShutdown || heldBytes >= gapBytes, "not all that came lies there");
}

/** SND.UNA, RCV.NXT and the right edge of our window never move back (RFC 9293 3.8.6). */
function checkProgress(tcb: Tcb, must: Must): void {
  const last = before.get(tcb);
  if (last && isSynchronized(last.state)) {
    must(diff(tcb.sndUna, last.sndUna) >= 0, "SND.UNA moved back");
    must(diff(tcb.rcvNxt, last.rcvNxt) >= 0, "RCV.NXT moved back");
    const edgeMoved = diff(tcb.rcvAdv, last.rcvAdv);
    must(edgeMoved >= 0, `the right edge of our window moved back by ${-edgeMoved}`);
  }
  const { state, sndUna, rcvNxt, rcvAdv } = tcb;
  if (last) Object.assign(last, { state, sndUna, rcvNxt, rcvAdv });
  else before.set(tcb, { state, sndUna, rcvNxt, rcvAdv });
}

/** The scalar fields, for the message. */
function dump(tcb: Tcb): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(tcb)) {
    if (typeof value === "number" || typeof value === "boolean") parts.push(`${name}=${value}`);
  }
  return `  ${parts.join(" ")}`;
}
