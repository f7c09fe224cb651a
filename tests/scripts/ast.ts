/**
 * What a packet script says, after parsing: one Step a line.
 *
 * @module
 */

import type { IgmpMessage } from "../support/igmp.ts";

/** A number that a line sends or expects. */
export type NumberSpec =
  | { readonly kind: "any" }
  /**
   * Sum of terms; a variable that is not bound yet is bound when it stands alone in an expectation.
   */
  | { readonly kind: "sum"; readonly terms: readonly Term[] }
  | { readonly kind: "range"; readonly lo: number; readonly hi: number };

export interface Term {
  readonly sign: 1 | -1;
  /** Literal, "$name", or "last": the latest TS value that the stack sent on the flow. */
  readonly value: number | string;
}

export type OptionSpec =
  | { readonly kind: "nop" | "eol" | "sackOK" }
  | { readonly kind: "mss" | "wscale"; readonly value: NumberSpec }
  | { readonly kind: "ts"; readonly val: NumberSpec; readonly ecr: NumberSpec }
  | { readonly kind: "sack"; readonly blocks: readonly (readonly [number, number])[] }
  | { readonly kind: "raw"; readonly code: number; readonly data: Uint8Array };

export interface SegmentSpec {
  readonly what: "tcp";
  readonly flow: string;
  readonly flags: number;
  /** "P?" in the flags: PSH may or may not be there. */
  readonly ignoresPush: boolean;
  readonly seq: NumberSpec;
  readonly len: NumberSpec;
  readonly ack: NumberSpec | null;
  readonly win: NumberSpec | null;
  readonly urg: NumberSpec | null;
  /** null: not looked at (expected), none (injected). */
  readonly options: readonly OptionSpec[] | null;
  readonly modifiers: readonly string[];
}

export interface UdpSpec {
  readonly what: "udp";
  readonly flow: string;
  readonly len: number;
  readonly modifiers: readonly string[];
}

export interface IcmpSpec {
  readonly what: "icmp";
  readonly flow: string;
  /** A name of `icmpTypes` in wire.ts. */
  readonly name: string;
  /** "mtu", "id", "seq" → value. */
  readonly fields: ReadonlyMap<string, number>;
  /** Payload bytes of an echo. */
  readonly len: number;
  /** The quoted segment's sequence numbers, or null: a UDP datagram is quoted. */
  readonly quote: readonly [number, number] | null;
  readonly modifiers: readonly string[];
}

export interface IgmpSpec {
  readonly what: "igmp";
  readonly flow: string;
  readonly message: IgmpMessage;
  readonly modifiers: readonly string[];
}

/** A whole IPv6 packet, in a script of IPv6 (tests/scripts/ip6). */
export interface Ip6Spec {
  readonly what: "ip6";
  readonly flow: string;
  readonly text: string;
  readonly modifiers: readonly string[];
}

export type PacketSpec = SegmentSpec | UdpSpec | IcmpSpec | IgmpSpec | Ip6Spec;

export type Action =
  | { readonly kind: "inject"; readonly packet: PacketSpec }
  | { readonly kind: "expect"; readonly packet: PacketSpec }
  | {
    readonly kind: "call";
    /** Socket's name before the colon, or null: the current one. */
    readonly target: string | null;
    readonly name: string;
    readonly args: readonly string[];
    /** What stands behind "->", or null. */
    readonly result: string | null;
  };

/** When, in microseconds after the line before it. hi = Infinity: whenever it comes. */
export interface TimeSpec {
  readonly loUs: number;
  readonly hiUs: number;
  readonly isExact: boolean;
}

export interface Step {
  readonly line: number;
  readonly text: string;
  readonly time: TimeSpec;
  readonly action: Action;
}

export interface Script {
  readonly path: string;
  /** The first line without its "#": the clause that the script shows. */
  readonly clause: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

/** An error that a person can act on: file, line, what. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
}
