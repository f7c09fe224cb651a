/**
 * The event loop: one thread, one epoll.
 *
 *     epoll_wait until stack.pollAtUs(), after a look around if that has paid of late (idle_poll)
 *       → read the clock: the time of all that happens in this wake-up
 *       → what is ready, in the order of epoll: of a device one batch into stack.input, while it is
 *         still in the cache; of a descriptor one onEvents call
 *       → stack.poll (timers) → service.beforeFlush
 *       → stack.flush (one batched write a device) → service.afterFlush
 *
 * Fairness: no one may drain for ever. Devices and control connections are watched level-triggered:
 * what is left is reported by the next wait, after everybody else had a turn. The programs' pairs
 * are edge-triggered (endpoint.ts): whoever has not finished says so (AppContext.markDirty) and has
 * another turn before the flush, or after a `wake`. Nothing is allocated in a wake-up.
 *
 * Handlers are known to epoll by slot number and generation: `remove` drops events of the slot that
 * are still in the batch at hand, even when the slot has been given to somebody else in between.
 *
 * @module
 */
import { EPOLL_EVENT, EPOLLIN } from "../../ffi/abi/epoll.ts";
import { CLOCK_MONOTONIC } from "../../ffi/abi/file.ts";
import type { Arena } from "../../ffi/arena.ts";
import { Epoll } from "../../ffi/epoll.ts";
import { check, EINTR, ENETDOWN, ENOMEM, SysError } from "../../ffi/errno.ts";
import { type Libc, libc } from "../../ffi/libc.ts";
import type { Memory, RxFrames } from "../../stack/mod.ts";
import type { Device } from "../devices/base/device.ts";
import { IdlePoll } from "./idle_poll.ts";
import { StopEvent } from "./stop_event.ts";

const MAX_EVENTS = 256;
/** The kernel may be so much late with a timer (its default is 50,000). */
const TIMER_SLACK_NS = 1000;

/** What the loop asks of the stack. */
export interface LoopStack {
  input(ifIndex: number, rx: RxFrames, i: number, nowUs: number): void;
  poll(nowUs: number): void;
  flush(nowUs: number): void;
  /** Infinity: nothing to wait for; not above now: at once. */
  pollAtUs(): number;
}

/** Owner of a descriptor. */
export interface Handler {
  /** `events`: EPOLL* bits. Does a bounded amount of work (see the top of this file). */
  onEvents(events: number, nowUs: number): void;
  /**
   * `onEvents` threw, a fault of nuse's own: gives up what it was about, so that the others go on.
   */
  onFault?(nowUs: number): void;
}

export interface LoopService {
  /**
   * Last chance of a wake-up to give the stack something to send, and to take what it has received.
   */
  beforeFlush(nowUs: number): void;
  /** What the stack received from itself (loopback) during the flush can be taken now. */
  afterFlush(nowUs: number): void;
  /** There is something that no descriptor tells of. */
  readonly hasNews: boolean;
  /** The loop is about to sleep. False: there is something now; else a descriptor will tell. */
  mayWait(): boolean;
}

/**
 * Told when a device fails: `errno` positive. After ENETDOWN it may come back, after others it is
 * out.
 */
export type DeviceFailure = (device: Device, errno: number) => void;

/** Sees what comes in. */
export interface FrameTap {
  /** The first `count` rows of `rx`, before the stack gets them. */
  received(rx: RxFrames, count: number): void;
}

/** A device as a handler: reads batches into the stack. */
class DevicePort implements Handler {
  tap: FrameTap | null = null;

  constructor(
    readonly device: Device,
    readonly ifIndex: number,
    readonly stack: LoopStack,
    readonly onFailure: (port: DevicePort, errno: number) => void,
  ) {}

  onEvents(_events: number, nowUs: number): void {
    const { device, ifIndex, stack } = this;
    const n = device.receive();
    if (n < 0) return this.onFailure(this, -n);
    if (this.tap !== null && n > 0) this.tap.received(device.rx, n);
    for (let i = 0; i < n; i++) stack.input(ifIndex, device.rx, i, nowUs);
  }

  /** The rest of the batch is lost, as on a bad wire. */
  onFault(): void {}
}

/** What others than the owner of the loop need of it. */
export interface LoopWatch {
  add(fd: number, events: number, handler: Handler): number;
  remove(slot: number): void;
  tapDevice(ifIndex: number, tap: FrameTap | null): void;
}

export class EventLoop implements LoopWatch {
  /** The clock as read at this wake-up, microseconds of CLOCK_MONOTONIC. */
  nowUs: number;
  service: LoopService | null = null;
  /** When the service has something to do at the latest, CLOCK_MONOTONIC. */
  serviceAtUs = Infinity;
  /** The same of rings (io/app/endpoint/receive_rings.ts). */
  tendAtUs = Infinity;
  onDeviceFailure: DeviceFailure | null = null;
  /** Called at every wake-up with the clock, before anything is taken. */
  onWake: ((nowUs: number) => void) | null = null;
  /** Called when a wake-up is over, before the next wait. */
  onTurnEnd: (() => void) | null = null;
  /** Told of every fault that a handler survives; null: faults end the loop. */
  onFault: ((error: unknown) => void) | null = null;
  readonly #sys: Libc = libc();
  readonly #memory: Memory;
  readonly #stack: LoopStack;
  readonly #scratchOff: number;
  readonly #epoll: Epoll;
  readonly #stop: StopEvent;
  /** By slot. A free slot holds null. */
  readonly #handlers: (Handler | null)[] = [];
  readonly #fds: number[] = [];
  readonly #generations: number[] = [];
  readonly #freeSlots: number[] = [];
  #isAwake = false;
  readonly #idle = new IdlePoll();
  readonly #devicePorts: { port: DevicePort; slot: number }[] = [];

  /** `arena` and `memory` are the same bytes. Throws SysError. */
  constructor(arena: Arena, memory: Memory, stack: LoopStack) {
    this.#memory = memory;
    this.#stack = stack;
    this.#scratchOff = memory.alloc(SCRATCH_LEN);
    if (this.#scratchOff < 0) throw new SysError("alloc", ENOMEM, "cannot get memory for the loop");
    this.#epoll = new Epoll(arena, this.#scratchOff + 8, MAX_EVENTS);
    this.#stop = new StopEvent(arena, this.#scratchOff);
    this.nowUs = this.#sys.clockUs(CLOCK_MONOTONIC);
    const added = this.add(this.#stop.fd, EPOLLIN, this.#stop);
    check(added, "epoll_ctl", "cannot watch an eventfd");
  }

  /** An eventfd: `signalEvent(stopFd)` from any thread ends `run`. */
  get stopFd(): number {
    return this.#stop.fd;
  }

  /** Watches a descriptor. Returns its slot or -errno. */
  add(fd: number, events: number, handler: Handler): number {
    const slot = this.#freeSlots.pop() ?? this.#handlers.length;
    const generation = this.#generations[slot] ?? 0;
    const added = this.#epoll.add(fd, events, slot, generation);
    this.#fds[slot] = fd;
    this.#generations[slot] = generation;
    this.#handlers[slot] = added < 0 ? null : handler;
    if (added < 0) this.#freeSlots.push(slot);
    return added < 0 ? added : slot;
  }

  /** Changes what is watched for. Returns 0 or -errno. */
  modify(slot: number, events: number): number {
    return this.#epoll.modify(this.#fds[slot], events, slot, this.#generations[slot]);
  }

  /** Stops watching; call it before the descriptor is closed. */
  remove(slot: number): void {
    if (this.#handlers[slot] === null) return;
    this.#epoll.remove(this.#fds[slot]);
    this.forget(slot);
  }

  /**
   * As `remove`, for a descriptor that is about to be closed and that nobody else has: closing it
   * ends the watch, without a call of its own.
   */
  forget(slot: number): void {
    if (this.#handlers[slot] === null) return;
    this.#handlers[slot] = null;
    this.#generations[slot] = (this.#generations[slot] + 1) | 0;
    this.#freeSlots.push(slot);
  }

  /** Reads frames from a device into the stack's interface `ifIndex`. Returns 0 or -errno. */
  addDevice(device: Device, ifIndex: number): number {
    const port = new DevicePort(device, ifIndex, this.#stack, this.#deviceFailed);
    const slot = this.add(device.fd, EPOLLIN, port);
    if (slot < 0) return slot;
    this.#devicePorts.push({ port, slot });
    return 0;
  }

  /** What the device of interface `ifIndex` receives is shown to `tap`, too; null: no longer. */
  tapDevice(ifIndex: number, tap: FrameTap | null): void {
    for (const { port } of this.#devicePorts) if (port.ifIndex === ifIndex) port.tap = tap;
  }

  removeDevice(device: Device): void {
    const i = this.#devicePorts.findIndex(({ port }) => port.device === device);
    if (i < 0) return;
    this.remove(this.#devicePorts[i].slot);
    this.#devicePorts.splice(i, 1);
  }

  readonly #deviceFailed = (port: DevicePort, errno: number): void => {
    if (errno !== ENETDOWN) this.removeDevice(port.device);
    this.onDeviceFailure?.(port.device, errno);
  };

  /** Ends `run` after this wake-up. */
  stop(): void {
    this.#stop.signal();
  }

  /** Makes the next wait return at once: somebody has work left that no descriptor tells of. */
  wake(): void {
    this.#isAwake = true;
  }

  /** Runs until stopped. */
  run(): void {
    this.#sys.timerSlack(TIMER_SLACK_NS);
    while (!this.#stop.isSignalled) this.step(Infinity);
    this.#stop.isSignalled = false;
  }

  /** One wake-up, at `latestUs` at the latest. */
  step(latestUs: number): void {
    const stack = this.#stack;
    const pollAtUs = stack.pollAtUs();
    const deadlineUs = Math.min(pollAtUs, latestUs, this.serviceAtUs, this.tendAtUs);
    const isDue = this.#isAwake || deadlineUs <= this.nowUs;
    this.#isAwake = false;
    const n = isDue ? this.#epoll.wait(0) : this.#wait(deadlineUs);
    const nowUs = this.#sys.clockUs(CLOCK_MONOTONIC);
    this.nowUs = nowUs;
    this.onWake?.(nowUs);
    if (n > 0) this.#dispatch(n, nowUs);
    else if (n < 0 && n !== -EINTR) check(n, "epoll_wait", "the event loop cannot wait");
    stack.poll(nowUs);
    this.service?.beforeFlush(nowUs);
    stack.flush(nowUs);
    this.service?.afterFlush(nowUs);
    this.onTurnEnd?.();
  }

  /** Looks for events for a moment if that has paid of late, then sleeps until there are some. */
  #wait(deadlineUs: number): number {
    const sys = this.#sys;
    let n = this.#epoll.wait(0);
    if (n !== 0) return n;
    const beganUs = sys.clockUs(CLOCK_MONOTONIC);
    const windowUs = this.#idle.windowAfter(beganUs - this.nowUs);
    const lookUntilUs = Math.min(beganUs + windowUs, deadlineUs);
    let nowUs = beganUs;
    const { service } = this;
    while (n === 0 && nowUs < lookUntilUs) {
      if (service !== null && service.hasNews) return 0;
      sys.yieldCpu();
      n = this.#epoll.wait(0);
      nowUs = sys.clockUs(CLOCK_MONOTONIC);
    }
    if (n === 0) {
      if (service !== null && !service.mayWait()) return 0;
      n = this.#epoll.wait(deadlineUs);
      nowUs = sys.clockUs(CLOCK_MONOTONIC);
    }
    this.#idle.adapt(nowUs - beganUs);
    return n;
  }

  #dispatch(n: number, nowUs: number): void {
    const epoll = this.#epoll;
    for (let i = 0; i < n; i++) {
      const slot = epoll.token(i);
      if (epoll.generation(i) !== this.#generations[slot]) continue;
      const handler = this.#handlers[slot];
      if (handler === null) continue;
      try {
        handler.onEvents(epoll.events(i), nowUs);
      } catch (error) {
        if (handler.onFault === undefined || this.onFault === null) throw error;
        this.onFault(error);
        handler.onFault(nowUs);
      }
    }
  }

  /** Devices and handlers stay open: they belong to others. */
  close(): void {
    this.#stop.close();
    this.#epoll.close();
    this.#memory.free(this.#scratchOff, SCRATCH_LEN);
  }
}

/** The counter of the stop event, then the events. */
const SCRATCH_LEN = 8 + MAX_EVENTS * EPOLL_EVENT.LEN;
