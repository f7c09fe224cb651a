/**
 * One direction of a link: rate, delay, queue and everything that a path may do to a frame.
 *
 * A frame is first queued (or dropped for want of room), leaves after the frames before it at the
 * link's rate, and may then be lost, damaged, doubled, delayed or overtaken. Times are
 * microseconds.
 *
 * @module
 */
import type { Prng } from "../support/prng.ts";
import { onesSum } from "../support/checksum.ts";
import { isIpv6 } from "../support/families.ts";
import { takeNeighbourTalk } from "../support/neighbours6.ts";
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  type WireFrame,
  wireFrame,
} from "../support/packet_types.ts";
import { icmpBytes, ipv4Frame, ipv4Header, PROTO_ICMP } from "../support/build.ts";
import { completeChecksum } from "../support/offload.ts";
import { CodelMarker, type Loss, LossProcess } from "./impairment.ts";

export interface ChannelOptions {
  /** Bits per second. */
  rateBps: number;
  delayUs: number;
  /** Drop-tail limit of the queue in front of the wire. */
  queueBytes: number;
  /** CoDel on that queue: CE marks for ECN-capable packets, drops for others. */
  codel: boolean;
  loss: Loss;
  /** Until then ARP gets through whatever happens to the rest. */
  arpSafeUntilUs: number;
  /** Extra delay, uniform in [0, jitterUs], order kept. */
  jitterUs: number;
  /** Share of the frames held back by up to reorderUs, so that others overtake them. */
  reorderRate: number;
  reorderUs: number;
  duplicateRate: number;
  /** Share of the IPv4 frames that get one bit flipped. */
  corruptRate: number;
  /** Largest IP packet that gets through (0: any), and whether ICMP says so. */
  pathMtu: number;
  pathMtuIcmp: boolean;
}

export const PERFECT: ChannelOptions = {
  rateBps: Infinity,
  delayUs: 0,
  queueBytes: Infinity,
  codel: false,
  loss: { kind: "none" },
  arpSafeUntilUs: 0,
  jitterUs: 0,
  reorderRate: 0,
  reorderUs: 0,
  duplicateRate: 0,
  corruptRate: 0,
  pathMtu: 0,
  pathMtuIcmp: true,
};

/** What the channel needs of its surroundings. */
export interface ChannelEnd {
  deliver(frame: WireFrame, nowUs: number): void;
}

export interface Agenda {
  at(atUs: number, run: (nowUs: number) => void): void;
  note(nowUs: number, where: string, frame: WireFrame, note: string): void;
}

export class Channel {
  sentFrames = 0;
  sentBytes = 0;
  /** Frames by fate. */
  lost = 0;
  queueDrops = 0;
  marked = 0;
  corrupted = 0;
  duplicated = 0;
  reordered = 0;
  tooBig = 0;
  /** Most bytes ever waiting in the queue. */
  peakQueueBytes = 0;
  #busyUntilUs = 0;
  #lastArrivalUs = 0;
  readonly #loss: LossProcess;
  readonly #codel = new CodelMarker();

  constructor(
    readonly name: string,
    readonly options: ChannelOptions,
    readonly prng: Prng,
    readonly agenda: Agenda,
    readonly to: ChannelEnd,
    readonly from: ChannelEnd,
  ) {
    this.#loss = new LossProcess(options.loss, prng);
  }

  /** Bytes waiting or on their way out at `nowUs`. */
  queuedBytes(nowUs: number): number {
    if (this.options.rateBps === Infinity) return 0;
    return Math.max(0, this.#busyUntilUs - nowUs) * this.options.rateBps / 8e6;
  }

  /** Takes ownership of the frame. */
  send(frame: WireFrame, nowUs: number): void {
    const o = this.options;
    if (this.#isTooBig(frame, nowUs)) return;
    const len = frame.bytes.length;
    const queued = this.queuedBytes(nowUs);
    if (queued + len > o.queueBytes) {
      this.queueDrops++;
      this.agenda.note(nowUs, this.name, frame, "queue full");
      return;
    }
    if (o.codel && this.#codel.decides(this.#busyUntilUs - nowUs, nowUs) && !this.#mark(frame)) {
      this.queueDrops++;
      this.agenda.note(nowUs, this.name, frame, "codel drop");
      return;
    }
    this.peakQueueBytes = Math.max(this.peakQueueBytes, queued + len);
    this.#busyUntilUs = Math.max(this.#busyUntilUs, nowUs) + len * 8e6 / o.rateBps;
    this.sentFrames++;
    this.sentBytes += len;
    const isSpared = nowUs < o.arpSafeUntilUs && isNeighbourTalk(frame);
    if (!isSpared && this.#loss.drops(nowUs)) {
      this.lost++;
      this.agenda.note(nowUs, this.name, frame, "lost");
      return;
    }
    let note = this.#maybeCorrupt(frame) ? "corrupted" : "";
    if (this.prng.chance(o.duplicateRate)) {
      this.duplicated++;
      note += " duplicated";
      this.#schedule({ ...frame, bytes: frame.bytes.slice() }, nowUs);
    }
    this.agenda.note(nowUs, this.name, frame, note);
    this.#schedule(frame, nowUs);
  }

  #schedule(frame: WireFrame, nowUs: number): void {
    const o = this.options;
    let atUs = Math.max(this.#busyUntilUs, nowUs) + o.delayUs;
    if (o.jitterUs > 0) atUs += this.prng.below(o.jitterUs + 1);
    if (this.prng.chance(o.reorderRate)) {
      this.reordered++;
      atUs += this.prng.below(o.reorderUs + 1);
    } else {
      atUs = Math.max(atUs, this.#lastArrivalUs);
      this.#lastArrivalUs = atUs;
    }
    this.agenda.at(Math.ceil(atUs), (at) => this.to.deliver(frame, at));
  }

  /** Sets CE when the packet is ECN-capable (RFC 3168 5). */
  #mark(frame: WireFrame): boolean {
    const b = frame.bytes;
    if (etherType(b) !== ETHERTYPE_IPV4 || (b[15] & 3) === 0) return false;
    this.marked++;
    b[15] |= 3;
    const headerLen = (b[14] & 15) * 4;
    b[24] = b[25] = 0;
    const sum = ~onesSum(b, 14, headerLen) & 0xffff;
    b[24] = sum >>> 8;
    b[25] = sum;
    return true;
  }

  /** Flips one bit of an IP packet, which a complete checksum is bound to catch. */
  #maybeCorrupt(frame: WireFrame): boolean {
    if (!this.prng.chance(this.options.corruptRate)) return false;
    const isV6 = isIpv6(frame);
    if (!isV6 && etherType(frame.bytes) !== ETHERTYPE_IPV4) return false;
    completeChecksum(frame);
    // What nobody would notice is left alone: the header of IPv6 has no checksum.
    const from = isV6 ? 14 + 40 : 14;
    const at = from + this.prng.below(frame.bytes.length - from);
    frame.bytes[at] ^= 1 << this.prng.below(8);
    this.corrupted++;
    return true;
  }

  #isTooBig(frame: WireFrame, nowUs: number): boolean {
    const { pathMtu, pathMtuIcmp } = this.options;
    const b = frame.bytes;
    if (pathMtu === 0 || b.length - 14 <= pathMtu || etherType(b) !== ETHERTYPE_IPV4) return false;
    this.tooBig++;
    this.agenda.note(nowUs, this.name, frame, "too big");
    if (pathMtuIcmp) {
      const reply = fragNeeded(b, pathMtu);
      this.agenda.at(nowUs + 1, (at) => this.from.deliver(wireFrame(reply), at));
    }
    return true;
  }
}

function etherType(b: Uint8Array): number {
  return (b[12] << 8) | b[13];
}

/** A router's answer to a packet with DF that does not fit its next hop (RFC 1191 4). */
function fragNeeded(original: Uint8Array, mtu: number): Uint8Array {
  const dv = new DataView(original.buffer, original.byteOffset);
  const quoteLen = Math.min(original.length - 14, (original[14] & 15) * 4 + 8);
  const payload = original.slice(14, 14 + quoteLen);
  const message = icmpBytes({ type: 3, code: 4, rest: mtu, payload });
  const header = ipv4Header({ src: 0xc6130001, dst: dv.getUint32(26), dontFragment: false });
  const toMac = original.slice(6, 12);
  return ipv4Frame(toMac, original.slice(0, 6), header, PROTO_ICMP, message);
}

/** ARP, or what is in its place in IPv6. */
function isNeighbourTalk(frame: WireFrame): boolean {
  if (etherType(frame.bytes) === ETHERTYPE_ARP) return true;
  return isIpv6(frame) && takeNeighbourTalk(frame) !== null;
}
