/**
 * The control connections: a listening SOCK_SEQPACKET socket in the run directory, one connection a
 * process, and what is attached to that: by its threads that wait in connect(), by its forked
 * children.
 *
 * A request is answered at once, in the handler that has read it; only a connect() that waits is
 * answered when it has ended. Whoever sends anything else than requests, or does not read its
 * replies, is cut off.
 *
 * What is said on one connection may concern a socket that was opened, without a reply, on another:
 * a cookie that nobody knows means that all the other connections are looked at first.
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
import { check, SysError } from "../../../ffi/errno.ts";
import {
  NUSE_HEADER_LEN,
  NUSE_OP_ATTACH,
  NUSE_OP_CANCEL,
  NUSE_OP_HELLO,
  NUSE_OP_IFADDRS,
  NUSE_OP_IOCTL,
  NUSE_OP_MORE,
  NUSE_OP_OPEN,
  NUSE_OP_POST_SETOPT,
  NUSE_OP_SOCKET,
} from "../../../ffi/shim/protocol.ts";
import { bindUnix, peerCredentials } from "../../../ffi/socket.ts";
import { EAGAIN, EINTR } from "../../../stack/mod.ts";
import type { Handler } from "../../loop/loop.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import { type ConnectWaiter, REPLY_DEFERRED } from "../endpoint/connecting.ts";
import { MESSAGE_MAX_LEN, Reply, Request } from "../protocol/message.ts";
import { handleRequest } from "./requests.ts";
import { adoptSocket } from "./socket_requests.ts";
import type { StreamEndpoint } from "../endpoint/stream_endpoint.ts";

const BACKLOG = 128;
/** Requests that one connection is caught up with at once. */
const CATCH_UP_MAX = 1024;
/** Instead of a descriptor: there was no request. */
const NOTHING = -2;

/** Whether the request names a socket that must exist. */
function isAboutSocket(op: number): boolean {
  switch (op) {
    case NUSE_OP_HELLO:
    case NUSE_OP_SOCKET:
    case NUSE_OP_IOCTL:
    case NUSE_OP_IFADDRS:
    case NUSE_OP_ATTACH:
    case NUSE_OP_OPEN:
    case NUSE_OP_CANCEL:
      return false;
    default:
      return true;
  }
}

/** One control connection. */
class ControlClient implements Handler, ConnectWaiter {
  slot = -1;
  /** Its connect() waits for an answer. */
  connecting: StreamEndpoint | null = null;

  constructor(readonly channel: ControlChannel, readonly fd: number) {}

  onEvents(_events: number, nowUs: number): void {
    this.channel.serve(this, nowUs);
  }

  connectEnded(result: number, fillerLen: number): void {
    this.channel.answerConnect(this, result, fillerLen);
  }
}

/** Whether the program waits for a reply. */
function isAnswered({ op, a }: Request): boolean {
  return op !== NUSE_OP_POST_SETOPT && (op !== NUSE_OP_MORE || a !== 0);
}

/** Buffers for one request and its reply. */
class Exchange {
  readonly request = new Request();
  readonly reply: Reply;
  /** One byte longer than a request, so that a longer one shows. */
  readonly requestOff: number;
  /** Where the descriptor that came with it is put, an int32. */
  readonly fdOff: number;

  constructor(app: AppContext) {
    this.requestOff = app.allocate(MESSAGE_MAX_LEN + 1);
    this.fdOff = app.allocate(4);
    this.reply = new Reply(app.allocate(MESSAGE_MAX_LEN));
  }
}

export class ControlChannel implements Handler {
  readonly #app: AppContext;
  readonly #fd: number;
  readonly #slot: number;
  readonly #trustedUids: readonly (number | null)[];
  readonly #clients = new Set<ControlClient>();
  readonly #exchange: Exchange;
  /** For what comes in between, while `#exchange` is in use. */
  readonly #inner: Exchange;
  /** For what a connect() that waited has come to. */
  readonly #outcome: Reply;

  /** Listens at `path`; `guestUid`: see ServiceOptions. Throws SysError. */
  constructor(app: AppContext, path: string, guestUid: number | null) {
    this.#app = app;
    this.#trustedUids = [0, Deno.uid(), guestUid];
    this.#exchange = new Exchange(app);
    this.#inner = new Exchange(app);
    this.#outcome = new Reply(app.allocate(NUSE_HEADER_LEN));
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
    client.connecting?.connecting.abandon();
    client.connecting = null;
    this.#app.loop.remove(client.slot);
    this.#app.sys.close(client.fd);
    this.#clients.delete(client);
  }

  /** Carries out one request of `client`. */
  serve(client: ControlClient, nowUs: number): void {
    const exchange = this.#exchange;
    const fd = this.#receive(client, exchange);
    if (fd === NOTHING) return;
    if (!isAboutSocket(exchange.request.op) || this.#isKnown(exchange.request.cookie)) {
      return this.#handle(client, exchange, fd, nowUs);
    }
    for (const other of this.#clients) {
      for (let left = CATCH_UP_MAX; other !== client && left > 0; left--) {
        const innerFd = this.#receive(other, this.#inner);
        if (innerFd === NOTHING) break;
        this.#handle(other, this.#inner, innerFd, nowUs);
      }
    }
    this.#handle(client, exchange, fd, nowUs);
  }

  #isKnown(cookie: number): boolean {
    const { endpoints, ended } = this.#app;
    return endpoints.get(cookie) !== null || ended.get(cookie) !== null;
  }

  /** Reads a request. Returns the descriptor that came with it, -1, or NOTHING. */
  #receive(client: ControlClient, exchange: Exchange): number {
    const { sys, base, memory, counters } = this.#app;
    const { request, requestOff, fdOff } = exchange;
    const len = MESSAGE_MAX_LEN + 1;
    const n = sys.recvFd(client.fd, base, requestOff, len, fdOff, MSG_DONTWAIT);
    if (n === -EAGAIN || n === -EINTR) return NOTHING;
    if (n <= 0) {
      this.#drop(client);
      return NOTHING;
    }
    const fd = memory.dv.getInt32(fdOff, true);
    counters.requests++;
    if (request.parse(memory.dv, requestOff, n)) return fd;
    counters.requestsMalformed++;
    if (fd >= 0) sys.close(fd);
    this.#drop(client);
    return NOTHING;
  }

  #handle(client: ControlClient, exchange: Exchange, fd: number, nowUs: number): void {
    const { sys, counters } = this.#app;
    const { request, reply } = exchange;
    if (request.op === NUSE_OP_ATTACH) {
      if (fd >= 0 && this.#add(fd)) counters.clientsAttached++;
      return;
    }
    if (request.op === NUSE_OP_OPEN) return adoptSocket(this.#app, request, fd);
    if (fd >= 0) sys.close(fd);
    if (request.op === NUSE_OP_CANCEL) {
      client.connecting?.connecting.cancel(request.a);
      return;
    }
    reply.clear();
    handleRequest(this.#app, request, reply, client, nowUs);
    if (reply.result === REPLY_DEFERRED) {
      client.connecting = this.#app.endpoints.get(request.cookie) as StreamEndpoint;
    } else if (isAnswered(request)) {
      this.#answer(client, reply);
    }
  }

  #answer(client: ControlClient, reply: Reply): void {
    const { sys, base, memory, counters } = this.#app;
    const len = reply.emit(memory.dv);
    const n = sys.sendFd(client.fd, base, reply.off, len, reply.passFd);
    if (reply.passFd >= 0) sys.close(reply.passFd);
    if (n === len) return;
    counters.repliesLost++;
    this.#drop(client);
  }

  /** The reply to a CONNECT that waited. */
  answerConnect(client: ControlClient, result: number, fillerLen: number): void {
    const reply = this.#outcome;
    const endpoint = client.connecting!;
    client.connecting = null;
    reply.clear();
    reply.result = result;
    reply.state = endpoint.state;
    reply.cookie = endpoint.cookie;
    reply.b = fillerLen;
    this.#answer(client, reply);
  }

  close(): void {
    for (const client of this.#clients) this.#drop(client);
    this.#app.loop.remove(this.#slot);
    this.#app.sys.close(this.#fd);
  }
}
