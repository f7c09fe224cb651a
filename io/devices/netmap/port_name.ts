/**
 * Names of netmap ports, in the notation of netmap's own library:
 *
 *     eth0             all rings of an interface         vale0:x     a port of a VALE switch
 *     netmap:eth0      the same                          eth0{1      master end of pipe 1
 *     netmap:eth0-2    its ring 2 only                   eth0}1      slave end
 *
 * A ring, and what comes after it, is only read behind `netmap:`: interfaces may be called `br-0`.
 * `@ID` picks a memory region.
 *
 * @module
 */

/** The kernel's limit (IFNAMSIZ), without the final NUL. */
const PORT_NAME_MAX = 15;
const PREFIX = "netmap:";
const MONITOR = /[ztr]/;

export interface PortName {
  /** As the kernel wants it. */
  readonly name: string;
  readonly kind: "interface" | "vale" | "pipe";
  /** The one ring to use; null: all. */
  readonly ring: number | null;
  /** Memory region; 0: the kernel decides. */
  readonly memId: number;
}

/** A name taken apart, or what is wrong with it: "… (what to write)". */
export function parsePortName(text: string): PortName | string {
  const isPrefixed = text.startsWith(PREFIX);
  const isVale = /^vale[^:]*:/.test(text);
  const rest = isPrefixed ? text.slice(PREFIX.length) : text;
  const cut = isPrefixed || isVale ? rest.search(/[-^*/@]/) : -1;
  const name = cut < 0 ? rest : rest.slice(0, cut);
  const suffix = cut < 0 ? "" : rest.slice(cut);
  const problem = nameProblem(text, name, isVale) ?? suffixProblem(suffix);
  if (problem !== null) return problem;
  const ring = suffix.match(/^-(\d+)/);
  const memory = suffix.match(/@(\d+)$/);
  return {
    name,
    kind: /[{}]/.test(name) ? "pipe" : isVale ? "vale" : "interface",
    ring: ring === null ? null : Number(ring[1]),
    memId: memory === null ? 0 : Number(memory[1]),
  };
}

function nameProblem(text: string, name: string, isVale: boolean): string | null {
  if (new TextEncoder().encode(name).length > PORT_NAME_MAX) {
    return `"${name}" is too long for a netmap port (at most ${PORT_NAME_MAX} bytes)`;
  }
  const base = isVale ? name.slice(name.indexOf(":") + 1) : name;
  if (!/^[^\s/:{}]+([{}][^\s/:{}]+)?$/.test(base)) {
    return `"${text}" names no netmap port (write eth0, netmap:eth0-0, vale0:x, eth0{1 or eth0}1)`;
  }
  return null;
}

function suffixProblem(suffix: string): string | null {
  const flags = suffix.match(/\/(\w+)/)?.[1] ?? "";
  if (MONITOR.test(flags)) {
    return `"/${flags}" asks for a monitor, which only listens (leave it out: nuse needs a port ` +
      `that also sends)`;
  }
  if (/^[\^*]/.test(suffix)) {
    return `"${suffix}" asks for the host's rings (leave it out: nuse uses the card's)`;
  }
  // Exclusive use (x) is what nuse asks for anyway.
  if (!/^(-\d{1,4})?(\/x)?(@\d{1,5})?$/.test(suffix)) {
    return `"${suffix}" is not understood after a netmap port (write -RING, @MEMORY or nothing)`;
  }
  return null;
}
