/**
 * How a stream shows that it has ended before the program was done with it. The pair is closed:
 * that shows as a hang-up, and reads end. Of an error the shim asks (SO_ERROR).
 *
 * A program without the shim is told by the pair itself. Closed with bytes of the program left
 * unread, it shows POLLERR, and gives ECONNRESET once, after all that was to be read (unix(7)). If
 * there are no such bytes we write one, by a copy of the program's own end, whose place the second
 * door has seen. It is ECONNRESET whatever the error is; SO_ERROR gives the right one.
 *
 * The other end of an attempt is here, too: the pair that could not be written to can be again.
 *
 * @module
 */
import { FIONREAD, SHUT_RDWR } from "../../../ffi/abi/socket.ts";
import { EAGAIN, type StreamSocket } from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";
import type { Endpoint } from "./endpoint.ts";
import { setPairBuffer } from "./pair.ts";
import { pairSendBuffer } from "./unsent.ts";

/** A connection, or an attempt at one. */
interface EndingStream extends Endpoint {
  readonly isConnected: boolean;
  readonly connecting: { readonly isOutcomePending: boolean };
  readonly socket: StreamSocket;
}

/**
 * TCP has ended first: before the pair is closed. `soError`: why, as taken from the socket; 0:
 * there is nothing to tell.
 */
export function showEnd(app: AppContext, stream: EndingStream, soError: number): void {
  const isKnown = !stream.isProgramGone || stream.isShutdownAsked;
  const ended = isKnown ? app.ended.add(stream, soError) : null;
  // After the peer's FIN reads give that
  const isTold = soError !== 0 && !stream.socket.isPeerDone;
  if (ended !== null && stream.seenEnd !== null && isTold) {
    ended.isAttempt = !stream.isConnected;
    ended.isOutcomePending = ended.isAttempt && stream.connecting.isOutcomePending;
    ended.isErrorShown = leaveUnread(app, stream);
    if (ended.isErrorShown) return;
  }
  // Unread bytes of the program would give it an ECONNRESET of the kernel's own.
  app.sys.shutdown(stream.fd, SHUT_RDWR);
  app.drainPair(stream.fd);
}

/** False: there is nothing unread, and it cannot be had. */
function leaveUnread({ sys, base, recordOff }: AppContext, { cookie, fd, seenEnd }: EndingStream) {
  if (sys.ioctlInt(fd, FIONREAD) > 0) return true;
  const copy = seenEnd?.copy(cookie) ?? -1;
  if (copy < 0) return false;
  const n = sys.send(copy, base, recordOff, 1, 0, 0, 0);
  sys.close(copy);
  return n > 0 || n === -EAGAIN;
}

/** It is connected: the program's end gets back the SO_SNDBUF that made it unwritable. */
export function widenEnd(app: AppContext, { cookie, seenEnd, socket }: EndingStream): void {
  const copy = seenEnd?.copy(cookie) ?? -1;
  if (copy < 0) return;
  setPairBuffer(app.sys, copy, pairSendBuffer(socket));
  app.sys.close(copy);
}
