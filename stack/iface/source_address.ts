/**
 * Which of our addresses goes with a destination (RFC 6724 5): the rules in their order, each a
 * comparison of two candidates.
 *
 * Candidates are the addresses of the outgoing interface, and for a destination beyond the link
 * those of the others too, which lose by rule 5. Mobile addresses (rule 4)
 * there are none.
 *
 * @module
 */
import { IpAddress } from "../base/ip_address.ts";
import { SCOPE_LINK } from "../wire/ipv6.ts";
import type { Interface, InterfaceAddress } from "./interface.ts";

const SCOPE_SITE = 5;
const SCOPE_GLOBAL = 14;

/** RFC 4291 2.7: of a multicast address what it says, of others what they are. */
export function scopeOf(addr: IpAddress): number {
  if (addr.family === 4) return addr.isLoopback || addr.isLinkLocal ? SCOPE_LINK : SCOPE_GLOBAL;
  if (addr.isMulticast) return (addr.w0 >>> 16) & 15;
  if (addr.isLinkLocal || addr.isLoopback) return SCOPE_LINK;
  return addr.w0 >>> 22 === 0x3fb ? SCOPE_SITE : SCOPE_GLOBAL;
}

/** The default policy table's labels (RFC 6724 2.1), longest prefix first. */
const LABELS: readonly (readonly [prefix: string, length: number, label: number])[] = [
  ["::1", 128, 0],
  ["::", 96, 3],
  ["2001::", 32, 5],
  ["2002::", 16, 2],
  ["3ffe::", 16, 12],
  ["fec0::", 10, 11],
  ["fc00::", 7, 13],
];
const LABEL_V4 = 4;
const LABEL_OTHER = 1;

const TABLE: readonly { prefix: IpAddress; length: number; label: number }[] = LABELS.map((
  [text, length, label],
) => ({ prefix: IpAddress.parse(text)!, length, label }));

export function labelOf(addr: IpAddress): number {
  if (addr.family === 4) return LABEL_V4;
  for (const { prefix, length, label } of TABLE) {
    if (prefix.sharesPrefix(addr, length)) return label;
  }
  return LABEL_OTHER;
}

/** How many of the first bits are the same. */
export function commonPrefixLen(a: IpAddress, b: IpAddress): number {
  const words = [a.w0 ^ b.w0, a.w1 ^ b.w1, a.w2 ^ b.w2, a.w3 ^ b.w3];
  const at = words.findIndex((word) => word !== 0);
  return at < 0 ? 128 : at * 32 + Math.clz32(words[at]);
}

interface Candidate {
  readonly entry: InterfaceAddress;
  readonly iface: Interface;
}

/** Below 0: `a` is the better one. */
function compare(a: Candidate, b: Candidate, dst: IpAddress, out: Interface): number {
  const [x, y] = [a.entry, b.entry];
  // 1: the same address
  const [xSame, ySame] = [x.addr.equals(dst), y.addr.equals(dst)];
  if (xSame !== ySame) return xSame ? -1 : 1;
  // 2: a scope that reaches the destination, and the smallest of these
  const [xScope, yScope, scope] = [scopeOf(x.addr), scopeOf(y.addr), scopeOf(dst)];
  if (xScope !== yScope) {
    const isXBetter = xScope < yScope ? xScope >= scope : yScope < scope;
    return isXBetter ? -1 : 1;
  }
  // 3: no deprecated address
  const [xOld, yOld] = [x.isDeprecated === true, y.isDeprecated === true];
  if (xOld !== yOld) return xOld ? 1 : -1;
  // 5: of the outgoing interface
  const [xOut, yOut] = [a.iface === out, b.iface === out];
  if (xOut !== yOut) return xOut ? -1 : 1;
  // 6: the same label
  const label = labelOf(dst);
  const [xLabel, yLabel] = [labelOf(x.addr) === label, labelOf(y.addr) === label];
  if (xLabel !== yLabel) return xLabel ? -1 : 1;
  // 7: a temporary address, or none
  const [xTemporary, yTemporary] = [x.isTemporary === true, y.isTemporary === true];
  if (xTemporary !== yTemporary) return xTemporary === out.prefersTemporary ? -1 : 1;
  // 8: the longest common prefix, at most the subnet's
  const xLen = Math.min(commonPrefixLen(x.addr, dst), x.prefixLen);
  const yLen = Math.min(commonPrefixLen(y.addr, dst), y.prefixLen);
  return yLen - xLen;
}

/** The source for `dst` out of `out`; null: there is none that could be one. */
export function selectSource(
  dst: IpAddress,
  out: Interface,
  all: readonly Interface[],
): IpAddress | null {
  const staysOnLink = dst.isMulticast || dst.isLinkLocal;
  let best: Candidate | null = null;
  for (const iface of all) {
    if (iface !== out && (staysOnLink || iface.isLoopback)) continue;
    for (const entry of iface.addresses) {
      if (entry.addr.family !== 6) continue;
      // An address of one link means nothing on another.
      if (iface !== out && entry.addr.isLinkLocal) continue;
      const candidate = { entry, iface };
      if (best === null || compare(candidate, best, dst, out) < 0) best = candidate;
    }
  }
  return best === null ? null : best.entry.addr;
}
