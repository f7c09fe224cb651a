/**
 * An observer on the wire that believes nothing: it sees what comes in and what the stack sends,
 * and says so when the stack acknowledges what nobody sent, sends beyond the window it was offered,
 * sends bytes that the program did not write or more of them in a segment than the peer can take,
 * takes a window back, lets its timestamp clock go back, or sends a frame that is not well formed.
 *
 * @module
 */
import type { Family } from "../support/families.ts";
import { checkPattern } from "../support/pattern.ts";
import { LOCAL_ADDRS } from "./setting.ts";
import { ACK, type DecodedFrame, ipText, RST, SYN } from "../support/packet_types.ts";
import { frameText } from "../support/format.ts";
import { STREAM_KEY } from "./draft.ts";
import { Failure } from "./failure.ts";
import { Intervals } from "./intervals.ts";

const SCALE_MAX = 14;
/** Frames whose text begins further beyond our window than this are not remembered. */
const BEYOND = 1 << 20;
const HALF = 1 << 30;
/** Option kind. */
const FAST_OPEN = 34;
const MSS = 2;
const WINDOW_SCALE = 3;
/** RFC 9293 3.7.1, where no option says more; and what no option makes smaller. */
const MSS_DEFAULT = { 4: 536, 6: 1220 };
const MSS_MIN = 48;
const MSS_COOKIE_MAX = 1460;
/** Numbers in Conversation.early. */
const EARLY_MAX = 64;

function diff(a: number, b: number): number {
  return (a - b) | 0;
}

/** One pair of ends, through all its incarnations. */
class Conversation {
  /** Our side: initial sequence number, highest sent, right edge that the peer has granted. */
  isOpen = false;
  iss = 0;
  sndMax = 0;
  edge = 0;
  tsBase = 0;
  hasTs = false;
  /** TSval of our last segment. */
  isClockSeen = false;
  lastTsVal = 0;
  lastTsAtUs = 0;
  ourScale = -1;
  /** The peer's side: what it sent, the last acknowledgment it got, the window it was offered. */
  readonly sent = new Intervals();
  peerScale = -1;
  /** The largest that a SYN has offered; 0: no SYN was seen. */
  peerMss = 0;
  hasAck = false;
  lastAck = 0;
  /** Right edge of our window, if it is scaled and if it is not: at least one must make sense. */
  offered = 0;
  offeredUnscaled = 0;
  isScaled = true;
  /** Of our SYN-ACK; -1: none yet. */
  synAckWindow = -1;
  /** Our SYN answered the peer's: the scale that it names is used. */
  isScaleAgreed = false;
  lastSyn = 0;
  /** What SYNs have offered: with Fast Open text may follow at once. */
  synWindow = 0;
  /** Windows granted with an acknowledgment of what has not been seen to leave yet: ack, edge. */
  readonly early: number[] = [];

  constructor(
    readonly local: number,
    readonly remote: number,
    readonly ports: number,
  ) {}

  /** The peer has granted the window up to `edge`, with an acknowledgment that may be nonsense. */
  grant(ack: number, edge: number): void {
    if (this.isOpen && diff(ack, this.iss) <= 0) return;
    if (this.isOpen && diff(ack, this.sndMax) <= 0) {
      if (diff(edge, this.edge) > 0) this.edge = edge;
      return;
    }
    this.early.push(ack, edge);
    if (this.early.length > EARLY_MAX) this.early.splice(0, 2);
  }

  /** More has left: what was granted too early may fit now. */
  onSent(sndMax: number): void {
    this.sndMax = sndMax;
    if (this.early.length === 0) return;
    const early = this.early.splice(0);
    for (let i = 0; i < early.length; i += 2) this.grant(early[i], early[i + 1]);
  }
}

export class WireWatch {
  readonly #byPorts = new Map<number, Conversation[]>();
  /** Remote addresses whose TCP came in fragments: what it carried is not known here. */
  readonly #blurred = new Set<number>();
  /** Fast Open cookies given to remote addresses. */
  readonly #cookies = new Map<number, Uint8Array>();

  /** `family`: what is spoken on the wire, where the observer sees IPv4. */
  constructor(readonly family: Family = 4) {}

  /** The conversation between two ends, null when there was none. */
  find(local: number, remote: number, ports: number): Conversation | null {
    const list = this.#byPorts.get(ports);
    if (list === undefined) return null;
    for (const c of list) {
      if (c.local === local && c.remote === remote) return c;
    }
    return null;
  }

  cookieOf(remote: number): Uint8Array | null {
    return this.#cookies.get(remote) ?? null;
  }

  /** TCP from there was put together from fragments. */
  blur(remote: number): void {
    this.#blurred.add(remote);
  }

  isBlurred(remote: number): boolean {
    return this.#blurred.has(remote);
  }

  #get(local: number, remote: number, ports: number): Conversation {
    const found = this.find(local, remote, ports);
    if (found !== null) return found;
    const made = new Conversation(local, remote, ports);
    const list = this.#byPorts.get(ports);
    if (list === undefined) this.#byPorts.set(ports, [made]);
    else list.push(made);
    return made;
  }

  // ---- what comes in

  /** A frame is given to the stack. */
  onInput(dv: DataView, len: number): void {
    if (len < 34 || dv.getUint16(12) !== 0x0800 || dv.getUint8(14) >>> 4 !== 4) return;
    if (dv.getUint8(23) !== 6) return;
    const headerLen = (dv.getUint8(14) & 15) * 4;
    const end = 14 + dv.getUint16(16);
    const l4 = 14 + headerLen;
    const remote = dv.getUint32(26);
    if ((dv.getUint16(20) & 0x3fff) !== 0) return;
    if (headerLen < 20 || end > len || l4 + 20 > end) return;
    const textOff = l4 + (dv.getUint8(l4 + 12) >>> 4) * 4;
    if (textOff < l4 + 20 || textOff > end) return;
    const ports = dv.getUint16(l4 + 2) * 65536 + dv.getUint16(l4);
    const c = this.#get(dv.getUint32(30), remote, ports);
    this.#onSegment(c, dv, l4, textOff, end - textOff);
  }

  /**
   * The frame has brought a SYN cookie back: a connection that nothing was remembered of, perhaps
   * of an earlier SYN than the last, perhaps the same one again. `scales`: ours and the peer's; -1:
   * none.
   */
  onCookie(dv: DataView, len: number, iss: number, irs: number, ours: number, peers: number): void {
    const l4 = 14 + (dv.getUint8(14) & 15) * 4;
    const ports = dv.getUint16(l4 + 2) * 65536 + dv.getUint16(l4);
    const c = this.#get(dv.getUint32(30), dv.getUint32(26), ports);
    c.isOpen = true;
    c.iss = iss;
    c.edge = (iss + 1) | 0;
    c.ourScale = ours;
    c.peerScale = peers;
    c.isScaled = true;
    c.isScaleAgreed = true;
    c.hasAck = false;
    c.isClockSeen = false;
    // A cookie knows a few sizes, and a peer can make it say another of them
    c.peerMss = Math.max(c.peerMss, MSS_COOKIE_MAX);
    c.lastSyn = irs;
    c.sent.add(irs, (irs + 1) | 0);
    c.onSent(c.edge);
    this.onInput(dv, len);
  }

  #onSegment(c: Conversation, dv: DataView, l4: number, textOff: number, textLen: number): void {
    const seq = dv.getInt32(l4 + 4);
    const flags = dv.getUint8(l4 + 13);
    const len = textLen + (flags & SYN ? 1 : 0) + (flags & 1);
    if (flags & SYN) {
      c.lastSyn = seq;
      c.synWindow = Math.max(c.synWindow, dv.getUint16(l4 + 14));
      const scale = largestOption(dv, l4 + 20, textOff, WINDOW_SCALE);
      c.peerScale = Math.max(c.peerScale, Math.min(SCALE_MAX, scale));
      const mss = largestOption(dv, l4 + 20, textOff, MSS);
      c.peerMss = Math.max(c.peerMss, mss > 0 ? mss : MSS_DEFAULT[this.family]);
    }
    // Half the sequence space away "before" and "after" mean nothing
    const isNear = !c.hasAck ||
      (diff(seq, c.offered) < BEYOND && diff(seq, c.offered) > -(HALF + HALF / 2));
    const afterSyn = diff(seq, c.lastSyn);
    if (isNear || (afterSyn >= 0 && afterSyn < BEYOND)) c.sent.add(seq, (seq + len) | 0);
    if (!(flags & ACK)) return;
    const ack = dv.getInt32(l4 + 8);
    const scale = Math.max(0, c.peerScale);
    c.grant(ack, (ack + (dv.getUint16(l4 + 14) << scale)) | 0);
  }

  // ---- what goes out

  /**
   * `gsoSize`: of text in each segment that the device will make of it, 0: it is one.
   * `isOvertaken`: it belongs to no connection any more, only its form counts.
   */
  onOutput(frame: DecodedFrame, gsoSize: number, nowUs: number, isOvertaken: boolean): void {
    if (frame.errors.length > 0) this.#fail(frame, `malformed: ${frame.errors[0]}`);
    const { ip, tcp } = frame;
    if (ip === null || tcp === null) return;
    // To an address that was ours: most of what was said was said over the loopback
    if (isOvertaken || tcp.flags & RST || LOCAL_ADDRS.includes(ip.dst)) return;
    const ports = tcp.srcPort * 65536 + tcp.dstPort;
    const c = this.#get(ip.src, ip.dst, ports);
    if (tcp.flags & SYN) this.#onSyn(c, frame, nowUs);
    else if (c.isOpen) this.#checkData(c, frame, gsoSize);
    if (tcp.flags & ACK) this.#checkAck(c, frame);
    if ((tcp.flags & SYN) === 0) this.#checkClock(c, frame, nowUs);
  }

  #onSyn(c: Conversation, frame: DecodedFrame, nowUs: number): void {
    const tcp = frame.tcp!;
    const seq = tcp.seq | 0;
    const isOther = (tcp.flags & ACK) !== 0 && c.hasAck && c.lastAck !== (tcp.ack | 0);
    let scale = -1;
    for (const o of tcp.options) if (o.kind === "wscale") scale = o.shift;
    // The same once more; or, opened anew at the same moment, by another listener (SO_REUSEPORT)
    const isAnew = diff(c.sndMax, seq) === 1 && c.synAckWindow >= 0 && c.synAckWindow !== tcp.win;
    const isSame = (scale === c.ourScale && !isAnew) || (tcp.flags & ACK) === 0;
    c.synAckWindow = tcp.flags & ACK ? tcp.win : -1;
    if (c.isOpen && c.iss === seq && !isOther && isSame) return;
    c.isOpen = true;
    c.iss = seq;
    c.edge = (seq + 1 + (tcp.flags & ACK ? c.synWindow : 0)) | 0;
    c.onSent((seq + 1 + tcp.payload.length) | 0);
    this.#checkText(frame, seq + 1);
    c.ourScale = scale;
    c.hasTs = false;
    c.isClockSeen = false;
    c.hasAck = false;
    c.isScaled = true;
    c.isScaleAgreed = (tcp.flags & ACK) !== 0;
    for (const o of tcp.options) {
      if (o.kind === "raw" && o.code === FAST_OPEN && tcp.flags & ACK) {
        this.#cookies.set(frame.ip!.dst, o.data);
      }
      if (o.kind !== "ts") continue;
      c.hasTs = true;
      c.tsBase = (o.val - Math.floor(nowUs / 1000)) | 0;
    }
  }

  #checkData(c: Conversation, frame: DecodedFrame, gsoSize: number): void {
    const tcp = frame.tcp!;
    const seq = tcp.seq | 0;
    const len = tcp.payload.length;
    const end = (seq + len + (tcp.flags & 1)) | 0;
    if (diff(seq, c.iss) < 0) this.#fail(frame, "before the ISS");
    const isAgain = diff(end, c.sndMax) <= 0;
    if (!isAgain) c.onSent(end);
    if (len === 0) return;
    const isBlurred = this.#blurred.has(frame.ip!.dst);
    const beyond = diff((seq + len) | 0, c.edge);
    // What goes again where the window has closed probes it
    if (beyond > 0 && !isBlurred && !(seq === c.edge && isAgain)) {
      this.#fail(frame, `${beyond} bytes beyond the peer's window`);
    }
    const unitLen = gsoSize > 0 ? Math.min(gsoSize, len) : len;
    if (c.peerMss > 0 && !isBlurred && unitLen > Math.max(c.peerMss, MSS_MIN)) {
      this.#fail(frame, `${unitLen} bytes in a segment for a peer with MSS ${c.peerMss}`);
    }
    this.#checkText(frame, seq);
  }

  /** RFC 7323 4.1: the timestamp clock does not go back (but see 5.5: it wraps). */
  #checkClock(c: Conversation, frame: DecodedFrame, nowUs: number): void {
    for (const o of frame.tcp!.options) {
      if (o.kind !== "ts") continue;
      const back = diff(c.lastTsVal, o.val);
      // Further back than that it has come round; the frame may have waited for its flush
      const hasWrapped = back >= HALF || nowUs - c.lastTsAtUs >= HALF * 1000;
      if (c.isClockSeen && back > 0 && !hasWrapped) {
        this.#fail(frame, `the timestamp goes back by ${back}`);
      }
      c.isClockSeen = true;
      c.lastTsVal = o.val;
      c.lastTsAtUs = nowUs;
    }
  }

  /** The text of the frame, which begins at `seq`, is what the program wrote. */
  #checkText(frame: DecodedFrame, seq: number): void {
    const { payload } = frame.tcp!;
    const bad = checkPattern(payload, 0, payload.length, STREAM_KEY, seq >>> 0);
    if (bad >= 0) this.#fail(frame, `text differs from what was written at byte ${bad}`);
  }

  #checkAck(c: Conversation, frame: DecodedFrame): void {
    const tcp = frame.tcp!;
    const ack = tcp.ack | 0;
    const isBlurred = this.#blurred.has(frame.ip!.dst);
    if (c.hasAck && diff(ack, c.lastAck) < 0) this.#fail(frame, "acknowledges less than before");
    const from = ((c.hasAck ? c.lastAck : ack) - 1) | 0;
    if (!isBlurred && !c.sent.covers(from, ack)) {
      this.#fail(frame, "acknowledges what was never received");
    }
    this.#checkOffer(c, frame);
    c.hasAck = true;
    c.lastAck = ack;
    for (const o of tcp.options) {
      if (o.kind === "sack") this.#checkSack(c, frame, o.blocks, isBlurred);
    }
  }

  /**
   * The right edge of our window does not move back. Whether a SYN's scale counts is up to the
   * peer.
   */
  #checkOffer(c: Conversation, frame: DecodedFrame): void {
    const tcp = frame.tcp!;
    // A SYN again cannot say what was offered since
    if (tcp.flags & SYN && c.hasAck) return;
    const scale = tcp.flags & SYN ? 0 : Math.max(0, c.ourScale);
    const unscaled = (tcp.ack + tcp.win) | 0;
    const scaled = (tcp.ack + (tcp.win << scale)) | 0;
    if (c.hasAck) {
      // What a SYN offered may be no multiple of the unit (Linux rounds down too)
      if (c.isScaled && diff(scaled, c.offered) <= -(1 << scale)) c.isScaled = false;
      const back = -diff(unscaled, c.offeredUnscaled);
      if (!c.isScaled && (back > 0 || c.isScaleAgreed)) {
        this.#fail(frame, `takes back ${back} bytes of window`);
      }
    }
    c.offered = scaled;
    c.offeredUnscaled = unscaled;
  }

  /**
   * SACK blocks speak of what was received; only the first may lie before the acknowledgment
   * (D-SACK).
   */
  #checkSack(
    c: Conversation,
    frame: DecodedFrame,
    blocks: readonly (readonly [number, number])[],
    isBlurred: boolean,
  ): void {
    const ack = frame.tcp!.ack | 0;
    for (let i = 0; i < blocks.length; i++) {
      const left = blocks[i][0] | 0;
      const right = blocks[i][1] | 0;
      if (diff(right, left) <= 0) this.#fail(frame, `SACK block ${i} is empty or reversed`);
      const isFar = Math.abs(diff(left, ack)) >= HALF;
      if (!isBlurred && !isFar && !c.sent.covers(left, right)) {
        this.#fail(frame, `SACK block ${i} of what was never received`);
      }
      if (i > 0 && diff(left, ack) <= 0) this.#fail(frame, `SACK block ${i} before the ACK`);
    }
  }

  #fail(frame: DecodedFrame, what: string): never {
    const to = frame.ip === null ? "" : ` to ${ipText(frame.ip.dst)}`;
    throw new Failure(`wire: ${what}\n  sent${to}: ${frameText(frame)}`);
  }
}

/**
 * The value of a SYN's option `wanted`, MSS or WINDOW_SCALE; the largest of several, -1: none.
 */
function largestOption(dv: DataView, from: number, end: number, wanted: number): number {
  const size = wanted === MSS ? 4 : 3;
  let largest = -1;
  for (let off = from; off < end;) {
    const kind = dv.getUint8(off);
    if (kind === 0) break;
    if (kind === 1) {
      off++;
      continue;
    }
    const len = off + 1 < end ? dv.getUint8(off + 1) : 0;
    if (len < 2 || off + len > end) break;
    if (kind === wanted && len === size) {
      const value = wanted === MSS ? dv.getUint16(off + 2) : dv.getUint8(off + 2);
      largest = Math.max(largest, value);
    }
    off += len;
  }
  return largest;
}
