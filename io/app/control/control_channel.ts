/**
 * The control connections: a listening SOCK_SEQPACKET socket in the run directory, one connection a
 * process, and what is attached to that: by its threads that wait in connect(), by its forked
 * children.
 *
 * What is said on one connection may concern a socket that was opened, without a reply, on another:
 * a cookie that nobody knows means that all that others have sent is carried out first.
 *
 * @module
 */
import { EPOLL_EVENT, EPOLLIN } from "../../../ffi/abi/epoll.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_SEQPACKET } from "../../../ffi/abi/socket.ts";
import { Epoll } from "../../../ffi/epoll.ts";
import { check, type SysError } from "../../../ffi/errno.ts";
import { NUSE_HEADER_LEN } from "../../../ffi/shim/protocol.ts";
import { bindUnix, peerCredentials } from "../../../ffi/socket.ts";
import { EMFILE, ENFILE } from "../../../stack/mod.ts";
import { OwnEvent } from "../../log/own_events.ts";
import type { Handler } from "../../loop/loop.ts";
import { isWithinShare } from "../endpoint/account.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import { Holder } from "../endpoint/holders.ts";
import { Reply } from "../protocol/message.ts";
import { Call } from "./call.ts";
import { type ClientKeeper, ControlClient } from "./control_client.ts";

const BACKLOG = 128;
/** Requests that one connection is caught up with at once. */
const CATCH_UP_MAX = 1024;
/** Looks at who has sent something; each finds those that the one before had no room for. */
const CATCH_UP_ROUNDS = 4;
const READY_MAX = 64;

export class ControlChannel implements Handler, ClientKeeper {
  readonly call: Call;
  readonly innerCall: Call;
  readonly lateReply: Reply;
  readonly #app: AppContext;
  readonly #fd: number;
  readonly #slot: number;
  readonly #trustedUids: readonly (number | null)[];
  /** By their slots in the loop. */
  readonly #clients = new Map<number, ControlClient>();
  /** Tells which of them have sent something, however many there are. */
  readonly #ready: Epoll;
  /** Of use when it is closed. */
  #spareFd: number;

  /** Listens at `path`; `guestUid`: see ServiceOptions. Throws SysError. */
  constructor(app: AppContext, path: string, guestUid: number | null) {
    this.#app = app;
    this.#trustedUids = [0, Deno.uid(), guestUid];
    this.call = new Call(app);
    this.innerCall = new Call(app);
    this.lateReply = new Reply(app.allocate(NUSE_HEADER_LEN));
    const type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.#spareFd = app.sys.eventfd();
    const eventsOff = app.allocate(EPOLL_EVENT.LEN * READY_MAX);
    this.#ready = new Epoll(app.arena, eventsOff, READY_MAX);
    this.#fd = check(app.sys.socket(AF_UNIX, type, 0), "socket", "cannot make a unix socket");
    const doing = `cannot listen on ${path}`;
    try {
      check(bindUnix(this.#fd, path), "bind", doing, { path });
      check(app.sys.listen(this.#fd, BACKLOG), "listen", doing, { path });
      this.#slot = check(app.loop.add(this.#fd, EPOLLIN, this), "epoll_ctl", doing);
    } catch (error) {
      app.sys.close(this.#fd);
      this.#ready.close();
      throw error as SysError;
    }
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Somebody connects. */
  onEvents(): void {
    this.#acceptOne();
  }

  /** False: there was nobody. */
  #acceptOne(): boolean {
    const { sys, counters } = this.#app;
    const fd = sys.accept4(this.#fd, SOCK_CLOEXEC);
    if (fd === -EMFILE || fd === -ENFILE) return this.#turnAway();
    if (fd < 0) return false; // gone again
    const peer = peerCredentials(fd);
    const isTrusted = typeof peer !== "number" && this.#trustedUids.includes(peer.uid);
    if (!isTrusted) {
      sys.closeEnd(fd, 0);
      counters.clientsRefused++;
    } else if (this.add(fd, null)) counters.clientsAccepted++;
    return true;
  }

  /**
   * The table of descriptors is full, by what is not ours to bound (limits.ts). Whoever waits in
   * the backlog would be reported for ever: the spare descriptor makes room to turn it away.
   */
  #turnAway(): boolean {
    const { sys } = this.#app;
    if (this.#spareFd >= 0) sys.close(this.#spareFd);
    const fd = sys.accept4(this.#fd, SOCK_CLOEXEC);
    if (fd >= 0) this.#refuse(fd);
    this.#spareFd = sys.eventfd();
    return fd >= 0;
  }

  /** There is no room: the program is told, as the reply to what it asks first. */
  #refuse(fd: number): void {
    const { base, memory, sys, counters } = this.#app;
    const reply = this.lateReply;
    reply.clear();
    reply.result = -ENFILE;
    sys.sendFd(fd, base, reply.off, reply.emit(memory.dv), -1);
    sys.closeEnd(fd, 0);
    counters.clientsRefused++;
  }

  add(fd: number, of: ControlClient | null): boolean {
    const { accounts, loop, limits } = this.#app;
    const peer = peerCredentials(fd);
    const account = accounts.of(typeof peer === "number" ? 0 : peer.pid);
    if (typeof peer !== "number") account.uid = peer.uid;
    // The kernel says which process has made the connection: a child cannot pass for a thread.
    const holder = of?.account === account ? of.holder : new Holder();
    const client = new ControlClient(this.#app, this, fd, account, holder);
    if (isWithinShare(account.clients, this.#clients.size, limits.maxClients)) {
      client.slot = loop.add(fd, EPOLLIN, client);
    }
    if (client.slot >= 0 && this.#ready.add(fd, EPOLLIN, client.slot, 0) < 0) {
      loop.remove(client.slot);
      client.slot = -1;
    }
    if (client.slot < 0) {
      accounts.settle(account);
      this.#refuse(fd);
      return false;
    }
    account.clients++;
    holder.connections++;
    this.#clients.set(client.slot, client);
    this.#tell(OwnEvent.SERVICE_CLIENT, client);
    return true;
  }

  drop(client: ControlClient): void {
    if (this.#clients.get(client.slot) !== client) return; // its descriptor may be another's by now
    this.#clients.delete(client.slot);
    client.holder.connections--;
    client.account.clients--;
    this.#app.accounts.settle(client.account);
    client.later.drop();
    this.#tell(OwnEvent.SERVICE_CLIENT_GONE, client);
    this.#ready.remove(client.fd);
    this.#app.loop.remove(client.slot);
    this.#app.sys.closeEnd(client.fd, 0);
  }

  #tell(event: OwnEvent, client: ControlClient): void {
    const { log } = this.#app;
    if (log === null || log.isOn[event] === 0) return;
    log.tell(event, { pid: client.pid, connections: this.#clients.size });
  }

  /** Takes all that has been sent so far, by whoever has come so far. */
  takeAll(nowUs: number): void {
    for (let left = BACKLOG; left > 0 && this.#acceptOne(); left--);
    this.catchUp(null, nowUs);
  }

  /** `client`: whose turn it is already. */
  catchUp(client: ControlClient | null, nowUs: number): void {
    for (let round = 0; round < CATCH_UP_ROUNDS; round++) {
      let isDone = true;
      const count = this.#ready.wait(0);
      for (let i = 0; i < count; i++) {
        const other = this.#clients.get(this.#ready.token(i));
        if (other === undefined || other === client) continue;
        for (let left = CATCH_UP_MAX; left > 0 && other.catchUpOne(nowUs); left--) isDone = false;
      }
      if (isDone) return;
    }
  }

  close(): void {
    for (const client of this.#clients.values()) this.drop(client);
    this.#ready.close();
    this.#app.loop.remove(this.#slot);
    this.#app.sys.close(this.#fd);
    if (this.#spareFd >= 0) this.#app.sys.close(this.#spareFd);
  }
}
