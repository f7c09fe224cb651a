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
import { JoinedDatagrams } from "./joined_datagrams.ts";
import { RecordQueue } from "./record_queue.ts";
import type { SocketOptions } from "../base/socket_options.ts";
import type { MemoryUse } from "./option_host.ts";
import type { SocketEnv } from "./socket_env.ts";

const NONE = -1;

export class ReceiveQueue {
  /** Pending error, 0: none. */
  error = 0;
  readonly records: RecordQueue;
  /** Datagrams that there was no room for, mod 2^32 (SO_RXQ_OVFL). */
  drops = 0;
  #joined: JoinedDatagrams | null = null;
  /** Id of the error's record in the queue. */
  #errorRecord = NONE;

  constructor(readonly env: SocketEnv, limitBytes: number) {
    this.records = new RecordQueue(env.memory, limitBytes);
  }

  /** Appends a datagram of `len` bytes at `off`; false when the queue is full. */
  push(pkt: Packet, off: number, len: number, port: number, fragSize = 0, extras = 0): boolean {
    const record = this.records.push(len);
    if (record < 0) {
      this.drops = (this.drops + 1) >>> 0;
      return false;
    }
    const { memory, clock } = this.env;
    const realtimeUs = pkt.nowUs + clock.offsetUs;
    emitReceived(memory.dv, record, pkt, port, len, realtimeUs, this.drops, fragSize, extras);
    memory.u8.copyWithin(record + DGRAM_HEADER_LEN, off, off + len);
    return true;
  }

  /** As `push`, with what the options want of it. `extras`: of received_extras.ts, by number. */
  take(
    pkt: Packet,
    off: number,
    len: number,
    port: number,
    segment: number,
    { recvFragSize, recvFragSize6, udpGro }: SocketOptions,
    extras: number,
  ): boolean {
    const isAsked = pkt.family === 6 ? recvFragSize6 : recvFragSize;
    const fragSize = isAsked ? pkt.fragSize : 0;
    if (udpGro && extras === 0) return this.#pushJoined(pkt, off, len, port, fragSize, segment);
    return this.push(pkt, off, len, port, fragSize, extras);
  }

  /** What waits has not been sent: datagrams leave at once. */
  get memoryUse(): MemoryUse {
    return { heldBytes: this.records.payloadBytes, queuedBytes: 0, dropCount: this.drops };
  }

  /**
   * With UDP_GRO: joined to the datagrams of its flow that wait last in the queue, if it
   * can be. `segment`: they are several already, of so many bytes each.
   */
  #pushJoined(
    pkt: Packet,
    off: number,
    len: number,
    port: number,
    fragSize: number,
    segment: number,
  ): boolean {
    const joined = this.#joined ??= new JoinedDatagrams(this.env.memory, this.records);
    if (segment === 0 && fragSize === 0 && joined.append(pkt, off, len, port)) return true;
    const id = this.records.nextId;
    if (!this.push(pkt, off, len, port, fragSize)) return false;
    joined.begin(id, pkt, len, segment);
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
