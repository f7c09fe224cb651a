/**
 * What the shim need not ask: which sockets are always granted, and which options every socket of a
 * kind takes whatever its state, without an effect that the program could wait for. Told in the
 * answer to HELLO (protocol.h), so that socket() and the options that servers set on every
 * connection cost no round trip.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import {
  AF_INET,
  IPPROTO_TCP,
  IPPROTO_UDP,
  KEEP_COUNT_MAX,
  KEEP_SECONDS_MAX,
  NO_LOWAT,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_CORK,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
  type TcpConfig,
} from "../../../stack/mod.ts";

const INT_MIN = -0x80000000;
export const INT_MAX = 0x7fffffff;

type Rule = readonly [op: number, a: number, b: number, c: number, d: number, e: number];

const granted = (type: number, protocol: number): Rule[] =>
  [0, protocol].map((asked) => [P.NUSE_OP_OPEN, AF_INET, type, asked, protocol, 0]);

/** Of streams, with values from `least` to `most`. */
const taken = (level: number, name: number, least = INT_MIN, most = INT_MAX): Rule => [
  P.NUSE_OP_POST_SETOPT,
  P.NUSE_KIND_STREAM,
  level,
  name,
  least,
  most,
];

export const RULES: readonly Rule[] = [
  ...granted(SOCK_STREAM, IPPROTO_TCP),
  ...granted(SOCK_DGRAM, IPPROTO_UDP),
  taken(IPPROTO_TCP, TCP_NODELAY),
  taken(IPPROTO_TCP, TCP_CORK),
  taken(IPPROTO_TCP, TCP_QUICKACK),
  taken(IPPROTO_TCP, TCP_KEEPIDLE, 1, KEEP_SECONDS_MAX),
  taken(IPPROTO_TCP, TCP_KEEPINTVL, 1, KEEP_SECONDS_MAX),
  taken(IPPROTO_TCP, TCP_KEEPCNT, 1, KEEP_COUNT_MAX),
  taken(IPPROTO_TCP, TCP_USER_TIMEOUT, 0),
  taken(SOL_SOCKET, SO_KEEPALIVE),
  taken(SOL_SOCKET, SO_REUSEADDR),
];

/**
 * Writes the rules at `off`; returns their length. Streams are not granted where tcp_notsent_lowat
 * says how large their pairs are (unsent.ts): then we make them.
 */
export function writeRules(dv: DataView, off: number, { notsentLowatBytes }: TcpConfig): number {
  const areSized = notsentLowatBytes !== NO_LOWAT;
  const rules = RULES.filter(([op, , type]) =>
    !(areSized && op === P.NUSE_OP_OPEN && type === SOCK_STREAM)
  );
  rules.forEach((rule, i) =>
    rule.forEach((word, k) => dv.setInt32(off + i * P.NUSE_RULE_LEN + 4 * k, word, true))
  );
  return rules.length * P.NUSE_RULE_LEN;
}
