/**
 * Lists of domain names in DNS's encoding (RFC 1035 3.1), as DHCP and router advertisements have
 * them: labels with their length before them, an empty one at the end of a name.
 *
 * What is read may come from anybody on the link: it ends in a file that resolvers read, and in
 * lines on a terminal.
 *
 * @module
 */

const LABEL_LEN_MAX = 63;
const NAME_LEN_MAX = 255;
/** The first two bits of what is no label but a pointer back (RFC 1035 4.1.4). */
const POINTER = 0xc0;

/** What is not printable has no place in a name, nor in a line on a terminal. */
export function printableText(value: Uint8Array): string {
  return [...value].filter((b) => b > 0x20 && b < 0x7f).map((b) => String.fromCharCode(b)).join("");
}

/**
 * The names, those before the first that is malformed; pointers lead into `value` itself. An empty
 * name is padding (RFC 8106 5.2). At most `max`.
 */
export function readDomainNames(value: Uint8Array, max = Infinity): string[] {
  const names: string[] = [];
  for (let at = 0; at < value.length && names.length < max;) {
    const labels: string[] = [];
    let i = at;
    let end = -1;
    // Each pointer leads back, so that there are never more steps than bytes.
    for (let limit = value.length; value[i] !== 0;) {
      const len = value[i];
      if (len === undefined) return names;
      if (len >= POINTER) {
        const target = (len & 0x3f) << 8 | value[i + 1];
        if (i + 1 >= value.length || target >= Math.min(i, limit)) return names;
        if (end < 0) end = i + 2;
        i = limit = target;
        continue;
      }
      if (len > LABEL_LEN_MAX || i + 1 + len > value.length) return names;
      labels.push(printableText(value.subarray(i + 1, i + 1 + len)));
      i += 1 + len;
    }
    const name = labels.join(".");
    if (name.length > NAME_LEN_MAX) return names;
    if (name !== "") names.push(name);
    at = end < 0 ? i + 1 : end;
  }
  return names;
}

/** The labels of `name`, without the empty one at the end: a name that others complete. */
export function domainLabels(name: string): Uint8Array {
  const labels = name.split(".").filter((label) => label !== "" && label.length <= LABEL_LEN_MAX);
  const bytes = labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return Uint8Array.from(bytes);
}
