/**
 * Who may import whom: the table of the design, held against what `deno info` says of every module.
 *
 * @module
 */
import { filesOf, ROOT } from "./tree.ts";

export interface Import {
  readonly from: string;
  /** A path relative to the root, or what it is called outside: "npm:…". */
  readonly to: string;
  readonly isTypeOnly: boolean;
}

interface Info {
  modules: {
    specifier: string;
    error?: string;
    dependencies?: {
      specifier: string;
      code?: { specifier?: string; error?: string };
      type?: { specifier?: string; error?: string };
    }[];
  }[];
}

/** The folders of stack/tcp, from the ground floor up: each may import those before it. */
export const TCP_FLOORS: readonly string[] = [
  "base",
  "secrets",
  "congestion",
  "tcb",
  "urgent",
  "receive",
  "path",
  "loss",
  "output",
  "teardown",
  "timers",
  "passive_open",
  "input",
  "user",
];

const TCP_FLOOR_LAYERS = TCP_FLOORS.map((floor) => `tcp/${floor}`);

/** Layers from the bottom up, by the start of the path. The first match counts. */
const LAYERS: readonly (readonly [string, string])[] = [
  ["stack/base/", "base"],
  ["stack/wire/", "wire"],
  ["stack/storage/", "storage"],
  ...TCP_FLOORS.map((floor) => [`stack/tcp/${floor}/`, `tcp/${floor}`] as const),
  ["stack/tcp/", "tcp"],
  ["stack/udp/", "udp"],
  ["stack/icmp/", "icmp"],
  ["stack/igmp/", "igmp"],
  ["stack/raw/", "raw"],
  ["stack/iface/", "iface"],
  ["stack/dhcp/", "dhcp"],
  ["stack/socket/", "socket"],
  ["stack/", "stack"],
  ["ffi/", "ffi"],
  ["io/", "io"],
  ["cli/", "cli"],
  ["deno.json", "cli"],
  ["main.ts", "main"],
];

const GROUND = ["base", "wire", "storage"];
const TRANSPORTS = ["tcp", "udp", "icmp", "igmp", "raw"];

/** What a layer may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ["base"],
  storage: ["base"],
  ...Object.fromEntries(
    TCP_FLOOR_LAYERS.map((layer, i) => [layer, [...GROUND, ...TCP_FLOOR_LAYERS.slice(0, i)]]),
  ),
  tcp: [...GROUND, ...TCP_FLOOR_LAYERS],
  udp: GROUND,
  icmp: GROUND,
  igmp: GROUND,
  raw: GROUND,
  iface: [...GROUND, ...TRANSPORTS],
  dhcp: [...GROUND, "udp", "iface"],
  socket: [...GROUND, ...TRANSPORTS],
  stack: [...GROUND, ...TRANSPORTS, "iface", "dhcp", "socket"],
  ffi: [],
  io: ["ffi", "stack"],
  cli: ["ffi", "io", "stack"],
  main: ["cli"],
};

/** What a layer may import for its types alone, on top. */
const ALLOWED_TYPES: Readonly<Record<string, readonly string[]>> = {
  io: [...GROUND, "socket"],
};

/** Single imports beyond the table, and why. */
const EXCEPTIONS: readonly (readonly [from: string, to: string, why: string])[] = [
  ["cli/", "stack/base/ip_address.ts", "a value type; stack/mod.ts would load the stack twice"],
  ["io/log/own_log.ts", "stack/base/token_bucket.ts", "the main thread, too, has a log; as above"],
  ["io/log/logtape.ts", "npm:@logtape/logtape", "the logger, loaded when a log is asked for"],
  ["cli/args.ts", "npm:deno-std", "the command line's parser"],
  ["cli/build/", "npm:deno-std", "runs on the developer's machine"],
  ["cli/papers/", "npm:deno-std", "runs on the developer's machine"],
];

export function layerOf(path: string): string | null {
  return LAYERS.find(([start]) => path.startsWith(start))?.[1] ?? null;
}

export function isAllowed({ from, to, isTypeOnly }: Import): boolean {
  const [a, b] = [layerOf(from), layerOf(to)];
  if (EXCEPTIONS.some(([start, target]) => from.startsWith(start) && to.startsWith(target))) {
    return true;
  }
  if (a === null || b === null) return false;
  if (a === b || ALLOWED[a].includes(b)) return true;
  return isTypeOnly && (ALLOWED_TYPES[a] ?? []).includes(b);
}

/** Every import of every module under stack/, ffi/, io/, cli/ and of main.ts. */
export async function allImports(): Promise<Import[]> {
  const sources = filesOf(/^(stack|ffi|io|cli)\/.*\.ts$|^main\.ts$/);
  const all = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(all, sources.map((p) => `import "${ROOT}/${p}";\n`).join(""));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", `${ROOT}/deno.json`, all],
    }).output();
    const text = new TextDecoder();
    if (!success) throw new Error(text.decode(stderr));
    return importsIn(JSON.parse(text.decode(stdout)), new Set(sources));
  } finally {
    await Deno.remove(all);
  }
}

function importsIn(info: Info, sources: ReadonlySet<string>): Import[] {
  const short = (url: string) =>
    url.replace(`file://${ROOT}/`, "").replace(
      /^(file:.*\/)?node_modules\/.*\/node_modules\//,
      "npm:",
    );
  return info.modules.flatMap((module) => {
    const from = short(module.specifier);
    if (!sources.has(from)) return [];
    return (module.dependencies ?? []).map(({ specifier, code, type }) => {
      const target = code?.specifier ?? type?.specifier ?? specifier;
      return { from, to: short(target), isTypeOnly: code === undefined };
    });
  });
}
