/**
 * The shim for programs that change user or group (AT_SECURE): glibc's loader then takes from
 * LD_PRELOAD only bare names, looks for them in the system's own folders, and wants the library to
 * be setuid (ld.so(8)). So a copy is put there for the length of the run. Root only.
 *
 * As root, setuid-root programs and file capabilities need none of this: the kernel sets AT_SECURE
 * only when the identity changes, or capabilities come to one who is not root (seen with glibc
 * 2.36, Linux 6.18).
 *
 * @module
 */
import { Failure } from "./failure.ts";
import { LIBRARY_NOTE } from "./run_dir.ts";

/** Not executable by itself: only the loader looks at the bit. */
const SETUID_LIBRARY_MODE = 0o4644;

/** The folder of libc.so.6, from the text of /proc/self/maps. */
export function systemLibraryDir(maps: string): string | null {
  return maps.match(/ (\/\S*)\/libc\.so\.6$/m)?.[1] ?? null;
}

/** Lets the user that the program becomes find its way to the control socket, and nobody else. */
export function openRunDir(runDir: string, socketPath: string, guestUid: number): void {
  const base = runDir.slice(0, runDir.lastIndexOf("/"));
  Deno.chmodSync(base, 0o711);
  for (const path of [runDir, socketPath]) Deno.chownSync(path, guestUid, null);
}

/**
 * Copies `shim` to where the loader accepts it and returns the name for LD_PRELOAD. Removing
 * `runDir` removes the copy. Throws Failure.
 */
export function installSecureLibrary(shim: string, runDir: string, image: string): string {
  if (Deno.uid() !== 0) {
    throw new Failure(
      `${image} gains rights when it starts: nothing can be preloaded (run nuse as root)`,
    );
  }
  const dir = systemLibraryDir(Deno.readTextFileSync("/proc/self/maps"));
  if (dir === null) throw new Failure(`cannot find glibc's folder for ${image} (is this glibc?)`);
  const name = `libnuse-${runDir.slice(runDir.lastIndexOf("/") + 1)}.so`;
  const path = `${dir}/${name}`;
  Deno.writeTextFileSync(`${runDir}/${LIBRARY_NOTE}`, path);
  try {
    Deno.copyFileSync(shim, path);
    Deno.chmodSync(path, SETUID_LIBRARY_MODE);
  } catch {
    throw new Failure(`cannot put the shim for ${image} into ${dir} (is it mounted read-only?)`);
  }
  return name;
}
