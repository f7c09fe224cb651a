/**
 * What clients, request handlers and endpoints share: the stack, the loop, memory, tables, limits.
 *
 * @module
 */
import type { Arena } from "../../../ffi/arena.ts";
import { MSG_DONTWAIT } from "../../../ffi/abi/socket.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import { NUSE_ACCEPT_LEN } from "../../../ffi/shim/protocol.ts";
import {
  DGRAM_HEADER_LEN,
  EMFILE,
  ENFILE,
  ENOMEM,
  type Memory,
  type Stack,
} from "../../../stack/mod.ts";
import { OwnEvent } from "../../log/own_events.ts";
import type { OwnLog } from "../../log/own_log.ts";
import type { EventLoop } from "../../loop/loop.ts";
import { SysError } from "../../../ffi/errno.ts";
import { measureRecordCharge } from "./accept_record.ts";
import { type Account, Accounts, isWithinShare } from "./account.ts";
import { AppCounters } from "./counters.ts";
import { DatagramSlots } from "./datagram_slots.ts";
import { EndedSockets } from "./ended_sockets.ts";
import { ParkedCalls } from "./parked.ts";
import { WaitLimits } from "./wait_limits.ts";
import { Reports } from "../protocol/reports.ts";
import type { Endpoint } from "./endpoint.ts";
import { EndpointTable } from "./endpoint_table.ts";
import { LingeringSockets } from "./lingering.ts";
import { PairMaker } from "./pair.ts";
import { RefusedSockets } from "./refused_sockets.ts";
import { ReceiveRings } from "./receive_rings.ts";
import { Rings } from "./rings.ts";
import { Privilege } from "./privilege.ts";
import { SettlingPrograms } from "./settling.ts";

export interface AppLimits {
  /** Sockets alive at once; each costs one descriptor of ours. */
  readonly maxSockets: number;
  /** Control connections: one a process, one more for each thread that waits in connect(). */
  readonly maxClients: number;
  /** Records of ended sockets, and as many of refused ones. */
  readonly maxEnded: number;
}

/** 64 random bits, as two int32. */
export interface Token {
  readonly low: number;
  readonly high: number;
}

function randomToken(): Token {
  const [low, high] = crypto.getRandomValues(new Int32Array(2));
  return { low, high };
}

/** A netlink socket that hears of changes. */
export interface NetlinkListener {
  /** Multicast groups 1 to 32, as bits. */
  readonly groups: number;
  notify(message: Uint8Array): void;
}

/** Tells netlink sockets of what changes in the network (netlink/events.ts). */
export interface NetlinkWatch {
  /** Its groups have changed. */
  watch(listener: NetlinkListener): void;
  unwatch(listener: NetlinkListener): void;
  check(nowUs: number): void;
}

/** Where bytes go that nobody wants. */
export const SCRATCH_LEN = 1 << 16;
const RECORD_LEN = Math.max(NUSE_ACCEPT_LEN, DGRAM_HEADER_LEN);

export class AppContext {
  readonly sys: Libc = libc();
  readonly base: Deno.PointerObject;
  readonly memory: Memory;
  readonly counters = new AppCounters();
  /** Told of processes and their requests; null: there is no log. */
  log: OwnLog | null = null;
  /** What programs may do. */
  privilege = new Privilege(null);
  /** Programs are behind the second door, too. */
  hasDoor = false;
  /** null: nobody has been told of. */
  netlinkEvents: NetlinkWatch | null = null;
  /** A program is about to have a packet socket: 0 or -errno; null: there are none. */
  openCapture: ((nowUs: number) => number) | null = null;
  /** Of programs that are not served. */
  readonly reports = new Reports();
  readonly endpoints: EndpointTable;
  readonly ended: EndedSockets;
  readonly refused: RefusedSockets;
  readonly accounts = new Accounts();
  readonly pairs = new PairMaker();
  readonly slots: DatagramSlots;
  readonly lingering = new LingeringSockets();
  readonly settling = new SettlingPrograms();
  readonly rings: Rings;
  readonly receiveRings: ReceiveRings;
  /** The memory, as words that programs change, too (send_ring.ts). */
  readonly words: Int32Array;
  /** Of programs behind the second door. */
  readonly parked = new ParkedCalls();
  readonly waitLimits: WaitLimits;
  readonly scratchOff: number;
  /** Marks the headers of datagrams; only programs' shims know it. */
  readonly token: Token = randomToken();
  /** One record to a program: an accepted connection, an error. */
  readonly recordOff: number;
  /** What the kernel charges us for an unread one on a stream pair, bytes; 0: not known. */
  readonly recordCharge: number;
  /** Endpoints that have more to do than one turn allowed. */
  #dirty: Endpoint[] = [];
  #spare: Endpoint[] = [];
  /** Where the first fault was; null: there was none. */
  firstFault: string | null = null;
  /** Endpoints that wait for room in `endpoints`. */
  readonly #starved = new Set<Endpoint>();

  constructor(
    readonly stack: Stack,
    readonly loop: EventLoop,
    readonly arena: Arena,
    readonly limits: AppLimits,
  ) {
    this.base = arena.base;
    this.memory = stack.memory;
    this.words = new Int32Array(arena.buffer);
    this.rings = new Rings(this);
    this.receiveRings = new ReceiveRings(this);
    this.waitLimits = new WaitLimits(this.sys, loop);
    this.endpoints = new EndpointTable(limits.maxSockets);
    this.ended = new EndedSockets(limits.maxEnded);
    this.refused = new RefusedSockets(limits.maxEnded);
    this.scratchOff = this.allocate(SCRATCH_LEN);
    this.recordOff = this.allocate(RECORD_LEN);
    this.slots = new DatagramSlots(this);
    this.recordCharge = measureRecordCharge(this.sys, this.base, this.recordOff, loop.stopFd);
  }

  /** Memory for the whole life of the service. Throws SysError. */
  allocate(lenBytes: number): number {
    const off = this.memory.alloc(lenBytes);
    if (off < 0) throw new SysError("alloc", ENOMEM, "cannot get memory for the service");
    return off;
  }

  /** Whether `account` may have another socket: 0, or -errno of socket(2). */
  roomFor(account: Account): number {
    const { capacity, size, isFull } = this.endpoints;
    if (isFull) return -ENFILE;
    return isWithinShare(account.sockets, size, capacity) ? 0 : -EMFILE;
  }

  /** Something threw that must not: counted, told, and the first one kept for -v. */
  readonly noteFault = (error: unknown): void => {
    const fault = error instanceof Error ? error.stack ?? error.message : String(error);
    this.counters.faults++;
    this.firstFault ??= fault;
    this.log?.tell(OwnEvent.SERVICE_FAULT, { fault });
  };

  markDirty(endpoint: Endpoint): void {
    if (endpoint.isDirty) return;
    endpoint.isDirty = true;
    this.#dirty.push(endpoint);
  }

  get hasDirty(): boolean {
    return this.#dirty.length > 0;
  }

  /** Gives every dirty endpoint one turn; those that are not done by then are dirty again. */
  runDirty(nowUs: number): void {
    const turn = this.#dirty;
    this.#dirty = this.#spare;
    for (let i = 0; i < turn.length; i++) {
      turn[i].isDirty = false;
      try {
        turn[i].pump(nowUs);
      } catch (error) {
        this.noteFault(error);
        turn[i].onFault(nowUs);
      }
    }
    turn.length = 0;
    this.#spare = turn;
  }

  /** `endpoint` is to have a turn when another socket has gone. */
  noteStarved(endpoint: Endpoint): void {
    this.#starved.add(endpoint);
  }

  /** A socket has gone. */
  wakeStarved(): void {
    for (const endpoint of this.#starved) this.markDirty(endpoint);
    this.#starved.clear();
  }

  /** Sends everything queued, so that datagram slots and frames are free again. */
  flush(nowUs: number): void {
    this.stack.flush(nowUs);
    this.slots.reset();
  }

  /** Throws away up to what fits the pair's buffer. */
  drainPair(fd: number): void {
    const rounds = 64; // bounds the work; the program's end is shut by then
    for (let i = 0; i < rounds; i++) {
      const n = this.sys.recv(fd, this.base, this.scratchOff, SCRATCH_LEN, 0, 0, MSG_DONTWAIT);
      if (n <= 0) return;
    }
  }
}
