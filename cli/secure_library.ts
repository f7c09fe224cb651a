/**
 * The shim for programs that change user or group (AT_SECURE): glibc's loader then takes from
 * LD_PRELOAD only bare names, looks for them in the system's own folders, and wants the library to
 * be setuid (ld.so(8)). Root only.
 *
 * Such a library would serve every user of the machine into any setuid program. So it exists only
 * for the program, which gets a mount namespace of its own (`lend_library` in host/child.c). What
 * the host sees in the library folder is an empty file without any rights, to be covered in there;
 * one that a killed nuse left is removed by the next run of this kind.
 *
 * As root, setuid-root programs and file capabilities need none of this: the kernel sets AT_SECURE
 * only when the identity changes, or capabilities come to one who is not root (seen with glibc
 * 2.36, Linux 6.18).
 *
 * @module
 */
import type { Loan } from "../ffi/child.ts";
import { Failure } from "./base/failure.ts";
import { isDeadRun, type RunDirSources } from "./run_dir.ts";

const NAME = /^libnuse-(\d+-\d+)\.so$/;

/** The folder of libc.so.6, from the text of /proc/self/maps. */
export function systemLibraryDir(maps: string): string | null {
  return maps.match(/ (\/\S*)\/libc\.so\.6$/m)?.[1] ?? null;
}

/**
 * Lets the user that the program becomes reach the control socket. The folders stay root's: others
 * may pass through them, the guest may connect and change nothing.
 */
export function openRunDir(runDir: string, socketPath: string, guestUid: number): void {
  const base = runDir.slice(0, runDir.lastIndexOf("/"));
  for (const folder of [base, runDir]) Deno.chmodSync(folder, 0o711);
  Deno.chownSync(socketPath, guestUid, null);
}

export interface SecureLibrary {
  /** For LD_PRELOAD. */
  readonly name: string;
  readonly loan: Loan;
}

/** Prepares what `image` needs to load `shim`. Throws Failure. */
export function prepareSecureLibrary(
  shim: string,
  runDir: string,
  image: string,
  sources: RunDirSources,
): SecureLibrary {
  if (sources.uid !== 0) {
    throw new Failure(
      `${image} gains rights when it starts: nothing can be preloaded (run nuse as root)`,
    );
  }
  const dir = systemLibraryDir(Deno.readTextFileSync("/proc/self/maps"));
  if (dir === null) throw new Failure(`cannot find glibc's folder for ${image} (is this glibc?)`);
  sweepLibraries(dir, sources);
  const name = `libnuse-${runDir.slice(runDir.lastIndexOf("/") + 1)}.so`;
  const library = `${dir}/${name}`;
  const folder = `${runDir}/library`;
  try {
    Deno.openSync(library, { write: true, createNew: true, mode: 0o000 }).close();
  } catch {
    throw new Failure(`cannot make ${library} for ${image} (is it mounted read-only?)`);
  }
  Deno.mkdirSync(folder, { mode: 0o700 });
  return { name, loan: { shim, folder, library } };
}

/** Removes the empty file; the copy ends with the namespace. */
export function removeSecureLibrary({ loan }: SecureLibrary): void {
  removeEmpty(loan.library);
}

/** Removes from `dir` the empty files of runs that are over, and nothing else. */
export function sweepLibraries(dir: string, sources: RunDirSources): void {
  for (const { name } of [...Deno.readDirSync(dir)]) {
    const run = name.match(NAME)?.[1];
    if (run !== undefined && isDeadRun(run, sources)) removeEmpty(`${dir}/${name}`);
  }
}

function removeEmpty(path: string): void {
  try {
    const { isFile, size } = Deno.lstatSync(path);
    if (isFile && size === 0) Deno.removeSync(path);
  } catch {
    // Another nuse was quicker.
  }
}
