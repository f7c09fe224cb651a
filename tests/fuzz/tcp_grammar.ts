/**
 * Segments that an honest (or merely odd) peer would send next on a connection, by the connection's
 * state. Mutations then bend them.
 *
 * @module
 */
import { FLOW_SYN_REQUEST, FLOW_TIME_WAIT } from "../../stack/tcp/base/flow.ts";
import { State } from "../../stack/tcp/base/state.ts";
import { LOCAL_MAC, PEER_MAC } from "../support/rig.ts";
import { ACK, CWR, ECE, FIN, PROTO_TCP, PSH, RST, SYN, URG } from "../support/packet_types.ts";
import type { Prng } from "../support/prng.ts";
import { type Draft, IP_OFF, LINK_LEN } from "./draft.ts";
import type { FlowView } from "./flow_view.ts";
import { SynOptions } from "./syn_options.ts";

const TEXT_MAX = 65_000;
/** RFC 3168 section 5 */
const ECT_1 = 1;
const ECT_0 = 2;
const CE = 3;
const OPTIONS_OFF = IP_OFF + 40;

/** What the segment says, before it is written. */
class Fields {
  seq = 0;
  ack = 0;
  flags = 0;
  window = 0;
  urgent = 0;
  textLen = 0;
  isSynOptions = false;
  sackBlocks = 0;
}

export class TcpGrammar {
  readonly #f = new Fields();
  readonly #syn: SynOptions;
  /** Written so far. */
  segments = 0;

  constructor(readonly prng: Prng, readonly draft: Draft, readonly view: FlowView) {
    this.#syn = new SynOptions(prng, draft, view);
  }

  /** Writes the next segment of `view`'s peer into the draft, checksums and all. */
  write(nowUs: number): void {
    const { view } = this;
    this.segments++;
    this.#start();
    if (view.kind < 0) this.#stranger();
    else if (view.kind === FLOW_SYN_REQUEST) this.#synReceived();
    else if (view.kind === FLOW_TIME_WAIT) this.#timeWait();
    else if (view.state === State.SYN_SENT) this.#synSent();
    else if (view.state === State.SYN_RECEIVED && this.prng.chance(0.6)) this.#synReceived();
    else this.#synchronized();
    this.#emit(nowUs);
  }

  /**
   * The `n`th of some long segments in order that come in one batch, as a device hands them over;
   * the batch has `before` bytes already. Returns the length of its text.
   */
  writeNext(before: number, nowUs: number): number {
    const { prng, view } = this;
    this.segments++;
    this.#start();
    const f = this.#f;
    const room = Math.max(0, view.rcvWnd - before);
    f.seq = (view.rcvNxt + before) | 0;
    f.textLen = Math.min(room, prng.chance(0.7) ? prng.magnitude(3000, 30_000) : 1448);
    this.#emit(nowUs);
    return f.textLen;
  }

  /** The fields of most segments: in order, acknowledging everything. */
  #start(): void {
    const { prng, view } = this;
    const f = this.#f;
    f.seq = view.rcvNxt;
    f.ack = view.sndNxt;
    f.flags = ACK;
    f.urgent = 0;
    f.textLen = 0;
    f.isSynOptions = false;
    f.sackBlocks = 0;
    const kind = prng.below(16);
    if (kind < 11) f.window = prng.between(8000, 65535);
    else if (kind === 11) f.window = 0;
    else f.window = prng.magnitude(1, 65535);
  }

  #stranger(): void {
    const { prng, view } = this;
    const f = this.#f;
    f.seq = prng.chance(0.5) ? prng.next() : prng.pick([0, -1, 0x7ffffff0, -0x7ffffff0, -600]);
    if (prng.chance(0.85)) {
      f.flags = SYN;
      f.ack = 0;
      f.isSynOptions = true;
      if (prng.chance(view.cookie === null ? 0.05 : 0.6)) f.textLen = prng.magnitude(1, 1400);
      return;
    }
    f.ack = prng.next();
    f.flags = prng.pick([ACK, RST, FIN | ACK, SYN | ACK, 0, RST | ACK, SYN | FIN, FIN]);
    if (prng.chance(0.3)) f.textLen = prng.magnitude(1, 1400);
  }

  #synSent(): void {
    const { prng, view } = this;
    const f = this.#f;
    const kind = prng.below(20);
    f.seq = prng.chance(0.5) ? prng.next() : prng.pick([0, -1, 0x7fffffff, -3000]);
    // All of what went with the SYN, or the SYN alone, or a part
    const textLen = (view.sndNxt - view.iss - 1) | 0;
    f.ack = (view.iss + 1 + prng.pick([0, textLen, textLen, prng.below(textLen + 1)])) | 0;
    if (kind < 12) {
      f.flags = SYN | ACK;
      f.isSynOptions = true;
      if (kind === 0) f.textLen = prng.magnitude(1, 1400);
      if (kind === 1) f.flags |= FIN;
    } else if (kind < 15) {
      f.flags = SYN;
      f.isSynOptions = true;
    } else if (kind < 16) {
      f.flags = RST | ACK;
    } else {
      f.flags = prng.pick([ACK, RST, SYN | ACK, FIN | ACK]);
      f.ack = (view.iss + prng.pick([0, 2, -1, 1, 0x7fffffff])) | 0;
    }
  }

  #synReceived(): void {
    const { prng, view } = this;
    const f = this.#f;
    f.ack = (view.iss + 1) | 0;
    const kind = prng.below(24);
    if (kind < 14) return;
    if (kind < 18) f.textLen = prng.magnitude(1, 1400);
    else if (kind === 18) f.flags |= FIN;
    else if (kind === 19) f.flags = RST;
    else if (kind === 20) f.ack = (f.ack + prng.pick([-1, 1, 1000])) | 0;
    else {
      // The SYN again, or that of a simultaneous open
      f.flags = kind === 21 ? SYN | ACK : SYN;
      f.seq = view.irs;
      f.isSynOptions = true;
    }
  }

  #timeWait(): void {
    const { prng, view } = this;
    const f = this.#f;
    const kind = prng.below(10);
    if (kind < 4) {
      f.flags = FIN | ACK;
      f.seq = (view.rcvNxt - 1) | 0;
    } else if (kind < 7) {
      f.flags = SYN;
      f.isSynOptions = true;
      f.seq = (view.rcvNxt + prng.pick([-1, 0, 1, 70_000, 0x7fffffff])) | 0;
    } else if (kind === 7) {
      f.flags = RST;
    } else {
      f.textLen = prng.magnitude(1, 1400);
      f.seq = (view.rcvNxt - prng.below(2 * f.textLen)) | 0;
    }
  }

  #synchronized(): void {
    const { prng, view } = this;
    const f = this.#f;
    this.#chooseAck();
    if (isClosing(view.state) && prng.chance(0.7)) return this.#closing();
    const kind = prng.below(1000);
    if (kind < 330) {
      f.textLen = this.#textLen();
    } else if (kind < 480) {
      this.#outOfOrder();
    } else if (kind < 540 && view.gapCount > 0) {
      f.textLen = Math.min(TEXT_MAX, (view.gapEdges[0] - view.rcvNxt) | 0);
    } else if (kind < 600) {
      f.textLen = this.#textLen();
      f.seq = (view.rcvNxt - prng.between(1, 2 * f.textLen)) | 0;
    } else if (kind < 620) {
      f.seq = (view.rcvNxt - 1) | 0; // a keepalive probe, perhaps with its byte
      f.textLen = prng.below(2);
    } else if (kind < 640) {
      f.textLen = this.#textLen();
      f.flags |= URG;
      f.urgent = prng.pick([0, 1, f.textLen, f.textLen + 1, 65535]);
    } else if (kind < 665) {
      f.textLen = Math.min(TEXT_MAX, Math.max(0, view.rcvWnd + prng.pick([-1, 0, 1])));
    } else if (kind < 672) {
      f.flags |= FIN;
      if (prng.chance(0.5)) f.textLen = this.#textLen();
    } else if (kind < 674) {
      f.flags = RST;
      f.seq = (view.rcvNxt + prng.pick([0, 0, 1, -1, view.rcvWnd])) | 0;
    } else if (kind < 680) {
      f.flags = prng.pick([SYN, SYN | ACK]);
      f.isSynOptions = true;
      f.seq = prng.pick([view.irs, view.rcvNxt, prng.next()]);
    }
    if (f.textLen > 0 && prng.chance(0.3)) f.flags |= PSH;
  }

  /** Our program is done: the peer agrees, or has nothing more to say either. */
  #closing(): void {
    const { prng } = this;
    const kind = prng.below(10);
    if (kind < 3) this.#f.flags |= FIN;
    else if (kind === 3) this.#f.textLen = this.#textLen();
  }

  #textLen(): number {
    const { prng, view } = this;
    const kind = prng.below(40);
    if (kind === 0) return prng.magnitude(2000, 40_000);
    if (kind < 6) return prng.pick([1, view.smss, 1448, 1460, 536]);
    return prng.magnitude(1, 1400);
  }

  #outOfOrder(): void {
    const { prng, view } = this;
    const f = this.#f;
    f.textLen = this.#textLen();
    const kind = prng.below(6);
    const room = Math.max(1, view.rcvWnd);
    if (kind < 3) f.seq = (view.rcvNxt + prng.between(1, Math.min(room, 6000))) | 0;
    else if (kind === 3) f.seq = (view.rcvNxt + prng.below(room)) | 0;
    else if (kind === 4) f.seq = (view.rcvNxt + room - prng.below(3)) | 0;
    else if (view.gapCount > 0) {
      const edge = view.gapEdges[prng.below(view.gapCount)];
      f.seq = (edge + prng.pick([-1, 0, 1, -f.textLen])) | 0;
    }
    if (prng.chance(0.05)) f.flags |= FIN;
  }

  /** For a while a peer acknowledges everything, or has losses, or is slow. */
  #chooseAck(): void {
    const { prng, view } = this;
    const f = this.#f;
    if (view.sentCount === 0) return;
    const edge = view.sentEdges[prng.below(view.sentCount)];
    const mood = (Math.imul(view.remotePort ^ (this.segments >> 7), 0x9e3779b1) >>> 29) & 3;
    const kind = prng.below(8);
    if (kind === 0) f.ack = (edge - prng.below(view.smss)) | 0;
    else if (mood === 0 && kind > 1) return;
    else if (mood === 1 && kind > 1) f.ack = view.sndUna;
    else if (mood === 2 && kind > 1) f.ack = prng.chance(0.3) ? view.sentEdges[0] : view.sndUna;
    else f.ack = prng.pick([edge, view.sndUna, view.sndNxt]);
    // What a receiver with a hole says says nothing new of its window
    if (mood !== 0 && f.ack === view.sndUna && view.hasWindow) f.window = view.lastWindow;
    if (view.hasSack && f.ack !== view.sndNxt && prng.chance(0.8)) {
      f.sackBlocks = prng.between(1, 3);
    }
  }

  #emit(nowUs: number): void {
    const { draft, view } = this;
    const { u8, dv } = draft;
    const f = this.#f;
    draft.reset();
    u8.set(LOCAL_MAC, 0);
    u8.set(PEER_MAC, 6);
    dv.setUint16(12, 0x0800);
    writeIp(draft, PROTO_TCP, view.remote, view.local, this.prng);
    this.#ecn();
    const optionsLen = this.#options(nowUs);
    dv.setUint16(IP_OFF + 20, view.remotePort);
    dv.setUint16(IP_OFF + 22, view.localPort);
    dv.setInt32(IP_OFF + 24, f.seq);
    dv.setInt32(IP_OFF + 28, f.flags & ACK ? f.ack : 0);
    u8[IP_OFF + 32] = (20 + optionsLen) << 2;
    u8[IP_OFF + 33] = f.flags;
    dv.setUint16(IP_OFF + 34, f.window);
    dv.setUint16(IP_OFF + 36, 0);
    dv.setUint16(IP_OFF + 38, f.urgent);
    draft.len = OPTIONS_OFF + optionsLen + Math.max(0, f.textLen);
  }

  /** RFC 3168: asked for and agreed to with SYNs; then marks, echoes of marks, and CWR. */
  #ecn(): void {
    const { prng, draft: { u8 }, view } = this;
    const f = this.#f;
    if (f.flags & SYN) {
      const kind = prng.below(8);
      if (kind < 3) f.flags |= f.flags & ACK ? ECE : ECE | CWR;
      else if (kind === 3) f.flags |= prng.pick([ECE, CWR, ECE | CWR]);
      return;
    }
    if (!view.hasEcn) return;
    u8[IP_OFF + 1] = prng.pick([0, ECT_0, ECT_0, ECT_0, ECT_1, CE]);
    if (prng.chance(0.15)) f.flags |= ECE;
    if (prng.chance(0.1)) f.flags |= CWR;
  }

  /** Returns the length of the options. */
  #options(nowUs: number): number {
    const f = this.#f;
    if (f.isSynOptions) return this.#syn.write(OPTIONS_OFF, (f.flags & ACK) !== 0, nowUs);
    const { u8, dv } = this.draft;
    let off = OPTIONS_OFF;
    if (this.view.hasTimestamps) {
      dv.setUint32(off, 0x0101080a);
      this.#timestamps(off + 4, nowUs);
      off += 12;
    }
    const room = (OPTIONS_OFF + 40 - off - 4) >> 3;
    const blocks = Math.min(f.sackBlocks, room);
    if (blocks > 0) {
      dv.setUint32(off, 0x01010500 | (2 + 8 * blocks));
      off += 4;
      for (let i = 0; i < blocks; i++, off += 8) this.#sackBlock(off);
    }
    u8.fill(1, off, OPTIONS_OFF + 40);
    return off - OPTIONS_OFF;
  }

  /** The peer's clock goes on from what it said last. */
  #timestamps(off: number, _nowUs: number): void {
    const { view, draft: { dv }, prng } = this;
    dv.setInt32(off, (view.tsRecent + (prng.chance(0.7) ? prng.below(3) : prng.below(50))) | 0);
    const now = (Math.floor(_nowUs / 1000) + view.tsOffset) | 0;
    dv.setInt32(off + 4, (now - prng.below(20)) | 0);
  }

  /**
   * A run of whole records beyond SND.UNA, as a receiver with a hole would report; now and then a
   * D-SACK.
   */
  #sackBlock(off: number): void {
    const { view, draft: { dv }, prng } = this;
    // The first record is the hole, as a rule
    const first = view.sentCount > 1 && prng.chance(0.97) ? 1 : 0;
    const from = first + prng.below(view.sentCount - first);
    const to = Math.min(view.sentCount - 1, from + prng.below(4));
    let left = from === 0 ? view.sndUna : view.sentEdges[from - 1];
    let right = view.sentEdges[to];
    if (prng.chance(0.05)) {
      right = view.sndUna;
      left = (right - prng.between(1, 3000)) | 0;
    }
    dv.setInt32(off, left);
    dv.setInt32(off + 4, right);
  }
}

function isClosing(state: State): boolean {
  return state === State.FIN_WAIT_1 || state === State.FIN_WAIT_2 || state === State.CLOSING ||
    state === State.LAST_ACK;
}

/** A plain IPv4 header; length and checksum come with `Draft.fixAll`. */
export function writeIp(
  draft: Draft,
  protocol: number,
  src: number,
  dst: number,
  prng: Prng,
): void {
  const { u8, dv } = draft;
  u8[IP_OFF] = 0x45;
  u8[IP_OFF + 1] = prng.chance(0.05) ? prng.below(256) : 0;
  dv.setUint16(IP_OFF + 4, prng.next() & 0xffff);
  dv.setUint16(IP_OFF + 6, protocol === PROTO_TCP ? 0x4000 : 0);
  u8[IP_OFF + 8] = 64;
  u8[IP_OFF + 9] = protocol;
  dv.setUint32(IP_OFF + 12, src);
  dv.setUint32(IP_OFF + 16, dst);
  draft.len = LINK_LEN + 20;
}
