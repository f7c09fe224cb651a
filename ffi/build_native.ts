/**
 * The bundled C sources as shared objects: found ready-made, found in the cache, or compiled now.
 *
 * 1. `$NUSE_NATIVE_DIR/<name>.so`: what `deno task build` made ahead and `dist/nuse` carries.
 * 2. The cache: `$NUSE_CACHE`, else /var/cache/nuse for root, else ~/.cache/nuse. The file's name
 *    holds a hash of the sources, the flags, the compiler's name and the architecture, so a change
 *    of any of them builds anew, and a machine that has built once needs no compiler again. Only a
 *    directory that belongs to us (or root) and that nobody else can write is trusted: what is in
 *    it gets loaded. It is readable by all, because a program that drops its privileges must still
 *    be able to load the shim.
 * 3. A compiler, into a file of its own, renamed when complete: two first starts at once do no
 *    harm.
 *
 * @module
 */
import { EACCES, EINVAL, ENOENT, SysError } from "./errno.ts";

const CFLAGS = [
  "-std=c11",
  "-O2",
  "-fPIC",
  "-shared",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
  "-Werror",
];
const COMPILERS = ["cc", "gcc", "clang"];
const ROOT_CACHE = "/var/cache/nuse";
const NO_COMPILER = "no C compiler (cc, gcc, clang) to build the shim: " +
  "apt-get install gcc, or use the built dist/nuse";

export interface NativeOptions {
  /** Directory of ready-made libraries; default `$NUSE_NATIVE_DIR`. */
  nativeDir?: string;
  /** Default: see above. */
  cacheDir?: string;
  /** Compilers to try in turn; default `$CC`, cc, gcc, clang. */
  compilers?: string[];
}

/** Path of the shared object `name` made of `sources` (absolute paths). Throws SysError. */
export function findNative(name: string, sources: string[], options: NativeOptions = {}): string {
  const nativeDir = options.nativeDir ?? Deno.env.get("NUSE_NATIVE_DIR");
  if (nativeDir) {
    const ready = `${nativeDir}/${name}.so`;
    if (isFile(ready)) return ready;
  }
  const compilers = options.compilers ?? defaultCompilers();
  const dir = trustedDir(options.cacheDir ?? defaultCacheDir());
  const cached = `${dir}/${name}-${keyOf(sources, compilers[0])}.so`;
  if (isFile(cached)) return cached;
  compile(sources, cached, compilers);
  return cached;
}

/** Compiles `sources` to `outFile` (the build of `dist/nuse`). Throws SysError. */
export function buildNative(sources: string[], outFile: string): void {
  compile(sources, outFile, defaultCompilers());
}

function defaultCompilers(): string[] {
  const chosen = Deno.env.get("CC");
  return chosen ? [chosen] : COMPILERS;
}

function defaultCacheDir(): string {
  const chosen = Deno.env.get("NUSE_CACHE");
  if (chosen) return chosen;
  if (Deno.uid() === 0 && isWritableRootCache()) return ROOT_CACHE;
  const xdg = Deno.env.get("XDG_CACHE_HOME");
  if (xdg) return `${xdg}/nuse`;
  const home = Deno.env.get("HOME");
  return home ? `${home}/.cache/nuse` : `/tmp/nuse-cache-${Deno.uid()}`;
}

function isWritableRootCache(): boolean {
  try {
    Deno.mkdirSync(ROOT_CACHE, { recursive: true, mode: 0o755 });
    const probe = `${ROOT_CACHE}/.probe-${Deno.pid}`;
    Deno.writeTextFileSync(probe, "");
    Deno.removeSync(probe);
    return true;
  } catch {
    return false;
  }
}

/** Makes the directory if need be; throws when somebody else could put a library there. */
function trustedDir(dir: string): string {
  const advice = "set NUSE_CACHE to a directory of your own";
  let info: Deno.FileInfo;
  try {
    Deno.mkdirSync(dir, { recursive: true, mode: 0o755 });
    info = Deno.statSync(dir);
  } catch (error) {
    const errno = error instanceof Deno.errors.NotFound ? ENOENT : EACCES;
    throw new SysError("mkdir", errno, `cannot make the cache ${dir}`, { path: dir, advice });
  }
  const isOurs = info.uid === Deno.uid() || info.uid === 0;
  if (!isOurs || ((info.mode ?? 0) & 0o022) !== 0) {
    throw new SysError("stat", EACCES, `others can write the cache ${dir}`, { path: dir, advice });
  }
  return dir;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** 128 bits over everything that decides what the library does. */
function keyOf(sources: string[], compiler: string): string {
  const files = headersUnder(commonDir(sources)).concat(sources)
    .map((path) => Deno.readFileSync(path));
  const lengths = files.map((bytes) => bytes.length);
  const text = [...CFLAGS, compiler, Deno.build.arch, ...lengths].join(" ");
  return hash128([new TextEncoder().encode(text), ...files]);
}

/** The folder that all `sources` lie in, or in folders of it. */
function commonDir(sources: string[]): string {
  const dirOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
  let dir = dirOf(sources[0]);
  while (!sources.every((path) => path.startsWith(`${dir}/`))) dir = dirOf(dir);
  return dir;
}

/** The headers that a source in `dir` may include: those there and in its folders. */
function headersUnder(dir: string): string[] {
  return [...Deno.readDirSync(dir)].sort((a, b) => a.name < b.name ? -1 : 1).flatMap((entry) => {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) return headersUnder(path);
    return entry.name.endsWith(".h") ? [path] : [];
  });
}

/**
 * Four FNV-1a lanes over every fourth 32-bit word, then mixed; 32 hexadecimal digits. One pass, as
 * it is part of every start (node:crypto takes 50 ms to load). Guards against change, not malice.
 */
function hash128(pieces: Uint8Array[]): string {
  const lanes = new Int32Array([0x811c9dc5, 0x2f0b4c47, 0x5bd1e995, 0x1b873593]);
  for (const piece of pieces) {
    const padded = new Uint8Array((piece.length + 15) & -16);
    padded.set(piece);
    const words = new Int32Array(padded.buffer);
    for (let i = 0; i < words.length; i++) {
      const h = Math.imul(lanes[i & 3] ^ words[i], 0x01000193);
      lanes[i & 3] = h ^ (h >>> 15);
    }
  }
  for (let i = 0; i < 12; i++) {
    const h = Math.imul(lanes[i & 3] ^ lanes[(i + 1) & 3], 0x85ebca6b);
    lanes[i & 3] = h ^ (h >>> 13);
  }
  return [...lanes].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

function compile(sources: string[], outFile: string, compilers: string[]): void {
  const temporary = `${outFile}.${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  for (const compiler of compilers) {
    let output: Deno.CommandOutput;
    try {
      output = new Deno.Command(compiler, {
        args: [...CFLAGS, "-o", temporary, ...sources, "-ldl", "-lpthread", "-lm"],
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).outputSync();
    } catch {
      continue;
    }
    if (!output.success) throw failure(compiler, sources, output);
    Deno.chmodSync(temporary, 0o755);
    Deno.renameSync(temporary, outFile);
    return;
  }
  throw new NoCompilerError();
}

function failure(compiler: string, sources: string[], output: Deno.CommandOutput): SysError {
  const lines = new TextDecoder().decode(output.stderr).split("\n");
  const first = lines.find((line) => line.includes("error")) ?? lines[0];
  return new SysError("compile", EINVAL, `${compiler} cannot compile ${sources[0]}`, {
    path: sources[0],
    advice: first.trim(),
  });
}

/** There is nothing to compile with. */
export class NoCompilerError extends SysError {
  constructor() {
    super("compile", ENOENT, NO_COMPILER);
    this.message = NO_COMPILER;
  }
}
