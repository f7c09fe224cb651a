/**
 * What a datagram socket has for its program: datagrams, and at most one pending error. The error
 * is soError and a DGRAM_ERROR record among the datagrams at once: told by the record when that is
 * consumed, or by a send, which takes the record along. Only who takes soError alone leaves the
 * record, as the service does, which hands it on to the program.
 *
 * @module
 */
import type { Packet } from "../base/packet.ts";
import { DGRAM_HEADER_LEN } from "./datagram_header.ts";
import { emitError, emitReceived } from "./datagram_header.ts";
import { RecordQueue } from "./record_queue.ts";
import type { SocketEnv } from "./socket_env.ts";

const NONE = -1;

export class ReceiveQueue {
  /** Pending error, 0: none. */
  error = 0;
  readonly records: RecordQueue;
  /** Datagrams that there was no room for, mod 2^32 (SO_RXQ_OVFL). */
  drops = 0;
  /** Id of the error's record in the queue. */
  #errorRecord = NONE;

  constructor(readonly env: SocketEnv, limitBytes: number) {
    this.records = new RecordQueue(env.memory, limitBytes);
  }

  /** Appends a datagram of `len` bytes at `off`; false when the queue is full. */
  push(pkt: Packet, off: number, len: number, port: number): boolean {
    const record = this.records.push(len);
    if (record < 0) {
      this.drops = (this.drops + 1) >>> 0;
      return false;
    }
    const { memory, clock } = this.env;
    emitReceived(memory.dv, record, pkt, port, len, pkt.nowUs + clock.offsetUs, this.drops);
    memory.u8.copyWithin(record + DGRAM_HEADER_LEN, off, off + len);
    return true;
  }

  /** An error is pending; of several the latest. */
  fail(errno: number): void {
    const { records } = this;
    this.error = errno;
    if (this.#errorRecord === NONE) {
      const id = records.nextId;
      if (records.push(0) < 0) return;
      this.#errorRecord = id;
    }
    emitError(this.env.memory.dv, records.offsetOf(this.#errorRecord), errno);
  }

  /** The program has the first `n` records. */
  consume(n: number): void {
    this.records.consume(Math.min(n, this.records.count));
    if (this.#errorRecord === NONE || this.records.has(this.#errorRecord)) return;
    this.#errorRecord = NONE;
    this.error = 0;
  }

  /** Returns the error and clears it; its record stays. */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  /** Returns the error and clears it, and its record: it is being told by another call. */
  takeErrorAndRecord(): number {
    if (this.#errorRecord !== NONE) this.records.remove(this.#errorRecord);
    this.#errorRecord = NONE;
    return this.takeError();
  }
}
