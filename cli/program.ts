/**
 * Finds the program as execvp(3) would and decides, before anything is set up, whether the shim can
 * reach it. What cannot be reached is refused: it would silently use the host's own stack.
 *
 * Scripts are followed to their interpreter, and `#!/usr/bin/env NAME` to NAME.
 *
 * @module
 */
import { type ElfInfo, inspectElf, isElf, MACHINES, type ReadAt } from "./elf.ts";
import { EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, Failure } from "./base/failure.ts";

/** execvp's when PATH is not set (confstr _CS_PATH). */
const FALLBACK_PATH = "/bin:/usr/bin";
/** Interpreters of interpreters (Linux fs/exec.c). */
export const SCRIPT_DEPTH_MAX = 5;
const SCRIPT_LINE_MAX = 256;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;

export interface Program {
  /** What to execute; for a file without `#!` the shell, as execvp does. */
  readonly path: string;
  /** argv, argv[0] included. */
  readonly argv: readonly string[];
  /** The file that becomes the process's image (the last interpreter of a script). */
  readonly image: string;
  /** The loader drops LD_PRELOAD (AT_SECURE): the image changes user or group. */
  readonly isSecure: boolean;
  /** The user that a setuid image becomes; null: none, or the same. */
  readonly guestUid: number | null;
  /** Why the shim cannot serve it, so that only the second door can; null: it can. */
  readonly obstacle: Obstacle | null;
}

export interface ProgramSources {
  readonly path: string | undefined;
  readonly uid: number;
  readonly gid: number;
  /** The second door is there for what no preload reaches (io/app/door). */
  readonly hasDoor: boolean;
  /** The program has file capabilities. Asked only when they would matter. */
  readonly hasCapabilities: (path: string) => boolean;
}

function notExecutable(what: string, advice: string): Failure {
  return new Failure(`${what} (${advice})`, EXIT_NOT_EXECUTABLE);
}

/** @std/path would take longer to load (16 ms) than all of cli. */
function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A file that this process may execute; null: no such file; Failure: there, but not executable. */
function executable(path: string): string | Failure | null {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      return notExecutable(`${path}: permission denied`, "run as a user who may search its folder");
    }
    return null;
  }
  if (info.isDirectory) return notExecutable(`${path} is a directory`, "name a program in it");
  if (!info.isFile || ((info.mode ?? 0) & 0o111) === 0) {
    return notExecutable(`${path} is not executable`, `chmod +x ${path}`);
  }
  return path;
}

/** The path that execvp would take. Throws Failure with 127 or 126. */
export function findProgram(name: string, path: string | undefined): string {
  if (name === "") throw new Failure("the program's name is empty (name one)", EXIT_NOT_FOUND);
  const isPath = name.includes("/");
  const folders = isPath ? [] : (path ?? FALLBACK_PATH).split(":");
  const candidates = isPath ? [name] : folders.map((f) => f === "" ? `./${name}` : `${f}/${name}`);
  let refused: Failure | null = null;
  for (const candidate of candidates) {
    const found = executable(candidate);
    if (typeof found === "string") return found;
    refused ??= found;
  }
  if (refused !== null) throw refused;
  const advice = isPath ? "check the path" : "check its name and PATH, or install it";
  throw new Failure(`${name}: not found (${advice})`, EXIT_NOT_FOUND);
}

/** What keeps the shim out of a program, after its name, and what to do about it. */
export interface Obstacle {
  readonly why: string;
  readonly advice: string;
  /** The second door does not serve it either. */
  readonly isFinal?: boolean;
  /** What cannot be preloaded keeps the program from starting. */
  readonly isPreloadFatal?: boolean;
}

/** null: the shim can be preloaded. `name`: of the file, without folders or links. */
export function elfObstacle(elf: ElfInfo, name: string): Obstacle | null {
  const { bits, machine, interpreter, isGo } = elf;
  const arch = Deno.build.arch;
  if (machine !== MACHINES[arch] || bits !== 64) {
    return {
      why: `is a ${bits}-bit program for machine ${machine}`,
      advice: `find one for ${arch}`,
      isFinal: true,
    };
  }
  const loader = interpreter === null ? null : basename(interpreter);
  if (loader === null && !/^ld(-linux.*|64)?\.so/.test(name)) {
    return {
      why: "is statically linked: nothing can be preloaded into it",
      advice: "use a dynamic build",
    };
  }
  if (loader !== null && loader.startsWith("ld-musl")) {
    const why = "is linked with musl: the shim needs glibc";
    return { why, advice: "use a glibc build", isPreloadFatal: true };
  }
  if (loader !== null && !loader.startsWith("ld")) {
    return { why: `has a loader that is unknown, ${interpreter}`, advice: "use a glibc build" };
  }
  if (isGo) {
    return {
      why: "is a Go program: it calls the kernel past any preloaded library",
      advice: "no way round yet",
    };
  }
  return null;
}

/** Throws Failure when nuse cannot serve it. */
function checkElf(path: string, elf: ElfInfo | null, hasDoor: boolean): Obstacle | null {
  if (elf === null) throw notExecutable(`${path} is damaged`, "its ELF header makes no sense");
  const obstacle = elfObstacle(elf, basename(Deno.realPathSync(path)));
  if (obstacle !== null && (!hasDoor || obstacle.isFinal)) {
    throw new Failure(`${path} ${obstacle.why} (${obstacle.advice})`);
  }
  if (elf.interpreter !== null && typeof executable(elf.interpreter) !== "string") {
    throw notExecutable(`${path}: its loader ${elf.interpreter} is missing`, "install that libc");
  }
  return obstacle;
}

/** `#! interpreter [argument]`; null: no such line. */
export function scriptLine(
  start: Uint8Array,
): { interpreter: string; argument: string | null } | null {
  if (start[0] !== 0x23 || start[1] !== 0x21) return null;
  const line = new TextDecoder().decode(start.subarray(2)).split("\n")[0].trim();
  const [, interpreter, argument] = line.match(/^(\S+)\s*(.*)$/) ?? [];
  return interpreter === undefined ? null : { interpreter, argument: argument || null };
}

/** The program that `env [-S] [-i] [NAME=value] NAME` runs. */
function envTarget(argument: string | null): string | null {
  const words = (argument ?? "").split(/\s+/).filter((w) => w !== "");
  return words.find((w) => !w.startsWith("-") && !w.includes("=")) ?? null;
}

/** True for a file that execvp would hand to /bin/sh: no NUL in its first line. */
function isText(start: Uint8Array): boolean {
  const end = start.indexOf(0x0a);
  return !start.subarray(0, end < 0 ? start.length : end).includes(0);
}

/** Follows scripts to the ELF file that will run. `isBare`: no `#!`, /bin/sh takes it. */
function followImage(
  path: string,
  sources: ProgramSources,
  depth: number,
): { image: string; isBare: boolean; obstacle: Obstacle | null } {
  const { hasDoor, path: searchPath } = sources;
  using file = openProgram(path);
  const read: ReadAt = (offset, length) => readAt(file, offset, length);
  const start = read(0, SCRIPT_LINE_MAX);
  if (isElf(start)) {
    return { image: path, isBare: false, obstacle: checkElf(path, inspectElf(read), hasDoor) };
  }
  if (depth >= SCRIPT_DEPTH_MAX) {
    throw notExecutable(`${path}: too many interpreters`, "name the program itself in #!");
  }
  const line = scriptLine(start);
  if (line === null) {
    if (depth > 0 || !isText(start)) {
      throw notExecutable(`${path} is no program of this machine`, "check what it is with file");
    }
    return { ...followImage("/bin/sh", sources, depth + 1), isBare: true };
  }
  const found = executable(line.interpreter);
  if (typeof found !== "string") {
    throw notExecutable(`${path}: its interpreter ${line.interpreter} is missing`, "install it");
  }
  const target = basename(found) === "env" ? envTarget(line.argument) : null;
  const next = target === null ? found : findProgram(target, searchPath);
  return { ...followImage(next, sources, depth + 1), isBare: false };
}

function openProgram(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw notExecutable(`${path} cannot be read`, "nuse looks into a program before it runs it");
    }
    throw error;
  }
}

function readAt(file: Deno.FsFile, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (!Number.isSafeInteger(offset)) return bytes.subarray(0, 0);
  file.seekSync(offset, Deno.SeekMode.Start);
  let n = 0;
  while (n < length) {
    const got = file.readSync(bytes.subarray(n));
    if (got === null) break;
    n += got;
  }
  return bytes.subarray(0, n);
}

/** A file's owner and mode, and who executes it. */
export interface Owned {
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly caller: { readonly uid: number; readonly gid: number };
  /** Asked only when it matters. */
  readonly hasCapabilities: () => boolean;
}

/** Whether the kernel sets AT_SECURE for such a file (Linux security/commoncap.c). */
export function gainsRights({ mode, owner, caller, hasCapabilities }: Owned): boolean {
  const isSetuid = (mode & S_ISUID) !== 0 && owner.uid !== caller.uid;
  const isSetgid = (mode & S_ISGID) !== 0 && owner.gid !== caller.gid;
  return isSetuid || isSetgid || (caller.uid !== 0 && hasCapabilities());
}

/** Whether the image gains rights, and who it becomes. */
function identity(image: string, sources: ProgramSources): Pick<Program, "isSecure" | "guestUid"> {
  const info = Deno.statSync(image);
  const owner = { uid: info.uid ?? 0, gid: info.gid ?? 0 };
  const mode = info.mode ?? 0;
  const isSecure = gainsRights({
    mode,
    owner,
    caller: sources,
    hasCapabilities: () => sources.hasCapabilities(image),
  });
  const isSetuid = (mode & S_ISUID) !== 0 && owner.uid !== sources.uid;
  return { isSecure, guestUid: isSetuid ? owner.uid : null };
}

/** Throws Failure when the program cannot be found, executed, or reached by the shim. */
export function resolveProgram(command: readonly string[], sources: ProgramSources): Program {
  const path = findProgram(command[0], sources.path);
  const { image, isBare, obstacle } = followImage(path, sources, 0);
  return {
    path: isBare ? "/bin/sh" : path,
    argv: isBare ? ["sh", path, ...command.slice(1)] : command,
    image,
    obstacle,
    ...identity(image, sources),
  };
}
