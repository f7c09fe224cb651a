/**
 * A bottleneck in a nutshell, to close the loop around a congestion control algorithm: senders with
 * perfect knowledge of what has arrived (as with SACK), one drop-tail queue, a fixed delay. The
 * order of calls is the one that the stack's core keeps. Times are microseconds, rates bytes per
 * second.
 *
 *     flows -> [ queue of bufferBytes | rate ] -> delay rttUs -> acknowledgment
 *
 * The queue is first in, first out, so a packet's fate is known when it is sent, and no event queue
 * is needed: each flow keeps its acknowledgments to come in the order of their times.
 *
 * @module
 */
import type {
  CongestionControl,
  CongestionState,
} from "../../../../stack/tcp/congestion/congestion_control.ts";
import { SSTHRESH_INFINITE } from "../../../../stack/tcp/congestion/congestion_control.ts";
import { DeliveryRate, type TxStamp } from "../../../../stack/tcp/base/delivery_rate.ts";
import { Pacer } from "../../../../stack/tcp/base/pacing.ts";
import { Bottleneck, type PathConfig } from "./bottleneck.ts";

class Packet implements TxStamp {
  sentUs = 0;
  txDeliveredBytes = 0;
  txDeliveredUs = 0;
  txFirstSentUs = 0;
  isTxAppLimited = false;
  /** Transmissions of the flow up to its last one. */
  order = 0;
  isOutstanding = false;
  isLost = false;
  wasRetransmitted = false;
}

export { Bottleneck, type PathConfig } from "./bottleneck.ts";

/** Packets that a flow may have outstanding, and numbers in its rings. */
const SLOTS = 1 << 14;
const DUP_THRESH = 3;
const OPEN = 0;
const FAST = 1;
const LOSS = 2;

/** A first-in, first-out ring of numbers. */
class NumberRing {
  readonly #items = new Float64Array(SLOTS);
  #head = 0;
  #tail = 0;

  get count(): number {
    return this.#tail - this.#head;
  }

  get first(): number {
    return this.#items[this.#head % SLOTS];
  }

  push(item: number): void {
    if (this.count === SLOTS) throw new Error("the model's ring is full");
    this.#items[this.#tail++ % SLOTS] = item;
  }

  shift(): number {
    return this.#items[this.#head++ % SLOTS];
  }
}

export class Flow implements CongestionState {
  readonly smss = 1448;
  cwnd = 10 * 1448;
  ssthresh = SSTHRESH_INFINITE;
  pipe = 0;
  readonly rate = new DeliveryRate();
  readonly pacer = new Pacer();
  /** Bytes that the program has offered; what is beyond waits. */
  offeredBytes = Infinity;
  /** Round trips: the last, the smallest, the smoothed. */
  rttUs = -1;
  minRttUs = -1;
  srttUs = -1;
  recoveries = 0;
  timeouts = 0;
  ecnReductions = 0;
  /** Bytes that have arrived, each counted once. */
  deliveredBytes = 0;
  #nextPacket = 0;
  #unaPacket = 0;
  #order = 0;
  #recovery = OPEN;
  #recoverPacket = 0;
  #ecnPacket = 0;
  #prrDelivered = 0;
  #prrOut = 0;
  #recoverFlight = 1;
  #isCwndLimited = false;
  #deadlineUs = Infinity;
  readonly #packets = Array.from({ length: SLOTS }, () => new Packet());
  /** Acknowledgments to come: their times, packets (negative - 1: with a mark). */
  readonly #ackTimes = new NumberRing();
  readonly #ackPackets = new NumberRing();
  /** Transmissions in their order, to be judged lost; and lost packets to send again. */
  readonly #flight = new NumberRing();
  readonly #flightOrders = new NumberRing();
  readonly #lost = new NumberRing();

  constructor(
    readonly cc: CongestionControl,
    readonly link: Bottleneck,
    readonly startUs = 0,
  ) {}

  get sndUna(): number {
    return Math.imul(this.#unaPacket, this.smss);
  }

  get sndNxt(): number {
    return Math.imul(this.#nextPacket, this.smss);
  }

  get isPaced(): boolean {
    return this.pacer.rate > 0;
  }

  get isRecovering(): boolean {
    return this.#recovery !== OPEN;
  }

  /** When something happens without the program doing anything. */
  nextAtUs(nowUs: number): number {
    if (nowUs < this.startUs) return this.startUs;
    let atUs = this.#deadlineUs;
    if (this.#ackTimes.count > 0) atUs = Math.min(atUs, this.#ackTimes.first);
    if (this.#hasToSend() && this.#hasRoom()) {
      atUs = Math.min(atUs, Math.max(nowUs, Math.ceil(this.pacer.nextSendUs)));
    }
    return atUs;
  }

  step(nowUs: number): void {
    if (nowUs < this.startUs) return;
    if (this.#ackTimes.count > 0 && this.#ackTimes.first <= nowUs) this.#acknowledge(nowUs);
    if (nowUs >= this.#deadlineUs) this.#timeOut(nowUs);
    this.#output(nowUs);
  }

  // ---- Sending

  #hasToSend(): boolean {
    return this.#lost.count > 0 || (this.#nextPacket + 1) * this.smss <= this.offeredBytes;
  }

  #hasRoom(): boolean {
    return this.pipe === 0 || this.pipe + this.smss <= this.cwnd;
  }

  #output(nowUs: number): void {
    if (this.pipe === 0 && this.#unaPacket === this.#nextPacket && this.#nextPacket > 0) {
      const last = this.#packets[(this.#nextPacket - 1) % SLOTS];
      if (this.#hasToSend()) this.cc.onIdle(this, nowUs - last.sentUs);
    }
    const burst = this.pacer.burstBytes(this.smss, 44 * this.smss, this.minRttUs);
    this.#isCwndLimited = false;
    while (this.#hasToSend() && this.pacer.isDue(nowUs)) {
      let sent = 0;
      while (sent < burst && this.#hasToSend() && this.#hasRoom()) {
        this.#transmit(nowUs);
        sent += this.smss;
      }
      this.pacer.onSent(sent, nowUs);
      if (sent < burst) break;
    }
    this.#isCwndLimited = this.#hasToSend() && !this.#hasRoom();
  }

  #transmit(nowUs: number): void {
    const isNew = this.#lost.count === 0;
    const index = isNew ? this.#nextPacket : this.#lost.shift();
    const packet = this.#packets[index % SLOTS];
    const isFlightEmpty = this.#unaPacket === this.#nextPacket;
    if (isNew) {
      if (this.#nextPacket - this.#unaPacket === SLOTS) throw new Error("too much in flight");
      this.#nextPacket++;
      packet.wasRetransmitted = false;
    } else {
      packet.wasRetransmitted = true;
    }
    packet.isOutstanding = true;
    packet.isLost = false;
    packet.sentUs = nowUs;
    packet.order = ++this.#order;
    this.rate.onSent(packet, isFlightEmpty, nowUs);
    this.pipe += this.smss;
    this.#prrOut += this.smss;
    this.#flight.push(index);
    this.#flightOrders.push(packet.order);
    const ackAtUs = this.link.send(this.smss, nowUs);
    if (ackAtUs >= 0) {
      this.#ackTimes.push(ackAtUs);
      this.#ackPackets.push(this.link.isMarked ? -1 - index : index);
    }
    if (this.#deadlineUs === Infinity) this.#armTimer(nowUs);
  }

  // ---- Acknowledgments

  #acknowledge(nowUs: number): void {
    const { rate, smss } = this;
    if (!this.#hasToSend() && this.pipe < this.cwnd) rate.markAppLimited(this.pipe);
    rate.begin(this.pipe);
    let isMarked = false;
    let newestOrder = 0;
    this.rttUs = -1;
    while (this.#ackTimes.count > 0 && this.#ackTimes.first <= nowUs) {
      this.#ackTimes.shift();
      const item = this.#ackPackets.shift();
      if (item < 0) isMarked = true;
      const packet = this.#packets[(item < 0 ? -1 - item : item) % SLOTS];
      if (!packet.isOutstanding) continue;
      rate.onDelivered(packet, smss);
      packet.isOutstanding = false;
      if (!packet.isLost) this.pipe -= smss;
      if (!packet.wasRetransmitted) this.rttUs = nowUs - packet.sentUs;
      newestOrder = packet.order;
      this.deliveredBytes += smss;
    }
    this.#advanceUna();
    this.#takeRtt();
    const lost = this.#detectLosses(newestOrder);
    rate.finish(this.rttUs, this.minRttUs, lost, nowUs);
    if (this.#unaPacket === this.#nextPacket) this.#deadlineUs = Infinity;
    else this.#armTimer(nowUs);
    if (isMarked) this.#onMark();
    this.#recover(nowUs);
    this.pacer.update(this.cc.pacingRate, this.cwnd, this.ssthresh, this.srttUs);
  }

  #advanceUna(): void {
    while (
      this.#unaPacket < this.#nextPacket && !this.#packets[this.#unaPacket % SLOTS].isOutstanding
    ) this.#unaPacket++;
  }

  #takeRtt(): void {
    if (this.rttUs < 0) return;
    this.minRttUs = this.minRttUs < 0 ? this.rttUs : Math.min(this.minRttUs, this.rttUs);
    this.srttUs = this.srttUs < 0 ? this.rttUs : this.srttUs + (this.rttUs - this.srttUs) / 8;
  }

  /** Three later transmissions have arrived: nothing overtakes here. */
  #detectLosses(newestOrder: number): number {
    let lost = 0;
    while (this.#flight.count > 0 && this.#flightOrders.first + DUP_THRESH <= newestOrder) {
      const index = this.#flight.shift();
      const order = this.#flightOrders.shift();
      const packet = this.#packets[index % SLOTS];
      if (!packet.isOutstanding || packet.isLost || packet.order !== order) continue;
      this.#markLost(index, packet);
      lost += this.smss;
    }
    return lost;
  }

  #markLost(index: number, packet: Packet): void {
    packet.isLost = true;
    this.pipe -= this.smss;
    this.#lost.push(index);
  }

  #recover(nowUs: number): void {
    const { cc } = this;
    if (this.#recovery === OPEN) {
      if (this.#lost.count > 0) this.#enterFastRecovery();
    } else if (this.#unaPacket >= this.#recoverPacket) {
      if (this.#recovery === FAST && !cc.ownsWindow) this.cwnd = this.ssthresh;
      this.#recovery = OPEN;
      cc.onRecovered(this, nowUs);
    }
    if (cc.ownsWindow) cc.onDelivery(this, this.rate, nowUs);
    else if (this.#recovery === FAST) this.#reduceProportionally();
    else if (this.rate.ackedBytes > 0) this.#grow(nowUs);
  }

  #grow(nowUs: number): void {
    const isSlowStart = this.cwnd < this.ssthresh;
    const isLimited = this.#recovery === LOSS || this.#isCwndLimited ||
      (isSlowStart && this.cwnd < 2 * this.rate.priorPipe);
    if (isLimited) this.cc.onAck(this, this.rate.ackedBytes, this.rttUs, nowUs);
    else this.cc.onAppLimited(this, nowUs);
  }

  #enterFastRecovery(): void {
    this.recoveries++;
    this.#recovery = FAST;
    this.#recoverPacket = this.#nextPacket;
    this.ssthresh = this.cc.onLoss(this);
    this.#prrDelivered = 0;
    this.#prrOut = 0;
    this.#recoverFlight = (this.#nextPacket - this.#unaPacket) * this.smss;
  }

  /** RFC 6937. */
  #reduceProportionally(): void {
    const { pipe, ssthresh } = this;
    const delivered = this.rate.ackedBytes;
    this.#prrDelivered += delivered;
    let bytes: number;
    if (pipe > ssthresh) {
      bytes = Math.ceil((this.#prrDelivered * ssthresh) / this.#recoverFlight) - this.#prrOut;
    } else {
      const limit = Math.max(this.#prrDelivered - this.#prrOut, delivered) + this.smss;
      bytes = Math.min(ssthresh - pipe, limit);
    }
    if (this.#prrOut === 0) bytes = Math.max(bytes, this.smss);
    this.cwnd = pipe + Math.max(bytes, 0);
  }

  /** Once a window (RFC 3168 6.1.2); the window falls at once, which the model can afford. */
  #onMark(): void {
    if (this.#recovery !== OPEN || this.#unaPacket < this.#ecnPacket) return;
    this.#ecnPacket = this.#nextPacket;
    this.ecnReductions++;
    this.ssthresh = this.cc.onLoss(this, "ecn");
    if (!this.cc.ownsWindow) this.cwnd = this.ssthresh;
  }

  #armTimer(nowUs: number): void {
    this.#deadlineUs = nowUs + (this.srttUs < 0 ? 1_000_000 : 200_000 + 2 * this.srttUs);
  }

  #timeOut(nowUs: number): void {
    this.timeouts++;
    // Once a window: fast recovery has reduced it already (as Linux tcp_enter_loss).
    if (this.#recovery === OPEN) this.ssthresh = this.cc.onLoss(this);
    this.#recovery = LOSS;
    this.#recoverPacket = this.#nextPacket;
    this.cwnd = this.smss;
    this.cc.onTimeout(this, nowUs);
    for (let i = this.#unaPacket; i < this.#nextPacket; i++) {
      const packet = this.#packets[i % SLOTS];
      if (packet.isOutstanding && !packet.isLost) this.#markLost(i, packet);
    }
    this.#armTimer(nowUs);
  }
}

/** Runs the flows until `untilUs`; `watch` is called after each step. */
export function run(
  flows: readonly Flow[],
  fromUs: number,
  untilUs: number,
  watch?: (nowUs: number) => void,
): void {
  let nowUs = fromUs;
  for (const flow of flows) flow.step(nowUs);
  for (;;) {
    let nextUs = Infinity;
    for (const flow of flows) nextUs = Math.min(nextUs, flow.nextAtUs(nowUs));
    if (nextUs > untilUs) return;
    nowUs = Math.max(nowUs, nextUs);
    for (const flow of flows) if (flow.nextAtUs(nowUs) <= nowUs) flow.step(nowUs);
    watch?.(nowUs);
  }
}

/** 100 Mbit/s and 50 ms hold 625,000 bytes. */
export const RATE = 12_500_000;
export const RTT_US = 50_000;
export const BDP = (RATE * RTT_US) / 1e6;
export const SECOND = 1_000_000;

/** A path of that kind with one flow on it. */
export function single(cc: CongestionControl, config: Partial<PathConfig> = {}): Flow {
  return new Flow(cc, new Bottleneck({ rate: RATE, rttUs: RTT_US, bufferBytes: BDP, ...config }));
}

/** Share of the link's rate that the flow gets between two times. */
export function utilisation(flow: Flow, fromUs: number, untilUs: number): number {
  const before = flow.deliveredBytes;
  run([flow], fromUs, untilUs);
  return ((flow.deliveredBytes - before) * 1e6) / ((untilUs - fromUs) * flow.link.config.rate);
}
