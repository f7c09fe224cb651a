/**
 * The runs of this machine that one may join, and their names.
 *
 * There is no list of runs that could be wrong: a run is a folder with somebody who listens in it
 * (run_dir.ts), and each is asked what it is. A name is a file `name-NAME` beside these folders
 * that holds the folder's name, and that its run has locked (flock) as long as it lives. The kernel
 * takes the lock away with the process, however that ends, so a file without a lock is stale, is
 * taken over by the next of that name, and leads nobody anywhere. What a file says is a hint: who
 * answers has to be the process of the folder, and its user that of the base (SO_PEERCRED).
 *
 * A user sees his own runs, root everybody's.
 *
 * @module
 */
import { JoinConnection } from "../ffi/join.ts";
import {
  decodeAnswer,
  encodeJoin,
  JOIN_MESSAGE_MAX,
  type JoinRequest,
  type RunView,
} from "../io/app/join/messages.ts";
import { Failure } from "./base/failure.ts";
import {
  baseOf,
  isBaseOf,
  ownBases,
  parseRunName,
  type RunDirSources,
  userBases,
} from "./run_dir.ts";

/** How long a run may take to say what it is. */
const ANSWER_MS = 3000;
const NAME = /^[A-Za-z_][\w.-]{0,31}$/;
const NAME_PREFIX = "name-";
/** Looks at a name's file while others take it or give it up. */
const NAME_TRIES = 10;
const PAUSE_MS = 20;

/** A folder of a run that lives, or did a moment ago. */
export interface Run {
  readonly dir: string;
  readonly pid: number;
  /** Whose it is. */
  readonly uid: number;
}

/** A name as `--name` and `--join` take it. Throws Failure. */
export function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  const rule = "a letter, then up to 31 letters, digits, and any of . _ -";
  throw new Failure(`--name ${JSON.stringify(name)} is no name for a run (${rule})`);
}

/** Its name belongs to one run; given back by `release`, or by the kernel. */
export class NameHold {
  private constructor(readonly path: string, readonly file: Deno.FsFile) {}

  /** For the run whose folder is `dir`. Throws Failure. */
  static take(name: string, dir: string): NameHold {
    const path = `${baseOf(dir)}/${NAME_PREFIX}${name}`;
    for (let i = 0; i < NAME_TRIES; i++) {
      const file = openLocked(path, true);
      if (file === null) {
        pause();
        continue;
      }
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(dir.slice(dir.lastIndexOf("/") + 1)));
      return new NameHold(path, file);
    }
    const holder = readHolder(path);
    const who = holder === null ? "" : ` by nuse ${holder.pid}`;
    throw new Failure(`the name ${name} is in use${who} (nuse --list shows the names)`);
  }

  release(): void {
    removeFile(this.path);
    this.file.close();
  }
}

/** Removes the names in `base` that nobody has any more. */
export function sweepNames(base: string): void {
  for (const { name, isFile } of [...Deno.readDirSync(base)]) {
    const stale = isFile && name.startsWith(NAME_PREFIX) ? openStale(`${base}/${name}`) : null;
    if (stale === null) continue;
    removeFile(`${base}/${name}`);
    stale.close();
  }
}

function openStale(path: string): Deno.FsFile | null {
  try {
    return openLocked(path, false);
  } catch {
    return null; // gone, or not ours to open
  }
}

/** Locked by this process, and still what the path names; null: another has it locked. */
function openLocked(path: string, create: boolean): Deno.FsFile | null {
  const options = create ? { read: true, write: true, create, mode: 0o600 } : { read: true };
  const file = Deno.openSync(path, options);
  const { ino } = file.statSync();
  if (file.tryLockSync(true) && inodeOf(path) === ino) return file;
  file.close();
  return null;
}

function inodeOf(path: string): number | null {
  try {
    const { ino, isFile } = Deno.lstatSync(path);
    return isFile ? ino : null;
  } catch {
    return null;
  }
}

function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The base went first.
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** What a name's file says; null: nothing. */
function readHolder(path: string): { folder: string; pid: number } | null {
  try {
    const folder = Deno.readTextFileSync(path);
    const run = parseRunName(folder);
    return run === null ? null : { folder, pid: run.pid };
  } catch {
    return null;
  }
}

/** Where runs may be that this user may join, with whose they are. */
function bases(sources: RunDirSources): { path: string; uid: number }[] {
  const own = ownBases(sources).map((path) => ({ path, uid: sources.uid }));
  const all = sources.uid === 0 ? [...own, ...userBases()] : own;
  return all.filter(({ path, uid }) => isBaseOf(path, uid));
}

function runsIn({ path, uid }: { path: string; uid: number }, sources: RunDirSources): Run[] {
  return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) => {
    const run = isDirectory ? parseRunName(name) : null;
    if (run?.namespace !== sources.pidNamespace || !sources.isAlive(run.pid)) return [];
    return [{ dir: `${path}/${name}`, pid: run.pid, uid }];
  });
}

/** All that may be joined. */
export function findRuns(sources: RunDirSources): Run[] {
  return bases(sources).flatMap((base) => runsIn(base, sources))
    .sort((a, b) => a.pid - b.pid);
}

/** The run of this name; null: none. What a dead one left of it is removed. */
export function findByName(name: string, sources: RunDirSources): Run | null {
  for (const base of bases(sources)) {
    const path = `${base.path}/${NAME_PREFIX}${name}`;
    if (inodeOf(path) === null) continue;
    const stale = openStale(path);
    if (stale !== null) {
      if (base.uid === sources.uid) removeFile(path);
      stale.close();
      continue;
    }
    const holder = readHolder(path);
    const run = runsIn(base, sources).find(({ dir }) => dir === `${base.path}/${holder?.folder}`);
    if (run !== undefined) return run;
  }
  return null;
}

/** The run with this process, or with this one in front, or that has started it; null: none. */
export function findByPid(pid: number, sources: RunDirSources): Run | null {
  const runs = findRuns(sources);
  for (let at = pid; at > 1; at = parentOf(at)) {
    const run = runs.find((each) => each.pid === at);
    if (run !== undefined) return run;
  }
  return runs.find((run) => parentOf(run.pid) === pid) ?? null;
}

/** 0: there is none. */
function parentOf(pid: number): number {
  try {
    return Number(Deno.readTextFileSync(`/proc/${pid}/status`).match(/^PPid:\s+(\d+)/m)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** A connection to the process of the run and no other's; null: nobody of that kind listens. */
export function connectTo({ dir, pid, uid }: Run): JoinConnection | null {
  const connection = JoinConnection.connect(`${dir}/join`, JOIN_MESSAGE_MAX);
  if (typeof connection === "number") return null;
  const peer = connection.peer();
  if (typeof peer !== "number" && peer.pid === pid && peer.uid === uid) return connection;
  connection.close();
  return null;
}

export type Reply = ReturnType<typeof ask>;

/** What the run answers, and the descriptor that came along; null: nothing. */
export function ask(connection: JoinConnection, request: JoinRequest) {
  if (connection.send(encodeJoin(request)) < 0) return null;
  return nextAnswer(connection);
}

export function nextAnswer(connection: JoinConnection) {
  const received = connection.receive(ANSWER_MS);
  const answer = received === null ? null : decodeAnswer(received.bytes);
  return received === null || answer === null ? null : { answer, fd: received.fd };
}

/** What the run is; null: it does not say, or is of a version that says it otherwise. */
export function viewOf(run: Run, version: string): RunView | null {
  const connection = connectTo(run);
  if (connection === null) return null;
  try {
    const reply = ask(connection, { ask: "list", version });
    return reply?.answer.kind === "run" ? reply.answer.run : null;
  } finally {
    connection.close();
  }
}
