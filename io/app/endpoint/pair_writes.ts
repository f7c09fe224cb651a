/**
 * What the program says of the bytes that it writes. It does not go through the pair but comes by
 * request (MORE): that more will follow (MSG_MORE), where a record ends (MSG_EOR), which byte is
 * urgent (MSG_OOB). Places are kept as the number of bytes that are to be read from the pair up to
 * them. The end of a record is told after the bytes; the urgent byte before them, or it might have
 * left as an ordinary one.
 *
 * A program without the shim writes its urgent byte into the pair as one. That shows as EPOLLPRI, a
 * read ends before it, and SIOCATMARK tells when it is the next. SO_OOBINLINE on our end is set
 * before that (the second door hears of MSG_OOB), or a read would pass over the byte.
 *
 * @module
 */
import { FIONREAD, SIOCATMARK } from "../../../ffi/abi/socket.ts";
import type { Libc } from "../../../ffi/libc.ts";
import type { StreamSocket } from "../../../stack/mod.ts";
import { setUrgentInline } from "./pair.ts";
import { RecordEnds } from "./record_ends.ts";

export class PairWrites {
  /** MSG_MORE: what the program has written is not all. */
  #hasMore = false;
  readonly #records = new RecordEnds();
  /** Only the last urgent byte counts, as everywhere in TCP; 0: there is none. */
  #urgentEnd = 0;
  /** An urgent byte lies in the pair as one: a short read does not mean that it is empty. */
  #hasMark = false;
  #isAtMark = false;

  /** `fd`: our end of the pair. */
  constructor(readonly sys: Libc, readonly fd: number, readonly socket: StreamSocket) {}

  /** How many bytes may be read in one piece: of the next one. */
  nextPiece(): number {
    this.#isAtMark = this.#hasMark && this.sys.ioctlInt(this.fd, SIOCATMARK) > 0;
    if (this.#isAtMark) return 1;
    const { nextBytes } = this.#records;
    return this.#urgentEnd === 0 ? nextBytes : Math.min(nextBytes, this.#urgentEnd);
  }

  /**
   * `n` bytes of the piece have been read from the pair into the span of the socket; 0: the pair is
   * empty.
   */
  commit(n: number, nowUs: number): void {
    if (n === 0) this.#hasMark = false;
    const isRecordEnd = n > 0 && this.#records.pass(n);
    this.socket.sendCommit(n, nowUs, this.#hasMore, isRecordEnd);
    if (this.#isAtMark && n > 0) this.socket.sendUrgent();
    if (this.#urgentEnd === 0) return;
    this.#urgentEnd -= n;
    if (this.#urgentEnd === 0) this.socket.sendUrgent();
  }

  get isPairEmpty(): boolean {
    return this.#leftInPair() === 0;
  }

  get hasMark(): boolean {
    return this.#hasMark;
  }

  /** The program is about to write an urgent byte into the pair. */
  expectMark(): void {
    setUrgentInline(this.sys, this.fd);
  }

  /** EPOLLPRI */
  noteMark(): void {
    this.#hasMark = true;
    this.expectMark();
  }

  // ---- requests: what was written before has been read, as far as there was room

  /** MSG_MORE begins or ends. */
  setMore(isOn: boolean, isConnected: boolean, nowUs: number): void {
    if (this.#hasMore === isOn) return;
    this.#hasMore = isOn;
    if (!isOn && isConnected) this.socket.sendCommit(0, nowUs, false);
  }

  /** What `take` reads from the pair is not all, and nobody will say when it is. */
  takeUnfinished(take: () => void): void {
    const before = this.#hasMore;
    this.#hasMore = true;
    take();
    this.#hasMore = before;
  }

  /** MSG_EOR: what was written up to now ends a record. */
  endRecord(nowUs: number): void {
    const left = this.#leftInPair();
    if (left === 0) this.socket.sendCommit(0, nowUs, this.#hasMore, true);
    else this.#records.add(left);
  }

  /** MSG_OOB: the last of the next `n` bytes that the program writes is urgent. */
  expectUrgent(n: number): void {
    this.#urgentEnd = this.#leftInPair() + n;
  }

  /** The last `missing` of these have not been written, or (`isNone`) none. */
  shortenUrgent(missing: number, isNone: boolean): void {
    if (this.#urgentEnd === 0) return;
    this.#urgentEnd = isNone ? 0 : Math.max(0, this.#urgentEnd - missing);
    if (this.#urgentEnd === 0 && !isNone) this.socket.sendUrgent();
  }

  #leftInPair(): number {
    return Math.max(0, this.sys.ioctlInt(this.fd, FIONREAD));
  }
}
