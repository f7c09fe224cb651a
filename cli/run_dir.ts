/**
 * The folder of one run, for its sockets: `<base>/<pid>-<number of the pid namespace>`, mode 0700.
 * Nothing stays after a run; folders of killed ones are removed at the next start. Nothing in them
 * is read back: a guest may have written it. Beside them lie the names of runs (runs.ts).
 *
 * The namespace is in the name because /run may be shared by containers: a process that cannot be
 * seen from here is not dead for that.
 *
 * @module
 */
import { Failure } from "./base/failure.ts";

const ROOT_BASE = "/run/nuse";
/** Of a user's base in a folder for all. */
const TMP_PREFIX = "nuse-";
/** sockaddr_un.sun_path holds 107 bytes and the socket's name comes on top. */
const PATH_MAX = 90;
/** Bases that may disappear in a row while the folder is made. */
const TRIES = 10;

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
export function ownBases({ uid, env, rootBase }: RunDirSources): string[] {
  const perUser = `${env.TMPDIR || "/tmp"}/${TMP_PREFIX}${uid}`;
  if (uid === 0) return [rootBase, perUser];
  return env.XDG_RUNTIME_DIR ? [`${env.XDG_RUNTIME_DIR}/nuse`, perUser] : [perUser];
}

/** The bases of other users, where their environment says nothing else. For root. */
export function userBases(): { path: string; uid: number }[] {
  const runtime = entries("/run/user").map((name) => [`/run/user/${name}/nuse`, name]);
  const temporary = entries("/tmp").filter((name) => name.startsWith(TMP_PREFIX))
    .map((name) => [`/tmp/${name}`, name.slice(TMP_PREFIX.length)]);
  return [...runtime, ...temporary].filter(([, uid]) => /^[1-9]\d*$/.test(uid))
    .map(([path, uid]) => ({ path, uid: Number(uid) }));
}

function entries(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Whether it is a folder of that user's in which nobody else can change anything. */
export function isBaseOf(base: string, uid: number): boolean {
  try {
    const info = Deno.lstatSync(base);
    return info.isDirectory && info.uid === uid && ((info.mode ?? 0) & 0o022) === 0 &&
      base.length <= PATH_MAX;
  } catch {
    return false;
  }
}

/** Makes the base if need be; false when it cannot be used or another user could reach into it. */
function isUsableBase(base: string, uid: number): boolean {
  try {
    Deno.mkdirSync(base, { recursive: true, mode: 0o700 });
  } catch {
    return false;
  }
  return isBaseOf(base, uid);
}

/** The base that holds the folder of a run. */
export function baseOf(runDir: string): string {
  return runDir.slice(0, runDir.lastIndexOf("/"));
}

/** What the name of a run's folder says, `<pid>-<namespace>`; null: it is no such name. */
export function parseRunName(name: string): { pid: number; namespace: string } | null {
  const [, pid, namespace] = name.match(/^(\d+)-(\d+)$/) ?? [];
  return namespace === undefined ? null : { pid: Number(pid), namespace };
}

/** Whether `name`, `<pid>-<namespace>`, is that of a run that is over, or of this one. */
export function isDeadRun(name: string, sources: RunDirSources): boolean {
  const run = parseRunName(name);
  if (run?.namespace !== sources.pidNamespace) return false;
  return run.pid === sources.pid || !sources.isAlive(run.pid);
}

function sweep(base: string, sources: RunDirSources): void {
  for (const { name } of [...Deno.readDirSync(base)]) {
    if (isDeadRun(name, sources)) removeRun(`${base}/${name}`);
  }
}

/** Removes what dead runs left and makes the folder of this one. Throws Failure. */
export function makeRunDir(sources: RunDirSources): string {
  const candidates = ownBases(sources);
  for (let i = 0; i < TRIES; i++) {
    const base = candidates.find((candidate) => isUsableBase(candidate, sources.uid));
    if (base === undefined) break;
    try {
      sweep(base, sources);
      const dir = `${base}/${sources.pid}-${sources.pidNamespace}`;
      Deno.mkdirSync(dir, { mode: 0o700 });
      return dir;
    } catch (error) {
      // The end of another run has removed the base: whoever makes it next, look at it again.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Failure(`cannot use ${candidates.join(" or ")} (set TMPDIR to a folder of your own)`);
}

/** Removes the folder of a run, following no link in it. */
function removeRun(dir: string): void {
  try {
    Deno.removeSync(dir, { recursive: true });
  } catch {
    // Another nuse was quicker.
  }
}

/** Removes the folder of this run, and the base with the last run in it. */
export function removeRunDir(dir: string): void {
  removeRun(dir);
  try {
    Deno.removeSync(baseOf(dir));
  } catch {
    // Other runs are in it.
  }
}
