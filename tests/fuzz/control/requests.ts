/**
 * Draws requests of the control protocol: each operation with arguments that make sense, at their
 * edges, or beyond; with the right descriptor, none, or any.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import { writeCookie } from "../../../io/app/protocol/message.ts";
import type { Prng } from "../../support/prng.ts";

/** Where the honest program listens and accepts; where it listens, and nobody is let in. */
export const HONEST_PORT = 9000;
export const SILENT_PORT = 9001;
/** The hostile programs' own, and those. */
export const PORTS: readonly number[] = [7001, 7002, 7003, HONEST_PORT, SILENT_PORT];
const OPERATION_MAX = P.NUSE_OP_READ;
const WRONG_SHARE = 0.04;
const WILD_SHARE = 0.12;
/** What arithmetic and tables trip over. */
const EDGES: readonly number[] = [
  ...[-1, 0, 1, 2, 3, 7, 63, 64, 255, 256, 4095, 4096, 65535, 65536],
  ...[0x7fffffff, -0x80000000, 0x40000000, -0x40000000, -4096],
];
const COOKIES: readonly number[] = [0, 1, 0xffffffff, 2 ** 32, 2 ** 53 - 1, 2 ** 64 - 1];
/** Levels, and the names from which there are no options. */
const LEVELS: readonly (readonly [level: number, names: number])[] = [
  ...([[0, 52], [1, 85], [1, 85], [6, 48], [6, 48], [17, 108], [41, 82], [255, 3]] as const),
];
/** Whose values are neither numbers nor flags: TCP_INFO, TCP_CONGESTION, TCP_FASTOPEN_KEY … */
const LONG_OPTIONS: readonly (readonly [level: number, name: number])[] = [
  ...([[6, 11], [6, 13], [6, 13], [6, 33], [1, 13], [1, 25], [1, 28], [0, 35], [0, 41]] as const),
];
/**
 * So slow or so patient that a connection would outlive its session: SO_MAX_PACING_RATE,
 * TCP_USER_TIMEOUT, TCP_DEFER_ACCEPT. They are set by the tests of their own.
 */
const LASTING: readonly string[] = ["1 47", "6 18", "6 9"];
const SOCKETS: readonly (readonly [domain: number, type: number, protocol: number])[] = [
  ...([[2, 1, 0], [2, 1, 6], [10, 1, 0], [2, 2, 0], [2, 2, 17], [10, 2, 0]] as const),
  ...([[2, 2, 1], [2, 3, 1], [2, 3, 253], [2, 3, 255]] as const),
];

/** What comes along with a request. */
export type Passed = "none" | "stream" | "record" | "any";

const PASSED: readonly Passed[] = ["none", "stream", "record", "any", "any", "any"];

export interface Drawn {
  readonly op: number;
  /** The message, header included. */
  readonly bytes: Uint8Array;
  readonly passed: Passed;
}

interface Fields {
  a: number;
  b: number;
  c: number;
  data: Uint8Array;
  passed: Passed;
}

export class Requests {
  constructor(readonly prng: Prng) {}

  /** `cookies`: of the sockets that the program has or had. */
  draw(cookies: readonly number[]): Drawn {
    const { prng } = this;
    const op = prng.chance(0.97) ? prng.between(1, OPERATION_MAX) : prng.below(65536);
    const fields = this.#fields(op);
    if (prng.chance(WILD_SHARE)) fields.a = this.#wild();
    if (prng.chance(WILD_SHARE)) fields.b = this.#wild();
    if (prng.chance(WILD_SHARE)) fields.c = this.#wild();
    if (prng.chance(WILD_SHARE / 2)) fields.data = this.#bytes();
    if (prng.chance(0.08)) fields.passed = prng.pick(PASSED);
    const known = cookies.length > 0 && prng.chance(0.92);
    const cookie = known ? prng.pick(cookies) : prng.pick(COOKIES);
    return this.#message(op, cookie, fields);
  }

  /** What a program does first with a stream, or with a datagram socket, that it opens. */
  conversation(isStream: boolean, cookie: number): Drawn[] {
    const { prng } = this;
    const ops = [P.NUSE_OP_OPEN];
    if (!isStream) ops.push(P.NUSE_OP_BIND, ...prng.chance(0.5) ? [P.NUSE_OP_CONNECT] : []);
    else if (prng.chance(0.4)) ops.push(P.NUSE_OP_BIND, P.NUSE_OP_LISTEN);
    else ops.push(P.NUSE_OP_CONNECT);
    return ops.map((op) => {
      const fields = this.#fields(op);
      if (op === P.NUSE_OP_OPEN) [fields.a, fields.b] = [2, isStream ? 1 : 2];
      if (op === P.NUSE_OP_OPEN) fields.c = 0;
      if (fields.data.length > 0) fields.data = localAddress(prng.pick(PORTS));
      return this.#message(op, cookie, fields);
    });
  }

  #message(op: number, cookie: number, fields: Fields): Drawn {
    const { prng } = this;
    const { a, b, c, data, passed } = fields;
    const bytes = new Uint8Array(P.NUSE_HEADER_LEN + data.length);
    const dv = new DataView(bytes.buffer);
    dv.setUint32(P.NUSE_REQ_MAGIC_OFF, P.NUSE_MAGIC, true);
    dv.setUint16(P.NUSE_REQ_VERSION_OFF, P.NUSE_VERSION, true);
    dv.setUint16(P.NUSE_REQ_OP_OFF, op, true);
    writeCookie(dv, P.NUSE_REQ_COOKIE_OFF, cookie);
    dv.setInt32(P.NUSE_REQ_A_OFF, a, true);
    dv.setInt32(P.NUSE_REQ_B_OFF, b, true);
    dv.setInt32(P.NUSE_REQ_C_OFF, c, true);
    dv.setUint32(P.NUSE_REQ_DATA_LEN_OFF, data.length, true);
    bytes.set(data, P.NUSE_HEADER_LEN);
    return { op, bytes: prng.chance(WRONG_SHARE) ? this.#wrong(bytes) : bytes, passed };
  }

  /** Not a message of the protocol, as a rule. */
  #wrong(bytes: Uint8Array): Uint8Array {
    const { prng } = this;
    if (prng.chance(0.4)) return bytes.slice(0, prng.below(bytes.length + 1));
    if (prng.chance(0.2)) {
      const longer = new Uint8Array(prng.pick([bytes.length + 1, 8224, 8225, 16_000]));
      longer.set(bytes.subarray(0, longer.length));
      return longer;
    }
    bytes[prng.below(Math.min(bytes.length, P.NUSE_HEADER_LEN))] = prng.below(256);
    return bytes;
  }

  #wild(): number {
    return this.prng.chance(0.7) ? this.prng.pick(EDGES) : this.prng.next();
  }

  #bytes(): Uint8Array {
    const { prng } = this;
    const len = prng.chance(0.5) ? prng.below(40) : prng.pick([64, 512, 4096, 8191, 8192]);
    const fill = prng.chance(0.5) ? 0 : prng.below(256);
    return Uint8Array.from({ length: len }, () => prng.chance(0.3) ? prng.below(256) : fill);
  }

  #fields(op: number): Fields {
    const { prng } = this;
    const fields: Fields = { a: 0, b: 0, c: 0, data: new Uint8Array(0), passed: "none" };
    switch (op) {
      case P.NUSE_OP_SOCKET:
      case P.NUSE_OP_OPEN:
        [fields.a, fields.b, fields.c] = prng.pick(SOCKETS);
        if (op === P.NUSE_OP_OPEN) fields.passed = fields.b === 1 ? "stream" : "record";
        return fields;
      case P.NUSE_OP_ATTACH:
        fields.passed = "record";
        return fields;
      case P.NUSE_OP_BIND:
      case P.NUSE_OP_CONNECT:
      case P.NUSE_OP_CHECK:
        fields.data = prng.chance(0.9) ? this.#sockaddr() : fields.data;
        if (op === P.NUSE_OP_CHECK) fields.a = prng.pick([0, 1, 1472, 65507, 65508]);
        else if (op === P.NUSE_OP_CONNECT) {
          fields.a = prng.pick([0, P.NUSE_FILLER_LEN]);
          fields.b = prng.below(2);
          fields.c = prng.below(2);
        }
        return fields;
      case P.NUSE_OP_LISTEN:
        fields.a = prng.pick([0, 1, 5, 128, -1, 0x7fffffff]);
        return fields;
      case P.NUSE_OP_NAME:
      case P.NUSE_OP_URGENT:
        fields.a = prng.below(2);
        return fields;
      case P.NUSE_OP_MORE:
        fields.a = prng.below(5);
        fields.b = prng.pick([0, 1, 1, 100, 0x7fffffff]);
        fields.c = prng.below(2);
        return fields;
      case P.NUSE_OP_SHUTDOWN:
        fields.a = prng.below(3);
        fields.b = prng.below(2);
        return fields;
      case P.NUSE_OP_CLOSE:
        fields.a = prng.below(2);
        fields.b = prng.pick([0, 0, 1, 2, 100]);
        return fields;
      case P.NUSE_OP_READ:
        fields.a = prng.pick([0, 1, 4096, P.NUSE_DATA_MAX, 0x7fffffff]);
        fields.b = prng.below(2);
        return fields;
      case P.NUSE_OP_IMAGE:
      case P.NUSE_OP_PACKET_SOCKET:
        fields.data = this.#bytes();
        return fields;
      case P.NUSE_OP_GETOPT:
        [fields.a, fields.b] = this.#option();
        fields.c = prng.pick([0, 1, 4, 8, 104, 8192, 0x7fffffff]);
        return fields;
      case P.NUSE_OP_SETOPT:
      case P.NUSE_OP_POST_SETOPT:
        [fields.a, fields.b] = this.#option();
        fields.data = this.#value();
        return fields;
      case P.NUSE_OP_IOCTL:
        fields.a = prng.pick([0x5411, 0x894b, 0x541b, 0x8905, 0x8910 + prng.below(0x60)]);
        fields.data = this.#ifreq();
        return fields;
    }
    return fields;
  }

  #option(): [level: number, name: number] {
    const { prng } = this;
    if (prng.chance(0.2)) return [...prng.pick(LONG_OPTIONS)];
    const [known, names] = prng.pick(LEVELS);
    const level = prng.chance(0.95) ? known : prng.below(300);
    const name = prng.below(names);
    return LASTING.includes(`${level} ${name}`) ? this.#option() : [level, name];
  }

  /** Ints, timevals, memberships, filters, names. */
  #value(): Uint8Array {
    const { prng } = this;
    if (prng.chance(0.1)) return new TextEncoder().encode(prng.pick(["cubic", "bbr", "no", "lo"]));
    if (prng.chance(0.6)) {
      const value = prng.chance(0.5) ? prng.below(3) : this.#wild();
      return new Uint8Array(new Int32Array([value]).buffer);
    }
    if (prng.chance(0.3)) return Uint8Array.of(239, 1, 2, prng.below(4), 0, 0, 0, 0, 0, 0, 0, 0);
    return this.#bytes();
  }

  #ifreq(): Uint8Array {
    const bytes = new Uint8Array(this.prng.pick([40, 40, 40, 4, 39, 41]));
    bytes.set(new TextEncoder().encode(this.prng.pick(["lo", "lo", "eth0", ""])));
    return bytes;
  }

  #sockaddr(): Uint8Array {
    if (this.prng.chance(0.4)) return localAddress(this.prng.pick(PORTS));
    const { prng } = this;
    const family = prng.chance(0.9) ? prng.pick([2, 2, 2, 10]) : prng.pick([0, 1, 17, 65535]);
    const bytes = new Uint8Array(family === 10 ? 28 : 16);
    const port = prng.chance(0.9) ? prng.pick(PORTS) : prng.pick([0, 1, 65535]);
    bytes.set([family & 255, family >> 8, port >> 8, port & 255]);
    const addr = prng.pick([[127, 0, 0, 1], [127, 0, 0, 1], [0, 0, 0, 0], [10, 9, 8, 7], [
      ...[239, 1, 2, 3],
    ], [255, 255, 255, 255]]);
    if (family === 10) bytes.set([255, 255, ...addr], 18);
    else bytes.set(addr, 4);
    return prng.chance(0.05) ? bytes.slice(0, prng.below(bytes.length)) : bytes;
  }
}

/** struct sockaddr_in of 127.0.0.1. */
function localAddress(port: number): Uint8Array {
  return Uint8Array.of(2, 0, port >> 8, port & 255, 127, 0, 0, 1, ...new Uint8Array(8));
}
