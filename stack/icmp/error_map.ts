/**
 * What errno an ICMP error means to a socket, and whether it is hard: reported even to a socket
 * that did not ask for errors. Linux's table (icmp_err_convert), which goes beyond RFC 1122
 * 4.2.3.9.
 *
 * @module
 */
import {
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from "../base/errno.ts";
import { ICMP_PARAMETER_PROBLEM, ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE } from "../wire/icmp.ts";

/** Reported even to who did not ask for errors. */
export const HARD = 0x1000;

/** By code of ICMP_UNREACHABLE. */
const UNREACHABLE_ERRORS = [
  ENETUNREACH, // net
  EHOSTUNREACH, // host
  ENOPROTOOPT | HARD, // protocol
  ECONNREFUSED | HARD, // port
  EMSGSIZE, // fragmentation needed
  EOPNOTSUPP, // source route failed
  ENETUNREACH | HARD, // net unknown
  EHOSTDOWN | HARD, // host unknown
  ENONET | HARD, // host isolated
  ENETUNREACH | HARD, // net prohibited
  EHOSTUNREACH | HARD, // host prohibited
  ENETUNREACH, // net, for this type of service
  EHOSTUNREACH, // host, for this type of service
  EHOSTUNREACH | HARD, // filtered
  EHOSTUNREACH | HARD, // precedence violation
  EHOSTUNREACH | HARD, // precedence cut-off
];

function lookUp(type: number, code: number): number {
  if (type === ICMP_UNREACHABLE) return UNREACHABLE_ERRORS[code] ?? 0;
  if (type === ICMP_TIME_EXCEEDED) return EHOSTUNREACH;
  return type === ICMP_PARAMETER_PROBLEM ? EPROTO | HARD : 0;
}

/** The errno, 0 when sockets are not told. */
export function errnoOfIcmp(type: number, code: number): number {
  return lookUp(type, code) & ~HARD;
}

export function isHardIcmp(type: number, code: number): boolean {
  return (lookUp(type, code) & HARD) !== 0;
}
