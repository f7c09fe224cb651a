/**
 * The stack of another run, which this program joins (`--join`): what the two say to each other,
 * and who does what, is told in io/app/join/join_channel.ts.
 *
 * @module
 */
import { closeFd } from "../ffi/child.ts";
import type { JoinConnection } from "../ffi/join.ts";
import type { Network } from "../ffi/network.ts";
import type { JoinAnswer, RunView } from "../io/app/join/messages.ts";
import { decodeAnswer } from "../io/app/join/messages.ts";
import { Failure } from "./base/failure.ts";
import type { Place, PlaceOptions, StackHost } from "./place.ts";
import type { Program } from "./program.ts";
import type { RunDirSources } from "./run_dir.ts";
import { ask, connectTo, findByName, findByPid, nextAnswer, type Run } from "./runs.ts";

const SEE_LIST = "nuse --list shows those that run";

/**
 * A program that becomes another user is not let in by path, as the run does not know that user:
 * the second door serves it.
 */
export function asJoined(program: Program): Program {
  const { guestUid, image } = program;
  if (guestUid === null || guestUid === 0) return program;
  const why = `becomes another user (${image} is setuid), whom the nuse to join does not know`;
  const obstacle = { why, advice: "name it as the first program" };
  return { ...program, isSecure: false, guestUid: null, obstacle };
}

export class JoinedStack implements StackHost {
  readonly unkept = Promise.resolve();
  readonly #run: Run;
  readonly #connection: JoinConnection;
  readonly #network: Network | undefined;

  private constructor(
    /** As the person calls it. */
    readonly name: string,
    readonly view: RunView,
    run: Run,
    connection: JoinConnection,
    network: Network | undefined,
  ) {
    this.#run = run;
    this.#connection = connection;
    this.#network = network;
  }

  /** Joins the run of this name or process. Throws Failure. */
  static join(name: string, version: string, sources: RunDirSources): JoinedStack {
    const run = findRun(name, sources);
    const connection = connectTo(run);
    if (connection === null) throw new Failure(`${name} does not listen any more (${SEE_LIST})`);
    try {
      const reply = ask(connection, { ask: "join", version });
      if (reply === null) {
        throw new Failure(`${name} does not answer (it may be stopped: try again)`);
      }
      const view = joinedView(name, version, reply.answer);
      const network = receiveNetwork(name, run.uid === sources.uid, connection, reply);
      return new JoinedStack(name, view, run, connection, network);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  open({ onGone }: PlaceOptions): Promise<Place> {
    void this.#watch(onGone);
    const { names, nameservers, searchDomains, pid, isNetworkShared } = this.view;
    return Promise.resolve({
      socketPath: `${this.#run.dir}/control`,
      servicePid: pid,
      network: this.#network,
      joins: this.name,
      doorFd: isNetworkShared ? -1 : this.#connection.fd,
      names,
      nameservers,
      searchDomains,
      notes: [],
      facts: [`joined ${this.name}, nuse ${pid}, ${this.view.command}`],
    });
  }

  /** The run says that it is over, or is no more. */
  async #watch(onGone: (isKilled: boolean) => void): Promise<void> {
    await this.#connection.readable();
    const received = this.#connection.receive(0);
    const answer = received === null ? null : decodeAnswer(received.bytes);
    onGone(answer?.kind !== "ended");
  }

  started(): void {
    const network = this.#network;
    if (network === undefined) return;
    closeFd(network.net);
    if (network.user >= 0) closeFd(network.user);
  }

  /** What the program has sent is the run's to deliver. */
  drain(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  /** The connection stays until this process ends: by that the run knows. */
  close(): void {}
}

/** Throws Failure. */
function findRun(name: string, sources: RunDirSources): Run {
  if (!/^\d+$/.test(name)) {
    const run = findByName(name, sources);
    if (run === null) throw new Failure(`no nuse of yours is called ${name} (${SEE_LIST})`);
    return run;
  }
  const run = findByPid(Number(name), sources);
  if (run !== null) return run;
  const owner = ownerOf(Number(name));
  if (owner !== null && owner !== sources.uid && sources.uid !== 0) {
    throw new Failure(
      `process ${name} is of another user (only its owner or root may join a nuse)`,
    );
  }
  throw new Failure(`process ${name} is not of a nuse that can be joined (${SEE_LIST})`);
}

/** Whose process it is; null: there is none. */
function ownerOf(pid: number): number | null {
  try {
    return Deno.statSync(`/proc/${pid}`).uid;
  } catch {
    return null;
  }
}

/** Throws Failure. */
function joinedView(name: string, version: string, answer: JoinAnswer): RunView {
  if (answer.version !== version) {
    const versions = `${name} is of nuse ${answer.version}, this is ${version}`;
    throw new Failure(`cannot join: ${versions} (join with the nuse that it was started with)`);
  }
  if (answer.kind === "joined") return answer.run;
  const why = answer.kind === "refused" ? answer.why : "it answers something else";
  throw new Failure(`cannot join ${name}: ${why} (${SEE_LIST})`);
}

/**
 * The namespaces to enter. `isOwn`: the run is of this user. Throws Failure: the program is not to
 * run in our own instead.
 */
function receiveNetwork(
  name: string,
  isOwn: boolean,
  connection: JoinConnection,
  { answer, fd }: { answer: JoinAnswer; fd: number },
): Network | undefined {
  if (answer.kind !== "joined" || answer.run.isNetworkShared) return undefined;
  const user = answer.hasUser ? nextAnswer(connection)?.fd ?? -1 : -1;
  if (fd < 0 || (answer.hasUser && user < 0)) {
    throw new Failure(`cannot join ${name}: it has no network to enter (try again)`);
  }
  const own = Deno.statSync("/proc/self/ns/net").ino;
  if (Deno.statSync(`/proc/self/fd/${fd}`).ino === own) {
    throw new Failure(`cannot join ${name}: this is its network already (run the program itself)`);
  }
  if (user < 0 || isOwn) return { net: fd, user, cookie: 0n, capture: null };
  // Root has the right to enter without; in another user's namespace it would be nobody.
  closeFd(user);
  return { net: fd, user: -1, cookie: 0n, capture: null };
}
