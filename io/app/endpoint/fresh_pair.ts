/**
 * A stream that has had a connection, or was a listener, begins anew: connect(2) with AF_UNSPEC,
 * shutdown(SHUT_RD) of a listener. The stack's socket stays, with its options; its pair cannot
 * always, because what a unix socket shows it shows for ever: the peer's FIN, a hang-up, its own
 * shutdown(). Then an endpoint with a fresh pair takes over, whose program's end the reply carries;
 * the socket answers to both cookies (endpoint_table.ts).
 *
 * @module
 */
import { SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import { NUSE_KIND_STREAM, NUSE_STATE_BOUND } from "../../../ffi/shim/protocol.ts";
import { EINVAL, type StreamSocket } from "../../../stack/mod.ts";
import type { Account } from "./account.ts";
import type { AppContext } from "./app_context.ts";
import { EndedSocket } from "./ended_sockets.ts";
import type { Endpoint } from "./endpoint.ts";
import { ListenerEndpoint } from "./listener_endpoint.ts";
import { setUrgentInline } from "./pair.ts";
import { StreamEndpoint } from "./stream_endpoint.ts";
import { sizeForUnsent } from "./unsent.ts";

interface Fresh {
  readonly endpoint: StreamEndpoint;
  readonly programFd: number;
}

/** Gives the socket of `former` a fresh pair. Returns the program's end of it, or -errno. */
export function renewPair(app: AppContext, former: Endpoint, nowUs: number): number {
  const fresh = prepare(app, former.socket as StreamSocket);
  if (typeof fresh === "number") return fresh;
  fresh.endpoint.succeedTo(former);
  if (former instanceof StreamEndpoint) fresh.endpoint.urgent.isWatched = former.urgent.isWatched;
  if (former instanceof ListenerEndpoint) former.loseUnaccepted(nowUs);
  former.detach(nowUs);
  app.drainPair(former.fd); // bytes left behind would show as an error
  former.closePair();
  return start(app, fresh, nowUs);
}

/**
 * connect(2) with AF_UNSPEC on a socket whose pair is closed, for the process of `account`. Returns
 * the program's end of its fresh pair, or -errno.
 */
export function reviveSocket(
  app: AppContext,
  cookie: number,
  ended: EndedSocket,
  account: Account,
  nowUs: number,
): number {
  if (ended.kind !== NUSE_KIND_STREAM) return -EINVAL;
  const room = app.roomFor(account);
  if (room < 0) return room;
  const socket = ended.socket as StreamSocket;
  const fresh = prepare(app, socket);
  if (typeof fresh === "number") return fresh;
  const { addr, port } = ended.local;
  socket.disconnect(nowUs, ended.takeError());
  // Closed, it has lost its port, which somebody else may have by now
  if ((ended.optionState & NUSE_STATE_BOUND) !== 0) socket.bind(addr, port, nowUs);
  const { optionState, holders } = ended;
  fresh.endpoint.succeedTo({ account, optionState, holders, cookie });
  app.ended.remove(cookie);
  app.counters.socketsOpened++;
  return start(app, fresh, nowUs);
}

function prepare(app: AppContext, socket: StreamSocket): Fresh | number {
  const { pairs, sys } = app;
  const opened = pairs.open(SOCK_STREAM);
  if (opened < 0) return opened;
  const { cookie, ownFd, programFd } = pairs;
  sizeForUnsent(sys, programFd, socket);
  if (socket.options.oobInline) setUrgentInline(sys, programFd);
  return { endpoint: new StreamEndpoint(app, socket, ownFd, cookie), programFd };
}

function start({ sys }: AppContext, { endpoint, programFd }: Fresh, nowUs: number): number {
  const attached = endpoint.attach();
  if (attached >= 0) return programFd;
  endpoint.socket.close(nowUs);
  sys.close(endpoint.fd);
  sys.close(programFd);
  return attached;
}
