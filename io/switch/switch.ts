/**
 * `nuse --switch PATH`: a learning Ethernet switch whose cables are PIPEs (IEEE 802.1D 7.5 to 7.9,
 * without a spanning tree: only ends are let in, so there is no second way to anywhere).
 *
 *     nuse ── PIPE ─┐
 *     nuse ── PIPE ─┼─ port ── learn source, look destination up ── port, or all but the source
 *     nuse ── PIPE ─┘
 *
 * A frame stays in the slot that it was received into and is sent on from there, with its
 * virtio-net header, so segments and checksums stay unfinished from end to end. Who does not read
 * is waited for some milliseconds a batch; then its frames are dropped and counted.
 *
 * @module
 */
import { CLOCK_MONOTONIC } from "../../ffi/abi/file.ts";
import { EPOLLIN } from "../../ffi/abi/epoll.ts";
import { SO_SNDBUF, SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from "../../ffi/abi/socket.ts";
import { Arena } from "../../ffi/arena.ts";
import { check, EADDRINUSE, EAGAIN, ECONNRESET, EINTR, SysError } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { setIntOption } from "../../ffi/socket.ts";
import { BuddyMemory } from "../../stack/mod.ts";
import { DeviceCounters } from "../devices/base/device.ts";
import { SOURCE_OFF } from "../devices/base/frame.ts";
import { FrameMessages, TX_BUFFER_LEN } from "../devices/base/frame_messages.ts";
import { emitHello, HELLO_LEN, HELLO_ROOM, parseHello, Role } from "../devices/pipe/hello.ts";
import { MeetingPlace } from "../devices/pipe/meeting.ts";
import { RX_SLOT_COUNT } from "../devices/base/rx_slots.ts";
import { EventLoop, type Handler, type LoopStack } from "../loop/loop.ts";
import { FLOOD, isGroupAddress, macKey, MacTable } from "./mac_table.ts";

/** More than these find the switch full. */
const PORT_MAX = 1024;
const ARENA_BYTES = 1 << 24;

export class SwitchCounters {
  portsJoined = 0;
  portsLeft = 0;
  /** Said nothing that is a hello of this version; or the switch was full. */
  portsRefused = 0;
  /** To the one port behind which the destination is. */
  forwarded = 0;
  /** To all: a group address, or a destination not yet learnt. */
  flooded = 0;
  /** The destination is behind the port that it came from. */
  filtered = 0;
  /** Addresses seen for the first time, or at another port than before. */
  learned = 0;
  bytes = 0;
}

/** One end's cable. */
class Port implements Handler {
  slot = -1;
  /** Its hello has come: it may send and is sent to. */
  isJoined = false;
  /** Rows of the batch at hand that are to go out here. */
  readonly rows = new Int32Array(RX_SLOT_COUNT);
  rowCount = 0;

  constructor(readonly number: number, readonly fd: number, readonly owner: FrameSwitch) {}

  onEvents(_events: number, nowUs: number): void {
    this.owner.onPort(this, nowUs);
  }
}

/** Frames reach the switch by its ports; the loop has no stack behind it. */
const NO_STACK: LoopStack = {
  input() {},
  poll() {},
  flush() {},
  pollAtUs: () => Infinity,
};

export class FrameSwitch {
  readonly counters: SwitchCounters = new SwitchCounters();
  readonly devices: DeviceCounters = new DeviceCounters();
  readonly #sys = libc();
  readonly #arena: Arena;
  readonly #memory: BuddyMemory;
  readonly #messages: FrameMessages;
  readonly #loop: EventLoop;
  readonly #place: MeetingPlace;
  readonly #listenFd: number;
  readonly #table = new MacTable();
  readonly #ports = new Map<number, Port>();
  readonly #scratchOff: number;
  #nextNumber = 0;

  /** Listens at `path`. Throws SysError. */
  constructor(path: string) {
    this.#place = new MeetingPlace(path);
    const met = this.#place.meet(true)!;
    if (met.kind === "connected") {
      this.#sys.close(met.fd);
      this.#place.close();
      throw new SysError("bind", EADDRINUSE, `cannot listen at the pipe ${path}`, {
        path,
        advice: "another nuse listens there: start the switch first, or choose another path",
      });
    }
    this.#listenFd = met.fd;
    this.#arena = Arena.map(ARENA_BYTES);
    this.#memory = new BuddyMemory(this.#arena.buffer);
    this.#scratchOff = this.#memory.alloc(HELLO_ROOM);
    this.#messages = new FrameMessages(this.#arena, this.#memory, this.devices, true);
    this.#loop = new EventLoop(this.#arena, this.#memory, NO_STACK);
    const listening = this.#loop.add(met.fd, EPOLLIN, { onEvents: () => this.#accept() });
    check(listening, "epoll_ctl", `cannot watch the pipe ${path}`);
  }

  get stopFd(): number {
    return this.#loop.stopFd;
  }

  get portCount(): number {
    return this.#ports.size;
  }

  /** An eventfd: whenever it is written to, `onBell` is called from the loop. */
  addBell(onBell: () => void): number {
    const fd = check(this.#sys.eventfd(), "eventfd", "cannot make an eventfd");
    const onEvents = () => {
      this.#sys.read(fd, this.#arena.base, this.#scratchOff, 8);
      onBell();
    };
    check(this.#loop.add(fd, EPOLLIN, { onEvents }), "epoll_ctl", "cannot watch an eventfd");
    return fd;
  }

  /** Until `stopFd` is rung. */
  serve(): void {
    this.#loop.run();
  }

  /** One wake-up, for tests. */
  step(waitUs: number): void {
    this.#loop.step(this.#sys.clockUs(CLOCK_MONOTONIC) + waitUs);
  }

  #accept(): void {
    const fd = this.#sys.accept4(this.#listenFd, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (this.#ports.size >= PORT_MAX) {
      this.counters.portsRefused++;
      this.#sys.close(fd);
      return;
    }
    setIntOption(fd, SOL_SOCKET, SO_SNDBUF, TX_BUFFER_LEN);
    const port = new Port(this.#nextNumber++, fd, this);
    port.slot = this.#loop.add(fd, EPOLLIN, port);
    if (port.slot < 0) {
      this.#sys.close(fd);
      return;
    }
    this.#ports.set(port.number, port);
    this.#sys.write(fd, emitHello(Role.SWITCH), HELLO_LEN);
  }

  /** Something has come in at `port`. */
  onPort(port: Port, nowUs: number): void {
    if (!port.isJoined) return this.#greet(port);
    const n = this.#messages.receive(port.fd);
    // Who leaves with frames unread is told of first; its own last ones are still there
    if (n === -EAGAIN || n === -EINTR || n === -ECONNRESET) return;
    if (n > 0) this.#forward(port, nowUs);
    if (n < 0 || this.#messages.hasEnded) this.#drop(port);
  }

  #greet(port: Port): void {
    const off = this.#scratchOff;
    const n = this.#sys.recv(port.fd, this.#arena.base, off, HELLO_ROOM, 0, 0, 0);
    if (n === -EAGAIN || n === -EINTR) return;
    const role = n > 0 ? parseHello(this.#arena.u8.subarray(off, off + n)) : null;
    if (role !== Role.END) {
      this.counters.portsRefused++;
      return this.#remove(port);
    }
    port.isJoined = true;
    this.counters.portsJoined++;
  }

  #drop(port: Port): void {
    this.counters.portsLeft++;
    this.#remove(port);
  }

  #remove(port: Port): void {
    this.#loop.remove(port.slot);
    this.#sys.close(port.fd);
    this.#ports.delete(port.number);
    this.#table.forgetPort(port.number);
  }

  /** Sends the batch on. */
  #forward(from: Port, nowUs: number): void {
    const { rx } = this.#messages;
    for (let row = 0; row < rx.count; row++) {
      this.counters.bytes += rx.len[row];
      this.#direct(from, row, rx.off[row], nowUs);
    }
    for (const port of this.#ports.values()) {
      if (port.rowCount === 0) continue;
      this.#messages.forward(port.fd, port.rows, port.rowCount);
      port.rowCount = 0;
    }
  }

  /** Where one frame goes, its Ethernet header at `off`. */
  #direct(from: Port, row: number, off: number, nowUs: number): void {
    const { dv } = this.#arena;
    const { counters } = this;
    // A frame from a group address has no sender (802.3 3.2.3): it is nobody's
    if (isGroupAddress(dv, off + SOURCE_OFF)) return;
    if (this.#table.learn(macKey(dv, off + SOURCE_OFF), from.number, nowUs)) counters.learned++;
    const to = isGroupAddress(dv, off) ? FLOOD : this.#table.lookUp(macKey(dv, off), nowUs);
    if (to === from.number) {
      counters.filtered++;
    } else if (to !== FLOOD) {
      counters.forwarded++;
      const port = this.#ports.get(to)!;
      port.rows[port.rowCount++] = row;
    } else {
      counters.flooded++;
      for (const port of this.#ports.values()) {
        if (port !== from && port.isJoined) port.rows[port.rowCount++] = row;
      }
    }
  }

  /** The counters in one line, and how many ports and addresses there are now. */
  counterLine(): string {
    const now = { ports: this.#ports.size, addresses: this.#table.size };
    const all = Object.entries({ ...now, ...this.counters, ...this.devices });
    return all.map(([name, value]) => `${name} ${value}`).join(", ");
  }

  close(): void {
    for (const port of [...this.#ports.values()]) this.#remove(port);
    this.#place.leave(this.#listenFd);
    this.#place.close();
    this.#loop.close();
    this.#messages.free();
    this.#memory.free(this.#scratchOff, HELLO_ROOM);
  }
}
