/**
 * Names and small readers that building and comparing packets share.
 *
 * @module
 */
import type { IgmpMessage } from "../support/igmp.ts";
import { ipText } from "../support/packet_types.ts";
import type { IcmpSpec } from "./ast.ts";

export const ECN_BITS: Readonly<Record<string, number>> = { noECT: 0, ECT1: 1, ECT0: 2, CE: 3 };

const ICMP_TYPES: Readonly<Record<string, readonly [number, number]>> = {
  echo_reply: [0, 0],
  net_unreachable: [3, 0],
  host_unreachable: [3, 1],
  protocol_unreachable: [3, 2],
  port_unreachable: [3, 3],
  frag_needed: [3, 4],
  source_route_failed: [3, 5],
  net_prohibited: [3, 9],
  host_prohibited: [3, 10],
  admin_prohibited: [3, 13],
  source_quench: [4, 0],
  redirect: [5, 1],
  echo: [8, 0],
  ttl_exceeded: [11, 0],
  reassembly_exceeded: [11, 1],
  parameter_problem: [12, 0],
};

/** "ttl 5" of a bracketed list: modifierValue(list, "ttl") is "5". */
export function modifierValue(modifiers: readonly string[], name: string): string | null {
  const found = modifiers.find((m) => m.startsWith(`${name} `));
  return found ? found.slice(name.length + 1) : null;
}

export function icmpType(name: string): readonly [number, number] {
  const found = ICMP_TYPES[name];
  if (!found) throw new Error(`unknown ICMP message "${name}"`);
  return found;
}

/** Where an IGMP message is sent (RFC 2236 3, RFC 9776 4.1.12, 4.2.14). */
export function igmpDestination({ type, group }: IgmpMessage): string {
  if (type === 0x22) return "224.0.0.22";
  if (type === 0x17) return "224.0.0.2";
  return group === 0 ? "224.0.0.1" : ipText(group);
}

/** Identifier and sequence number of an echo. */
export function echoWord(spec: IcmpSpec): number {
  return (((spec.fields.get("id") ?? 1) << 16) | (spec.fields.get("seq") ?? 1)) >>> 0;
}
