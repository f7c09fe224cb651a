/**
 * The service that answers the sockets of the programs under nuse.
 *
 * Theory of operation. A program's socket is one end of an AF_UNIX pair; its bytes flow through the
 * pair without any request. What is not a byte (socket, bind, connect, options, names) is a request
 * on the process's control connection. Two directions of news meet here, within one wake-up of the
 * loop:
 *
 *     epoll ──► control_client ──► operations ──────────────┐
 *     epoll ──► *_endpoint.onEvents: pair readable/writable ─┼──► the stack's sockets
 *     stack.takeReady ──► *_endpoint.onSocket ───────────────┘
 *
 * Bytes for a program are put into its pair before the stack is flushed: the program runs on
 * another CPU while our acknowledgements leave. Traffic over the loopback arrives during the flush
 * and is handed over after it.
 *
 * @module
 */
import type { Arena } from "../../ffi/arena.ts";
import { doorCalls } from "../../ffi/door.ts";
import { SysError } from "../../ffi/errno.ts";
import { EPERM, type Stack } from "../../stack/mod.ts";
import type { OwnLog } from "../log/own_log.ts";
import type { EventLoop, LoopService } from "../loop/loop.ts";
import { AppContext, type AppLimits } from "./endpoint/app_context.ts";
import { ControlChannel } from "./control/control_channel.ts";
import { type Arrivals, DoorArrival } from "./door/arrival.ts";
import { Door } from "./door/door.ts";
import { JoinChannel, joinDescriptors } from "./join/join_channel.ts";
import type { InterfaceView, RunFacts } from "./join/messages.ts";
import { FuseServer } from "./proc/fuse_server.ts";
import { NetlinkEvents } from "./netlink/events.ts";
import { UnixSockets } from "./proc/unix_sockets.ts";
import { procTree } from "./proc/proc_tree.ts";
import type { ReportListener } from "./protocol/reports.ts";
import type { AppCounters } from "./endpoint/counters.ts";
import type { Endpoint } from "./endpoint/endpoint.ts";
import { descriptorUse, shareDescriptors } from "./limits.ts";
import { Privilege } from "./endpoint/privilege.ts";

export interface ServiceOptions extends Partial<AppLimits> {
  /** How long connections may take to deliver what they hold after the last program has gone. */
  readonly drainUs?: number;
  /** One more user who may connect by path: that of a setuid program. Default: nobody. */
  readonly guestUid?: number | null;
  /** SO_NETNS_COOKIE of the programs' network namespace. Default: ours. */
  readonly networkCookie?: bigint | null;
  /** Where the doors of programs arrive that no shim reaches. Default: there are none. */
  readonly doorFd?: number;
  /** The inode of the user namespace that owns the programs' network. Default: that of nuse. */
  readonly userNamespace?: number | null;
  /** Told of processes and their requests. Default: there is no log. */
  readonly log?: OwnLog;
  /** Bytes of streams that carry many go by memory that programs share. Default: no. */
  readonly rings?: boolean;
  /** The same of bytes to programs alone. Default: as `rings`. */
  readonly receiveRings?: boolean;
  /** Told of programs that are not served. Default: nobody is. */
  readonly onReport?: ReportListener;
  /** A program is about to have a packet socket: 0 or -errno. Default: there are none. */
  readonly openCapture?: ((nowUs: number) => number) | null;
  /** Others may join. Default: nobody can. */
  readonly run?: RunOptions;
}

/** What this is, for others to know and to join. */
export interface RunOptions {
  readonly facts: RunFacts;
  /** Descriptors of namespaces, or -1, as in JoinOptions. */
  readonly net: number;
  readonly user: number;
  /** Of DHCP and of routers. */
  readonly nameservers: () => readonly string[];
  readonly searchDomains: () => readonly string[];
  /** So many are joined now. */
  readonly onJoined: (count: number) => void;
}

const DEFAULT_LIMITS: AppLimits = { maxSockets: 65_536, maxClients: 4096, maxEnded: 1024 };
const DEFAULT_DRAIN_US = 60_000_000;
/** Flushes a turn while somebody waits for what goes from socket to socket. */
const SETTLING_ROUNDS = 16;

export class Service implements LoopService, Arrivals {
  /** What children find in NUSE_SOCK. */
  readonly socketPath: string;
  readonly #app: AppContext;
  readonly #channel: ControlChannel;
  readonly #drainUs: number;
  readonly #arrival: DoorArrival | null;
  /** Of the first program, and of each that has joined; those that are free are used again. */
  readonly #doors: Door[] = [];
  readonly #join: JoinChannel | null;
  readonly #isKept: boolean;
  /** One for each program that was started with mounts of its own. */
  readonly #views: FuseServer[] = [];
  /** Of the view that comes next. */
  #unixSockets: UnixSockets;
  #userNamespace = 0;
  #isDraining = false;

  /**
   * `runDir`: made with mode 0700 if need be; `arena` is the memory of `stack`. Throws SysError.
   */
  constructor(
    stack: Stack,
    loop: EventLoop,
    arena: Arena,
    runDir: string,
    options: ServiceOptions = {},
  ) {
    const limits = { ...DEFAULT_LIMITS, ...options };
    const { allowedCount, openCount } = descriptorUse();
    const joinFds = options.run === undefined ? 0 : joinDescriptors(allowedCount);
    const shares = shareDescriptors(allowedCount, openCount + joinFds, limits);
    this.#drainUs = options.drainUs ?? DEFAULT_DRAIN_US;
    this.#app = new AppContext(stack, loop, arena, { ...limits, ...shares });
    this.#app.log = options.log ?? null;
    this.#app.netlinkEvents = new NetlinkEvents(stack);
    this.#app.rings.isOn = options.rings ?? false;
    this.#app.receiveRings.isOn = options.receiveRings ?? options.rings ?? false;
    this.#app.openCapture = options.openCapture ?? null;
    loop.onFault = this.#app.noteFault;
    if (options.networkCookie) this.#app.privilege = new Privilege(options.networkCookie);
    this.#app.reports.listener = options.onReport ?? null;
    this.#unixSockets = new UnixSockets(this.#app);
    makePrivateDir(runDir);
    this.socketPath = `${runDir}/control`;
    this.#channel = new ControlChannel(this.#app, this.socketPath, options.guestUid ?? null);
    const { doorFd = -1, userNamespace = null } = options;
    if (doorFd >= 0) {
      this.#app.hasDoor = true;
      const calls = doorCalls(); // opens a library: while this thread may still open files
      this.#userNamespace = userNamespace ?? calls.userNamespace(-1);
    }
    this.#arrival = doorFd < 0 ? null : new DoorArrival(this.#app, doorFd, this);
    this.#isKept = options.run?.facts.isKept ?? false;
    this.#join = options.run === undefined ? null : this.#listen(runDir, joinFds, options.run);
  }

  #listen(runDir: string, fds: number, run: RunOptions): JoinChannel {
    const { facts, net, user, nameservers, searchDomains, onJoined } = run;
    return new JoinChannel(this.#app, `${runDir}/join`, fds, {
      net,
      user,
      describe: (joined) => ({
        ...facts,
        interfaces: interfacesOf(this.#app.stack),
        sockets: this.socketCount,
        joined,
        nameservers: nameservers(),
        searchDomains: searchDomains(),
      }),
      isEnding: () => this.#isDraining && !this.#isKeptByJoined(),
      arrivals: this,
      onCount: onJoined,
    });
  }

  #isKeptByJoined(): boolean {
    return this.#isKept && this.#join !== null && this.#join.joinedCount > 0;
  }

  /** Takes the descriptor over; false: not this one. */
  onDoor(fd: number): boolean {
    if (this.#arrival === null) return false; // this thread has not kept what it takes
    let door = this.#doors.find(({ isFree }) => isFree);
    if (door === undefined) {
      door = new Door(this.#app, this.#userNamespace, (nowUs) => this.#channel.takeAll(nowUs));
      this.#doors.push(door);
    }
    return door.open(fd);
  }

  /** /dev/fuse, mounted where the programs look for the network, has come. */
  onView(fd: number): boolean {
    const unixSockets = this.#unixSockets;
    this.#unixSockets = new UnixSockets(this.#app);
    doorCalls().makeNonblocking(fd);
    const view = new FuseServer(this.#app, fd, () => procTree(this.#app, unixSockets));
    view.onClose = () => {
      unixSockets.close();
      this.#views.splice(this.#views.indexOf(view), 1);
    };
    this.#views.push(view);
    return true;
  }

  /** The kernel's list of the programs' unix sockets has come. */
  onUnixList(fd: number): boolean {
    this.#unixSockets.take(fd);
    return true;
  }

  /** Where nuse itself failed first, if it did. */
  get firstFault(): string | null {
    return this.#app.firstFault;
  }

  get counters(): AppCounters {
    return this.#app.counters;
  }

  /** Sockets that programs hold. */
  get socketCount(): number {
    return this.#app.endpoints.heldCount;
  }

  get clientCount(): number {
    return this.#channel.clientCount;
  }

  /** Takes what the stack has received and what endpoints left over from their last turn. */
  beforeFlush(nowUs: number): void {
    this.#app.waitLimits.expire(nowUs);
    this.#app.rings.look(nowUs);
    this.#app.receiveRings.look(nowUs);
    this.#takeReady(nowUs);
    this.#app.runDirty(nowUs);
  }

  /** Takes what arrived over the loopback during the flush. */
  afterFlush(nowUs: number): void {
    const app = this.#app;
    const { settling } = app;
    app.slots.reset();
    app.rings.afterFlush();
    let hasNews = this.#takeReady(nowUs);
    if (settling.isDue) hasNews = this.#settle(hasNews, nowUs);
    app.netlinkEvents?.check(nowUs);
    app.lingering.check();
    settling.endTurn();
    app.parked.runWoken();
    if (hasNews || app.hasDirty || settling.isDue) app.loop.wake();
  }

  get hasNews(): boolean {
    return this.#app.rings.hasNews || this.#app.receiveRings.hasNews;
  }

  mayWait(): boolean {
    const { receiveRings, rings } = this.#app;
    return receiveRings.sleep() && rings.sleep();
  }

  /** Goes on until nothing moves any more, within bounds. */
  #settle(hasNews: boolean, nowUs: number): boolean {
    const app = this.#app;
    for (let round = 0; (hasNews || app.hasDirty) && round < SETTLING_ROUNDS; round++) {
      app.runDirty(nowUs);
      app.flush(nowUs);
      hasNews = this.#takeReady(nowUs);
    }
    return hasNews;
  }

  /** Hands every event of the stack to its endpoint; true when there was one. */
  #takeReady(nowUs: number): boolean {
    const { stack } = this.#app;
    let socket = stack.takeReady();
    if (socket === null) return false;
    while (socket !== null) {
      const endpoint = socket.owner as Endpoint | null;
      if (endpoint !== null) {
        const events = socket.events;
        socket.events = 0;
        try {
          endpoint.onSocket(events, nowUs);
        } catch (error) {
          this.#app.noteFault(error);
          endpoint.onFault(nowUs);
        }
      }
      socket = stack.takeReady();
    }
    return true;
  }

  /** The first program has exited: from now on `isIdle` tells when nuse may stop. */
  beginDrain(nowUs: number): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#channel.takeAll(nowUs); // what it said last may be unread
    const { endpoints } = this.#app;
    if (endpoints.lastReleaseUs === 0) endpoints.lastReleaseUs = nowUs;
  }

  /**
   * Whether nuse may stop: it is draining, no process holds a socket, no joined program keeps it,
   * and what they sent is delivered (or was given `drainUs`).
   */
  isIdle(nowUs: number): boolean {
    const { endpoints, stack } = this.#app;
    if (!this.#isDraining || endpoints.heldCount > 0 || this.#isKeptByJoined()) return false;
    if (endpoints.size === 0 && stack.isQuiet()) return true;
    return nowUs - endpoints.lastReleaseUs >= this.#drainUs;
  }

  /**
   * Closes every connection and pair; programs see their ends hang up. Removes the control socket.
   */
  close(nowUs: number): void {
    for (const endpoint of this.#app.endpoints.values()) endpoint.abandon(nowUs);
    this.#channel.close();
    this.#arrival?.close();
    this.#join?.close();
    for (const door of this.#doors) door.close();
    for (const view of [...this.#views]) view.close();
    this.#unixSockets.close();
    try {
      Deno.removeSync(this.socketPath);
    } catch {
      // the run directory went first
    }
  }
}

/** Without the loopback, which every stack has; IPv4 first, as with `ip addr`. */
function interfacesOf({ interfaces }: Stack): InterfaceView[] {
  return interfaces.filter(({ isLoopback }) => !isLoopback).map(({ name, addresses }) => ({
    name,
    addresses: addresses.toSorted((a, b) => a.addr.family - b.addr.family)
      .map(({ addr, prefixLen }) => `${addr}/${prefixLen}`),
  }));
}

/** A directory of our own that nobody else can look into. */
function makePrivateDir(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  const { isDirectory, mode, uid } = Deno.lstatSync(path);
  const isPrivate = isDirectory && uid === Deno.uid() && (mode ?? 0o777) % 0o100 === 0;
  if (!isPrivate) {
    throw new SysError("mkdir", EPERM, `will not use ${path}`, {
      path,
      advice: "it must be a directory of our own with mode 0700",
    });
  }
}
