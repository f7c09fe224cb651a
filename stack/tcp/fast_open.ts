/**
 * TCP Fast Open (RFC 7413): text with the SYN, for a client that has proved its address before by a
 * cookie.
 *
 *     first time    SYN, cookie request -->          SYN-ACK, cookie <--
 *     later         SYN, cookie, text   -->          the program has it at once; SYN-ACK of all <--
 *
 * @module
 */
import { SipHash } from "../storage/siphash.ts";
import type { IpAddress } from "../wire/ip_address.ts";
import type { Flow } from "./flow.ts";
import { initializeWindow } from "./lifecycle.ts";
import type { TcpLayer } from "./layer.ts";
import { updateSmss } from "./mss.ts";
import type { Segment } from "./segment.ts";
import type { SynRequest } from "./syn_request.ts";
import type { Tcb } from "./tcb.ts";
import { armRetransmitTimer, rearmTimer } from "./timer.ts";
import { emitSyn } from "./emit.ts";

/** Bits of the configuration (tcp_fastopen). */
export const FAST_OPEN_CLIENT = 1;
export const FAST_OPEN_SERVER = 2;
const COOKIE_LEN = 8;
/** Servers whose cookies are kept. */
const CACHE_MAX = 256;
/** Asks for a cookie. */
export const NO_COOKIE: Uint8Array = new Uint8Array(0);

/** What a client knows of a server. */
export interface KnownServer {
  readonly cookie: Uint8Array;
  readonly mss: number;
}

/** A client's cookies; the oldest make way. */
export class CookieCache {
  readonly #servers = new Map<string, KnownServer>();

  get(addr: IpAddress): KnownServer | null {
    return this.#servers.get(addr.toString()) ?? null;
  }

  set(addr: IpAddress, server: KnownServer): void {
    const key = addr.toString();
    this.#servers.delete(key);
    if (this.#servers.size >= CACHE_MAX) {
      for (const oldest of this.#servers.keys()) {
        this.#servers.delete(oldest);
        break;
      }
    }
    this.#servers.set(key, server);
  }

  delete(addr: IpAddress): void {
    this.#servers.delete(addr.toString());
  }

  get size(): number {
    return this.#servers.size;
  }
}

/** A server's cookies: a keyed hash of the two addresses (RFC 7413 4.1.2). */
export class CookieMaker {
  readonly #hash: SipHash;
  readonly #words = new Int32Array(8);

  constructor(random: () => number) {
    this.#hash = SipHash.withRandomKey(random);
  }

  make({ local, remote }: Flow): Uint8Array {
    const words = this.#words;
    words[0] = local.w0;
    words[1] = local.w1;
    words[2] = local.w2;
    words[3] = local.w3;
    words[4] = remote.w0;
    words[5] = remote.w1;
    words[6] = remote.w2;
    words[7] = remote.w3;
    const cookie = new DataView(new ArrayBuffer(COOKIE_LEN));
    cookie.setInt32(0, this.#hash.hash(words, 8));
    cookie.setInt32(4, this.#hash.high);
    return new Uint8Array(cookie.buffer);
  }
}

/**
 * A listener with TCP_FASTOPEN has got a SYN. Returns true when its text may be taken before the
 * handshake is over; else the request has the cookie that the SYN-ACK is to bring, if any.
 */
export function acceptsFastOpen(request: SynRequest, seg: Segment): boolean {
  const { layer, listener } = request;
  const { fastOpenCookieOff, fastOpenCookieLen } = seg.options;
  const { fastOpenQueue, fastOpenNoCookie } = listener.tcb.options;
  const counters = layer.counters.tcp;
  if ((layer.config.fastOpen & FAST_OPEN_SERVER) === 0 || fastOpenQueue === 0) return false;
  const hasOption = fastOpenCookieOff >= 0;
  if (!hasOption && (!fastOpenNoCookie || seg.payloadLen === 0)) return false;
  if (hasOption && fastOpenCookieLen === 0) counters.fastOpenCookieReqd++;
  if (listener.fastOpenPending >= fastOpenQueue) {
    counters.fastOpenListenOverflow++;
    return false;
  }
  if (fastOpenNoCookie) return true;
  const cookie = layer.cookieMaker.make(request);
  if (fastOpenCookieLen > 0) {
    if (isSame(layer, cookie, fastOpenCookieOff, fastOpenCookieLen)) return true;
    counters.fastOpenPassiveFail++;
  }
  request.fastOpenCookie = cookie;
  return false;
}

function isSame(layer: TcpLayer, cookie: Uint8Array, off: number, len: number): boolean {
  if (len !== cookie.length) return false;
  const { u8 } = layer.memory;
  let difference = 0;
  for (let i = 0; i < len; i++) difference |= cookie[i] ^ u8[off + i];
  return difference === 0;
}

/** The program gets the connection, with the SYN's text, while it is in SYN-RECEIVED. */
export function openFast(request: SynRequest, seg: Segment): void {
  const { layer, listener } = request;
  const tcb = request.establish();
  tcb.fastOpenOf = listener;
  tcb.sndWnd = seg.window;
  tcb.maxSndWnd = seg.window;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = request.iss;
  updateSmss(tcb);
  initializeWindow(tcb);
  takeSynText(tcb, seg);
  layer.counters.tcp.fastOpenPassive++;
  emitSyn(tcb, true, seg.nowUs);
  tcb.lastSentUs = seg.nowUs;
  armRetransmitTimer(tcb, seg.nowUs);
  rearmTimer(tcb);
  listener.onFastOpen(tcb);
}

function takeSynText(tcb: Tcb, seg: Segment): void {
  const lenBytes = Math.min(seg.payloadLen, tcb.rcvWnd);
  if (lenBytes === 0 || !tcb.rcvRing.store(0, seg.payloadOff, lenBytes)) return;
  tcb.rcvRing.commit(lenBytes);
  tcb.rcvNxt = (tcb.rcvNxt + lenBytes) | 0;
  tcb.bytesReceived += lenBytes;
  tcb.dataSegsIn++;
  tcb.lastDataReceivedUs = seg.nowUs;
}

/** A SYN-ACK: keeps the cookie, and sees what became of the text of our SYN. */
export function fastOpenAnswered(tcb: Tcb, seg: Segment): void {
  const { layer } = tcb;
  const { options } = seg;
  if (tcb.fastOpenAsked && options.fastOpenCookieLen > 0) {
    const off = options.fastOpenCookieOff;
    const cookie = layer.memory.u8.slice(off, off + options.fastOpenCookieLen);
    layer.cookieCache.set(tcb.remote, { cookie, mss: tcb.peerMss });
  }
  if (tcb.synTextLen === 0) return;
  if (tcb.sent.count === 0) {
    layer.counters.tcp.fastOpenActive++;
  } else {
    // "The client should retransmit the data" (RFC 7413 4.2.2): as if it had never been sent
    layer.counters.tcp.fastOpenActiveFail++;
    tcb.sent.clear();
    tcb.sndNxt = tcb.sndUna;
    tcb.bytesSent -= tcb.synTextLen;
  }
  tcb.synTextLen = 0;
}
