/**
 * Folders whose files get loaded or executed: nobody but us and root may be able to put one there.
 *
 * That holds for a folder and for all above it: who may rename a folder replaces what is in it. In
 * a sticky folder such as /tmp only the owner may. cli/build/stub.ts has the same rule in shell.
 *
 * @module
 */
import { EACCES, EINVAL, ENOENT, SysError } from "./errno.ts";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** What of a Deno.FileInfo decides. */
export type Ownership = Pick<Deno.FileInfo, "uid" | "mode">;

/** Why somebody else could change what is in this folder; null: nobody could. */
export function distrust({ uid, mode }: Ownership, ourUid: number): string | null {
  if (uid !== ourUid && uid !== 0) return "belongs to another user";
  const bits = mode ?? 0;
  const isShared = (bits & WRITABLE_BY_OTHERS) !== 0 && (bits & STICKY) === 0;
  return isShared ? "can be written by others" : null;
}

/** The folder and all above it, up to "/". `path` is absolute, without links. */
function lineage(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_, i) => `/${parts.slice(0, parts.length - i).join("/")}`).concat("/");
}

/** The folder's real path. Throws SysError when it is not there, or not to be trusted. */
export function trustedDir(dir: string, advice: string): string {
  let real: string;
  try {
    real = Deno.realPathSync(dir);
  } catch (error) {
    throw new SysError("realpath", errnoOf(error), `cannot use ${dir}`, { path: dir, advice });
  }
  for (const path of lineage(real)) {
    const info = Deno.lstatSync(path);
    // The folder itself is never shared, sticky or not: a new name in it is all that it takes.
    const own = path === real ? { uid: info.uid, mode: (info.mode ?? 0) & ~STICKY } : info;
    const reason = info.isDirectory ? distrust(own, Deno.uid() ?? 0) : "is no folder";
    if (reason !== null) {
      const doing = `cannot trust ${dir}: ${path} ${reason}`;
      throw new SysError("stat", EACCES, doing, { path: dir, advice });
    }
  }
  return real;
}

/** As trustedDir, after making the folder if need be. */
export function makeTrustedDir(dir: string, advice: string): string {
  try {
    Deno.mkdirSync(dir, { recursive: true, mode: 0o755 });
  } catch (error) {
    const doing = `cannot make the folder ${dir}`;
    throw new SysError("mkdir", errnoOf(error), doing, { path: dir, advice });
  }
  return trustedDir(dir, advice);
}

/** The error number of a failed file operation of Deno's. */
export function errnoOf(error: unknown): number {
  if (error instanceof Deno.errors.NotFound) return ENOENT;
  if (error instanceof Deno.errors.PermissionDenied) return EACCES;
  const number = error instanceof Error
    ? error.message.match(/\(os error (\d+)\)/)?.[1]
    : undefined;
  return number === undefined ? EINVAL : Number(number);
}
