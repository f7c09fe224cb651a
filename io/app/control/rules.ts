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
  NO_LOWAT,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
  type TcpConfig,
} from "../../../stack/mod.ts";

/** op, a, b, c, d. */
type Rule = readonly [op: number, a: number, b: number, c: number, d: number];

const granted = (type: number, protocol: number): Rule[] =>
  [0, protocol].map((asked) => [P.NUSE_OP_OPEN, AF_INET, type, asked, protocol]);

const taken = (level: number, name: number): Rule => [
  P.NUSE_OP_POST_SETOPT,
  P.NUSE_KIND_STREAM,
  level,
  name,
  0,
];

export const RULES: readonly Rule[] = [
  ...granted(SOCK_STREAM, IPPROTO_TCP),
  ...granted(SOCK_DGRAM, IPPROTO_UDP),
  taken(IPPROTO_TCP, TCP_NODELAY),
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
