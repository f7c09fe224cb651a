/**
 * Where a program behind the second door holds its end of a pair: in which process, under which
 * number. It may have been closed, or have become something else, without a word to us: the cookie
 * tells.
 *
 * @module
 */
import type { DoorCalls } from "../../../ffi/door.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { Endpoint, SeenEnd } from "../endpoint/endpoint.ts";
import type { DoorProcess } from "./door_threads.ts";

export class ProgramEnd implements SeenEnd {
  constructor(
    readonly app: AppContext,
    readonly calls: DoorCalls,
    readonly process: DoorProcess,
    readonly number: number,
  ) {}

  copy(cookie: number): number {
    if (this.process.isForgotten) return -1;
    const { pairs, sys } = this.app;
    const fd = this.calls.get(this.process.pidfd, this.number);
    if (fd >= 0 && pairs.cookieOf(fd) === cookie) return fd;
    if (fd >= 0) sys.closeLater(fd); // something else
    return -1;
  }
}

/** The program has been seen to hold its end of the pair of `endpoint` there. */
export function noteEnd(
  app: AppContext,
  calls: DoorCalls,
  endpoint: Endpoint | null,
  process: DoorProcess,
  number: number,
): void {
  const known = endpoint?.seenEnd;
  if (endpoint === null) return;
  if (known instanceof ProgramEnd && known.process === process && known.number === number) return;
  endpoint.seenEnd = new ProgramEnd(app, calls, process, number);
}
