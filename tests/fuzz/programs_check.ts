/**
 * What programs may rely on: every byte that was acknowledged for them is there to be read, and
 * they are told of everything they may be waiting for. A wake-up that is lost is a program that
 * hangs.
 *
 * @module
 */
import {
  type DatagramSocket,
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_READABLE,
  EVENT_WRITABLE,
  type Socket,
  type StreamSocket,
} from "../../stack/mod.ts";
import { State, stateName } from "../../stack/tcp/base/state.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import type { Calls, Slot } from "./calls.ts";
import { Failure } from "./failure.ts";

/** What a socket looked like at the last check. */
interface Seen {
  tcb: Tcb | null;
  state: State;
  receivedBytes: number;
  isFinReceived: boolean;
  records: number;
}

export class ProgramsCheck {
  readonly #seen = new WeakMap<Socket, Seen>();
  /** EVENT_* that owners were told since. */
  readonly #told = new WeakMap<Socket, number>();

  constructor(readonly calls: Calls) {}

  /** The stack has told the socket's owner: EVENT_* bits. */
  onEvents(socket: Socket, bits: number): void {
    this.#told.set(socket, (this.#told.get(socket) ?? 0) | bits);
  }

  #takeTold(socket: Socket): number {
    const bits = this.#told.get(socket) ?? 0;
    this.#told.delete(socket);
    return bits;
  }

  check(): void {
    for (const slot of this.calls.slots) {
      if (slot === null || slot === undefined) continue;
      if (slot.socket.kind === "stream") this.#checkStream(slot, slot.socket as StreamSocket);
      else this.#checkDatagrams(slot, slot.socket as DatagramSocket);
    }
  }

  #checkStream(slot: Slot, socket: StreamSocket): void {
    const tcb = this.calls.tcb(slot);
    const before = this.#seen.get(socket);
    const now = look(slot, tcb);
    this.#seen.set(socket, now);
    const told = this.#takeTold(socket);
    if ((told & EVENT_WRITABLE) !== 0) slot.isBlocked = false;
    if (tcb === null) return;
    this.#checkBytes(slot, tcb);
    if (before === undefined || before.tcb !== tcb) return;
    const must = (bits: number, what: string) => {
      if ((told & bits) === 0) this.#fail(tcb, `${what}, and the program was not told`);
    };
    if (now.receivedBytes > before.receivedBytes && !tcb.isRcvShutdown) {
      must(EVENT_READABLE, "text has come");
    }
    if (now.isFinReceived && !before.isFinReceived) must(EVENT_READABLE, "the end has come");
    if (now.state === State.ESTABLISHED && before.state === State.SYN_SENT) {
      must(EVENT_CONNECTED, "connected");
    }
    if (now.state === State.CLOSED && before.state !== State.CLOSED && !slot.hasEnded) {
      must(EVENT_CLOSED | EVENT_ERROR, "closed");
    }
    const isIdle = tcb.state === State.ESTABLISHED && tcb.sndRing.usedBytes === 0 &&
      tcb.sndBufBytes > 0;
    if (slot.isBlocked && isIdle && !tcb.isFinQueued) {
      this.#fail(tcb, "everything is acknowledged, and a blocked writer was not told");
    }
  }

  /** Every byte up to RCV.NXT has been read or waits to be. */
  #checkBytes(slot: Slot, tcb: Tcb): void {
    if (slot.isDiscarding || tcb.isRcvShutdown || tcb.state <= 0) return;
    if (tcb.state === State.CLOSED || tcb.state === State.SYN_SENT) return;
    const taken = ((tcb.rcvNxt - tcb.irs) | 0) - 1 - (tcb.isFinReceived ? 1 : 0);
    const there = slot.readBytes + tcb.rcvRing.usedBytes;
    if (taken !== there) this.#fail(tcb, `${taken} bytes acknowledged, ${there} delivered`);
  }

  #checkDatagrams(slot: Slot, socket: DatagramSocket): void {
    const before = this.#seen.get(socket);
    const now = look(slot, null);
    now.records = slot.takenRecords + socket.recvCount();
    this.#seen.set(socket, now);
    const told = this.#takeTold(socket);
    if (before !== undefined && now.records > before.records && (told & EVENT_READABLE) === 0) {
      throw new Failure("program: a datagram has come, and the program was not told");
    }
  }

  #fail(tcb: Tcb, what: string): never {
    throw new Failure(`program (${stateName(tcb.state)}): ${what}`);
  }
}

function look(slot: Slot, tcb: Tcb | null): Seen {
  return {
    tcb,
    state: tcb === null ? State.CLOSED : tcb.state,
    receivedBytes: tcb === null ? 0 : slot.readBytes + tcb.rcvRing.usedBytes,
    isFinReceived: tcb !== null && tcb.isFinReceived,
    records: 0,
  };
}
