/**
 * The bundled C sources as shared objects: found ready-made, found in the cache, or compiled now.
 *
 * 1. Ready-made: beside the bundle that this is part of (dist/nuse), or in `$NUSE_NATIVE_DIR`.
 * 2. The cache: `$NUSE_CACHE`, else /var/cache/nuse for root, else ~/.cache/nuse. The file's name
 *    holds a hash of the sources, the flags, the compiler's name and the architecture, so a change
 *    of any of them builds anew, and a machine that has built once needs no compiler again. It is
 *    readable by all, because a program that drops its privileges must still be able to load the
 *    shim.
 * 3. A compiler, with the cache's lock held: the second of two threads or processes at a first
 *    start waits, and finds the library made. Each source becomes an object file in the cache, by
 *    the same kind of name, so that after a change only what it concerns is compiled. Those of the
 *    last library of a name are kept, older ones removed.
 *
 * What is in these folders gets loaded, so they must be ours alone (trusted_dir.ts).
 *
 * @module
 */
import {
  CFLAGS,
  chooseCompiler,
  compile,
  compileObject,
  defaultCompilers,
  LINK_FLAGS,
} from "./compile.ts";
import { EACCES, SysError } from "./errno.ts";
import { IS_SOURCE } from "./base/place.ts";
import { withProgress } from "./progress.ts";
import { errnoOf, makeTrustedDir, trustedDir } from "./trusted_dir.ts";

const ROOT_CACHE = "/var/cache/nuse";
const CACHE_ADVICE = "set NUSE_CACHE to a folder of your own";
const NATIVE_DIR_ADVICE = "set NUSE_NATIVE_DIR to a folder of your own, or unset it";

export interface NativeOptions {
  /** Directory of ready-made libraries; default `$NUSE_NATIVE_DIR`. */
  nativeDir?: string;
  /** Default: see above. */
  cacheDir?: string;
  /** Compilers to try in turn; default `$CC`, cc, gcc, clang. */
  compilers?: readonly string[];
}

/** Path of the shared object `name` made of `sources` (absolute paths). Throws SysError. */
export function findNative(name: string, sources: string[], options: NativeOptions = {}): string {
  const ready = findReady(name, options.nativeDir ?? Deno.env.get("NUSE_NATIVE_DIR"));
  if (ready !== null) return ready;
  const compilers = options.compilers ?? defaultCompilers();
  const dir = makeTrustedDir(options.cacheDir ?? defaultCacheDir(), CACHE_ADVICE);
  const cached = `${dir}/${name}-${libraryKey(name, sources, compilers[0])}.so`;
  if (isFile(cached)) return cached;
  using _lock = lockCache(dir);
  if (!isFile(cached)) {
    const compiler = chooseCompiler(compilers);
    const what = `compiling ${name}.so with ${compiler}, once`;
    const around = `${compiler} ${contentsKey(headersUnder(commonDir(sources)))}`;
    withProgress(what, () => {
      const objects = sources.map((source) => {
        const object = `${dir}/${name}-${keyOf(contentsKey([source]), around)}.o`;
        if (!isFile(object)) compileObject(source, object, compiler);
        return object;
      });
      compile(objects, cached, compiler);
      removeObjects(dir, name, objects);
    });
  }
  return cached;
}

/** Removes the library's object files, but for `kept`. */
function removeObjects(dir: string, name: string, kept: readonly string[]): void {
  for (const entry of Deno.readDirSync(dir)) {
    const path = `${dir}/${entry.name}`;
    const isOwn = entry.name.startsWith(`${name}-`) && entry.name.endsWith(".o");
    if (isOwn && !kept.includes(path)) Deno.removeSync(path);
  }
}

/** Compiles `sources` to `outFile` (the build of `dist/nuse`). Throws SysError. */
export function buildNative(sources: string[], outFile: string): void {
  compile(sources, outFile, chooseCompiler(defaultCompilers()));
}

/**
 * Opens a library that findNative found. Throws SysError where Deno.dlopen would throw: the file is
 * sound, it is its folder that does not let it be loaded.
 */
export function openNative<S extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: S,
): Deno.DynamicLibrary<S> {
  try {
    return Deno.dlopen(path, symbols);
  } catch (error) {
    const reason = (error as Error).message;
    if (!reason.includes("failed to map segment")) throw error;
    const dir = path.slice(0, path.lastIndexOf("/"));
    throw new SysError("dlopen", EACCES, `cannot load libraries from ${dir}`, {
      path,
      advice: "it is mounted noexec: set NUSE_CACHE to a folder on another file system",
    });
  }
}

/** The library in the bundle's own folder, or in `nativeDir`. */
function findReady(name: string, nativeDir: string | undefined): string | null {
  // A bundle is trusted already, with all that lies beside it: it runs.
  const beside = `${import.meta.dirname}/${name}.so`;
  if (!IS_SOURCE && isFile(beside)) return beside;
  if (!nativeDir) return null;
  const ready = `${nativeDir}/${name}.so`;
  if (!isFile(ready)) return null;
  return `${trustedDir(nativeDir, NATIVE_DIR_ADVICE)}/${name}.so`;
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

/** Waits for the lock that only one compiler may hold. Throws SysError. */
function lockCache(dir: string): Deno.FsFile {
  try {
    const file = Deno.openSync(`${dir}/.lock`, { write: true, create: true, mode: 0o644 });
    file.lockSync(true);
    return file;
  } catch (error) {
    throw new SysError("open", errnoOf(error), `cannot write the cache ${dir}`, {
      path: dir,
      advice: "make room there, or set NUSE_CACHE to another folder of your own",
    });
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** 128 bits over everything that decides what the library does. */
function libraryKey(name: string, sources: readonly string[], compiler: string): string {
  return keyOf(contentsBeside()[name] ?? libraryContents(sources), compiler);
}

/** 128 bits over everything that decides what a compiler makes of files of that contentsKey. */
function keyOf(contents: string, compiler: string): string {
  const text = [...CFLAGS, ...LINK_FLAGS, compiler, Deno.build.arch, contents].join(" ");
  return hash128([new TextEncoder().encode(text)]);
}

/** 128 bits over what is in the sources of a library, and in all that they may include. */
export function libraryContents(sources: readonly string[]): string {
  return contentsKey(headersUnder(commonDir(sources)).concat(sources));
}

/** 128 bits over what is in the files. */
function contentsKey(paths: readonly string[]): string {
  const files = paths.map((path) => Deno.readFileSync(path));
  const lengths = files.map((bytes) => bytes.length).join(" ");
  return hash128([new TextEncoder().encode(lengths), ...files]);
}

/** The file beside the launcher's bundle that saves it from reading the C sources. */
export const CONTENTS_FILE = "native.json";
let known: Readonly<Record<string, string>> | undefined;

/** The libraryContents of each library, as of when the bundle that this is part of was made. */
function contentsBeside(): Readonly<Record<string, string>> {
  known ??= IS_SOURCE ? {} : JSON.parse(
    Deno.readTextFileSync(`${import.meta.dirname}/${CONTENTS_FILE}`),
  );
  return known!;
}

/** The folder that all `sources` lie in, or in folders of it. */
function commonDir(sources: readonly string[]): string {
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
