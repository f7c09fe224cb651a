/**
 * C sources → object files → a shared object, by a compiler; and what went wrong in words that
 * say whose fault it was: the compiler's absence, its death, a full disk, or the sources.
 *
 * @module
 */
import { EINTR, EINVAL, ENOENT, ENOSPC, errnoName, SysError } from "./errno.ts";
import { errnoOf } from "./trusted_dir.ts";

export const CFLAGS: readonly string[] = [
  "-std=c11",
  "-O2",
  "-fPIC",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
  "-Werror",
];
export const LINK_FLAGS: readonly string[] = [
  "-shared",
  "-Wl,-z,nodelete", // its threads outlive the worker that opened it
];
const LIBRARIES = ["-ldl", "-lpthread", "-lm"];
const COMPILERS = ["cc", "gcc", "clang"];
const NO_COMPILER = "no C compiler (cc, gcc, clang) to build the shim: " +
  "apt-get install gcc, or use the built dist/nuse";
/** More than a library or an object file of ours takes. */
const ROOM_BYTES = 1 << 20;

/** The compilers to try in turn: `$CC`, which may have arguments; else the usual ones. */
export function defaultCompilers(): string[] {
  const chosen = Deno.env.get("CC");
  return chosen?.trim() ? [chosen] : COMPILERS;
}

/**
 * Makes the shared object `outFile` of C sources or object files; it appears complete or not at
 * all. Throws SysError.
 */
export function compile(inputs: readonly string[], outFile: string, compiler: string): void {
  produce(compiler, [...CFLAGS, ...LINK_FLAGS, ...inputs, ...LIBRARIES], outFile);
}

/** Compiles one source to an object file, as `compile` does. Throws SysError. */
export function compileObject(source: string, outFile: string, compiler: string): void {
  produce(compiler, [...CFLAGS, "-c", source], outFile);
}

function produce(compiler: string, args: readonly string[], outFile: string): void {
  const temporary = `${outFile}.${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  try {
    run(compiler, args, temporary);
    place(temporary, outFile, compiler);
  } catch (error) {
    // A compiler that was killed leaves its output behind.
    if (isThere(temporary)) Deno.removeSync(temporary);
    throw error;
  }
}

/** The first of `compilers` that is there. Throws CompileError. */
export function chooseCompiler(compilers: readonly string[]): string {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const chosen = compilers.find((compiler) => {
    const [program] = wordsOf(compiler);
    return program.includes("/")
      ? isThere(program)
      : folders.some((f) => isThere(`${f}/${program}`));
  });
  if (chosen === undefined) throw noCompiler(compilers);
  return chosen;
}

function wordsOf(compiler: string): string[] {
  return compiler.split(" ").filter((word) => word !== "");
}

function run(compiler: string, args: readonly string[], outFile: string): void {
  const [name, ...own] = wordsOf(compiler);
  // From "/", since a person may start nuse in a folder that he may not enter anew.
  const program = name.includes("/") && !name.startsWith("/") ? `${Deno.cwd()}/${name}` : name;
  let output: Deno.CommandOutput;
  try {
    output = new Deno.Command(program, {
      args: [...own, "-o", outFile, ...args],
      cwd: "/",
      env: { LC_ALL: "C" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).outputSync();
  } catch (error) {
    throw new CompileError(
      errnoOf(error),
      `cannot run ${program}: ${errnoName(errnoOf(error))} (unset CC, or name a C compiler)`,
    );
  }
  if (!output.success) throw failure(compiler, output, outFile);
}

function place(temporary: string, outFile: string, compiler: string): void {
  try {
    Deno.chmodSync(temporary, 0o755);
    Deno.renameSync(temporary, outFile);
  } catch (error) {
    throw new CompileError(
      errnoOf(error),
      `${compiler} made no library (unset CC, or name a C compiler: gcc, clang)`,
    );
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** No library, and why: `message` is the whole line. */
export class CompileError extends SysError {
  constructor(errno: number, message: string) {
    super("compile", errno, message);
    this.message = message;
  }
}

function noCompiler(tried: readonly string[]): CompileError {
  const isChosen = tried.length === 1;
  return new CompileError(
    ENOENT,
    isChosen ? `CC=${tried[0]}: no such compiler (unset CC, or name one: gcc, clang)` : NO_COMPILER,
  );
}

/** Which of the folders that a compiler writes to is full. */
function fullFolder(outFile: string): string {
  const folders = [Deno.env.get("TMPDIR") || "/tmp", outFile.slice(0, outFile.lastIndexOf("/"))];
  return folders.find((dir) => !hasRoom(dir)) ?? folders.join(" or ");
}

function hasRoom(dir: string): boolean {
  const probe = `${dir}/.nuse-probe-${Deno.pid}`;
  try {
    Deno.writeFileSync(probe, new Uint8Array(ROOM_BYTES));
    return true;
  } catch {
    return false;
  } finally {
    if (isThere(probe)) Deno.removeSync(probe);
  }
}

/** What a compiler's end means for the person. */
function failure(
  compiler: string,
  output: Deno.CommandOutput,
  outFile: string,
): CompileError {
  const text = new TextDecoder().decode(output.stderr);
  // The compiler proper runs below a driver, which tells of its death in words.
  const death = output.signal ?? text.match(/(\w+) signal terminated program/)?.[1] ?? null;
  if (death !== null) {
    return new CompileError(
      EINTR,
      `${compiler} was killed while it compiled nuse's C parts: ${death} ` +
        "(out of memory, or of the time that it was given: start nuse once by itself)",
    );
  }
  if (text.includes("No space left on device")) {
    const where = fullFolder(outFile);
    return new CompileError(
      ENOSPC,
      `${compiler}: no space left in ${where} ` +
        "(make room there, or set NUSE_CACHE and TMPDIR to other folders)",
    );
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const first = lines.find((line) => line.includes("error")) ?? lines[0] ??
    `it ended with status ${output.code} and said nothing`;
  return new CompileError(
    EINVAL,
    `${compiler} cannot compile nuse's C parts: ${first.trim()} (try another CC)`,
  );
}
