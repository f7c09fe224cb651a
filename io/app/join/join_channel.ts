/**
 * How a program joins a run that is under way (`nuse --join`). Theory of operation.
 *
 *     nuse lab                                       nuse --join lab PROGRAM
 *       main thread ── first program                   main thread ──fork──► PROGRAM
 *       stack's thread ◄── <run's folder>/join ──────────┘                     │
 *             ◄────────── <run's folder>/control, pairs, the second door ──────┘
 *
 * Who does what. The stack's thread has no right to start anything, nor to enter a namespace, and a
 * program that it started would have the wrong terminal, parent, user and limits. So whoever joins
 * is a nuse of its own: it starts its program as nuse always does (signals, process group,
 * environment, exit status: cli/session.ts), and takes from the run only what it cannot make: the
 * descriptors of the network namespace and of the user namespace that owns it, which the child
 * enters by setns(2). The kernel asks there for the same rights that making one takes, so that a
 * descriptor alone opens nothing. Everything else it works out for itself from what the run tells
 * (messages.ts): host name, name servers, where the control socket is.
 *
 * One connection for each that joins, which lives as long as it does:
 *   request list  what the run is, and the connection's end
 *   request join  what the run is, the descriptors; from then on the program counts as joined
 *   a descriptor  the door of the program (ffi/host/door_filter.c), sent between its fork and exec
 *   the end       from there: the program has ended. From here, with a word: the run is over, the
 *                 program is told to end; without one: nuse was killed, and so is the program.
 *
 * Who may. The socket lies in the run's folder (mode 0700), and the kernel says who connects
 * (SO_PEERCRED): root, or the user of the run. The programs of the run are mostly that user, too.
 * They gain nothing by it: the namespaces they are in already, and to send a door that is none, or
 * that hangs, hurts those who could have sent nuse a SIGKILL.
 *
 * @module
 */
import { EPOLLIN } from "../../../ffi/abi/epoll.ts";
import {
  AF_UNIX,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
} from "../../../ffi/abi/socket.ts";
import { check } from "../../../ffi/errno.ts";
import { bindUnix, peerCredentials } from "../../../ffi/socket.ts";
import { EAGAIN, EINTR } from "../../../stack/mod.ts";
import type { Handler } from "../../loop/loop.ts";
import { type Arrivals, isDoorNews, takeNews } from "../door/arrival.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import {
  decodeRequest,
  encodeJoin,
  JOIN_MESSAGE_MAX,
  type JoinAnswer,
  type RunView,
} from "./messages.ts";

/** Connections at a time; the descriptors that they take are set aside (joinDescriptors). */
const CONNECTIONS_MAX = 64;
const BACKLOG = 16;
/** For each: itself and its door. */
const FDS_EACH = 2;
/** Of all descriptors, what may be set aside for it. */
const FDS_SHARE = 1 / 16;

/** What a run offers to those that join. */
export interface JoinOptions {
  /** Descriptors: the programs' network namespace, -1: they are in nuse's own. */
  readonly net: number;
  /** The user namespace that owns it, -1: that of nuse. */
  readonly user: number;
  readonly describe: (joined: number) => RunView;
  /** The run takes no more. */
  readonly isEnding: () => boolean;
  /** Takes descriptors over that programs bring: one door each, and what they see by it. */
  readonly arrivals: Arrivals;
  /** So many are joined now. */
  readonly onCount: (joined: number) => void;
}

/** How many descriptors of `allowedCount` are set aside for those that join. */
export function joinDescriptors(allowedCount: number): number {
  return Math.min(CONNECTIONS_MAX * FDS_EACH, Math.floor(allowedCount * FDS_SHARE));
}

export class JoinChannel implements Handler {
  readonly #app: AppContext;
  readonly #options: JoinOptions;
  readonly #fd: number;
  readonly #slot: number;
  readonly #clients = new Set<JoinClient>();
  readonly #max: number;
  /** One message, and two descriptors behind it. */
  readonly #off: number;

  /** Listens at `path`; `fds`: what joinDescriptors has set aside. Throws SysError. */
  constructor(app: AppContext, path: string, fds: number, options: JoinOptions) {
    this.#app = app;
    this.#options = options;
    this.#max = Math.floor(fds / FDS_EACH);
    this.#off = app.allocate(JOIN_MESSAGE_MAX + 8);
    const type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const doing = `cannot listen on ${path}`;
    this.#fd = check(app.sys.socket(AF_UNIX, type, 0), "socket", "cannot make a unix socket");
    check(bindUnix(this.#fd, path), "bind", doing, { path });
    check(app.sys.listen(this.#fd, BACKLOG), "listen", doing, { path });
    this.#slot = check(app.loop.add(this.#fd, EPOLLIN, this), "epoll_ctl", doing);
  }

  /** Programs that have joined and still run. */
  get joinedCount(): number {
    let count = 0;
    for (const { isJoined } of this.#clients) if (isJoined) count++;
    return count;
  }

  /** Somebody connects. */
  onEvents(): void {
    const { sys, loop, counters } = this.#app;
    const fd = sys.accept4(this.#fd, SOCK_CLOEXEC);
    if (fd < 0) return; // gone again
    const peer = peerCredentials(fd);
    const isTrusted = typeof peer !== "number" && (peer.uid === 0 || peer.uid === Deno.uid());
    const client = new JoinClient(this, fd);
    if (isTrusted && this.#clients.size < this.#max) client.slot = loop.add(fd, EPOLLIN, client);
    if (client.slot < 0) {
      counters.clientsRefused++;
      sys.closeEnd(fd, 0);
    } else this.#clients.add(client);
  }

  /** A client has sent something, or has gone. */
  take(client: JoinClient): void {
    const { sys, base, memory } = this.#app;
    const fdOff = this.#off + JOIN_MESSAGE_MAX;
    const n = sys.recvFd(client.fd, base, this.#off, JOIN_MESSAGE_MAX, fdOff, MSG_DONTWAIT);
    if (n === -EAGAIN || n === -EINTR) return;
    const [passed, other] = n < 0
      ? [-1, -1]
      : [0, 4].map((at) => memory.dv.getInt32(fdOff + at, true));
    const mayBring = client.isJoined && !client.hasDoor && passed >= 0 && n > 0;
    const news = memory.u8[this.#off];
    const isTaken = mayBring && takeNews(this.#options.arrivals, news, passed);
    if (isDoorNews(news)) client.hasDoor ||= isTaken;
    if (passed >= 0 && !isTaken) sys.closeLater(passed);
    if (other >= 0) sys.closeLater(other);
    if (n <= 0) return this.drop(client);
    if (!client.isJoined) this.#answer(client, n);
  }

  #answer(client: JoinClient, n: number): void {
    const request = decodeRequest(this.#app.memory.u8.subarray(this.#off, this.#off + n));
    const { describe, isEnding, net, user } = this.#options;
    const run = describe(this.joinedCount);
    const { version } = run;
    if (request === null) return this.drop(client);
    if (request.ask === "list") {
      this.#send(client, { kind: "run", version, run }, -1);
    } else if (request.version !== version) {
      const why = `it is nuse ${version}, and this is ${request.version}`;
      this.#send(client, { kind: "refused", version, why }, -1);
    } else if (isEnding()) {
      this.#send(client, { kind: "refused", version, why: "it is about to end" }, -1);
    } else {
      client.isJoined = true;
      this.#send(client, { kind: "joined", version, run, hasUser: user >= 0 }, net);
      if (user >= 0) this.#send(client, { kind: "user", version }, user);
      this.#options.onCount(this.joinedCount);
    }
  }

  #send(client: JoinClient, answer: JoinAnswer, passFd: number): void {
    const { sys, base, memory } = this.#app;
    const bytes = encodeJoin(answer);
    if (bytes.length > JOIN_MESSAGE_MAX) return;
    memory.u8.set(bytes, this.#off);
    // Who has gone shows at the next read.
    sys.sendFd(client.fd, base, this.#off, bytes.length, passFd);
  }

  drop(client: JoinClient): void {
    if (!this.#clients.delete(client)) return;
    this.#app.loop.remove(client.slot);
    this.#app.sys.closeEnd(client.fd, 0);
    if (client.isJoined) this.#options.onCount(this.joinedCount);
  }

  /** The run is over. */
  close(): void {
    const { version } = this.#options.describe(0);
    for (const client of this.#clients) {
      if (client.isJoined) this.#send(client, { kind: "ended", version }, -1);
      this.drop(client);
    }
    this.#app.loop.remove(this.#slot);
    this.#app.sys.close(this.#fd);
  }
}

class JoinClient implements Handler {
  /** In the loop. */
  slot = -1;
  isJoined = false;
  hasDoor = false;

  constructor(readonly channel: JoinChannel, readonly fd: number) {}

  onEvents(): void {
    this.channel.take(this);
  }

  onFault(): void {
    this.channel.drop(this);
  }
}
