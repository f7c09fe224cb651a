/**
 * The headers of the datagrams in a pair that has none in it: the program reads payload there, by
 * read() and recv() without a word to us, and who wants the sender's address asks at the second
 * door. Which datagram lies first in the pair is told by how many bytes are unread in all
 * (FIONREAD): so many as those of the headers from it on.
 *
 * @module
 */
import {
  DGRAM_HEADER_LEN,
  DGRAM_PAYLOAD_LEN_OFF,
  DGRAM_TIME_OFF,
  type Memory,
} from "../../../stack/mod.ts";

/** More datagrams than a pair has room for. */
const HEADERS_MAX = 4096;
const US_PER_MS = 1000n;

interface Received {
  /** null: not a datagram, but an empty message that shows that there is an error. */
  readonly header: Uint8Array | null;
  readonly payloadLen: number;
  /** When it came, microseconds of CLOCK_REALTIME. */
  readonly timeUs: bigint;
}

export class PlainInbox {
  #received: Received[] = [];
  /** When what was read last had come, microseconds of CLOCK_REALTIME; 0: nothing was. */
  lastReadUs = 0n;

  constructor(readonly memory: Memory) {}

  /** The datagram whose header is at `off` has been put into the pair. */
  push(off: number): void {
    const { dv, u8 } = this.memory;
    const payloadLen = dv.getInt32(off + DGRAM_PAYLOAD_LEN_OFF, true);
    const timeUs = dv.getBigUint64(off + DGRAM_TIME_OFF, true) || BigInt(Date.now()) * US_PER_MS;
    this.#received.push({ header: u8.slice(off, off + DGRAM_HEADER_LEN), payloadLen, timeUs });
    if (this.#received.length >= 2 * HEADERS_MAX) this.#received.splice(0, HEADERS_MAX);
  }

  /** An empty message has been put into the pair, for poll() to show that there is an error. */
  pushMark(): void {
    this.#received.push({ header: null, payloadLen: 0, timeUs: 0n });
  }

  /** Whether there may be such a message in the pair. */
  get hasMark(): boolean {
    return this.#received.some(({ header }) => header === null);
  }

  /** Whether what `first` has found is such a message. */
  get isMarkFirst(): boolean {
    return this.#received.length > 0 && this.#received[0].header === null;
  }

  /**
   * The header of the datagram of `payloadLen` bytes that lies first where `unreadBytes` are
   * unread; null: it has none.
   */
  first(unreadBytes: number, payloadLen: number): Uint8Array | null {
    const all = this.#received;
    let from = all.length;
    for (let bytes = 0; from > 0; from--) {
      bytes += all[from - 1].payloadLen;
      if (bytes > unreadBytes) break;
    }
    // Empty ones that have been read already do not count.
    while (from < all.length && all[from].payloadLen !== payloadLen) from++;
    for (const read of all.splice(0, from)) this.#noteRead(read);
    return all[0]?.header ?? null;
  }

  /** The first one has been read. */
  shift(): void {
    const read = this.#received.shift();
    if (read !== undefined) this.#noteRead(read);
  }

  #noteRead({ header, timeUs }: Received): void {
    if (header !== null) this.lastReadUs = timeUs;
  }
}
