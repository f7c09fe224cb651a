/**
 * The cookies of TCP Fast Open (RFC 7413 4.1.2): made by a server from its key and the addresses,
 * and kept by a client, with the MSS, for each server that it knows.
 *
 * @module
 */
import type { Flow } from "../base/flow.ts";
import { SipHash } from "../../base/siphash.ts";
import type { IpAddress } from "../../base/ip_address.ts";
/** Bits of the configuration (tcp_fastopen). */
export const FAST_OPEN_CLIENT = 1;
export const FAST_OPEN_SERVER = 2;
/** Clients send data without a cookie; servers take it; listeners need no option. */
export const FAST_OPEN_CLIENT_NO_COOKIE = 4;
export const FAST_OPEN_SERVER_NO_COOKIE = 0x200;
export const FAST_OPEN_EVERY_LISTENER = 0x400;
const COOKIE_LEN = 8;
/** TCP_FASTOPEN_KEY_LENGTH */
export const FAST_OPEN_KEY_LEN = 16;
/** Servers whose cookies are kept. */
const CACHE_MAX = 256;
/** Asks for a cookie. */
export const NO_COOKIE: Uint8Array = new Uint8Array(0);

/** What a client knows of a server. */
export interface KnownServer {
  /** Empty: none was given. */
  readonly cookie: Uint8Array;
  readonly mss: number;
  /** The option's form: the experiment's (RFC 6994), which servers older than RFC 7413 know. */
  readonly isExperimental?: boolean;
  /** That form was tried, too. */
  readonly isExperimentTried?: boolean;
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

/** Whose a cookie is. */
export enum CookieKey {
  NONE = 0,
  FIRST = 1,
  SECOND = 2,
}

/**
 * A server's cookies: SipHash of the client's and the server's address (RFC 7413 4.1.2), computed
 * as Linux does, so that servers behind one address that share a key understand each other. With a
 * second key those are valid that were made with it before the keys changed.
 */
export class CookieMaker {
  readonly #first: SipHash;
  readonly #second: SipHash | null;
  readonly #words = new Int32Array(8);

  /** `keys`: TCP_FASTOPEN_KEY, one key or two, the one in use first. */
  constructor(readonly keys: Uint8Array) {
    this.#first = hashWith(keys, 0);
    this.#second = keys.length > FAST_OPEN_KEY_LEN ? hashWith(keys, FAST_OPEN_KEY_LEN) : null;
  }

  static withRandomKey(random: () => number): CookieMaker {
    return new CookieMaker(new Uint8Array(Int32Array.from({ length: 4 }, random).buffer));
  }

  make(flow: Flow): Uint8Array {
    return this.#cookie(this.#first, flow);
  }

  /** The key that the `len` bytes at `off` of `u8` were made with. */
  keyOf(flow: Flow, u8: Uint8Array, off: number, len: number): CookieKey {
    if (len !== COOKIE_LEN) return CookieKey.NONE;
    if (isSame(this.make(flow), u8, off)) return CookieKey.FIRST;
    const second = this.#second;
    if (second === null || !isSame(this.#cookie(second, flow), u8, off)) return CookieKey.NONE;
    return CookieKey.SECOND;
  }

  #cookie(hash: SipHash, { local, remote }: Flow): Uint8Array {
    const words = this.#words;
    const count = remote.family === 4 ? 1 : 4;
    for (let i = 0; i < count; i++) {
      words[i] = addressWord(remote, 4 - count + i);
      words[count + i] = addressWord(local, 4 - count + i);
    }
    const cookie = new DataView(new ArrayBuffer(COOKIE_LEN));
    cookie.setInt32(0, hash.hash(words, 2 * count), true);
    cookie.setInt32(4, hash.high, true);
    return new Uint8Array(cookie.buffer);
  }
}

function hashWith(keys: Uint8Array, off: number): SipHash {
  const dv = new DataView(keys.buffer, keys.byteOffset + off, FAST_OPEN_KEY_LEN);
  const word = (i: number) => dv.getInt32(4 * i, true);
  return new SipHash(word(0), word(1), word(2), word(3));
}

/** Word `i` of an address as its bytes on the wire are for a little-endian reader. */
function addressWord({ w0, w1, w2, w3 }: IpAddress, i: number): number {
  const w = i === 0 ? w0 : i === 1 ? w1 : i === 2 ? w2 : w3;
  return (w << 24) | ((w & 0xff00) << 8) | ((w >> 8) & 0xff00) | (w >>> 24);
}

/** In constant time. */
function isSame(cookie: Uint8Array, u8: Uint8Array, off: number): boolean {
  let difference = 0;
  for (let i = 0; i < cookie.length; i++) difference |= cookie[i] ^ u8[off + i];
  return difference === 0;
}
