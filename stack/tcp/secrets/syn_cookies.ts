/**
 * SYN cookies (RFC 4987 3.6): when the SYN queue is full, the handshake's state travels in the
 * SYN-ACK instead of being kept. The initial sequence number is
 *
 *     H1(four-tuple) + SEG.SEQ + (minute << 24)
 *         + ((H2(four-tuple, minute, SEG.SEQ) + index of the MSS) mod 2^24)
 *
 * H2 knows the sequence number too (Linux's does not), or an ACK that is off by one would pass with
 * the next MSS and an initial sequence number that the peer never had.
 *
 * and the other options are the six lowest bits of the timestamp, as Linux has them:
 *
 *     | 5: ECN | 4: SACK | 3..0: window scale, 15 for none |
 *
 * @module
 */
import { portsWord } from "../../storage/hash_table.ts";
import { SipHash } from "../../base/siphash.ts";
import type { Flow } from "../base/flow.ts";

const MINUTE_US = 60_000_000;
/** A cookie is good for the minute that it is of and the next one. */
const AGE_MAX_MINUTES = 2;
/** While cookies went out this long ago, one may come back. */
const COOKIE_LIFE_US = AGE_MAX_MINUTES * MINUTE_US;
const LOW_BITS = 0xffffff;
const MINUTE_SHIFT = 24;

/** What a cookie can say of the peer's MSS: the sizes that are common (Linux's tables). */
const MSS_V4 = [536, 1300, 1440, 1460];
const MSS_V6 = [1220, 1420, 1440, 8940];

const OPTION_BITS = 0x3f;
const SCALE_BITS = 0x0f;
const SACK_BIT = 0x10;
const ECN_BIT = 0x20;

/** The options that a cookie's timestamp tells of. */
export interface CookieOptions {
  /** -1: none. */
  windowScale: number;
  hasSack: boolean;
  hasEcn: boolean;
}

export class SynCookies {
  readonly #constant: SipHash;
  readonly #minutely: SipHash;
  readonly #words = new Int32Array(11);
  #lastSentUs = -Infinity;

  constructor(random: () => number) {
    this.#constant = SipHash.withRandomKey(random);
    this.#minutely = SipHash.withRandomKey(random);
  }

  /** False: no cookie is under way, so that an ACK cannot be one. */
  mayReturn(nowUs: number): boolean {
    return nowUs - this.#lastSentUs <= COOKIE_LIFE_US;
  }

  /** The ISS that tells of a SYN with sequence number `irs` and an MSS option of `mss`. */
  iss(flow: Flow, irs: number, mss: number, nowUs: number): number {
    this.#lastSentUs = nowUs;
    const table = mssTable(flow);
    let index = table.length - 1;
    while (index > 0 && table[index] > mss) index--;
    const minute = Math.floor(nowUs / MINUTE_US);
    const low = (this.#ofMinute(flow, irs, minute) + index) & LOW_BITS;
    return (this.#base(flow, irs) + (minute << MINUTE_SHIFT) + low) | 0;
  }

  /** The MSS that a cookie of ours tells of, or 0 when it is none, or too old. */
  mssOf(flow: Flow, irs: number, iss: number, nowUs: number): number {
    const cookie = (iss - this.#base(flow, irs)) | 0;
    const minute = Math.floor(nowUs / MINUTE_US);
    const age = (minute - (cookie >>> MINUTE_SHIFT)) & 0xff;
    if (age >= AGE_MAX_MINUTES) return 0;
    const index = (cookie - this.#ofMinute(flow, irs, minute - age)) & LOW_BITS;
    const table = mssTable(flow);
    return index < table.length ? table[index] : 0;
  }

  #base(flow: Flow, irs: number): number {
    this.#setTuple(flow);
    return (this.#constant.hash(this.#words, 9) + irs) | 0;
  }

  #ofMinute(flow: Flow, irs: number, minute: number): number {
    this.#setTuple(flow);
    this.#words[9] = minute;
    this.#words[10] = irs;
    return this.#minutely.hash(this.#words, 11);
  }

  #setTuple({ local, remote, localPort, remotePort }: Flow): void {
    const words = this.#words;
    local.putWords(words, 0);
    remote.putWords(words, 4);
    words[8] = portsWord(localPort, remotePort);
  }
}

function mssTable(flow: Flow): readonly number[] {
  return flow.remote.family === 4 ? MSS_V4 : MSS_V6;
}

/** The latest time of our timestamp clock, milliseconds, that has the options in its low bits. */
export function cookieTime(options: CookieOptions, nowMs: number): number {
  const bits = (options.windowScale < 0 ? SCALE_BITS : options.windowScale) |
    (options.hasSack ? SACK_BIT : 0) | (options.hasEcn ? ECN_BIT : 0);
  const time = (nowMs & ~OPTION_BITS) | bits;
  return ((time - nowMs) | 0) > 0 ? (time - OPTION_BITS - 1) | 0 : time;
}

/** Reads the options back. */
export function takeCookieTime(options: CookieOptions, time: number): void {
  const scale = time & SCALE_BITS;
  options.windowScale = scale === SCALE_BITS ? -1 : scale;
  options.hasSack = (time & SACK_BIT) !== 0;
  options.hasEcn = (time & ECN_BIT) !== 0;
}
