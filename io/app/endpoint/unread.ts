/**
 * What lies in a stream's pair and has not been read by the program. The kernel's TCP counts
 * received data against SO_RCVBUF until the program has read it; ours has handed it over by then:
 *
 *     peer ──► window ──► receive ring ──► pair ──► program
 *              |◄──────── SO_RCVBUF ─────────►|
 *
 * So the service asks the kernel how much lies in the pair (SIOCOUTQ), and the stack takes it off
 * the window. It is asked once for each eighth of the window, so bulk data costs one question in
 * some hundred KiB, and a request and its reply next to none. While a quarter of the window lies
 * there, the endpoint watches the program's reads too (EPOLLOUT), so that the window opens again.
 *
 * The kernel tells memory, not bytes: small pieces take much more of it. As few bytes as have been
 * handed over since the pair was empty the pair holds at most.
 *
 * @module
 */
import { SIOCOUTQ } from "../../../ffi/abi/socket.ts";
import type { Libc } from "../../../ffi/libc.ts";
import type { StreamSocket } from "../../../stack/mod.ts";

/** Parts of the window: so much may be handed over unasked, and lie there without being watched. */
const ASK_SHIFT = 3;
const WATCH_SHIFT = 2;

export class Unread {
  /** Bytes handed over since the pair was empty, and since it was asked for. */
  #handedBytes = 0;
  #unaskedBytes = 0;

  /** `fd`: our end of the pair. */
  constructor(readonly sys: Libc, readonly fd: number) {}

  /** `n` bytes have been handed over. True: it is time to `measure`. */
  handOver(n: number, windowBytes: number): boolean {
    this.#handedBytes += n;
    this.#unaskedBytes += n;
    return this.#unaskedBytes > windowBytes >> ASK_SHIFT;
  }

  /** Bytes in the pair, at most. */
  measure(): number {
    this.#unaskedBytes = 0;
    const charged = this.sys.ioctlInt(this.fd, SIOCOUTQ);
    if (charged <= 0) this.#handedBytes = 0;
    return Math.min(charged, this.#handedBytes);
  }
}

/** Whether so much is unread that the window depends on the program's reads. */
export function isMuchUnread(unreadBytes: number, windowBytes: number): boolean {
  return unreadBytes > windowBytes >> WATCH_SHIFT;
}

/**
 * SO_RCVLOWAT: whether what has come stays out of the pair, so that poll() does not tell of it:
 * there is less than the program wants at once, and more may come (Linux tcp_stream_is_readable).
 */
export function isBelowLowat(socket: StreamSocket, unread: Unread): boolean {
  const { receiveLowat } = socket.options;
  if (receiveLowat <= 1 || socket.isPeerDone) return false;
  if (socket.urgentOffset >= 0) return false;
  const bytes = socket.recvAvailable() + unread.measure();
  return bytes < receiveLowat && bytes + socket.smss < socket.receiveSpace;
}
