/**
 * One end of a verified two-way transfer: writes a position-derived stream in random pieces with
 * random pauses, reads and checks the other one, half-closes, closes. Both ends are of this class.
 *
 * @module
 */
import {
  EVENT_CONNECTED,
  EVENT_ERROR,
  type Socket,
  type StreamSocket,
} from "../../stack/socket/api.ts";
import { checkPattern, fillPattern } from "../support/pattern.ts";
import type { Prng } from "../support/prng.ts";
import type { App, Host } from "./host.ts";
import type { Simulator } from "./simulator.ts";

const SHUT_WR = 1;

export interface TransferOptions {
  /** Stream that we write, and how much of it. */
  sendKey: number;
  sendBytes: number;
  /** Stream that we read, and how much is to come. -1: whatever comes before the FIN. */
  recvKey: number;
  recvBytes: number;
  /** Largest single write and read. */
  writeMax: number;
  readMax: number;
  /** Chance to pause after a write or a read, and for how long at most. */
  pauseChance: number;
  pauseMaxUs: number;
  /** close() at once when all is written and read, without the half-close before. */
  closesAbruptly: boolean;
  /**
   * Sends its FIN only after the other side's: the other side is no orphan while it has data to
   * deliver.
   */
  finishesLast: boolean;
  /** abort() once this much has been sent and received together; -1: never. */
  abortAtBytes: number;
  /** Errors are part of the game (the other side aborts). */
  mayFail: boolean;
}

export const PLAIN_TRANSFER: TransferOptions = {
  sendKey: 1,
  sendBytes: 0,
  recvKey: 2,
  recvBytes: 0,
  writeMax: 1 << 20,
  readMax: 1 << 20,
  pauseChance: 0,
  pauseMaxUs: 0,
  closesAbruptly: false,
  finishesLast: false,
  abortAtBytes: -1,
  mayFail: false,
};

export class Transfer implements App {
  sent = 0;
  received = 0;
  isConnected = false;
  hasEof = false;
  /** We called close() or abort(). */
  isClosed = false;
  error = 0;
  /** When the last byte of the stream to us arrived. */
  lastByteUs = 0;
  readonly options: TransferOptions;
  #isShut = false;
  #isWritePaused = false;
  #isReadPaused = false;
  readonly #prng: Prng;

  constructor(
    readonly sim: Simulator,
    readonly host: Host,
    readonly socket: StreamSocket,
    options: Partial<TransferOptions>,
  ) {
    this.options = { ...PLAIN_TRANSFER, ...options };
    this.#prng = sim.prng.fork();
    socket.owner = this;
  }

  /** Closed here, and the stack has let go of the connection. */
  get isOver(): boolean {
    return this.isClosed && this.socket.stateName === "CLOSED";
  }

  onEvents(_socket: Socket, events: number, nowUs: number): void {
    if (events & EVENT_CONNECTED) this.isConnected = true;
    if (events & EVENT_ERROR && !this.isClosed) {
      this.error = this.socket.takeError();
      if (!this.options.mayFail) throw new Error(`${this.host.name}: socket error ${this.error}`);
      this.isClosed = true;
      this.socket.close(nowUs);
      return;
    }
    this.pump(nowUs);
  }

  /** Writes and reads what can be written and read now. */
  pump(nowUs: number): void {
    if (this.isClosed) return;
    if (this.isConnected) this.#write(nowUs);
    this.#read(nowUs);
    if (this.options.abortAtBytes >= 0 && this.sent + this.received >= this.options.abortAtBytes) {
      this.abort(nowUs);
      return;
    }
    this.#finish(nowUs);
  }

  /** Gives up: RST, if there is still somebody to tell. */
  abort(nowUs: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.abort(nowUs);
    this.socket.close(nowUs);
  }

  #write(nowUs: number): void {
    const o = this.options;
    while (!this.#isWritePaused && this.sent < o.sendBytes) {
      const space = this.socket.sendSpace();
      if (space === 0) return;
      const want = Math.min(space, o.sendBytes - this.sent, 1 + this.#prng.below(o.writeMax));
      const { off0, len0, off1, len1 } = this.socket.sendSpan(want);
      const { u8 } = this.host.memory;
      const got = len0 + len1;
      if (got > want) throw new Error(`${this.host.name}: sendSpan(${want}) gave ${got}`);
      // Space, but no memory for the ring just now: the stack says so by EVENT_WRITABLE later.
      if (got === 0) return;
      fillPattern(u8, off0, len0, o.sendKey, this.sent);
      fillPattern(u8, off1, len1, o.sendKey, this.sent + len0);
      this.socket.sendCommit(got, nowUs);
      this.sent += got;
      if (this.#prng.chance(o.pauseChance)) this.#pause("write");
    }
  }

  #read(nowUs: number): void {
    const o = this.options;
    while (!this.#isReadPaused) {
      const available = this.socket.recvAvailable();
      if (available === 0) break;
      const want = Math.min(available, 1 + this.#prng.below(o.readMax));
      const { off0, len0, off1, len1 } = this.socket.recvSpan(want);
      if (len0 + len1 !== want) {
        throw new Error(`${this.host.name}: recvSpan(${want}) gave ${len0} + ${len1}`);
      }
      this.#verify(off0, len0, this.received);
      this.#verify(off1, len1, this.received + len0);
      this.socket.recvConsume(want, nowUs);
      this.received += want;
      this.lastByteUs = nowUs;
      if (o.recvBytes >= 0 && this.received > o.recvBytes) {
        throw new Error(`${this.host.name}: ${this.received} bytes came, ${o.recvBytes} were sent`);
      }
      if (this.#prng.chance(o.pauseChance)) this.#pause("read");
    }
    if (!this.hasEof && this.socket.recvEof) this.#eof();
  }

  #verify(off: number, len: number, pos: number): void {
    const at = checkPattern(this.host.memory.u8, off, len, this.options.recvKey, pos);
    if (at >= 0) throw new Error(`${this.host.name}: wrong byte at stream position ${pos + at}`);
  }

  #eof(): void {
    const { recvBytes, mayFail } = this.options;
    this.hasEof = true;
    if (recvBytes >= 0 && this.received !== recvBytes && !mayFail) {
      throw new Error(`${this.host.name}: end of stream after ${this.received} of ${recvBytes}`);
    }
  }

  #finish(nowUs: number): void {
    const o = this.options;
    if (this.sent < o.sendBytes || !this.isConnected) return;
    const gotAll = o.recvBytes >= 0 && this.received === o.recvBytes;
    if (this.hasEof || (gotAll && o.closesAbruptly)) {
      this.isClosed = true;
      this.socket.close(nowUs);
    } else if (!this.#isShut && !o.finishesLast) {
      this.#isShut = true;
      const result = this.socket.shutdown(SHUT_WR, nowUs);
      if (result !== 0 && !o.mayFail) throw new Error(`${this.host.name}: shutdown: ${result}`);
    }
  }

  #pause(what: "write" | "read"): void {
    if (what === "write") this.#isWritePaused = true;
    else this.#isReadPaused = true;
    this.sim.after(1 + this.#prng.below(this.options.pauseMaxUs), (nowUs) => {
      if (what === "write") this.#isWritePaused = false;
      else this.#isReadPaused = false;
      this.pump(nowUs);
      this.host.turn(nowUs);
    });
  }
}
