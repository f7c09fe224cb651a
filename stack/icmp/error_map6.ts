/**
 * What errno an ICMPv6 error means to a socket, and whether it is hard: reported even to a socket
 * that did not ask for errors. Linux's `icmpv6_err_convert`.
 *
 * @module
 */
import {
  EACCES,
  ECONNREFUSED,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  EPROTO,
} from "../base/errno.ts";
import {
  ICMPV6_PARAMETER_PROBLEM,
  ICMPV6_TIME_EXCEEDED,
  ICMPV6_TOO_BIG,
  ICMPV6_UNREACHABLE,
} from "../wire/icmpv6.ts";
import { HARD } from "./error_map.ts";

/** By code of ICMPV6_UNREACHABLE. */
const UNREACHABLE_ERRORS = [
  ENETUNREACH, // no route
  EACCES | HARD, // prohibited
  EHOSTUNREACH, // beyond the scope of the source
  EHOSTUNREACH, // address
  ECONNREFUSED | HARD, // port
  EACCES | HARD, // source address failed policy
  EACCES | HARD, // reject route
];

function lookUp(type: number, code: number): number {
  switch (type) {
    case ICMPV6_UNREACHABLE:
      return UNREACHABLE_ERRORS[code] ?? EPROTO;
    case ICMPV6_TOO_BIG:
      return EMSGSIZE;
    case ICMPV6_TIME_EXCEEDED:
      return EHOSTUNREACH;
    default:
      return type === ICMPV6_PARAMETER_PROBLEM ? EPROTO | HARD : EPROTO;
  }
}

export function errnoOfIcmpv6(type: number, code: number): number {
  return lookUp(type, code) & ~HARD;
}

export function isHardIcmpv6(type: number, code: number): boolean {
  return (lookUp(type, code) & HARD) !== 0;
}
