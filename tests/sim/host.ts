/**
 * A simulated machine: one Stack with a memory of its own, a network interface per link, and the
 * applications that own its sockets. It stands where the event loop of io/ stands on the wire, and
 * calls the stack in the same order: input, timers, applications, flush.
 *
 * @module
 */
import {
  BuddyMemory,
  type DeviceCaps,
  type LinkDevice,
  type LogSink,
  RxFrames,
  type Socket,
  Stack,
  type StackOptions,
  type TxFrames,
} from "../../stack/mod.ts";
import { addressFor, type Family } from "../support/families.ts";
import type { WireFrame } from "../support/packet_types.ts";
import { segmentFrame, takeRow } from "../support/offload.ts";
import { FLOW_TCB } from "../../stack/tcp/base/flow.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import { tcbText } from "../support/tcb.ts";
import { coalesce } from "./gro.ts";
import type { Prng } from "../support/prng.ts";

const RX_SLOT_LEN = 70_000;
const PREFIX_LEN = 24;

export interface HostOptions {
  /** What it has addresses of, and its sockets speak. */
  family: Family;
  memoryBytes: number;
  /** Buffer to build the memory on (dirty on purpose, to save allocating one for each run). */
  buffer: ArrayBuffer | null;
  /** From a frame's arrival to the wake-up that handles it and all that came meanwhile. */
  wakeDelayUs: number;
  config: StackOptions["config"];
  /** By default nothing is listened to, and nothing may be told. */
  log: LogSink;
}

/** What owns a socket. */
export interface App {
  onEvents(socket: Socket, events: number, nowUs: number): void;
}

export interface NicOptions {
  addr: number;
  mtu: number;
  offload: boolean;
  /** Coalesce what arrives in one wake-up. */
  gro: boolean;
}

/** One end of a link. */
export class Nic implements LinkDevice {
  readonly caps: DeviceCaps;
  readonly mtu: number;
  readonly mac: Uint8Array;
  ifIndex = 0;
  /** Frames that arrived and wait for the host's wake-up. */
  readonly waiting: WireFrame[] = [];
  /** Where transmitted frames go. `keepGso`: the far side takes 64 KiB frames as they are. */
  send: (frame: WireFrame) => void = () => {};
  keepGso = false;

  constructor(readonly host: Host, readonly options: NicOptions) {
    const on = options.offload;
    this.caps = { csum: on, tso: on, uso: on, gsoMaxBytes: on ? 65535 : 0 };
    this.mtu = options.mtu;
    const a = options.addr;
    this.mac = Uint8Array.of(2, 0, a >>> 24, a >>> 16, a >>> 8, a);
  }

  transmit(tx: TxFrames): void {
    for (let row = 0; row < tx.count; row++) {
      const frame = takeRow(tx, row);
      if (this.keepGso) this.send(frame);
      else for (const piece of segmentFrame(frame)) this.send(piece);
    }
  }

  deliver(frame: WireFrame, nowUs: number): void {
    this.waiting.push(frame);
    this.host.wakeSoon(nowUs);
  }
}

export class Host {
  readonly stack: Stack;
  readonly memory: BuddyMemory;
  readonly nics: Nic[] = [];
  /** usedBytes once the interfaces were there and nothing else. */
  idleBytes = 0;
  #isWakeDue = false;
  readonly #rx = new RxFrames(1);
  readonly #rxOff: number;

  constructor(
    readonly name: string,
    readonly options: HostOptions,
    readonly prng: Prng,
    startUs: number,
    readonly schedule: (atUs: number, run: (nowUs: number) => void) => void,
  ) {
    const buffer = options.buffer ?? new ArrayBuffer(options.memoryBytes);
    this.memory = new BuddyMemory(buffer);
    this.stack = new Stack({
      memory: this.memory,
      random: () => prng.next(),
      nowUs: startUs,
      config: options.config,
      log: options.log,
    });
    this.#rxOff = this.memory.alloc(RX_SLOT_LEN);
  }

  addNic(options: NicOptions, nowUs: number): Nic {
    const nic = new Nic(this, options);
    const { index } = this.stack.addInterface({
      name: `eth${this.nics.length}`,
      mac: nic.mac,
      link: nic,
    });
    nic.ifIndex = index;
    this.nics.push(nic);
    const result = this.#addAddress(index, options.addr, nowUs);
    if (result !== 0) throw new Error(`addAddress: ${result}`);
    this.stack.flush(nowUs);
    this.idleBytes = this.memory.usedBytes;
    return nic;
  }

  #addAddress(index: number, word: number, nowUs: number): number {
    const { family } = this.options;
    const prefixLen = family === 4 ? PREFIX_LEN : 128 - 32 + PREFIX_LEN;
    return this.stack.addAddress(index, addressFor(family, word), prefixLen, nowUs);
  }

  wakeSoon(nowUs: number): void {
    if (this.#isWakeDue) return;
    this.#isWakeDue = true;
    this.schedule(nowUs + this.options.wakeDelayUs, (at) => this.#wake(at));
  }

  #wake(nowUs: number): void {
    this.#isWakeDue = false;
    for (const nic of this.nics) {
      const batch = nic.waiting.splice(0);
      for (const frame of nic.options.gro ? coalesce(batch) : batch) this.#input(nic, frame, nowUs);
    }
    this.turn(nowUs);
  }

  #input(nic: Nic, frame: WireFrame, nowUs: number): void {
    const rx = this.#rx;
    const len = frame.bytes.length;
    this.memory.u8.set(frame.bytes, this.#rxOff);
    rx.off[0] = this.#rxOff;
    rx.len[0] = len;
    rx.csum[0] = frame.csum;
    rx.gsoType[0] = frame.gsoType;
    rx.gsoSize[0] = frame.gsoSize;
    rx.count = 1;
    this.stack.input(nic.ifIndex, rx, 0, nowUs);
    // Nothing may point into the receive buffer after input: make sure that it would be noticed.
    this.memory.u8.fill(0xa5, this.#rxOff, this.#rxOff + Math.min(len, 2048));
  }

  /** Every connection in a line, for the message of a failure. */
  describe(nowUs: number): string {
    const lines = [`${this.name}: pollAtUs +${this.stack.pollAtUs() - nowUs}`];
    this.stack.tcp.demux.forEach((flow) => {
      const name = `${flow.localPort}-${flow.remotePort}`;
      lines.push(`  ${name}: ` + (flow.kind === FLOW_TCB ? tcbText(flow as Tcb, nowUs) : "no TCB"));
    });
    return lines.join("\n");
  }

  /** Timers, applications, flush: one turn of the loop without new frames. */
  turn(nowUs: number): void {
    this.stack.poll(nowUs);
    this.#serve(nowUs);
    this.stack.flush(nowUs);
    this.#serve(nowUs);
    this.stack.flush(nowUs);
  }

  #serve(nowUs: number): void {
    for (let n = 0; n < 10_000; n++) {
      const socket = this.stack.takeReady();
      if (!socket) return;
      const events = socket.events;
      socket.events = 0;
      (socket.owner as App | null)?.onEvents(socket, events, nowUs);
    }
    throw new Error(`${this.name}: the ready list does not drain`);
  }
}
