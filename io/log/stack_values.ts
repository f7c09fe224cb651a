/**
 * The stack's numbers as a log shows them. A value's name says what it is:
 *
 *     …Us        a duration, microseconds        …Bytes    a size
 *     errno      ETIMEDOUT                       mac       02:00:00:00:00:01
 *     …State     SYN-SENT                        reason    why a packet is dropped (DROP_NAMES)
 *     cause      why a connection failed         flags     SYN,ACK
 *     icmp       type << 8 | code                protocol  of IP
 *     gateway    198.18.0.1
 *
 * Any other is a plain number. JSON has durations and sizes as numbers, the rest as text.
 *
 * @module
 */
import {
  DROP_NAMES,
  EndCause,
  errnoName,
  formatMacNumber,
  IpAddress,
  stateName,
} from "../../stack/mod.ts";
import type { LogValue } from "./event.ts";

/** Names of values that are neither a duration nor a size, and how each is told. */
const NAMED: Readonly<Record<string, (n: number) => string>> = {
  errno: (n) => n === 0 ? "no error" : errnoName(n),
  mac: formatMacNumber,
  state: stateName,
  fromState: stateName,
  toState: stateName,
  reason: (n) => DROP_NAMES[n],
  icmp: icmpText,
  gateway: (n) => IpAddress.v4(n).toString(),
  cause: (n) => CAUSES[n as EndCause],
  flags: flagsText,
  protocol: (n) => PROTOCOLS[n] ?? `protocol ${n}`,
};

const CAUSES: Readonly<Record<EndCause, string>> = {
  [EndCause.RESET_RECEIVED]: "the peer has reset it",
  [EndCause.REFUSED]: "the peer has refused it",
  [EndCause.NO_ACKNOWLEDGMENT]: "nobody acknowledged what was sent",
  [EndCause.NO_WINDOW]: "nobody answered the window probes in time",
  [EndCause.NO_KEEPALIVE]: "nobody answered the keepalive probes",
  [EndCause.ICMP]: "an ICMP error has come",
  [EndCause.UNREAD_DATA]: "the program has closed without reading all",
  [EndCause.DATA_FOR_NOBODY]: "data has come after the program had closed",
  [EndCause.LINGER_ZERO]: "the program has closed with SO_LINGER of 0",
  [EndCause.LINGER2]: "the peer did not close in time (TCP_LINGER2)",
  [EndCause.TOO_MANY_ORPHANS]: "too many connections without a program",
  [EndCause.LISTENER_CLOSED]: "the program has closed the listener",
  [EndCause.DISCONNECTED]: "the program has disconnected",
  [EndCause.ABORTED]: "nuse has given it up",
  [EndCause.DESTROYED]: "an administrator has ended it",
};

/** From bit 0 on (RFC 9293 3.1, RFC 3168). */
const FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

function flagsText(n: number): string {
  return FLAGS.filter((_, bit) => (n & 1 << bit) !== 0).join(",");
}

const PROTOCOLS: Readonly<Record<number, string>> = { 1: "ICMP", 6: "TCP", 17: "UDP" };

/** RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1. */
const UNREACHABLE = [
  "network unreachable",
  "host unreachable",
  "protocol unreachable",
  "port unreachable",
  "fragmentation needed",
  "source route failed",
  "network unknown",
  "host unknown",
  "host isolated",
  "network prohibited",
  "host prohibited",
  "network unreachable for this service",
  "host unreachable for this service",
  "prohibited by a filter",
];

function icmpText(n: number): string {
  const [type, code] = [n >> 8, n & 0xff];
  const known = type === 3
    ? UNREACHABLE[code]
    : type === 11
    ? ["time to live exceeded", "fragments missing"][code]
    : type === 12
    ? "parameter problem"
    : type === 5
    ? "redirect"
    : undefined;
  return known ?? `ICMP type ${type} code ${code}`;
}

/** "1.25 ms", with three digits that matter at most. */
export function durationText(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 999_500) return `${Number((us / 1e3).toPrecision(3))} ms`;
  const sec = us / 1e6;
  return `${sec < 100 ? Number(sec.toPrecision(3)) : Math.round(sec)} s`;
}

/** For JSON. */
export function valueOf(name: string, n: number): LogValue {
  return NAMED[name]?.(n) ?? n;
}

/** For a person. */
export function textOf(name: string, n: number): string {
  if (name.endsWith("Us")) return durationText(n);
  if (name.endsWith("Bytes")) return n === 1 ? "1 byte" : `${n} bytes`;
  return String(valueOf(name, n));
}
