/**
 * What the program would have had from its parent, byte for byte: environment, arguments, limit of
 * descriptors, whether SIGPIPE is ignored. Neither the launcher's shell (it drops variables whose
 * names hold a dash) nor Deno (it raises the limit, ignores SIGPIPE, and decodes text as UTF-8)
 * leaves these as they were. The launcher sends them in NUSE_LAUNCHER:
 *
 *     <soft limit of descriptors, or "unlimited"> <SigIgn of /proc/PID/status, hexadecimal>\n
 *     <the environment as in /proc/PID/environ, NUL as \n and \n as \1>
 *
 * A byte string here has one character per byte.
 *
 * @module
 */
const LAUNCHER = "NUSE_LAUNCHER";
/** Of nuse's second process (front.ts). */
export const FRONT = "NUSE_FRONT";
const SIGPIPE_BIT = 1n << 12n;

/**
 * Whether a shell may stop this process, which is not the one behind a front already (front.ts). It
 * is here, and this file imports nothing, so that main.ts can ask before all else.
 */
export function isFrontNeeded(): boolean {
  if (Deno.env.get(FRONT) !== undefined) return false;
  try {
    Deno.openSync("/dev/tty").close();
    return true;
  } catch {
    return false; // ENXIO
  }
}

export interface Launched {
  /** Byte strings. */
  readonly env: Readonly<Record<string, string>>;
  /** 0: not known. */
  readonly softFiles: number;
  readonly ignoresSigpipe: boolean;
}

export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export function bytesOf(byteString: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(byteString, (c) => c.charCodeAt(0));
}

/** A byte string as text. */
export function decode(byteString: string): string {
  return new TextDecoder().decode(bytesOf(byteString));
}

/** Text as a byte string. */
export function encode(text: string): string {
  return byteString(new TextEncoder().encode(text));
}

/** `NAME=value` strings → variables. */
export function variables(lines: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const line of lines) {
    const equals = line.indexOf("=");
    if (equals > 0) env[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return env;
}

/** From the bytes of /proc/self/environ. */
export function parseEnvironment(environ: Uint8Array): Launched {
  const { [FRONT]: _front, ...own } = variables(byteString(environ).split("\0"));
  const launcher = own[LAUNCHER];
  if (launcher === undefined) return { env: own, softFiles: 0, ignoresSigpipe: false };
  const [first, ...lines] = launcher.split("\n");
  const [limit, ignored = ""] = first.split(" ");
  const ignoresSigpipe = /^[\da-f]+$/.test(ignored) &&
    (BigInt(`0x${ignored}`) & SIGPIPE_BIT) !== 0n;
  const soft = Number(limit);
  const softFiles = Number.isSafeInteger(soft) && soft > 0 && soft < 2 ** 31 ? soft : 0;
  if (lines.length <= 1 && (lines[0] ?? "") === "") {
    const { [LAUNCHER]: _, ...env } = own;
    return { env, softFiles, ignoresSigpipe };
  }
  const env = variables(lines.map((line) => line.replaceAll("\x01", "\n")));
  return { env, softFiles, ignoresSigpipe };
}

/** The soft limit of descriptors, from the text of /proc/PID/limits; 0: not known. */
export function softLimit(limits: string): number {
  return Number(limits.match(/^Max open files\s+(\d+)/m)?.[1] ?? 0);
}

/** The last `count` arguments of this process, from the bytes of /proc/self/cmdline. */
export function lastArguments(cmdline: Uint8Array, count: number): string[] {
  const all = byteString(cmdline).split("\0").slice(0, -1);
  return count === 0 ? [] : all.slice(-count);
}
