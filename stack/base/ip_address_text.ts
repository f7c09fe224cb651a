/**
 * Addresses as text: strict dotted decimal, RFC 4291 2.2 in, RFC 5952 out. Not for the hot path.
 *
 * @module
 */

/**
 * "a.b.c.d" as an int32 in host order, or null. No leading zeros, no fewer parts (as inet_pton).
 */
export function parseIpv4Word(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return null;
    const byte = Number(part);
    if (byte > 255) return null;
    word = (word << 8) | byte;
  }
  return word;
}

/**
 * Parses groups between colons into 16-bit numbers; the last may be dotted. null when malformed.
 */
function parseGroups(text: string, mayEndDotted: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (let i = 0; i < parts.length; i++) {
    if (mayEndDotted && i === parts.length - 1 && parts[i].includes(".")) {
      const word = parseIpv4Word(parts[i]);
      if (word === null) return null;
      groups.push(word >>> 16, word & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(parts[i])) {
      groups.push(parseInt(parts[i], 16));
    } else {
      return null;
    }
  }
  return groups;
}

/** An IPv6 address as four int32 words in network order, or null. No zone, no brackets. */
export function parseIpv6Words(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1], true) : [];
  if (head === null || tail === null) return null;
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return null;
  const groups = [...head, ...new Array<number>(zeros).fill(0), ...tail];
  return [0, 2, 4, 6].map((i) => (groups[i] << 16) | groups[i + 1]);
}

export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/**
 * RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::".
 */
export function formatIpv6(words: readonly number[]): string {
  const groups = words.flatMap((w) => [w >>> 16, w & 0xffff]);
  let runStart = -1;
  let runLen = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > runLen) {
      runStart = i;
      runLen = end - i;
    }
  }
  const text = groups.map((g) => g.toString(16));
  if (runStart < 0) return text.join(":");
  return `${text.slice(0, runStart).join(":")}::${text.slice(runStart + runLen).join(":")}`;
}
