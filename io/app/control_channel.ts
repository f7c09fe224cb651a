/**
 * The control connections: a listening SOCK_SEQPACKET socket in the run directory, one connection a
 * process, and what a forked child attaches to the one it inherited.
 *
 * A request is answered at once, in the handler that has read it: nothing here ever waits. Whoever
 * sends anything else than requests, or does not read its replies, is cut off.
 *
 * @module
 */
import { EPOLLIN } from "../../ffi/abi/epoll.ts";
import {
  AF_UNIX,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
} from "../../ffi/abi/socket.ts";
import { check, SysError } from "../../ffi/errno.ts";
import { NUSE_OP_ATTACH } from "../../ffi/shim/protocol.ts";
import { bindUnix, peerCredentials } from "../../ffi/socket.ts";
import { EAGAIN, EINTR } from "../../stack/mod.ts";
import type { Handler } from "../loop.ts";
import type { AppContext } from "./app_context.ts";
import { MESSAGE_MAX_LEN, Reply, Request } from "./message.ts";
import { handleRequest } from "./requests.ts";

const BACKLOG = 128;

/** One process's connection. */
class ControlClient implements Handler {
  slot = -1;

  constructor(readonly channel: ControlChannel, readonly fd: number) {}

  onEvents(_events: number, nowUs: number): void {
    this.channel.serve(this, nowUs);
  }
}

export class ControlChannel implements Handler {
  readonly #app: AppContext;
  readonly #fd: number;
  readonly #slot: number;
  readonly #trustedUids: readonly (number | null)[];
  readonly #clients = new Set<ControlClient>();
  readonly #request = new Request();
  readonly #reply: Reply;
  /** One byte longer than a request, so that a longer one shows; then the received descriptor. */
  readonly #requestOff: number;
  readonly #fdOff: number;

  /** Listens at `path`; `guestUid`: see ServiceOptions. Throws SysError. */
  constructor(app: AppContext, path: string, guestUid: number | null) {
    this.#app = app;
    this.#trustedUids = [0, Deno.uid(), guestUid];
    this.#requestOff = app.allocate(MESSAGE_MAX_LEN + 1);
    this.#fdOff = app.allocate(4);
    this.#reply = new Reply(app.allocate(MESSAGE_MAX_LEN));
    const type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.#fd = check(app.sys.socket(AF_UNIX, type, 0), "socket", "cannot make a unix socket");
    const doing = `cannot listen on ${path}`;
    try {
      check(bindUnix(this.#fd, path), "bind", doing, { path });
      check(app.sys.listen(this.#fd, BACKLOG), "listen", doing, { path });
      this.#slot = check(app.loop.add(this.#fd, EPOLLIN, this), "epoll_ctl", doing);
    } catch (error) {
      app.sys.close(this.#fd);
      throw error as SysError;
    }
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Somebody connects. */
  onEvents(): void {
    const { sys, counters } = this.#app;
    const fd = sys.accept4(this.#fd, SOCK_CLOEXEC);
    if (fd < 0) return; // gone again, or no descriptor left: reported again
    const peer = peerCredentials(fd);
    const isTrusted = typeof peer !== "number" && this.#trustedUids.includes(peer.uid);
    if (isTrusted && this.#add(fd)) counters.clientsAccepted++;
  }

  /** Takes `fd` over: watches it, or closes it. */
  #add(fd: number): boolean {
    const { loop, limits } = this.#app;
    const client = new ControlClient(this, fd);
    if (this.#clients.size < limits.maxClients) client.slot = loop.add(fd, EPOLLIN, client);
    if (client.slot < 0) {
      this.#app.sys.close(fd);
      this.#app.counters.clientsRefused++;
      return false;
    }
    this.#clients.add(client);
    return true;
  }

  #drop(client: ControlClient): void {
    this.#app.loop.remove(client.slot);
    this.#app.sys.close(client.fd);
    this.#clients.delete(client);
  }

  /** Answers one request of `client`. */
  serve(client: ControlClient, nowUs: number): void {
    const { sys, base, memory, counters } = this.#app;
    const len = MESSAGE_MAX_LEN + 1;
    const n = sys.recvFd(client.fd, base, this.#requestOff, len, this.#fdOff, MSG_DONTWAIT);
    if (n === -EAGAIN || n === -EINTR) return;
    if (n <= 0) return this.#drop(client);
    const fd = memory.dv.getInt32(this.#fdOff, true);
    counters.requests++;
    const request = this.#request;
    if (!request.parse(memory.dv, this.#requestOff, n)) {
      counters.requestsMalformed++;
      if (fd >= 0) sys.close(fd);
      return this.#drop(client);
    }
    if (request.op === NUSE_OP_ATTACH) {
      if (fd >= 0 && this.#add(fd)) counters.clientsAttached++;
      return;
    }
    if (fd >= 0) sys.close(fd);
    this.#answer(client, nowUs);
  }

  #answer(client: ControlClient, nowUs: number): void {
    const { sys, base, memory, counters } = this.#app;
    const reply = this.#reply;
    reply.clear();
    handleRequest(this.#app, this.#request, reply, nowUs);
    const len = reply.emit(memory.dv);
    const n = sys.sendFd(client.fd, base, reply.off, len, reply.passFd);
    if (reply.passFd >= 0) sys.close(reply.passFd);
    if (n === len) return;
    counters.repliesLost++;
    this.#drop(client);
  }

  close(): void {
    for (const client of this.#clients) this.#drop(client);
    this.#app.loop.remove(this.#slot);
    this.#app.sys.close(this.#fd);
  }
}
