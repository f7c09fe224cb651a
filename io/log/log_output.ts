/**
 * Where lines go: a descriptor that must not hold the stack up. Lines gather in memory, and `flush`
 * writes, once a wake-up, as much as the descriptor takes without waiting: a pipe that is writable
 * takes PIPE_BUF bytes, and takes them whole, so that the lines of two writers do not mix. A reader
 * that does not keep up makes the oldest lines wait and, when too many do, the newest be left out,
 * which is said in their place.
 *
 * @module
 */
import { POLLERR, POLLNVAL, POLLOUT } from "../../ffi/abi/socket.ts";
import { EAGAIN, EINTR } from "../../ffi/errno.ts";
import { type Libc, libc } from "../../ffi/libc.ts";

const PIPE_BUF = 4096;
/** Bytes, about, that may wait. */
const WAITING_MAX = 1 << 20;

export class LogOutput {
  readonly #sys: Libc = libc();
  readonly #encoder = new TextEncoder();
  readonly #chunk = new Uint8Array(PIPE_BUF);
  #lines: string[] = [];
  #waitingLen = 0;
  #lostCount = 0;
  /** What is left of a line that did not fit one write. */
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #isBroken = false;

  /** `fd` stays its owner's. `lostLine`: what stands in the place of lines that were left out. */
  constructor(readonly fd: number, readonly lostLine: (count: number) => string) {}

  get isEmpty(): boolean {
    return this.#lines.length === 0 && this.#lostCount === 0 && this.#rest.length === 0;
  }

  /** Takes a line, without its newline. */
  add(line: string): void {
    if (this.#isBroken) return;
    if (this.#waitingLen >= WAITING_MAX) {
      this.#lostCount++;
      return;
    }
    if (this.#lostCount > 0) this.#addLostLine();
    this.#push(line);
  }

  /** Writes what can be written at once. */
  flush(): void {
    while (!this.isEmpty && !this.#isBroken && this.#isWritable(0) && this.#writeSome());
  }

  /** Writes everything, waiting for the reader, but not beyond `limitMs` for each piece. */
  finish(limitMs: number): void {
    while (!this.isEmpty && !this.#isBroken && this.#isWritable(limitMs)) this.#writeSome();
  }

  #push(line: string): void {
    this.#lines.push(line);
    this.#waitingLen += line.length + 1;
  }

  #addLostLine(): void {
    this.#push(this.lostLine(this.#lostCount));
    this.#lostCount = 0;
  }

  #isWritable(limitMs: number): boolean {
    const events = this.#sys.poll(this.fd, POLLOUT, limitMs);
    if (events > 0 && (events & (POLLERR | POLLNVAL)) !== 0) this.#giveUp();
    return events > 0 && (events & POLLOUT) !== 0;
  }

  /** One write; true when all of it was taken. */
  #writeSome(): boolean {
    if (this.#rest.length === 0) this.#rest = this.#nextChunk();
    const n = this.#sys.write(this.fd, this.#rest, Math.min(this.#rest.length, PIPE_BUF));
    if (n === -EAGAIN || n === -EINTR) return false;
    if (n < 0) {
      this.#giveUp();
      return false;
    }
    this.#rest = this.#rest.slice(n);
    return this.#rest.length === 0;
  }

  /** As many whole lines as one write takes, one in any case. */
  #nextChunk(): Uint8Array<ArrayBuffer> {
    if (this.#lines.length === 0) this.#addLostLine();
    let used = 0;
    let count = 0;
    for (const line of this.#lines) {
      const { read, written } = this.#encoder.encodeInto(`${line}\n`, this.#chunk.subarray(used));
      if (read <= line.length) break;
      used += written;
      count++;
    }
    const taken = this.#lines.splice(0, Math.max(count, 1));
    for (const line of taken) this.#waitingLen -= line.length + 1;
    return count > 0 ? this.#chunk.slice(0, used) : this.#encoder.encode(`${taken[0]}\n`);
  }

  /** The reader has gone or the disk is full: nobody can be told. */
  #giveUp(): void {
    this.#isBroken = true;
    this.#lines = [];
    this.#rest = new Uint8Array(0);
    this.#lostCount = 0;
  }
}
