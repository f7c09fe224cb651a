/**
 * The folder of one run, for its control socket: `<base>/<pid>-<number of the pid namespace>`, mode
 * 0700. Folders of dead processes are removed at the next start, with the library copy that they
 * name.
 *
 * The namespace is in the name because /run may be shared by containers: a process that cannot be
 * seen from here is not dead for that.
 *
 * @module
 */
import { Failure } from "./failure.ts";

const ROOT_BASE = "/run/nuse";
/** In a run's folder: path of the library copy that goes with it (secure_library.ts). */
export const LIBRARY_NOTE = "library";
/** sockaddr_un.sun_path holds 107 bytes and the socket's name comes on top. */
const PATH_MAX = 90;

export interface RunDirSources {
  readonly uid: number;
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
  /** Number of our pid namespace. */
  readonly pidNamespace: string;
  readonly isAlive: (pid: number) => boolean;
  /** Where root's runs have their folders. */
  readonly rootBase: string;
}

export function runDirSources(env: Readonly<Record<string, string>>): RunDirSources {
  return {
    uid: Deno.uid() ?? 0,
    pid: Deno.pid,
    env,
    pidNamespace: Deno.readLinkSync("/proc/self/ns/pid").replace(/\D/g, ""),
    isAlive: (pid) => exists(`/proc/${pid}`),
    rootBase: ROOT_BASE,
  };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Where runs of this user have their folders, best first. */
function bases({ uid, env, rootBase }: RunDirSources): string[] {
  const perUser = `${env.TMPDIR || "/tmp"}/nuse-${uid}`;
  if (uid === 0) return [rootBase, perUser];
  return env.XDG_RUNTIME_DIR ? [`${env.XDG_RUNTIME_DIR}/nuse`, perUser] : [perUser];
}

/** Makes the base if need be; false when it cannot be used or another user could reach into it. */
function isUsableBase(base: string, uid: number): boolean {
  try {
    Deno.mkdirSync(base, { recursive: true, mode: 0o700 });
    const info = Deno.lstatSync(base);
    return info.isDirectory && info.uid === uid && ((info.mode ?? 0) & 0o022) === 0 &&
      base.length <= PATH_MAX;
  } catch {
    return false;
  }
}

function removeRun(dir: string): void {
  try {
    Deno.removeSync(Deno.readTextFileSync(`${dir}/${LIBRARY_NOTE}`));
  } catch {
    // It had no library, or another nuse was quicker.
  }
  try {
    Deno.removeSync(dir, { recursive: true });
  } catch {
    // Another nuse was quicker.
  }
}

function sweep(base: string, sources: RunDirSources): void {
  for (const entry of [...Deno.readDirSync(base)]) {
    const [, pid, namespace] = entry.name.match(/^(\d+)-(\d+)$/) ?? [];
    if (namespace !== sources.pidNamespace) continue;
    if (Number(pid) !== sources.pid && sources.isAlive(Number(pid))) continue;
    removeRun(`${base}/${entry.name}`);
  }
}

/** Removes what dead runs left and makes the folder of this one. Throws Failure. */
export function makeRunDir(sources: RunDirSources): string {
  const candidates = bases(sources);
  const base = candidates.find((candidate) => isUsableBase(candidate, sources.uid));
  if (base === undefined) {
    throw new Failure(`cannot use ${candidates.join(" or ")} (set TMPDIR to a folder of your own)`);
  }
  sweep(base, sources);
  const dir = `${base}/${sources.pid}-${sources.pidNamespace}`;
  Deno.mkdirSync(dir, { mode: 0o700 });
  return dir;
}

/** Removes the folder of this run and what it names. */
export function removeRunDir(dir: string): void {
  removeRun(dir);
}
